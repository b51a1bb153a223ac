"""The JUnit file of `bun test --reporter=junit` and what bun leaves out of it: files that could not be loaded stand on standard error only.

Recorded from bun 1.4.5: without a test that ran there is no file at all, and a file of tests with an unknown import is missing in it.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.junit import ROOTS, cases
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.tally import headline, nothing_ran
from gatekeeper.parse.text import capped, decode, lines_of
from gatekeeper.parse.threshold import missed_coverage
from gatekeeper.parse.xml import load_xml

_FILE = re.compile(r"^(?P<file>\S.*\.[cm]?[jt]sx?):$")
_UNHANDLED = "# Unhandled error between tests"
_RULE = re.compile(r"^-{20,}$")
_RULES = 2
_NO_TESTS = "No tests found!"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test cases of the report, and one error for each file that could not be loaded."""
    lines = lines_of(decode(raw.stderr))
    broken = _unloaded(raw, lines)
    if raw.report is None and any(_NO_TESTS in line for line in lines):
        return conclude(raw, ExitSpec(clean=exits.clean | exits.findings), Account(nothing="no tests were found"))
    tests = (*(cases(raw, load_xml(raw.report or b"", ROOTS)) if raw.report or not broken else ()), *broken)
    return conclude(raw, exits, Account(tests=tests, findings=missed_coverage(raw, "bun"), nothing=nothing_ran(tests)))


def _unloaded(raw: RawOutput, lines: list[str]) -> tuple[TestCase, ...]:
    """What broke outside of any test: the file whose heading stands above, and what was said between the two rules."""
    found: list[TestCase] = []
    file: str | None = None
    for number, line in enumerate(lines):
        if heading := _FILE.match(line):
            file = heading["file"]
        elif line == _UNHANDLED:
            said = _between_rules(lines, number + 1)
            error = next((text for text in said if text.startswith("error")), said[0] if said else "it could not be loaded")
            found.append(TestCase(name=file or "(between tests)", outcome=TestOutcome.ERROR, file=relative(raw, file), message=headline(error.removeprefix("error: ")),
                                  detail=capped("\n".join(said)) or None))
    return tuple(found)


def _between_rules(lines: list[str], start: int) -> list[str]:
    """What stands between the two rules that follow; nothing where there are not two before the next such error."""
    rules: list[int] = []
    for number in range(start, len(lines)):
        if _RULE.match(lines[number]):
            rules.append(number)
        if len(rules) == _RULES:
            return lines[rules[0] + 1:rules[1]]
        if lines[number] == _UNHANDLED:
            break
    return []
