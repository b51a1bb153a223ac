"""JUnit XML in two profiles: `ci` (what CI systems read best) and `strict` (valid against the xUnit and the Ant schema).

junit-xml builds the tree, which is then corrected: its own output follows neither schema (`disabled`, long times, order of children) and drops
illegal characters silently. Suites: one per batch with its jobs as test cases, one per job that ran tests, and `gate` with what decided the verdict.

A report has a failure or an error exactly where the verdict counts it: jobs that only advise are `skipped` with their findings in the text, so that a
CI that reads this file is never red where the verdict is green. Consumers drop the second of two cases with equal (classname, name): none are.
Knows no file and no CI.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

import junit_xml

from gatekeeper.judge.excerpt import excerpt, repeat_command
from gatekeeper.model.finding import TestCase, TestOutcome
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Condition, Result, RunRecord, Verdict
from gatekeeper.model.sanitize import one_line, xml_text
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.wording import count_text


class Profile(StrEnum):
    CI = "ci"
    STRICT = "strict"


class Mark(StrEnum):
    """What a test case that did not pass is in JUnit."""

    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One `testcase`; `mark` None = passed."""

    classname: str
    name: str
    seconds: float = 0.0
    file: str | None = None
    line: int | None = None
    mark: Mark | None = None
    kind: str = ""
    message: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One `testsuite` with the cases that it counts."""

    name: str
    cases: tuple[Case, ...]
    properties: tuple[tuple[str, str], ...] = ()


#: bodies are read by people; the summary JSON has everything
LONGEST_TEXT = 60_000
LONGEST_MESSAGE = 2_000
LONGEST_NAME = 1_000
FINDINGS_PER_CASE = 500


def render(record: RunRecord, profile: Profile = Profile.CI) -> bytes:
    """The report of a run as UTF-8 XML; equal records give equal bytes."""
    tree = _corrected([_built(suite, record, number) for number, suite in enumerate(suites(record))], profile)
    ET.indent(tree)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(tree, encoding="unicode").encode() + b"\n"


def render_strict(record: RunRecord) -> bytes:
    """The report in the profile that is valid against both schemas."""
    return render(record, Profile.STRICT)


def suites(record: RunRecord) -> tuple[Suite, ...]:
    """Batches, test runs and the gate, with no (classname, name) twice in all of them."""
    names = _Names()
    found = [Suite(name=batch.id, properties=_properties(record, batch.id, batch.title),
                   cases=tuple(_job_case(job, result, names) for job, result in record.pairs() if job.batch == batch.id))
             for batch in record.plan.batches]
    found += [Suite(name=job.id, cases=tuple(_test_case(test, job, names) for test in result.tests))
              for job, result in record.pairs() if result.tests]
    return (*found, Suite(name="gate", cases=tuple(_gate_cases(record.verdict, names))))


@dataclass(slots=True)
class _Names:
    """The (classname, name) pairs given away so far, as readers see them: blanks collapsed, letters as they are."""

    taken: set[tuple[str, str]] = field(default_factory=set)

    def unique(self, classname: str, name: str, owner: str = "") -> tuple[str, str]:
        classname, name = _token(classname) or "-", _token(name) or "-"
        key, number = (classname, name), 1
        if key in self.taken and owner:
            key = (classname, f"{name} ({owner})")
        base = key[1]
        while key in self.taken:
            number += 1
            key = (classname, f"{base} #{number}")
        self.taken.add(key)
        return key


def _token(text: str) -> str:
    return " ".join(_cut(xml_text(one_line(text)), LONGEST_NAME).split())


def _properties(record: RunRecord, batch: str, title: str) -> tuple[tuple[str, str], ...]:
    seconds = dict(record.batch_seconds).get(batch)
    return (("title", title), ("pipeline", record.plan.pipeline), ("scope", record.plan.scope), ("run", record.run_id), ("gatekeeper", record.version),
            *((("seconds", f"{seconds:.3f}"),) if seconds is not None else ()))


def _job_case(job: Job, result: Result, names: _Names) -> Case:
    classname, name = names.unique(f"{job.batch}.{job.task}.{job.component or 'repository'}", job.command, "")
    mark = job_mark(job, result.status)
    lines = [] if mark is None else _job_text(job, result)
    return Case(classname=classname, name=name, seconds=result.wall_seconds, mark=mark, kind=result.cause or result.status,
                message=_job_message(job, result), text="\n".join(lines))


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
    failing = sum(test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for test in result.tests)
    parts = [f"{failing} of {count_text(len(result.tests), 'test')} failed"] if failing else []
    return ", ".join([*parts, *([count_text(len(result.findings), "finding")] if result.findings else [])])


def _job_text(job: Job, result: Result) -> list[str]:
    lines = list(excerpt(job, result, findings=FINDINGS_PER_CASE))
    lines += ["", f"to do: {result.hint}"] if result.hint else []
    return [*lines, "", f"repeat: {repeat_command(job)}"] if result.attempts else lines


def _test_case(test: TestCase, job: Job, names: _Names) -> Case:
    classname, name = names.unique(test.classname or job.id, test.name, job.id)
    return Case(classname=classname, name=name, seconds=test.seconds or 0.0, file=test.file, line=test.line,
                mark=_test_mark(test, job), kind=test.outcome, message=_test_message(test, job), text=test.detail or "")


def _test_mark(test: TestCase, job: Job) -> Mark | None:
    match test.outcome:
        case TestOutcome.PASSED:
            return None
        case TestOutcome.FAILED:
            return Mark.FAILURE if job.blocking else Mark.SKIPPED
        case TestOutcome.ERROR:
            return Mark.ERROR if job.blocking else Mark.SKIPPED
        case TestOutcome.SKIPPED:
            return Mark.SKIPPED
        case _:
            assert_never(test.outcome)


def _test_message(test: TestCase, job: Job) -> str:
    advisory = not job.blocking and test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR}
    return f"{f'advisory: {test.outcome}: ' if advisory else ''}{test.message or test.outcome}"


def _gate_cases(verdict: Verdict, names: _Names) -> Iterable[Case]:
    if not verdict.conditions:
        yield _gate_case("verdict", Condition(subject="verdict", outcome=verdict.outcome, message=verdict.message), names)
    for condition in verdict.conditions:
        yield _gate_case(condition.subject, condition, names)


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


def _built(suite: Suite, record: RunRecord, number: int) -> ET.Element:
    built = junit_xml.TestSuite(
        _token(suite.name) or "-", [_built_case(case) for case in suite.cases], hostname=_token(record.hostname) or "localhost",
        id=str(number), package="gatekeeper", timestamp=_timestamp(record.started_at), properties=dict(suite.properties))
    element: ET.Element = built.build_xml_doc()
    return element


def _built_case(case: Case) -> junit_xml.TestCase:
    built = junit_xml.TestCase(case.name, case.classname, case.seconds, file=case.file, line=case.line)
    message, text = _cut(case.message, LONGEST_MESSAGE), _cut(case.text or case.message, LONGEST_TEXT)  # GitLab shows the text only
    match case.mark:
        case None:
            pass
        case Mark.FAILURE:
            built.add_failure_info(message, text, case.kind)
        case Mark.ERROR:
            built.add_error_info(message, text, case.kind)
        case Mark.SKIPPED:
            built.add_skipped_info(message, text)
        case _:
            assert_never(case.mark)
    return built


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]} ... ({len(text) - longest} more characters)"


def _timestamp(started_at: str) -> str:
    """ISO 8601 without fraction and zone, as the Ant schema wants it."""
    match = re.match(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)", started_at)
    return f"{match[1]}T{match[2]}" if match else "1970-01-01T00:00:00"


#: attributes that the schemas know; `file` and `line` are read by GitLab and by GitHub's reporters and known to neither schema
_SUITE_ATTRIBUTES = ("name", "package", "id", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time")
_CASE_ATTRIBUTES = {Profile.CI: ("classname", "name", "time", "file", "line"), Profile.STRICT: ("classname", "name", "time")}
_COUNTED = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error", "skipped": "testcase/skipped"}


def _corrected(built: Sequence[ET.Element], profile: Profile) -> ET.Element:
    root = ET.Element("testsuites")
    root.extend(built)
    for suite in built:
        _correct_suite(suite, profile)
    if profile is Profile.CI:
        root.set("name", "gatekeeper")
        for key in ("tests", "failures", "errors"):
            root.set(key, str(sum(int(suite.get(key, "0")) for suite in built)))
        root.set("time", _time(sum(float(suite.get("time", "0")) for suite in built)))
    for element in root.iter():
        _make_legal(element)
    return root


def _correct_suite(suite: ET.Element, profile: Profile) -> None:
    cases = suite.findall("testcase")
    for case in cases:
        _correct_case(case, profile)
    counted = {key: str(len(suite.findall(path))) for key, path in _COUNTED.items()}
    values = {**suite.attrib, **counted, "time": _time(sum(float(case.get("time", "0")) for case in cases))}
    properties = suite.find("properties")
    suite[:] = [ET.Element("properties") if properties is None else properties, *cases, ET.Element("system-out"), ET.Element("system-err")]
    suite.attrib.clear()
    suite.attrib.update({key: values[key] for key in _SUITE_ATTRIBUTES})


def _correct_case(case: ET.Element, profile: Profile) -> None:
    values = {**case.attrib, "time": _time(float(case.get("time", "0")))}
    case.attrib.clear()
    case.attrib.update({key: values[key] for key in _CASE_ATTRIBUTES[profile] if key in values})
    for skipped in case.findall("skipped"):
        skipped.attrib.pop("type", None)


def _time(seconds: float) -> str:
    return f"{min(max(0.0, seconds), 31_536_000.0):.3f}"  # readers clamp to a year and refuse minus; 0.0 stands first because of NaN


def _make_legal(element: ET.Element) -> None:
    for key, value in element.attrib.items():
        element.set(key, xml_text(value))
    if element.text:
        element.text = xml_text(element.text)
