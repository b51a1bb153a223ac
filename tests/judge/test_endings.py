"""A run comes to one of five ends, told from its results, and its scores are what their formula says."""

from __future__ import annotations

from dataclasses import replace

from gatekeeper.judge.endings import ending
from gatekeeper.judge.scores import scores
from gatekeeper.model.assessment import Assessment, ConditionStatus, Dimension, EndKind, Enforcement
from gatekeeper.model.finding import Severity, State
from gatekeeper.model.result import Condition, Result, Verdict
from gatekeeper.model.status import Cause, Outcome, Status
from gatekeeper.model.tool import Role
from tests.fakes.record import TESTS, finding, job, plan

PASS = Verdict(outcome=Outcome.PASS, exit_code=0)
INCOMPLETE = Verdict(outcome=Outcome.INCOMPLETE, exit_code=3)
GOOD, BAD = Result(job="a", status=Status.PASSED), Result(job="b", status=Status.FAILED)
LATE = Result(job="c", status=Status.TIMED_OUT, cause=Cause.BUDGET, message="no time left")
WAITS = Assessment(id="release", title="approval", enforcement=Enforcement.BLOCKING, status=ConditionStatus.REQUIRES_REVIEW, message="waits for alice")


def test_a_run_whose_jobs_all_did_their_work_completed_whatever_they_found() -> None:
    assert ending([GOOD, BAD], Verdict(outcome=Outcome.FAIL, exit_code=1)).kind is EndKind.COMPLETED


def test_what_was_not_done_are_the_gaps() -> None:
    end = ending([GOOD, LATE], INCOMPLETE)
    assert (end.kind, end.gaps, end.recoverable) == (EndKind.PARTIALLY_COMPLETED, ("c: timed out: no time left",), True)
    assert end.reason == "1 job of 2 did not do its work"
    crashed = replace(LATE, status=Status.ERRORED, cause=Cause.CRASH)
    assert not ending([GOOD, crashed], INCOMPLETE).recoverable


def test_a_run_that_did_nothing_or_lost_its_reports_failed() -> None:
    assert ending([LATE], INCOMPLETE).kind is EndKind.FAILED
    lost = ending([GOOD], PASS, lost="no space left on device")
    assert (lost.kind, lost.reason, lost.recoverable) == (EndKind.FAILED, "no space left on device", True)


def test_an_interrupted_run_was_cancelled() -> None:
    verdict = Verdict(outcome=Outcome.INTERRUPTED, exit_code=130, conditions=(Condition(subject="run", outcome=Outcome.INTERRUPTED, message="signal 2"),))
    end = ending([GOOD, LATE], verdict)
    assert (end.kind, end.reason) == (EndKind.CANCELLED, "signal 2")


def test_what_waits_for_a_person_is_escalated_unless_it_failed_anyway() -> None:
    assert ending([GOOD], INCOMPLETE, [WAITS]).kind is EndKind.ESCALATED
    assert ending([BAD], Verdict(outcome=Outcome.FAIL, exit_code=1), [WAITS]).kind is EndKind.COMPLETED
    assert ending([GOOD], PASS, [replace(WAITS, enforcement=Enforcement.ADVISORY)]).kind is EndKind.COMPLETED


def test_scores_follow_their_formula_and_what_was_not_measured_has_none() -> None:
    lint, tests, audit = job(), job("pytest.test", role=Role.TEST), job("pip-audit.audit", role=Role.SECURITY)
    found = (finding(), replace(finding(), severity=Severity.LOW), replace(finding(), state=State.SUPPRESSED))
    results = [Result(job=lint.id, status=Status.FAILED, findings=found), Result(job=tests.id, status=Status.FAILED, tests=TESTS),
               Result(job=audit.id, status=Status.UNAVAILABLE)]
    told = {score.dimension: score.value for score in scores(plan([lint, tests, audit]), results, files=54)}
    assert told[Dimension.STYLE] == 90.0  # 100 * 54 / (54 + 5 + 1)
    assert told[Dimension.TESTS] == 50.0  # one passed, one failed, one skipped
    assert (told[Dimension.SECURITY], told[Dimension.DOCS]) == (None, None)
