"""What GitHub Actions reads: annotations as workflow commands, and the outputs of a step. Knows no file and no environment.

Source: actions/toolkit `packages/core/src/command.ts` (escaping), actions/runner `docs/adrs` and `ExecutionContext` (10 annotations of each level per step,
50 per job; what is more is dropped without a word, so the order and the notice for the rest are ours). The commands are lines for the log of a step: the
runner reads standard output and standard error alike.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from gatekeeper.judge.excerpt import test_name
from gatekeeper.model.finding import Finding, Severity, State, TestCase, TestOutcome
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Condition, Result, RunRecord
from gatekeeper.model.sanitize import one_line, terminal_text
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.value import dataclass
from gatekeeper.model.wording import count_text
from gatekeeper.report.summary import severity_counts, test_counts

PER_LEVEL = 10
#: characters; GitHub cuts at 65,535 and shows far less
LONGEST_MESSAGE = 4_000
LONGEST_TITLE = 250
LONGEST_OUTPUT = 10_000
_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}
_BY_SEVERITY = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
_NAME = re.compile(r"[a-z][a-z0-9-]*")


class Note(StrEnum):
    """The three levels of an annotation; the value is the name of its command."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One annotation; `rank` orders them, the lowest first. Columns only where start and end are on one line."""

    note: Note
    title: str
    message: str
    rank: tuple[int, int, int, int]
    file: str | None = None
    line: int | None = None
    end_line: int | None = None
    column: int | None = None
    end_column: int | None = None


def render(record: RunRecord) -> bytes:
    """The annotations of a run as workflow commands, one per line."""
    return annotated(record)


def annotated(record: RunRecord, folder: str = "") -> bytes:
    """The annotations that fit, and one notice for the rest. `folder` is where the tree lies in the repository that CI checked out, POSIX and relative."""
    found = sorted(_all(record), key=lambda one: (one.rank, one.file or "", one.line or 0, one.title, one.message))
    shown, left = _within_limits(found)
    lines = [command(one, folder) for one in shown]
    lines += [command(_rest(left), folder)] if left else []
    return ("\n".join(lines) + "\n").encode()


def command(one: Annotation, folder: str = "") -> str:
    """An annotation as one line; nothing in it can end the line or start a property."""
    properties = {"file": posixpath.join(folder, one.file) if one.file else None, "line": one.line, "endLine": one.end_line, "col": one.column,
                  "endColumn": one.end_column, "title": one_line(one.title)[:LONGEST_TITLE]}
    told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value not in {None, ""})
    return f"::{one.note}{f' {told}' if told else ''}::{_data(_cut(one.message))}"


def outputs(record: RunRecord) -> bytes:
    """The outputs of the step in the format of `$GITHUB_OUTPUT`: verdict, exit code, counts, and the path of every report."""
    return "".join(_output(name, value) for name, value in _values(record).items()).encode()


def _all(record: RunRecord) -> Iterator[Annotation]:
    for job, result in record.pairs():
        yield from (_of_finding(job, result, finding) for finding in result.findings if finding.state not in {State.SUPPRESSED, State.FIXED})
        yield from (_of_test(job, result, test) for test in result.tests if test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR})
    yield from _of_conditions(record)


def _of_finding(job: Job, result: Result, finding: Finding) -> Annotation:
    one_place = finding.end_line in {None, finding.line} and finding.line is not None
    return Annotation(
        note=_note(job, result, finding), title=f"{finding.tool} {finding.rule or ''}".strip(), message=finding.message or "(no message)",
        rank=_rank(job, result, counts=finding.counts, in_diff=finding.on_changed_line is True, severity=_SEVERITIES[finding.severity]),
        file=finding.file, line=finding.line, end_line=finding.end_line if finding.line is not None else None,
        column=finding.column if one_place else None, end_column=finding.end_column if one_place and finding.column is not None else None)


def _note(job: Job, result: Result, finding: Finding) -> Note:
    """By severity; what decides the verdict is at least a warning, what only advises or was known before never an error."""
    by_severity = Note(_BY_SEVERITY.get(finding.severity, "notice"))
    if job.blocking and result.status is Status.FAILED and finding.counts:
        return Note.WARNING if by_severity is Note.NOTICE else by_severity
    return Note.WARNING if by_severity is Note.ERROR else by_severity


def _of_test(job: Job, result: Result, test: TestCase) -> Annotation:
    decides = job.blocking and test.counts
    return Annotation(note=Note.ERROR if decides else Note.WARNING, title=f"{job.tool_id}: {test_name(test)}", message=_test_message(test),
                      rank=_rank(job, result, counts=test.counts, in_diff=False, severity=1), file=test.file, line=test.line if test.file else None)


def _test_message(test: TestCase) -> str:
    said, more = test.message or f"the test ended as {test.outcome}", test.detail or ""
    return more if more.startswith(said) else "\n".join(text for text in (said, more) if text)


def _of_conditions(record: RunRecord) -> Iterator[Annotation]:
    """What decides and has no place in a file: jobs that could not do their work, rules of the run and of the policy.

    One annotation for each outcome: one for each condition would leave no room for what has a place.
    """
    told = {job.id for job, result in record.pairs() if result.status is Status.FAILED and (result.findings or result.tests)}
    by_outcome: dict[Outcome, list[Condition]] = {}
    for condition in record.verdict.conditions:
        if condition.subject not in told:
            by_outcome.setdefault(condition.outcome, []).append(condition)
    for outcome, conditions in by_outcome.items():
        first = conditions[0]
        if len(conditions) == 1:
            title, message = f"Gatekeeper {outcome}: {first.subject}", "\nto do: ".join(text for text in (first.message or outcome, first.hint) if text)
        else:
            title, message = f"Gatekeeper {outcome}: {len(conditions)} reasons", "\n".join(map(_reason, conditions))
        yield Annotation(note=Note.ERROR, title=title, message=message, rank=(0, 0, 0, 0))


def _reason(condition: Condition) -> str:
    return f"{condition.subject}: {condition.message or condition.outcome}{f' (to do: {condition.hint})' if condition.hint else ''}"


def _rank(job: Job, result: Result, *, counts: bool, in_diff: bool, severity: int) -> tuple[int, int, int, int]:
    """New first, then what blocks, then what the change touches, then by severity."""
    return int(not counts), int(not (job.blocking and result.status is Status.FAILED)), int(not in_diff), severity


def _within_limits(found: Iterable[Annotation]) -> tuple[list[Annotation], list[Annotation]]:
    """At most ten of each level; the last notice is kept for telling of the rest."""
    room = Counter({Note.ERROR: PER_LEVEL, Note.WARNING: PER_LEVEL, Note.NOTICE: PER_LEVEL - 1})
    shown: list[Annotation] = []
    left: list[Annotation] = []
    for one in found:
        (shown if room[one.note] > 0 else left).append(one)
        room[one.note] -= 1
    return shown, left


def _rest(left: list[Annotation]) -> Annotation:
    counted = Counter(one.note for one in left)
    parts = ", ".join(count_text(counted[note], note) for note in Note if counted[note])
    return Annotation(note=Note.NOTICE, title="Gatekeeper", rank=(9, 9, 9, 9),
                      message=f"{parts} more: GitHub shows {PER_LEVEL} of each per step. summary.json and the other reports of the run have all.")


def _cut(text: str) -> str:
    text = terminal_text(text)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} ... ({len(text) - LONGEST_MESSAGE} more characters)"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(terminal_text(text)).replace(":", "%3A").replace(",", "%2C")


def _values(record: RunRecord) -> Mapping[str, str]:
    results = [result for _, result in record.pairs()]
    tests = test_counts(test for result in results for test in result.tests)
    severities = severity_counts(finding for result in results for finding in result.findings)
    values = {"verdict": str(record.verdict.outcome), "exit-code": str(record.verdict.exit_code), "message": record.verdict.message, "run-id": record.run_id,
              "jobs": str(len(results)), "jobs-failed": str(sum(result.status is Status.FAILED for result in results)),
              "findings": str(sum(severities.values())), "tests": str(tests["total"]), "tests-failed": str(tests["failed"] + tests["errors"])}
    values |= {f"findings-{severity}": str(severities.get(severity, 0)) for severity in Severity}
    if record.delta is not None:
        values |= {"findings-new": str(record.delta.new), "findings-unchanged": str(record.delta.unchanged), "findings-fixed": str(len(record.delta.fixed))}
    kinds: dict[str, list[str]] = {}
    for artifact in (one for one in record.artifacts if _NAME.fullmatch(one.kind)):
        kinds.setdefault(artifact.kind, []).append(artifact.path)
    return values | {f"report-{kind}": "\n".join(paths) for kind, paths in kinds.items()}


def _output(name: str, value: str) -> str:
    """One output between delimiters that its value does not hold, so that no value can add an output of its own."""
    value = terminal_text(value)[:LONGEST_OUTPUT]
    delimiter = f"gatekeeper_{hashlib.sha256(value.encode()).hexdigest()}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
