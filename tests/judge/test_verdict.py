"""Statuses of jobs and the verdict of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.judge.conclude import conclude
from gatekeeper.judge.verdict import Deciders, judge
from gatekeeper.model.assessment import Assessment, ConditionStatus, Enforcement
from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.finding import Category, Finding, Level, Parsed, Severity, State, TestCase, TestOutcome
from gatekeeper.model.plan import Job, Plan, Reason
from gatekeeper.model.result import Attempt, Condition, Result
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.status import OPEN, Cause, Meaning, Outcome, Status
from gatekeeper.model.tool import ExitSpec, FailsAt, LocatedTool, Role

JOB = Job(id="B2/ruff.lint@api", task="B2", batch="beta", command="ruff.lint", tool_id="ruff", role=Role.LINT, component="api",
          argv=("ruff",), cwd=".", reason=Reason(kind="used", detail="Makefile"))


def finding(level: Level = Level.ERROR, severity: Severity = Severity.HIGH) -> Finding:
    return Finding(tool="ruff", message="unused", level=level, severity=severity, category=Category.LINT, file="a.py", line=1)


COMPONENT = Component(id="api", root=".", language=Language.PYTHON, kind=Kind.PYPROJECT_PACKAGE, name="api", manifest="pyproject.toml")


def plan(*jobs: Job, scoped: bool = False, components: tuple[Component, ...] = (COMPONENT,)) -> Plan:
    return Plan(root="/repo", pipeline="default", batches=(), jobs=jobs, scoped=scoped, components=components)


def parsed(meaning: Meaning, *findings: Finding, **fields: object) -> Parsed:
    return Parsed(meaning=meaning, findings=findings, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("meaning", "status", "cause"), [
    (Meaning.CLEAN, Status.PASSED, None),
    (Meaning.FINDINGS, Status.FAILED, Cause.FINDINGS),
    (Meaning.TOOL_ERROR, Status.ERRORED, Cause.CRASH),
    (Meaning.FINDINGS_AND_TOOL_ERROR, Status.ERRORED, Cause.CRASH),
    (Meaning.NOTHING_CHECKED, Status.UNMEASURED, Cause.NOTHING_CHECKED),
])
def test_each_meaning_becomes_one_status(meaning: Meaning, status: Status, cause: Cause | None) -> None:
    result = conclude(JOB, Attempt(exit_code=1), parsed(meaning, finding()))
    assert (result.status, result.cause) == (status, cause)


def test_warnings_pass_where_only_errors_fail_and_are_still_listed() -> None:
    result = conclude(replace(JOB, fails_at=FailsAt.ERROR), Attempt(exit_code=0), parsed(Meaning.FINDINGS, finding(Level.WARNING)))
    assert result.status is Status.PASSED
    assert len(result.findings) == 1


def test_a_tool_that_ends_badly_fails_even_where_none_of_its_findings_is_grave_enough() -> None:
    """`eslint --max-warnings 5` with six warnings: the exit code is what the project's own CI goes by."""
    job = replace(JOB, fails_at=FailsAt.ERROR, exit=ExitSpec(clean=frozenset({0}), findings=frozenset({1})))
    assert conclude(job, Attempt(exit_code=1), parsed(Meaning.FINDINGS, finding(Level.WARNING))).status is Status.FAILED
    assert conclude(job, Attempt(exit_code=0), parsed(Meaning.FINDINGS, finding(Level.WARNING))).status is Status.PASSED


def test_a_suppressed_error_does_not_excuse_more_warnings_than_the_project_allows() -> None:
    job = replace(JOB, fails_at=FailsAt.ERROR, argv=("eslint", "--max-warnings", "1", "."), exit=ExitSpec(clean=frozenset({0}), findings=frozenset({1})))
    spared = replace(finding(Level.ERROR), state=State.SUPPRESSED)
    warnings = [replace(finding(Level.WARNING), line=line) for line in (1, 2)]
    assert conclude(job, Attempt(exit_code=1), parsed(Meaning.FINDINGS, spared, *warnings)).status is Status.FAILED
    assert conclude(job, Attempt(exit_code=1), parsed(Meaning.FINDINGS, spared, warnings[0])).status is Status.PASSED


def test_where_the_project_sets_a_limit_that_no_finding_shows_the_exit_code_alone_tells() -> None:
    job = replace(JOB, fails_at=FailsAt.EXIT, exit=ExitSpec(clean=frozenset({0}), findings=frozenset({1})))
    found = parsed(Meaning.FINDINGS, finding(Level.ERROR))
    assert [conclude(job, Attempt(exit_code=code), found).status for code in (0, 1)] == [Status.PASSED, Status.FAILED]
    known = parsed(Meaning.FINDINGS, replace(finding(Level.ERROR), state=State.UNCHANGED))
    assert conclude(job, Attempt(exit_code=1), known).status is Status.PASSED


def test_a_tool_that_leaves_out_the_few_files_of_a_scope_has_nothing_to_do_there() -> None:
    nothing = parsed(Meaning.NOTHING_CHECKED)
    assert conclude(replace(JOB, partial=True), Attempt(exit_code=0), nothing).status is Status.SKIPPED
    assert conclude(JOB, Attempt(exit_code=0), nothing).status is Status.UNMEASURED


def test_what_never_fails_does_not_fail_by_its_exit_code() -> None:
    job = replace(JOB, fails_at=FailsAt.NEVER)
    assert conclude(job, Attempt(exit_code=1), parsed(Meaning.FINDINGS, finding())).status is Status.PASSED


def test_a_failing_test_fails_whatever_level_counts() -> None:
    case = TestCase(name="t", outcome=TestOutcome.FAILED)
    result = conclude(replace(JOB, fails_at=FailsAt.ERROR), Attempt(exit_code=1), parsed(Meaning.FINDINGS, tests=(case,)))
    assert result.status is Status.FAILED
    assert result.message == "0 passed, 1 failed"


@pytest.mark.parametrize(("attempt", "status", "cause"), [
    (Attempt(spawn_error="no such file"), Status.ERRORED, Cause.SPAWN),
    (Attempt(signal=9, timed_out=True), Status.TIMED_OUT, Cause.TIMEOUT),
    (Attempt(signal=15, cancelled=True), Status.CANCELLED, Cause.INTERRUPT),
    (Attempt(signal=11), Status.ERRORED, Cause.SIGNAL),
    (Attempt(lost=True), Status.ERRORED, Cause.LOST),
    (Attempt(lost=True, timed_out=True), Status.TIMED_OUT, Cause.TIMEOUT),
    (Attempt(signal=9), Status.ERRORED, Cause.SIGNAL),
    (Attempt(exit_code=137), Status.ERRORED, Cause.OUT_OF_MEMORY),
    (Attempt(signal=9, out_of_memory=True), Status.ERRORED, Cause.OUT_OF_MEMORY),
    (Attempt(exit_code=0, over_memory_mb=60), Status.ERRORED, Cause.OUT_OF_MEMORY),
])
def test_a_process_that_did_not_end_by_itself_is_never_a_measurement(attempt: Attempt, status: Status, cause: Cause) -> None:
    result = conclude(JOB, attempt, parsed(Meaning.CLEAN))
    assert (result.status, result.cause) == (status, cause)


def test_all_green_is_a_pass() -> None:
    assert judge(plan(JOB), [Result(job=JOB.id, status=Status.PASSED)]).exit_code == 0


@pytest.mark.parametrize("status", [Status.ERRORED, Status.TIMED_OUT, Status.UNMEASURED, Status.UNAVAILABLE, Status.CANCELLED, Status.NOT_RUN,
                                    Status.BLOCKED])
def test_a_blocking_job_that_measured_nothing_makes_the_run_incomplete(status: Status) -> None:
    verdict = judge(plan(JOB), [Result(job=JOB.id, status=status)])
    assert (verdict.outcome, verdict.exit_code) == (Outcome.INCOMPLETE, 3)


def test_a_failure_stands_above_what_is_incomplete() -> None:
    other = replace(JOB, id="B2/mypy.types@api")
    verdict = judge(plan(JOB, other), [Result(job=JOB.id, status=Status.UNAVAILABLE), Result(job=other.id, status=Status.FAILED)])
    assert (verdict.outcome, verdict.exit_code) == (Outcome.FAIL, 1)
    assert [condition.outcome for condition in verdict.conditions] == [Outcome.FAIL, Outcome.INCOMPLETE]


def test_an_interrupt_stands_above_all() -> None:
    verdict = judge(plan(JOB), [Result(job=JOB.id, status=Status.FAILED)], signal=2)
    assert (verdict.outcome, verdict.exit_code, verdict.message) == (Outcome.INTERRUPTED, 130, "interrupted by SIGINT")
    assert "gatekeeper retry" in (verdict.conditions[0].hint or "")


def test_a_run_that_was_cancelled_says_by_whom_and_why_and_not_only_that_it_was() -> None:
    verdict = judge(plan(JOB), [Result(job=JOB.id, status=Status.CANCELLED)], cancelled="cancelled by ann: enough")
    assert (verdict.outcome, verdict.exit_code, verdict.message) == (Outcome.INTERRUPTED, 130, "cancelled by ann: enough")


def test_advice_never_decides() -> None:
    assert judge(plan(replace(JOB, blocking=False)), [Result(job=JOB.id, status=Status.FAILED)]).outcome is Outcome.PASS


def test_a_full_run_with_nothing_to_check_is_incomplete() -> None:
    assert judge(plan(), []).exit_code == 3


def test_a_tree_without_components_is_no_pass_even_if_its_files_are_clean() -> None:
    hygiene = replace(JOB, id="A1/hygiene.check", reason=Reason(kind="builtin", detail="hygiene"))
    assert judge(plan(hygiene, components=()), [Result(job=hygiene.id, status=Status.PASSED)]).exit_code == 3


def test_a_scoped_run_with_nothing_to_check_passes_and_says_so() -> None:
    verdict = judge(plan(scoped=True), [])
    assert (verdict.exit_code, verdict.message) == (0, "nothing to check")


def test_a_condition_of_the_run_itself_counts() -> None:
    extra = Condition(subject="tree", outcome=Outcome.INCOMPLETE, message="files changed while they were checked")
    assert judge(plan(JOB), [Result(job=JOB.id, status=Status.PASSED)], extra=[extra]).exit_code == 3


def test_tests_that_are_not_there_come_with_what_to_do() -> None:
    tests = replace(JOB, role=Role.TEST, tool_id="pytest", tool=LocatedTool(path="/bin/pytest", version=None, source="project"))
    assert conclude(tests, Attempt(exit_code=5), parsed(Meaning.NOTHING_CHECKED)).hint == \
        "add tests, or say that there are none: tools: {pytest: off} in gatekeeper.yaml"
    assert conclude(JOB, Attempt(exit_code=0), parsed(Meaning.NOTHING_CHECKED)).hint is None


def test_a_run_without_blocking_jobs_says_so() -> None:
    assert judge(plan(replace(JOB, blocking=False)), [Result(job=JOB.id, status=Status.PASSED)]).message == "none of 1 job can block"


def test_a_failing_verdict_counts_jobs_and_conditions_apart() -> None:
    failed = [Result(job=JOB.id, status=Status.FAILED, findings=(finding(),))]
    rule = Assessment(id="p", title="findings", enforcement=Enforcement.BLOCKING, status=ConditionStatus.FAILED, message="1 finding")
    assert judge(plan(JOB), failed).message == "1 blocking job failed"
    assert judge(plan(JOB), failed, assessments=[rule]).message == "1 blocking job and 1 condition failed"
    assert judge(plan(JOB), [replace(failed[0], status=Status.PASSED)], assessments=[rule]).message == "1 condition failed"


@given(st.lists(st.sampled_from([status for status in Status if status not in OPEN]), min_size=1, max_size=6))
def test_pass_means_that_every_blocking_job_passed_or_was_skipped(statuses: list[Status]) -> None:
    jobs = tuple(replace(JOB, id=f"B2/{number}") for number in range(len(statuses)))
    results = [Result(job=job.id, status=status) for job, status in zip(jobs, statuses, strict=True)]
    if judge(plan(*jobs), results).outcome is Outcome.PASS:
        assert set(statuses) <= {Status.PASSED, Status.SKIPPED}


def test_a_tool_that_left_out_all_files_of_all_its_lists_has_measured_nothing() -> None:
    first, second = (replace(JOB, id=f"{JOB.id}#{number}", partial=True) for number in (1, 2))
    left_out = [Result(job=job.id, status=Status.SKIPPED) for job in (first, second)]
    verdict = judge(plan(first, second), left_out)
    assert (verdict.outcome, verdict.conditions[0].subject, verdict.conditions[0].message) == (
        Outcome.INCOMPLETE, first.id, "checked nothing: its tool left out all files, in all of 2 lists")
    looked_at = replace(left_out[1], status=Status.PASSED)
    assert judge(plan(first, second), [left_out[0], looked_at]).outcome is Outcome.PASS
    assert judge(plan(first, second, scoped=True), left_out).outcome is Outcome.PASS


def test_the_verdict_is_decided_when_the_last_blocking_job_has_ended() -> None:
    advice, other = replace(JOB, id="B2/advice", blocking=False), replace(JOB, id="B2/other")
    deciders = Deciders(plan(JOB, advice, other))
    assert [deciders.ended(job.id) for job in (JOB, advice, other, advice)] == [False, False, True, False]


def test_a_policy_is_decided_by_advice_too() -> None:
    advice = replace(JOB, id="B2/advice", blocking=False)
    deciders = Deciders(plan(JOB, advice), [PolicyCondition(severity="high")])
    assert [deciders.ended(job.id) for job in (JOB, advice)] == [False, True]
    warning = Deciders(plan(JOB, advice), [PolicyCondition(severity="high", enforcement=Enforcement.WARNING)])
    assert [warning.ended(job.id) for job in (JOB, advice)] == [True, False]


@pytest.mark.parametrize(("status", "blocking", "conditions"), [
    (Status.FAILED, True, [JOB.id]), (Status.FAILED, False, ["B2/mypy"]), (Status.ERRORED, True, [JOB.id, "B2/mypy"]),
])
def test_a_blocked_job_adds_nothing_where_a_blocking_failure_says_it(status: Status, blocking: bool, conditions: list[str]) -> None:
    need, waiting = replace(JOB, blocking=blocking), replace(JOB, id="B2/mypy", needs=(JOB.id,))
    verdict = judge(plan(need, waiting), [Result(job=JOB.id, status=status), Result(job=waiting.id, status=Status.BLOCKED)])
    assert sorted(condition.subject for condition in verdict.conditions) == sorted(conditions)
