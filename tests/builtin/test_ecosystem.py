"""The ecosystem page has a section per component, says what was not measured, and obeys nothing that stands in the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.builtin import ecosystem


def job(job_id: str, component: str | None, **other: Any) -> dict[str, Any]:
    return {"id": job_id, "component": component, "command": job_id.partition("/")[2].partition("@")[0], "status": "passed", "blocking": True, "seconds": 1.25, "findings": 0,
            "message": "", "hint": None, "tool": None, "tests": {"total": 0, "passed": 0, "failed": 0, "errors": 0, "skipped": 0}, **other}


RECORD: dict[str, Any] = {
    "schema": 1, "run_id": "20260102-120000-abc", "root": "/home/me/shop", "pipeline": "default", "scope": "all files",
    "verdict": {"outcome": "fail", "exit_code": 1, "message": "1 job failed", "conditions": [{"subject": "B2/pytest.test@api", "message": "1 of 3 tests failed"}]},
    "components": [
        {"id": "api", "root": "api", "language": "python", "kind": "pyproject-package", "manifest": "api/pyproject.toml", "depends_on": ["core"],
         "tools": [{"tool": "ruff", "status": "configured"}, {"tool": "tox", "status": "stale"}], "test": {"command": "pytest -q"}},
        {"id": "core", "root": "core", "language": "rust", "kind": "cargo-crate", "manifest": "core/Cargo.toml", "depends_on": [], "tools": [], "test": None},
    ],
    "jobs": [
        job("B2/ruff.lint@api", "api", tool={"version": "0.17.5", "source": "project"}, findings=3),
        job("B2/pytest.test@api", "api", status="failed", tests={"total": 3, "passed": 2, "failed": 1, "errors": 0, "skipped": 0}),
        job("B1/cargo.test@core", "core", status="unavailable", message="no cargo", hint="rustup toolchain install stable"),
        job("A1/hygiene.check", None), job("C4/pip.outdated", None, blocking=False),
    ],
    "findings": [{"component": "api", "severity": "high"}, {"component": "api", "severity": "low"}, {"component": "api", "severity": "high"}],
    "notes": ["shallow clone: everything was checked"],
    "facts": {
        "D1/lines.run": {"languages": {"Python": {"files": 2, "blank": 1, "comment": 2, "code": 30}}, "total": {"code": 30},
                         "components": {"api": {"Python": {"files": 2, "blank": 1, "comment": 2, "code": 30}}}},
        "A2/health.run": {"system": "Linux", "cpu": {"usable": 4}, "memory": {"available_mb": 2000, "total_mb": 8000}, "disk": {"free_mb": 1, "total_mb": 2},
                          "missing": ["mypy"]},
    },
}


def page(record: Any) -> str:
    return "\n".join(ecosystem.sections(record))


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_component_has_a_section_with_what_is_known_of_it() -> None:
    text = page(RECORD)
    assert text.startswith("# Ecosystem report: shop\n")
    assert "**Verdict of these jobs: fail**: 1 job failed" in text
    api = section(text, "api")
    assert "- language: `python`" in api
    assert "- depends on: core" in api
    assert "- own tests: `pytest -q`" in api
    assert "| ruff | configured | 0.17.5 | project |" in api
    assert "| tox | stale |  |  |" in api
    assert "Findings: 2 high, 1 low. Tests: 2 of 3 passed, 1 failed." in api
    assert "| Python | 2 | 1 | 2 | 30 |" in api
    assert "Could not be measured" not in api


def test_what_could_not_be_measured_comes_with_what_to_do() -> None:
    core = section(page(RECORD), "core")
    assert "unavailable, no cargo. To do: `rustup toolchain install stable`" in core
    assert "- own tests: none" in core


def test_the_overview_has_a_row_per_component() -> None:
    overview = section(page(RECORD), "Components")
    assert "| api | python | pyproject-package | 1 failed, 1 passed | 2 high, 1 low | 2 of 3 passed, 1 failed | 30 |" in overview
    assert "| core | rust | cargo-crate | 1 unavailable | none | none | 0 |" in overview


def test_jobs_of_no_component_notes_and_the_machine_follow() -> None:
    text = page(RECORD)
    assert "A1/hygiene.check" in section(text, "Whole repository")
    assert "passed (advice)" in section(text, "Whole repository")
    assert "shallow clone: everything was checked" in section(text, "Whole repository")
    assert "Missing tools: mypy." in section(text, "Machine")


def test_a_repository_without_components_says_so() -> None:
    text = page({"schema": 1, "root": "/x", "jobs": [job("A1/hygiene.check", None)]})
    assert "No component was found." in text
    assert "A1/hygiene.check" in section(text, "Whole repository")


def test_markup_in_the_record_is_shown_and_not_obeyed() -> None:
    hostile = {**RECORD, "notes": ["<script>alert(1)</script>", "| cell |\n# heading"], "components": [{"id": "a|b`c", "root": "`x`"}]}
    text = page(hostile)
    assert "<script>" not in text
    assert "\n# heading" not in text
    assert "| a|b" not in text


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.just(10**400) | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["components", "jobs", "findings", "facts", "tests", "tool", "tools", "id", "component", "languages", "cpu", "verdict", "notes", "depends_on", "test"]),
    inner, max_size=4), max_leaves=20)


@given(st.dictionaries(st.sampled_from(list(RECORD)), JSON))
def test_no_record_makes_it_fall_over(record: Any) -> None:
    assert page(record).startswith("# Ecosystem report")


def test_the_page_is_written_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "summary.json").write_text(json.dumps(RECORD))
    assert ecosystem.main(["--record", str(tmp_path / "summary.json"), "--output", str(tmp_path / "ecosystem.md")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["checked"] == 7
    assert said["facts"] == {"page": str(tmp_path / "ecosystem.md"), "components": 2}
    assert (tmp_path / "ecosystem.md").read_text() == page(RECORD) + "\n"


@pytest.mark.parametrize(("record", "output"), [('{"schema": 2}', "page.md"), ("[]", "page.md"), ("{", "page.md"), ('{"schema": 1}', "none/page.md")])
def test_what_cannot_be_read_or_written_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], record: str, output: str) -> None:
    (tmp_path / "summary.json").write_text(record)
    assert ecosystem.main(["--record", str(tmp_path / "summary.json"), "--output", str(tmp_path / output)]) == 2
    assert json.loads(capsys.readouterr().out)["status"] == "tool_error"
