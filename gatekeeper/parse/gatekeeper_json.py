"""`gatekeeper-json`: the contract for scripts and for jobs of our own, one JSON document on standard output (or in the report file).

```json
{"schema": 1,
 "findings": [{"message": "one line", "file": "a/b.py", "line": 3, "column": 1, "end_line": 3, "end_column": 9,
               "rule": "my-rule", "level": "error|warning|info", "severity": "critical|high|medium|low|info", "category": "lint",
               "fixable": false, "cell": null, "detail": "many lines", "url": "https://...", "tool": "my-script", "score": 7.5,
               "fixes": [{"safety": "safe|unsafe|display-only", "message": "one line", "edits": [
                   {"file": "a/b.py", "line": 3, "column": 1, "end_line": 3, "end_column": 9, "content": "instead"}]}]}],
 "tests": [{"name": "test_a", "outcome": "passed|failed|error|skipped", "classname": "", "file": null, "line": null, "seconds": 0.1,
            "message": null, "detail": null, "earlier": ["message of a try that failed"]}],
 "metrics": [{"name": "coverage.lines", "value": 87.5, "unit": "%", "file": null, "line": null, "subject": null}],
 "problems": [{"file": "a/b.py", "line": 1, "message": "could not be read"}],
 "status": "clean|findings|tool_error|findings_and_tool_error|nothing_checked",
 "message": "one line", "checked": 12, "facts": {"anything": "that is JSON"}}
```

Only `schema` is required, and of a finding only `message`. Files are relative to the root of the repository or absolute; lines and
columns are 1-based, columns count characters, `end_column` is exclusive. `severity` may stand alone: the level follows from it, or it
from the level (default `error`); it may also be the tool's own word (`error`, `warning`, `note`), and then `grade` be the severity, as
`gatekeeper parse --json` writes. An edit replaces the text from its start up to its end, exclusive; its file is the finding's unless it says
another. `score` is a CVSS number from 0.1 to 10. Metrics are numbers for the policy and the reports; a document may hold nothing else. `checked: 0` means that nothing was checked. `status` may make the meaning graver, never milder: it cannot
hide findings or a bad exit code. Test counts are counted. Unknown keys are ignored, wrong types are an error that names the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TypeVar

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Edit, Finding, Fix, Level, Metric, Parsed, RawOutput, Safety, Severity, TestCase, TestOutcome
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import replace
from gatekeeper.parse.document import Json, UnparsableError, asked_list, asked_object, asked_objects, asked_text, load, maybe_seconds
from gatekeeper.parse.grade import Extra, Place, Scribe, level_for
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.tally import nothing_ran
from gatekeeper.parse.text import complaint, report_of

Word = TypeVar("Word", bound=StrEnum)
SCHEMA = 1
_LARGEST = 1e300
_SEVERITY_WORDS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW}
_BROKEN = frozenset({Meaning.TOOL_ERROR, Meaning.FINDINGS_AND_TOOL_ERROR})


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Everything that a document in our own format says."""
    report = asked_object(load(report_of(raw)), "the document")
    if report.get("schema") != SCHEMA:
        raise UnparsableError(f"`schema` is {report.get('schema')!r:.40}, this version reads {SCHEMA}")
    status = _word(report, "status", Meaning)
    findings = tuple(_finding(raw, entry) for entry in _entries(report, "findings"))
    tests = tuple(_test(raw, entry) for entry in _entries(report, "tests"))
    problems = tuple(Problem(file=_text(entry, "file") or "", line=_whole(entry, "line"), message=asked_text(entry, "message"))
                     for entry in _entries(report, "problems"))
    message = _text(report, "message")
    parsed = conclude(raw, exits, Account(findings=_stated(raw, status, findings, tests, message), tests=tests, problems=problems, facts=report.get("facts"),
                                        metrics=tuple(_metric(raw, entry) for entry in _entries(report, "metrics")),
                                        error=(message or complaint(raw) or "the script says that it failed") if status in _BROKEN else None,
                                        nothing=_nothing(report, status, tests, message)))
    # what a check did is worth a line also where it found nothing
    return replace(parsed, message=message) if parsed.meaning is Meaning.CLEAN and message and not tests else parsed


def _stated(raw: RawOutput, status: Meaning | None, findings: tuple[Finding, ...], tests: tuple[TestCase, ...], message: str | None) -> tuple[Finding, ...]:
    """The findings; where only `status` or the exit code speaks of some, `message` is the one."""
    failing = any(test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for test in tests)
    if findings or failing or status not in {Meaning.FINDINGS, Meaning.FINDINGS_AND_TOOL_ERROR}:
        return findings
    return (Scribe.of(raw, "script", Category.LINT).finding(message or "the script reports findings", Level.ERROR),)


def _nothing(report: Json, status: Meaning | None, tests: tuple[TestCase, ...], message: str | None) -> str | None:
    if status is Meaning.NOTHING_CHECKED or _whole(report, "checked") == 0:
        return message or "nothing was checked"
    idle = nothing_ran(tests) if "tests" in report and not _whole(report, "checked") else None
    return idle if tests else None


def _entries(report: Json, key: str) -> Iterator[Json]:
    return asked_objects(report.get(key) if report.get(key) is not None else [], f"`{key}`")


def _finding(raw: RawOutput, entry: Json) -> Finding:
    said = _severity(entry)
    level = _word(entry, "level", Level) or (level_for(said) if said else Level.ERROR)
    severity = _word(entry, "grade", Severity) or said
    category = _word(entry, "category", Category) or Category.LINT
    place = Place(file=_file(raw, entry), line=_whole(entry, "line"), column=_whole(entry, "column"),
                  end_line=_whole(entry, "end_line"), end_column=_whole(entry, "end_column"))
    scribe = Scribe(tool=_text(entry, "tool") or raw.tool or "script", category=category)
    return scribe.finding(asked_text(entry, "message"), level, place, rule=_text(entry, "rule"),
                          extra=Extra(severity=severity, fixable=entry.get("fixable") is True, cell=_whole(entry, "cell"),
                                      detail=_text(entry, "detail"), url=_text(entry, "url"), score=_number(entry, "score"),
                                      fixes=tuple(_fix(raw, one, place.file) for one in _entries(entry, "fixes"))))


def _fix(raw: RawOutput, entry: Json, file: str | None) -> Fix:
    return Fix(safety=_word(entry, "safety", Safety) or Safety.UNSAFE, message=_text(entry, "message"),
               edits=tuple(_edit(raw, one, file) for one in _entries(entry, "edits")))


def _edit(raw: RawOutput, entry: Json, file: str | None) -> Edit:
    place = [_whole(entry, key) for key in ("line", "column", "end_line", "end_column")]
    target, content = _file(raw, entry) or file, entry.get("content")
    if target is None or not isinstance(content, str) or not all(number is not None and number > 0 for number in place):
        raise UnparsableError("an edit needs a file, `line`, `column`, `end_line`, `end_column` from 1 and `content`")
    line, column, end_line, end_column = (number or 1 for number in place)
    return Edit(file=target, line=line, column=column, end_line=end_line, end_column=end_column, content=content)


def _metric(raw: RawOutput, entry: Json) -> Metric:
    value = _number(entry, "value")
    if value is None:
        raise UnparsableError(f"metric `{asked_text(entry, 'name'):.80}` has no `value`")
    return Metric(name=asked_text(entry, "name"), value=value, unit=_text(entry, "unit") or "", file=_file(raw, entry), line=_whole(entry, "line"),
                  subject=_text(entry, "subject"))


def _test(raw: RawOutput, entry: Json) -> TestCase:
    outcome = _word(entry, "outcome", TestOutcome)
    if outcome is None:
        raise UnparsableError(f"test `{asked_text(entry, 'name'):.80}` has no `outcome`")
    return TestCase(name=asked_text(entry, "name"), outcome=outcome, classname=_text(entry, "classname") or "", file=_file(raw, entry),
                    line=_whole(entry, "line"), seconds=maybe_seconds(entry.get("seconds")), message=_text(entry, "message"), detail=_text(entry, "detail"),
                    earlier=_earlier(entry))


def _earlier(entry: Json) -> tuple[str, ...]:
    said = asked_list(entry.get("earlier") or [], "`earlier`")
    if not all(isinstance(message, str) for message in said):
        raise UnparsableError("`earlier` is no list of strings")
    return tuple(str(message) for message in said)


def _file(raw: RawOutput, entry: Json) -> str | None:
    """Relative names start at the root, wherever the script ran."""
    return relative(raw, _text(entry, "file"), base=raw.root)


def _severity(entry: Json) -> Severity | None:
    value = _text(entry, "severity")
    return _SEVERITY_WORDS[value] if value in _SEVERITY_WORDS else _word(entry, "severity", Severity)


def _word(entry: Json, key: str, words: type[Word]) -> Word | None:
    value = _text(entry, key)
    if value is None:
        return None
    found = next((word for word in words if word.value == value), None)
    if found is None:
        raise UnparsableError(f"`{key}` is `{value:.40}`, not one of {', '.join(word.value for word in words)}")
    return found


def _text(entry: Json, key: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise UnparsableError(f"`{key}` is no string")
    return value or None


def _number(entry: Json, key: str) -> float | None:
    value = entry.get(key)
    if value is not None and (not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) > _LARGEST):
        raise UnparsableError(f"`{key}` is no number")
    return None if value is None else float(value)


def _whole(entry: Json, key: str) -> int | None:
    value = entry.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise UnparsableError(f"`{key}` is no whole number")
    return value
