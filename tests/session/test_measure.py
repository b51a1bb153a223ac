"""From an ended process to the result of its job."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.model.plan import Job, Reason
from gatekeeper.model.result import Attempt
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.tool import ExitSpec, OutputSpec, Role
from gatekeeper.session.measure import Measure
from gatekeeper.tree.files import Tree

JOB = Job(id="B2/ruff.lint@api", task="B2", batch="beta", command="ruff.lint", tool_id="ruff", role=Role.LINT, component="api", argv=("ruff",),
          cwd="api", output=OutputSpec(parser="ruff-json"), reason=Reason(kind="used", detail="Makefile"))


def attempt(folder: Path, *, stdout: str = "", stderr: str = "", exit_code: int = 0) -> Attempt:
    (folder / "stdout.log").write_text(stdout)
    (folder / "stderr.log").write_text(stderr)
    return Attempt(exit_code=exit_code, stdout=str(folder / "stdout.log"), stderr=str(folder / "stderr.log"))


def measure(folder: Path) -> Measure:
    return Measure(Tree(root=str(folder), files=(), git=False))


def test_findings_are_placed_relative_to_the_root(tmp_path: Path) -> None:
    told = '[{"filename": "a.py", "message": "unused", "code": "F401", "location": {"row": 1, "column": 1}}]'
    result = measure(tmp_path)(JOB, attempt(tmp_path, stdout=told, exit_code=1))
    assert result.status is Status.FAILED
    assert [finding.file for finding in result.findings] == ["api/a.py"]


def test_a_program_that_could_not_be_started_is_an_error_without_output(tmp_path: Path) -> None:
    result = measure(tmp_path)(JOB, Attempt(spawn_error="no such file"))
    assert (result.status, result.cause) == (Status.ERRORED, Cause.SPAWN)


def test_output_that_nobody_can_read_is_an_error_and_keeps_its_last_words(tmp_path: Path) -> None:
    result = measure(tmp_path)(JOB, attempt(tmp_path, stdout="[{", stderr="error: out of luck\n"))
    assert result.status is Status.ERRORED
    assert result.tail == "error: out of luck"


def test_an_output_that_is_gone_is_no_measurement(tmp_path: Path) -> None:
    result = measure(tmp_path)(JOB, Attempt(exit_code=0, stdout=str(tmp_path / "gone"), stderr=str(tmp_path / "gone")))
    assert result.status is Status.ERRORED


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_report_that_is_no_plain_file_is_not_believed(tmp_path: Path, kind: str) -> None:
    report, elsewhere = tmp_path / "report", tmp_path / "elsewhere"
    elsewhere.write_text("[]")
    if kind == "link":
        report.symlink_to(elsewhere)
    else:
        os.mkfifo(report)
    job = replace(JOB, output=OutputSpec(parser="eslint-json"))
    assert measure(tmp_path)(job, replace(attempt(tmp_path), report=str(report))).status is Status.ERRORED


def test_output_that_lost_its_middle_is_told(tmp_path: Path) -> None:
    result = measure(tmp_path)(JOB, replace(attempt(tmp_path, stdout="[]"), dropped=7))
    assert result.status is Status.PASSED
    assert "7 bytes" in result.problems[0].message


def test_findings_that_were_lost_with_the_middle_do_not_make_it_green(tmp_path: Path) -> None:
    warning = '{"reason":"compiler-message","message":{"message":"unused","level":"warning","spans":[]}}\n{"reason":"build-finished","success":true}\n'
    job = replace(JOB, output=OutputSpec(parser="cargo-json"), exit=ExitSpec(clean=frozenset({0}), findings=frozenset({101})))
    assert measure(tmp_path)(job, replace(attempt(tmp_path, stdout=warning, exit_code=101), dropped=7)).status is not Status.PASSED


def test_facts_of_our_own_jobs_are_kept_by_job(tmp_path: Path) -> None:
    keeping = measure(tmp_path)
    keeping(replace(JOB, output=OutputSpec(parser="gatekeeper-json")), attempt(tmp_path, stdout='{"schema": 1, "facts": {"lines": 3}}'))
    assert keeping.facts == {JOB.id: {"lines": 3}}


def test_a_benchmark_says_how_it_compares_with_the_runs_before(tmp_path: Path) -> None:
    bench = replace(JOB, id="D2/cargo.bench@core", role=Role.BENCH, output=OutputSpec(parser="exit-code"))
    ended = replace(attempt(tmp_path), wall_seconds=1.5)
    tree = Tree(root=str(tmp_path), files=(), git=False)
    assert Measure(tree)(bench, ended).message.endswith("1.50 s, the first on record")
    assert Measure(tree, {bench.id: 1.0})(bench, ended).message.endswith("1.50 s, +50% against 1.00 s before")
