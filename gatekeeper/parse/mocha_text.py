"""mocha's `spec` output: the tree of suites and tests, counts (`2 passing`), and below them each failure with its title in steps.

The counts decide: more failures counted than described are an error, and tests are counted also where what a test printed hides their line.
The exit code is the number of failures. Recorded from mocha 6 and 12.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.stack import node_spot
from gatekeeper.parse.tally import UNNAMED, headline, nothing_ran
from gatekeeper.parse.text import blocks, capped, complaint, decode, lines_of
from gatekeeper.parse.threshold import missed_coverage

_TEST = re.compile(r"^(?P<indent> {2,200})(?P<mark>[\u2713\u2714\u221a-]) (?P<name>\S.*?)(?: \((?P<time>\d{1,9})ms\))?$")
_FAILED = re.compile(r"^(?P<indent> {2,200})\d{1,6}\) (?P<name>\S.*)$")
_SUITE = re.compile(r"^(?P<indent> {2,200})(?P<name>\S.*)$")
_COUNT = re.compile(r"^  (?P<count>\d{1,9}) (?P<word>passing|pending|failing)\b")
_FAILURE = re.compile(r"^  \d{1,6}\) (?P<title>\S.*)$")
#: what mocha was stopped by, below the place where it happened
_RAISED = re.compile(r"^[A-Z]\w*Error(?: \[\w+\])?: \S.*$", re.MULTILINE)
_MOST = 100_000


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of mocha's default reporter."""
    lines = lines_of(decode(raw.stdout))
    at = next((at for at, line in enumerate(lines) if (count := _COUNT.match(line)) and count["word"] == "passing"), None)
    if at is None:
        raised = _RAISED.search(decode(raw.stderr))
        return conclude(raw, exits, Account(error=raised[0] if raised else complaint(raw) or "the output is not mocha's, or cut off before its counts"))
    counts = {match["word"]: int(match["count"]) for line in lines[at:at + 3] if (match := _COUNT.match(line))}
    failures = tuple(_failure(raw, block) for block in blocks(lines[at:], _FAILURE))
    listed = _fitting(counts, tuple(_tree(lines[:at])))
    tests = (*listed, *failures)
    failing = counts.get("failing", 0)
    codes = finds_at(exits, raw.exit_code) if failing and raw.exit_code else exits
    missing = f"mocha counts {failing} failures, and the output describes {len(failures)}" if failing > len(failures) else None
    return conclude(raw, codes, Account(tests=tests, findings=missed_coverage(raw, "mocha"), nothing=nothing_ran(tests), error=missing))


def _tree(lines: list[str]) -> Iterator[TestCase]:
    """Passing and pending tests; a line that stands to the left of the suite that is open was printed by a test."""
    suites: list[tuple[int, str]] = []
    for line in lines:
        test, suite = _TEST.match(line), _SUITE.match(line)
        indent = len(suite["indent"]) if suite else 0
        if test and indent == (suites[-1][0] + 2 if suites else 2):
            yield TestCase(name=test["name"], classname=" > ".join(name for _, name in suites),
                           outcome=TestOutcome.SKIPPED if test["mark"] == "-" else TestOutcome.PASSED,
                           seconds=int(test["time"]) / 1000 if test["time"] else None)
        elif suite and not test and not _FAILED.match(line) and indent % 2 == 0:
            suites = [*(known for known in suites if known[0] < indent), (indent, suite["name"])]


def _fitting(counts: dict[str, int], listed: tuple[TestCase, ...]) -> tuple[TestCase, ...]:
    """As many passed and pending tests as mocha counts: the named ones first, the rest without a name."""
    found: list[TestCase] = []
    for outcome, word in ((TestOutcome.PASSED, "passing"), (TestOutcome.SKIPPED, "pending")):
        named = [test for test in listed if test.outcome is outcome][:counts.get(word, 0)]
        found += [*named, *[TestCase(name=UNNAMED, outcome=outcome)] * min(counts.get(word, 0) - len(named), _MOST)]
    return tuple(found)


def _failure(raw: RawOutput, block: list[str]) -> TestCase:
    """One failure: its title stands in steps, one per suite, the last with a colon; its message below an empty line."""
    head = _FAILURE.match(block[0])
    assert head is not None
    steps = [head["title"]]
    rest = block[1:]
    while rest and rest[0].strip() and not steps[-1].endswith(":"):
        steps.append(rest.pop(0).strip())
    body = [line for line in rest if line.strip()]
    text, spot = "\n".join(line.rstrip() for line in rest).strip("\n"), node_spot(raw, "\n".join(body))
    return TestCase(name=steps[-1].removesuffix(":"), classname=" > ".join(steps[:-1]), outcome=TestOutcome.FAILED, file=spot[0] if spot else None,
                    line=spot[1] if spot else None, message=headline("\n".join(body)), detail=capped(text) or None)
