"""`pytest --junitxml=FILE -o junit_family=xunit1`: cases carry file and a line that counts from 0; xunit2 carries neither.

A test may have several cases: a second for an error of its teardown, and with pytest-rerunfailures (16, not 12) one for each try, where
those that failed look passed; pytest's own count leaves such tries out. They are one test here.
Exit codes: 1 tests failed, 2 interrupted or not collected (told apart by the cases), 3 internal error, 4 usage, 5 no tests.
A missed coverage threshold of pytest-cov also ends with 1 and is one finding. Recorded from pytest 6.2, 7.4 and 9.2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import replace
from gatekeeper.parse.document import UnparsableError
from gatekeeper.parse.junit import ROOTS, explanation, seconds, verdict_of
from gatekeeper.parse.meaning import Account, conclude, failed, finds_at, idle_at
from gatekeeper.parse.place import nearest
from gatekeeper.parse.stack import pytest_spot
from gatekeeper.parse.tally import nothing_ran
from gatekeeper.parse.text import complaint, decode, first_line, report_of
from gatekeeper.parse.threshold import missed_coverage
from gatekeeper.parse.xml import load_xml

NO_TESTS, STOPPED = 5, 2
_UNCOLLECTED = "collection failure"
_STOP = re.compile(r"^!+ (?P<why>(?:Interrupted: |_pytest\.outcomes\.Exit: |stopping after )?.+?) !+$", re.MULTILINE)
_INTERNAL = re.compile(r"^INTERNALERROR> (?P<why>\w.*)$", re.MULTILINE)
_RERUN = re.compile(r"^RERUN (?P<node>[^\s:][^:\n]*::.+?)(?: - .*)?$", re.MULTILINE)
_RERUN_VERBOSE = re.compile(r"^(?P<node>[^\s:][^:\n]*::.+?) RERUN +\[ *\d+%\]$", re.MULTILINE)
_RERUN_COUNT = re.compile(r"^=* ?(?:\d+ \w+, )*(\d+) rerun\b.* in [\d.]+ ?s", re.MULTILINE)
#: the separators of classes, which do not stand in parameters
_CLASSES = re.compile(r"::(?=[^\[\]]*(?:\[|$))")
_WORST = (TestOutcome.FAILED, TestOutcome.ERROR, TestOutcome.PASSED, TestOutcome.SKIPPED)
#: what is known of a failed try: pytest-rerunfailures does not keep its message
RERUN = "failed, and was run again"
_RAISED = re.compile(r"^E   +(?P<why>\S.*)$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of a pytest run."""
    exits = idle_at(exits, NO_TESTS)
    try:
        root = load_xml(report_of(raw), ROOTS)
    except UnparsableError:
        return _without_report(raw)
    tests = tuple(_whole(raw, root, list(_cases(raw, root))))
    uncollected = any((test.message or "").startswith(_UNCOLLECTED) for test in tests)
    return conclude(raw, finds_at(exits, STOPPED) if uncollected else replace(exits, findings=exits.findings - {STOPPED}), Account(
        tests=tests, findings=missed_coverage(raw, "pytest"), problems=unnamed_reruns(decode(raw.stdout), tests), nothing=nothing_ran(tests), error=_error(raw, root, uncollected=uncollected)))


def _without_report(raw: RawOutput) -> Parsed:
    if raw.exit_code == NO_TESTS:
        return conclude(raw, idle_at(ExitSpec(), NO_TESTS), Account(nothing=nothing_ran(())))
    reason = f"pytest ended with exit code {raw.exit_code} and wrote no readable report" if raw.exit_code is not None else "no readable JUnit report"
    return replace(failed(raw, reason), message=ending(raw) or reason)


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


def _whole(raw: RawOutput, root: Element, cases: list[TestCase]) -> Iterator[TestCase]:
    """One result for each test, from all its cases."""
    counted = sum(int(told) for suite in root.iter("testsuite") if (told := suite.get("tests", "")[:9]).isascii() and told.isdigit())
    tried = rerun_names(decode(raw.stdout))
    groups: dict[tuple[str | None, str, str], list[TestCase]] = {}
    for case in cases:
        groups.setdefault((case.file, case.classname, case.name), []).append(case)
    for (file, classname, name), group in groups.items():
        tries = len(group) - 1 if counted < len(cases) else tried[_dotted(file, classname, name)]
        yield replace(merged(group), earlier=(RERUN,) * tries)


def merged(group: list[TestCase]) -> TestCase:
    """The worst of several results of one test, with what the others said."""
    worst = min(reversed(group), key=lambda case: _WORST.index(case.outcome))
    more = [case.message for case in group if case is not worst and case.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} and case.message]
    return replace(worst, detail="\n".join([worst.detail or worst.message or "", *more])) if more else worst


def rerun_names(text: str) -> Counter[str]:
    """How often each test was tried in vain before its last try, as far as the terminal says so (`-rR`, `-v`), by dotted name."""
    listed, verbose = (Counter(_dots(found["node"]) for found in pattern.finditer(text)) for pattern in (_RERUN, _RERUN_VERBOSE))
    return listed | verbose


def unnamed_reruns(text: str, tests: tuple[TestCase, ...]) -> tuple[Problem, ...]:
    """That tests were run again of which nobody says the names."""
    counts = _RERUN_COUNT.findall(text)
    if not counts or any(test.earlier for test in tests):
        return ()
    return (Problem(file="", line=None, message=f"{counts[-1]} failed tries were run again; the output does not name their tests (`-rR` does)"),)


def _dots(node: str) -> str:
    file, _, rest = node.partition("::")
    return f"{file.removesuffix('.py').replace('/', '.')}.{_CLASSES.sub('.', rest)}"


def _dotted(file: str | None, classname: str, name: str) -> str:
    return f"{classname}.{name}" if classname else f"{file}.{name}"


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
    if internal or (raw.exit_code == STOPPED and not uncollected) or raw.exit_code in {3, 4}:
        return ending(raw) or f"pytest ended with exit code {raw.exit_code}"
    return None


def ending(raw: RawOutput) -> str | None:
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
