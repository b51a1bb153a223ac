"""From an ended process to the result of its job."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.process import AT_ONCE, ProcessSpec
from gatekeeper.execute.run import Errand
from gatekeeper.model.plan import Job, Reason
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.tool import ExitSpec, OutputSpec, Role
from gatekeeper.session.measure import Measure
from gatekeeper.session.reading import LARGE
from gatekeeper.tree.files import Tree

JOB = Job(id="B2/ruff.lint@api", task="B2", batch="beta", command="ruff.lint", tool_id="ruff", role=Role.LINT, component="api", argv=("ruff",),
          cwd="api", output=OutputSpec(parser="ruff-json"), reason=Reason(kind="used", detail="Makefile"))


def attempt(folder: Path, *, stdout: str = "", stderr: str = "", exit_code: int = 0) -> Attempt:
    (folder / "stdout.log").write_text(stdout)
    (folder / "stderr.log").write_text(stderr)
    return Attempt(exit_code=exit_code, stdout=str(folder / "stdout.log"), stderr=str(folder / "stderr.log"))


def measure(folder: Path) -> Measure:
    return Measure(Tree(root=str(folder), files=(), git=False))


def told(outcome: Result | Errand) -> Result:
    """The result of what was small enough to be read on the spot."""
    assert isinstance(outcome, Result)
    return outcome


def test_findings_are_placed_relative_to_the_root(tmp_path: Path) -> None:
    output = '[{"filename": "a.py", "message": "unused", "code": "F401", "location": {"row": 1, "column": 1}}]'
    result = told(measure(tmp_path)(JOB, attempt(tmp_path, stdout=output, exit_code=1)))
    assert result.status is Status.FAILED
    assert [finding.file for finding in result.findings] == ["api/a.py"]


def test_a_program_that_could_not_be_started_is_an_error_without_output(tmp_path: Path) -> None:
    result = told(measure(tmp_path)(JOB, Attempt(spawn_error="no such file")))
    assert (result.status, result.cause) == (Status.ERRORED, Cause.SPAWN)


def test_output_that_nobody_can_read_is_an_error_and_keeps_its_last_words(tmp_path: Path) -> None:
    result = told(measure(tmp_path)(JOB, attempt(tmp_path, stdout="[{", stderr="error: out of luck\n")))
    assert result.status is Status.ERRORED
    assert result.tail == "error: out of luck"


def test_an_output_that_is_gone_is_no_measurement(tmp_path: Path) -> None:
    result = told(measure(tmp_path)(JOB, Attempt(exit_code=0, stdout=str(tmp_path / "gone"), stderr=str(tmp_path / "gone"))))
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
    assert told(measure(tmp_path)(job, replace(attempt(tmp_path), report=str(report)))).status is Status.ERRORED


def test_output_that_lost_its_middle_is_told(tmp_path: Path) -> None:
    result = told(measure(tmp_path)(JOB, replace(attempt(tmp_path, stdout="[]"), dropped=7)))
    assert result.status is Status.PASSED
    assert "7 bytes" in result.problems[0].message


def test_findings_that_were_lost_with_the_middle_do_not_make_it_green(tmp_path: Path) -> None:
    warning = '{"reason":"compiler-message","message":{"message":"unused","level":"warning","spans":[]}}\n{"reason":"build-finished","success":true}\n'
    job = replace(JOB, output=OutputSpec(parser="cargo-json"), exit=ExitSpec(clean=frozenset({0}), findings=frozenset({101})))
    assert told(measure(tmp_path)(job, replace(attempt(tmp_path, stdout=warning, exit_code=101), dropped=7))).status is not Status.PASSED


def test_facts_of_our_own_jobs_are_kept_by_job(tmp_path: Path) -> None:
    keeping = measure(tmp_path)
    keeping(replace(JOB, output=OutputSpec(parser="gatekeeper-json")), attempt(tmp_path, stdout='{"schema": 1, "facts": {"lines": 3}}'))
    assert keeping.facts == {JOB.id: {"lines": 3}}


def test_a_benchmark_says_how_it_compares_with_the_runs_before(tmp_path: Path) -> None:
    bench = replace(JOB, id="D2/cargo.bench@core", role=Role.BENCH, output=OutputSpec(parser="exit-code"))
    ended = replace(attempt(tmp_path), wall_seconds=1.5)
    tree = Tree(root=str(tmp_path), files=(), git=False)
    assert told(Measure(tree)(bench, ended)).message.endswith("1.50 s, the first on record")
    assert told(Measure(tree, {bench.id: 1.0})(bench, ended)).message.endswith("1.50 s, +50% against 1.00 s before")


def _large(told: str) -> str:
    return told + " " * LARGE


def _run(errand: Errand, folder: Path, *, timeout: float | None = None) -> Result:
    """The errand in a real pool, as the executor runs it."""
    with ProcessPool(run_id="measure") as pool:
        pool.start(ProcessSpec(key="errand", argv=errand.argv, cwd=errand.folder, env=dict(os.environ), stdout=str(folder / "o"), stderr=str(folder / "e"),
                               timeout=errand.timeout if timeout is None else timeout, ladder=AT_ONCE))
        (ended,) = pool.wait()
    return errand.then(ended.attempt)


def test_a_large_output_is_read_by_a_process_of_its_own_and_gives_the_same(tmp_path: Path) -> None:
    output = '[{"filename": "a.py", "message": "unused", "code": "F401", "location": {"row": 1, "column": 1}}]'
    errand = measure(tmp_path)(JOB, attempt(tmp_path, stdout=_large(output), exit_code=1))
    assert isinstance(errand, Errand)
    large = _run(errand, tmp_path)
    small = told(measure(tmp_path)(JOB, attempt(tmp_path, stdout=output, exit_code=1)))
    assert replace(large, attempts=()) == replace(small, attempts=())


def test_facts_come_back_from_another_process(tmp_path: Path) -> None:
    keeping = measure(tmp_path)
    errand = keeping(replace(JOB, output=OutputSpec(parser="gatekeeper-json")), attempt(tmp_path, stdout=_large('{"schema": 1, "facts": {"lines": [3, null]}}')))
    assert isinstance(errand, Errand)
    _run(errand, tmp_path)
    assert keeping.facts == {JOB.id: {"lines": [3, None]}}


@pytest.mark.parametrize(("ended", "words"), [
    (Attempt(exit_code=3), "needs more than"), (Attempt(signal=9), "because memory was short"), (Attempt(lost=True), "is not known"),
    (Attempt(signal=11), "was ended twice, by signal 11 (SIGSEGV)"), (Attempt(exit_code=0), "failed"),
    (Attempt(signal=9, timed_out=True), "took longer than"), (Attempt(spawn_error="no memory"), "no memory")])
def test_a_reader_that_dies_leaves_the_job_errored_with_its_last_words(tmp_path: Path, ended: Attempt, words: str) -> None:
    errand = measure(tmp_path)(JOB, attempt(tmp_path, stdout=_large("[]"), stderr="that was it\n"))
    assert isinstance(errand, Errand)
    result = errand.then(ended)
    assert (result.status, result.cause, result.tail) == (Status.ERRORED, Cause.UNPARSABLE, "that was it")
    assert words in result.message


def test_an_answer_that_somebody_else_wrote_is_not_believed(tmp_path: Path) -> None:
    errand = measure(tmp_path)(JOB, attempt(tmp_path, stdout=_large("[]")))
    assert isinstance(errand, Errand)
    for forged in (pickle.dumps(os.getcwd), pickle.dumps([1]), b"junk", b""):
        Path(errand.argv[-1]).write_bytes(forged)
        assert errand.then(Attempt(exit_code=0)).status is Status.ERRORED


def test_a_pattern_that_backtracks_for_ever_is_ended_whatever_the_size(tmp_path: Path) -> None:
    job = replace(JOB, output=OutputSpec(parser="regex", pattern="^(?P<message>(a+)+)$"))
    errand = measure(tmp_path)(job, attempt(tmp_path, stdout="a" * 60 + "!\n"))
    assert isinstance(errand, Errand)
    result = _run(errand, tmp_path, timeout=0.5)
    assert (result.status, result.cause) == (Status.ERRORED, Cause.UNPARSABLE)
    assert "the pattern backtracks too much" in result.message
