"""The fixture repositories and what they state about themselves: complete, consistent, and free of any machine's traces."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.fixture import Expectation, fixture_names, load_fixture
from tests.fakes.space import CHECKOUT, FIXTURES

EXIT_CODES = {"pass": 0, "fail": 1, "incomplete": 3}


def commands() -> set[str]:
    """Ids of all commands of the catalogue, read without the catalogue's own code."""
    found = set()
    for path in (CHECKOUT / "pipelines" / "tools").glob("*.yaml"):
        text = path.read_text(encoding="utf-8").partition("\ncommands:\n")[2]
        found |= {f"{path.stem}.{name}" for name in re.findall(r"^  ([a-z][a-z-]*):", text, re.MULTILINE)}
    return found


def files(name: str) -> list[Path]:
    return [path for path in (FIXTURES / name).rglob("*") if path.is_file()]


def expectations(name: str) -> list[Expectation]:
    fixture = load_fixture(name)
    return [fixture.expect] + ([fixture.without_setup] if fixture.without_setup else [])


def test_every_statement_has_its_repository() -> None:
    assert [name for name in fixture_names() if not (FIXTURES / name).is_dir()] == []


def test_every_language_has_a_good_and_a_bad_fixture() -> None:
    seen = {(language, load_fixture(name).expect.verdict) for name in fixture_names() for _, language, _ in load_fixture(name).components}
    languages = {"python", "rust", "javascript", "typescript", "solidity"}
    assert {(language, verdict) for language in languages for verdict in ("pass", "fail")} <= seen


@pytest.mark.parametrize("name", fixture_names())
def test_exit_codes_follow_from_verdicts(name: str) -> None:
    assert all(EXIT_CODES[expect.verdict] == expect.exit_code for expect in expectations(name))


@pytest.mark.parametrize("name", fixture_names())
def test_a_red_fixture_names_the_job_and_a_green_one_names_none(name: str) -> None:
    for expect in expectations(name):
        assert (expect.verdict == "fail") == bool(expect.jobs.get("failed"))


@pytest.mark.parametrize("name", fixture_names())
def test_jobs_are_commands_of_the_catalogue(name: str) -> None:
    named = {glob for expect in expectations(name) for globs in expect.jobs.values() for glob in globs}
    known = commands()
    wrong = [glob for glob in named if not any(fnmatchcase(command, glob.split("/", 1)[1].split("@")[0]) for command in known)]
    assert wrong == []


@pytest.mark.parametrize("name", fixture_names())
def test_components_stand_where_the_fixture_has_files(name: str) -> None:
    assert all((FIXTURES / name / root).is_dir() for root, _, _ in load_fixture(name).components)


@pytest.mark.parametrize("name", fixture_names())
def test_a_repository_is_small_and_holds_no_repository(name: str) -> None:
    found = files(name)
    assert sum(path.stat().st_size for path in found if _committed(path, name)) < 64_000
    assert not any(".git" in path.parts for path in found)


@pytest.mark.parametrize("name", fixture_names())
def test_the_measured_exit_codes_agree_with_the_verdict(name: str) -> None:
    data = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    codes = [entry["exit_code"] for entry in data["measured"]]
    if data["expect"]["verdict"] == "pass" and not data["setup"].get("npm"):
        assert codes
        assert not any(codes) or ("advised" in data["expect"])
    if data["expect"]["verdict"] == "fail":
        assert any(codes)


def test_lockfiles_name_no_registry() -> None:
    locks = list(FIXTURES.glob("*/package-lock.json"))
    assert locks
    assert [lock.parent.name for lock in locks if re.search(r'"resolved": "[a-z]+://', lock.read_text(encoding="utf-8"))] == []


def test_the_summary_of_a_right_run_agrees_and_every_wrong_one_does_not() -> None:
    expect = load_fixture("rust-bad-clippy").expect
    right = summary("fail", 1, {"A1/hygiene.check": "passed", "B1/rustfmt.format@slug": "passed", "B1/clippy.lint@slug": "failed",
                                "B1/cargo.test@slug": "passed"})
    assert expect.disagreements(right) == ()
    assert expect.disagreements(summary("pass", 0, {**statuses(right), "B1/clippy.lint@slug": "passed"})) == (
        "verdict pass (exit 0) instead of fail (exit 1)", "B1/clippy.lint@* not failed: B1/clippy.lint@slug passed")
    assert expect.disagreements(summary("fail", 1, {**statuses(right), "B1/cargo.test@slug": "failed"})) == (
        "B1/cargo.test@* not passed: B1/cargo.test@slug failed", "B1/cargo.test@slug failed, which nothing says: ")
    assert expect.disagreements(summary("fail", 1, {"B1/clippy.lint@slug": "failed", "B1/rustfmt.format@slug": "passed",
                                                    "A1/hygiene.check": "passed"})) == ("B1/cargo.test@* not passed: no such job",)


def test_advice_that_blocks_is_no_advice() -> None:
    expect = load_fixture("python-plain").expect
    run = summary("pass", 0, {"A1/hygiene.check": "passed", "B2/unittest.test@tally": "passed", "B2/ruff.lint@tally": "failed"})
    assert expect.disagreements(run) == (
        "B2/ruff.lint@* not advised: B2/ruff.lint@tally failed", "B2/ruff.lint@tally failed, which nothing says: ")
    advice = [{**job, "blocking": "ruff" not in job["id"]} for job in jobs_of(run)]
    assert expect.disagreements({**run, "jobs": advice}) == ()


def test_a_wrong_detection_is_told() -> None:
    fixture = load_fixture("polyglot")
    components = [{"root": root, "language": language, "kind": kind} for root, language, kind in sorted(fixture.components)]
    assert fixture.wrong_components({"components": components, "problems": []}) == ()
    other = {"root": "web", "language": "typescript", "kind": "npm-package"}
    assert fixture.wrong_components({"components": [*components[:-1], other], "problems": []}) == (
        "not found: ('web', 'javascript', 'npm-package')", "not there: ('web', 'typescript', 'npm-package')")


def jobs_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    return list(data["jobs"])


def statuses(data: dict[str, Any]) -> dict[str, str]:
    return {job["id"]: job["status"] for job in jobs_of(data)}


def summary(outcome: str, exit_code: int, jobs: dict[str, str]) -> dict[str, Any]:
    return {"verdict": {"outcome": outcome, "exit_code": exit_code},
            "jobs": [{"id": job, "status": status, "blocking": True} for job, status in jobs.items()]}


def _committed(path: Path, name: str) -> bool:
    """Not what a tool left when somebody ran it in the fixture itself."""
    return not {"target", "node_modules", "out", "cache", ".gatekeeper", ".venv"} & set(path.relative_to(FIXTURES / name).parts)
