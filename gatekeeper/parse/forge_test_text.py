"""`forge test` as people read it: `Ran 2 tests for FILE:Contract`, `[PASS] name()`, `[FAIL: reason; counterexample: ...] name()`, `Suite result:`.

Failures are listed again at the end, which is passed over. The counts of the suites must be those of the lines: fewer lines are a torn output.
What else holds for forge's tests (forks out of reach, compile errors, no tests) is as in `forge_test_json`. Recorded from forge 1.7.1; the
older `[FAIL. Reason: ...]`, `Running 1 test for` and `Test result:` are read as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass, field
from gatekeeper.parse.forge_test_json import NOTHING, SETUP, UNCOMPILED, UNREACHED, line_of, without_network
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import Sources, nearest
from gatekeeper.parse.solc_text import diagnostics
from gatekeeper.parse.tally import headline, nothing_ran
from gatekeeper.parse.text import capped, decode, error_line, lines_of

_SUITE = re.compile(r"^(?:Ran|Running) \d{1,9} tests? for (?P<name>\S.*:\w+)$")
_TEST = re.compile(r"^\[(?P<status>PASS|FAIL|SKIP)(?:(?:\. Reason)?: (?P<why>.*))?\.?\] (?P<name>\w+\(\S*\)) \((?:gas|runs)\b.*\)$")
_OPEN = re.compile(r"^\[FAIL(?:(?:\. Reason)?: (?P<why>.*?))?\.?\]?$")
_CLOSE = re.compile(r"^ ?(?P<name>\w+\(\S*\)) \((?:gas|runs)\b.*\)$")
_RESULT = re.compile(r"^(?:Suite|Test) result: (?:ok|FAILED)\. (?P<passed>\d{1,9}) passed; (?P<failed>\d{1,9}) failed;(?: (?P<skipped>\d{1,9}) skipped;)?")
_AGAIN = "Failing tests:"
_EXAMPLE = "; counterexample: "
_OUTCOMES = {"PASS": TestOutcome.PASSED, "FAIL": TestOutcome.FAILED, "SKIP": TestOutcome.SKIPPED}
_Row = tuple[str, str, str | None, str]


@dataclass(slots=True)
class _Suite:
    """One contract while it is read: (name, status, reason, detail) of its tests, and how many forge counted."""

    name: str
    rows: list[_Row] = field(default_factory=list)
    counted: int | None = None


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of forge."""
    text, scribe, sources = decode(raw.stdout) + "\n" + decode(raw.stderr), Scribe.of(raw, "forge", Category.BUILD), Sources(raw)
    suites = _read(lines_of(text))
    tests = tuple(_case(raw, sources, suite.name, row) for suite in suites for row in suite.rows)
    broken = tuple(diagnostics(raw, text, scribe)) if UNCOMPILED in text and not tests else ()
    idle = nothing_ran(()) if NOTHING.search(text) and not tests else None
    nothing = idle or without_network(tests) or (nothing_ran(tests) if suites else None)
    return conclude(raw, exits, Account(findings=broken, tests=tests, nothing=nothing, error=None if broken or idle else _error(raw, exits, suites)))


def _error(raw: RawOutput, exits: ExitSpec, suites: list[_Suite]) -> str | None:
    if not suites:
        return error_line(raw) or ("the output is not that of forge test" if ended(raw, exits) in {Ended.UNKNOWN, Ended.CLEAN} else None)
    if any(suite.counted is None for suite in suites):
        return "the output ends before `Suite result:`"
    return "tests ran that the output does not show" if any((suite.counted or 0) > len(suite.rows) for suite in suites) else None


def _read(lines: list[str]) -> list[_Suite]:
    """The suites up to the repetition of the failures."""
    suites: list[_Suite] = []
    for line, opened in _joined(lines):
        if line == _AGAIN:
            return suites
        if head := _SUITE.match(line):
            suites.append(_Suite(head["name"]))
        elif suites and suites[-1].counted is None:
            _note(suites[-1], line, opened)
    return suites


def _note(suite: _Suite, line: str, opened: list[str]) -> None:
    if result := _RESULT.match(line):
        suite.counted = sum(int(result[key] or 0) for key in ("passed", "failed", "skipped"))
    elif test := _TEST.match(line):
        suite.rows.append((test["name"], test["status"], test["why"], test["why"] or ""))
    elif opened and (closed := _CLOSE.match(line)) and (head := _OPEN.match(opened[0])):
        suite.rows.append((closed["name"], "FAIL", head["why"], "\n".join([head["why"] or "", *opened[1:]])))


def _joined(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each line with those of a failure that it closes: the sequence of calls of an invariant stands between its reason and its name."""
    opened: list[str] = []
    for line in lines:
        if _OPEN.match(line) and not _TEST.match(line):
            opened = [line]
            continue
        if opened and not _CLOSE.match(line) and not _RESULT.match(line):
            opened.append(line)
            continue
        yield line, opened
        opened = []


def _case(raw: RawOutput, sources: Sources, suite: str, row: _Row) -> TestCase:
    name, status, why, detail = row
    file, outcome = nearest(raw, suite.rpartition(":")[0]), _OUTCOMES[status]
    if outcome is TestOutcome.FAILED:
        outcome = TestOutcome.SKIPPED if UNREACHED.search(why or "") else TestOutcome.ERROR if name in SETUP else outcome
    failing = outcome in {TestOutcome.FAILED, TestOutcome.ERROR}
    reason = (why or "").partition(_EXAMPLE)[0]
    return TestCase(name=name, classname=suite, outcome=outcome, file=file, line=line_of(sources, file, (suite, name)) if failing else None,
                    message=headline(reason or ("failed without a reason" if failing else None)), detail=capped(detail) if failing and detail else None)
