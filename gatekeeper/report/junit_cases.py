"""What a run is in the words of JUnit: suites of test cases, before they are XML. Knows no schema.

Suites: one per batch with its jobs as test cases, one per job that ran tests, and `gate` with the conditions of the policy and what else decided.

A case fails exactly where the verdict counts it: jobs that only advise, tests that failed before the change as well, and conditions that do
not block are `skipped` with what they found in the text, so that a CI that reads this is never red where the verdict is green. Consumers drop
the second of two cases with equal (classname, name): none are.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import assert_never

from gatekeeper.judge.excerpt import excerpt, repeat_command
from gatekeeper.model.assessment import Assessment, ConditionStatus, Enforcement
from gatekeeper.model.finding import State, TestCase, TestOutcome
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Attempt, Condition, Result, RunRecord
from gatekeeper.model.sanitize import one_line, xml_text
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.value import dataclass, field, replace
from gatekeeper.model.wording import count_text
from gatekeeper.report.issues import cut


class Mark(StrEnum):
    """What a test case that did not pass is in JUnit."""

    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One `testcase`; `mark` None = passed. `earlier` are the messages of tries that failed before the one that counts."""

    classname: str
    name: str
    seconds: float = 0.0
    file: str | None = None
    line: int | None = None
    mark: Mark | None = None
    kind: str = ""
    message: str = ""
    text: str = ""
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One `testsuite` with the cases that it counts."""

    name: str
    cases: tuple[Case, ...]
    properties: tuple[tuple[str, str], ...] = ()


LONGEST_NAME = 1_000
FINDINGS_PER_CASE = 500
#: tries of one test that are told one by one
MOST_TRIES = 20


def suites(record: RunRecord) -> tuple[Suite, ...]:
    """Batches, test runs and the gate, with no (classname, name) twice in all of them."""
    names = _Names()
    found = [Suite(name=batch.id, properties=_properties(record, batch.id, batch.title),
                   cases=tuple(_job_case(job, result, names) for job, result in record.pairs() if job.batch == batch.id))
             for batch in record.plan.batches]
    found += [Suite(name=job.id, cases=tuple(_test_case(test, job, names) for test in result.tests))
              for job, result in record.pairs() if result.tests]
    return (*found, Suite(name="gate", cases=tuple(_gate_cases(record, names))))


@dataclass(slots=True)
class _Names:
    """The (classname, name) pairs given away so far, as readers see them: blanks collapsed, letters as they are."""

    taken: set[tuple[str, str]] = field(default_factory=set)

    def unique(self, classname: str, name: str, owner: str = "") -> tuple[str, str]:
        classname, name = token(classname) or "-", token(name) or "-"
        key, number = (classname, name), 1
        if key in self.taken and owner:
            key = (classname, f"{name} ({owner})")
        base = key[1]
        while key in self.taken:
            number += 1
            key = (classname, f"{base} #{number}")
        self.taken.add(key)
        return key


def token(text: str) -> str:
    """A name as readers of XML see it: legal, on one line, blanks collapsed, of bounded length."""
    return " ".join(cut(xml_text(one_line(text)), LONGEST_NAME).split())


def _properties(record: RunRecord, batch: str, title: str) -> tuple[tuple[str, str], ...]:
    seconds = dict(record.batch_seconds).get(batch)
    return (("title", title), ("pipeline", record.plan.pipeline), ("scope", record.plan.scope), ("run", record.run_id), ("gatekeeper", record.version),
            *((("seconds", f"{seconds:.3f}"),) if seconds is not None else ()))


def _job_case(job: Job, result: Result, names: _Names) -> Case:
    classname, name = names.unique(f"{job.batch}.{job.task}.{job.component or 'repository'}", job.command, "")
    mark = job_mark(job, result.status)
    lines = [] if mark is None else _job_text(job, result)
    tries = tuple(f"try {number}: {_ended(attempt)}" for number, attempt in enumerate(result.attempts[:-1], 1))
    return Case(classname=classname, name=name, seconds=result.wall_seconds, mark=mark, kind=result.cause or result.status,
                message=_job_message(job, result), text="\n".join(lines), earlier=tries)


def _ended(attempt: Attempt) -> str:
    if attempt.timed_out:
        return "timed out"
    if attempt.spawn_error:
        return attempt.spawn_error
    return f"signal {attempt.signal}" if attempt.signal is not None else f"exit code {attempt.exit_code}"


def job_mark(job: Job, status: Status) -> Mark | None:
    """What a job with this status is in JUnit; a job that only advises is never a failure or an error."""
    match status:
        case Status.PASSED:
            return None
        case Status.FAILED:
            return Mark.FAILURE if job.blocking else Mark.SKIPPED
        case Status.ERRORED | Status.TIMED_OUT | Status.UNMEASURED | Status.UNAVAILABLE | Status.CANCELLED:
            return Mark.ERROR if job.blocking else Mark.SKIPPED
        case Status.BLOCKED | Status.NOT_RUN | Status.SKIPPED | Status.PENDING | Status.QUEUED | Status.RUNNING | Status.PAUSED:
            return Mark.SKIPPED
        case _:
            assert_never(status)


def _job_message(job: Job, result: Result) -> str:
    parts = []
    if not job.blocking:
        parts.append("advisory: ")
    if result.status in {Status.UNAVAILABLE, Status.UNMEASURED}:
        parts.append("could not be measured: ")
    parts.append(result.message or _counted(result) or result.status)
    return "".join(parts)


def _counted(result: Result) -> str:
    failing = sum(test.counts for test in result.tests)
    counting = [finding for finding in result.findings if finding.counts]
    parts = [f"{failing} of {count_text(len(result.tests), 'test')} failed"] if failing else []
    return ", ".join([*parts, *([count_text(len(counting), "finding")] if counting else [])])


def _job_text(job: Job, result: Result) -> list[str]:
    """What made the job end so; findings and tests that do not count are numbers at the end."""
    findings = tuple(finding for finding in result.findings if finding.counts)
    tests = tuple(test for test in result.tests if test.counts)
    counting = replace(result, findings=findings, tests=tests) if findings or tests else result
    lines = list(excerpt(job, counting, findings=FINDINGS_PER_CASE))
    lines += _uncounted(result) if counting is not result else []
    lines += ["", f"to do: {result.hint}"] if result.hint else []
    return [*lines, "", f"repeat: {repeat_command(job)}"] if result.attempts else lines


def _uncounted(result: Result) -> list[str]:
    hidden = sum(finding.state is State.SUPPRESSED for finding in result.findings)
    known = sum(not finding.counts for finding in result.findings) - hidden
    lines = [f"{count_text(known, 'finding')} known before" if known else "", f"{count_text(hidden, 'finding')} suppressed" if hidden else ""]
    return [f"not counted: {', '.join(line for line in lines if line)}"] if known or hidden else []


def _test_case(test: TestCase, job: Job, names: _Names) -> Case:
    classname, name = names.unique(test.classname or job.id, test.name, job.id)
    return Case(classname=classname, name=name, seconds=test.seconds or 0.0, file=test.file, line=test.line, mark=_test_mark(test, job),
                kind=test.outcome, message=_test_message(test, job), text=test.detail or "", earlier=test.earlier)


def _test_mark(test: TestCase, job: Job) -> Mark | None:
    match test.outcome:
        case TestOutcome.PASSED:
            return None
        case TestOutcome.FAILED:
            return Mark.FAILURE if job.blocking and test.counts else Mark.SKIPPED
        case TestOutcome.ERROR:
            return Mark.ERROR if job.blocking and test.counts else Mark.SKIPPED
        case TestOutcome.SKIPPED:
            return Mark.SKIPPED
        case _:
            assert_never(test.outcome)


def _test_message(test: TestCase, job: Job) -> str:
    """The message; a failure that is not counted says why not."""
    said = test.message or test.outcome.value
    if test.outcome not in {TestOutcome.FAILED, TestOutcome.ERROR}:
        return said
    if not test.counts:
        return f"{test.state}: {test.outcome}: {said}"
    return said if job.blocking else f"advisory: {test.outcome}: {said}"


def _gate_cases(record: RunRecord, names: _Names) -> Iterable[Case]:
    """Each condition of the policy, whether it holds or not, then what else decided; the verdict itself where there is neither."""
    told = {subject for one in record.assessments for subject in ((one.id,) if one.component is None else (f"{one.id}@{one.component}",))}
    for assessment in record.assessments:
        yield _assessed_case(assessment, names)
    others = [condition for condition in record.verdict.conditions if condition.subject not in told]
    for condition in others:
        yield _gate_case(condition.subject, condition, names)
    if not others and not record.assessments:
        yield _gate_case("verdict", Condition(subject="verdict", outcome=record.verdict.outcome, message=record.verdict.message), names)


def _assessed_case(assessment: Assessment, names: _Names) -> Case:
    classname, name = names.unique("gate", assessment.subject)
    blocking = assessment.enforcement is Enforcement.BLOCKING
    lines = [assessment.message, *assessment.violations, *(f"to do: {words}" for words in assessment.recommendations),
             *(f"see: {words}" for words in assessment.evidence)]
    said = assessment.message or assessment.status.value
    return Case(classname=classname, name=name, mark=_assessed_mark(assessment.status, blocking=blocking), kind=assessment.status,
                message=said if blocking else f"{assessment.enforcement}: {said}", text="\n".join(lines))


def _assessed_mark(status: ConditionStatus, *, blocking: bool) -> Mark | None:
    match status:
        case ConditionStatus.PASSED:
            return None
        case ConditionStatus.FAILED:
            return Mark.FAILURE if blocking else Mark.SKIPPED
        case ConditionStatus.UNMEASURED | ConditionStatus.REQUIRES_REVIEW:
            return Mark.ERROR if blocking else Mark.SKIPPED
        case ConditionStatus.WARNING | ConditionStatus.NOT_JUDGED:
            return Mark.SKIPPED
        case _:
            assert_never(status)


def _gate_case(subject: str, condition: Condition, names: _Names) -> Case:
    classname, name = names.unique("gate", subject)
    text = f"{condition.message}\nto do: {condition.hint}" if condition.hint else condition.message
    return Case(classname=classname, name=name, mark=_gate_mark(condition.outcome), kind=condition.outcome,
                message=condition.message or condition.outcome, text=text)


def _gate_mark(outcome: Outcome) -> Mark | None:
    match outcome:
        case Outcome.PASS:
            return None
        case Outcome.FAIL:
            return Mark.FAILURE
        case Outcome.INCOMPLETE | Outcome.INTERRUPTED:
            return Mark.ERROR
        case _:
            assert_never(outcome)
