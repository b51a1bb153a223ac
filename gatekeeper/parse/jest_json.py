"""`jest --json` and vitest's `json` reporter, which share a shape: `testResults[].assertionResults[]`.

A file that could not be run has no assertions but a message: one test case with an error. Coverage thresholds and unhandled errors
make the run fail without a failing test: each is a finding, read from the terminal output. Recorded from jest 24 and 30, vitest 1, 4 and 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_object,
    asked_objects,
    asked_text,
    load,
    maybe_int,
    maybe_list,
    maybe_object,
    maybe_objects,
    maybe_seconds,
    maybe_text,
)
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.stack import node_spot
from gatekeeper.parse.tally import headline, nothing_ran
from gatekeeper.parse.text import capped, decode, report_of, strip_escapes
from gatekeeper.parse.threshold import missed_coverage

_OUTCOMES = {"passed": TestOutcome.PASSED, "failed": TestOutcome.FAILED, "pending": TestOutcome.SKIPPED, "skipped": TestOutcome.SKIPPED,
             "todo": TestOutcome.SKIPPED, "disabled": TestOutcome.SKIPPED, "focused": TestOutcome.PASSED}
_NO_TESTS = re.compile(r"^No tests? (?:files? )?found", re.MULTILINE)
_UNHANDLED = re.compile(r"^Vitest caught \d+ unhandled errors? during the test run\.", re.MULTILINE)
_HEADS = ("Test suite failed to run",)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of jest or vitest."""
    said = decode(raw.stderr) + "\n" + decode(raw.stdout[-65536:] if raw.report is not None else b"")
    if _NO_TESTS.search(said) and not report_of(raw).strip():
        return conclude(raw, exits, Account(nothing=nothing_ran(())))
    report = asked_object(load(report_of(raw)), "the report")
    if "testResults" not in report:
        raise UnparsableError("the report has no `testResults`")
    tests = tuple(test for entry in asked_objects(report["testResults"], "`testResults`") for test in _file_cases(raw, entry))
    return conclude(raw, exits, Account(tests=tests, findings=_around(raw, said), nothing=nothing_ran(tests),
                                        error="the run was interrupted" if report.get("wasInterrupted") is True else None))


def _file_cases(raw: RawOutput, entry: Json) -> Iterator[TestCase]:
    file = relative(raw, maybe_text(entry.get("name")) or maybe_text(entry.get("testFilePath")))
    failing = False
    for result in maybe_objects(entry.get("assertionResults")):
        case = _case(raw, file, result)
        failing = failing or case.outcome is TestOutcome.FAILED
        yield case
    if entry.get("status") == "failed" and not failing:
        text = strip_escapes(maybe_text(entry.get("message")) or "").strip()
        spot = node_spot(raw, text)
        yield TestCase(name=file or "(unknown file)", outcome=TestOutcome.ERROR, file=file, line=spot[1] if spot and spot[0] == file else None,
                       message=_message(text), detail=capped(text) or None)


def _case(raw: RawOutput, file: str | None, result: Json) -> TestCase:
    status = asked_text(result, "status")
    if status not in _OUTCOMES:
        raise UnparsableError(f"unknown test status `{status[:40]}`")
    text = "\n\n".join(strip_escapes(message) for message in maybe_list(result.get("failureMessages")) if isinstance(message, str))
    line = maybe_int(maybe_object(result.get("location")).get("line"))
    spot = node_spot(raw, text) if line is None and text else None
    title = maybe_text(result.get("title")) or maybe_text(result.get("fullName")) or "(unnamed)"
    tries = tuple(headline(reason) or "" for reason in maybe_list(result.get("retryReasons")) if isinstance(reason, str))
    ancestors = [name for name in maybe_list(result.get("ancestorTitles")) if isinstance(name, str) and name]
    return TestCase(name=title, classname=" > ".join(ancestors), outcome=_OUTCOMES[status], file=file,
                    line=line if line and line > 0 else spot[1] if spot and spot[0] == file else None,
                    seconds=maybe_seconds(result.get("duration"), 0.001), message=headline(text), detail=capped(text) or None, earlier=tries)


def _message(text: str) -> str | None:
    """The first line that tells something: jest starts with a bullet and a heading."""
    lines = (line.strip().removeprefix("● ") for line in text.split("\n"))
    return headline("\n".join(line for line in lines if line and line not in _HEADS)) or "the file could not be run"


def _around(raw: RawOutput, said: str) -> tuple[Finding, ...]:
    if raw.exit_code == 0:
        return ()
    scribe = Scribe.of(raw, "jest", Category.TEST)
    thrown = (scribe.finding(line, Level.ERROR, rule="unhandled-error") for line in _UNHANDLED.findall(said))
    return (*missed_coverage(raw, "jest"), *thrown)
