"""`pytest --junitxml=FILE -o junit_family=xunit1`: cases carry file and a line that counts from 0; xunit2 carries neither.

Exit codes: 1 tests failed, 2 interrupted or not collected (told apart by the cases), 3 internal error, 4 usage, 5 no tests.
A missed coverage threshold of pytest-cov also ends with 1 and is one finding. Recorded from pytest 9.2.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element

from gatekeeper.model.finding import Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import UnparsableError
from gatekeeper.parse.junit import ROOTS, explanation, seconds, verdict_of
from gatekeeper.parse.meaning import Account, conclude, failed, finds_at, idle_at
from gatekeeper.parse.place import nearest
from gatekeeper.parse.stack import pytest_spot
from gatekeeper.parse.tally import nothing_ran
from gatekeeper.parse.text import complaint, decode, first_line, report_of
from gatekeeper.parse.threshold import missed_coverage
from gatekeeper.parse.xml import load_xml

_NO_TESTS, _STOPPED = 5, 2
_UNCOLLECTED = "collection failure"
_STOP = re.compile(r"^!+ (?P<why>(?:Interrupted: |_pytest\.outcomes\.Exit: |stopping after )?.+?) !+$", re.MULTILINE)
_INTERNAL = re.compile(r"^INTERNALERROR> (?P<why>\w.*)$", re.MULTILINE)
_RAISED = re.compile(r"^E   +(?P<why>\S.*)$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of a pytest run."""
    exits = idle_at(exits, _NO_TESTS)
    try:
        root = load_xml(report_of(raw), ROOTS)
    except UnparsableError:
        return _without_report(raw)
    tests = tuple(_cases(raw, root))
    uncollected = any((test.message or "").startswith(_UNCOLLECTED) for test in tests)
    return conclude(raw, finds_at(exits, _STOPPED) if uncollected else replace(exits, findings=exits.findings - {_STOPPED}), Account(
        tests=tests, findings=missed_coverage(raw, "pytest"), nothing=nothing_ran(tests), error=_error(raw, root, uncollected=uncollected)))


def _without_report(raw: RawOutput) -> Parsed:
    if raw.exit_code == _NO_TESTS:
        return conclude(raw, idle_at(ExitSpec(), _NO_TESTS), Account(nothing=nothing_ran(())))
    reason = f"pytest ended with exit code {raw.exit_code} and wrote no readable report" if raw.exit_code is not None else "no readable JUnit report"
    return replace(failed(raw, reason), message=_ending(raw) or reason)


def _cases(raw: RawOutput, root: Element) -> Iterator[TestCase]:
    """The cases; the nameless one of an interrupted test and the one of an internal error are none."""
    for case in root.iter("testcase"):
        name, classname = case.get("name", ""), case.get("classname", "")
        if not name or (classname, name) == ("pytest", "internal"):
            continue
        outcome, reason = verdict_of(case)
        message, detail = explanation(reason)
        file, line = _place(raw, case, detail if outcome in {TestOutcome.FAILED, TestOutcome.ERROR} else None)
        yield TestCase(name=name, classname=classname, outcome=outcome, file=file, line=line, seconds=seconds(case),
                       message=_telling(message, detail), detail=detail)


def _telling(message: str | None, detail: str | None) -> str | None:
    """`collection failure` alone says nothing: the last raised line is added."""
    raised = _RAISED.findall(detail or "")
    return f"{message}: {raised[-1]}" if message == _UNCOLLECTED and raised else message


def _place(raw: RawOutput, case: Element, text: str | None) -> tuple[str | None, int | None]:
    named, line = case.get("file"), case.get("line", "")  # relative to pytest's rootdir, which may lie above
    if named and line.isascii() and line.isdigit():
        return nearest(raw, named), int(line[:9]) + 1
    spot = pytest_spot(raw, text) if text else None
    if spot:
        return spot
    return nearest(raw, named) or _module(raw, case.get("classname") or case.get("name") or ""), None


def _module(raw: RawOutput, dotted: str) -> str | None:
    """The file of a dotted module name (with classes behind it), if there is one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        file = nearest(raw, "/".join(parts[:end]) + ".py")
        if file is not None and raw.read(file) is not None:
            return file
    return None


def _error(raw: RawOutput, root: Element, *, uncollected: bool) -> str | None:
    internal = any((case.get("classname"), case.get("name")) == ("pytest", "internal") for case in root.iter("testcase"))
    if internal or (raw.exit_code == _STOPPED and not uncollected) or raw.exit_code in {3, 4}:
        return _ending(raw) or f"pytest ended with exit code {raw.exit_code}"
    return None


def _ending(raw: RawOutput) -> str | None:
    """What pytest itself says of a bad end."""
    out, said = decode(raw.stdout), decode(raw.stderr)
    for pattern, text in ((_INTERNAL, out), (_INTERNAL, said), (_STOP, out)):
        found = pattern.findall(text)
        if found:
            return f"pytest stopped: {found[-1]}"
    raised = _RAISED.findall(said)
    if raised:
        return f"{first_line(said)} {raised[-1]}"
    return complaint(raw) if said.strip() else None
