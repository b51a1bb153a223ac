"""TAP, the Test Anything Protocol 12 to 14, of any producer: points, plans, directives, nested subtests, YAML blocks, `Bail out!`.

The tests are the leaves: a point that closes a subtest only counts where it failed for a reason of its own. The plan is part of the result: without
one, or with fewer points than planned, the output is cut off. `TODO` never fails, and like `SKIP` it passes nothing. Recorded from node 20 and 24
(`--test-reporter=tap`), ava 6, mocha 6 and 12.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass, field
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.place import relative
from gatekeeper.parse.stack import Spot, node_spot
from gatekeeper.parse.tally import headline, nothing_ran
from gatekeeper.parse.text import capped, complaint, decode, lines_of
from gatekeeper.parse.yaml_block import fields

#: subtests are indented by four blanks each; what is indented otherwise belongs to a point
_POINT = re.compile(r"^(?P<indent>(?:    )*)(?P<bad>not )?ok\b(?: (?P<number>\d{1,9}))?(?: ?-(?= |$))?(?: (?P<text>.*))?$")
_PLAN = re.compile(r"^(?P<indent>(?:    )*)1\.\.(?P<count>\d{1,9})(?: ?# ?(?P<why>.*))?$")
_BAIL = re.compile(r"^(?:    )*Bail out!(?P<why>.*)$")
_VERSION = re.compile(r"^TAP version 1[234]$")
_DIRECTIVE = re.compile(r"(?:^|\s)(?<!\\)#\s*(?P<word>skip|todo)\S*(?:\s+(?P<why>.*))?$", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([\\#])")
_LOCATION = re.compile(r"^(?P<path>.+?):(?P<line>\d{1,9})(?::\d{1,9})?$")
_CODE = re.compile(r"^\S+\.[cm]?[jt]sx?$")
_DEEPEST = 40


@dataclass(slots=True)
class _Point:
    """One result while it is read: the lines below it explain it, the points before it that are deeper are its own."""

    depth: int
    passed: bool
    text: str
    children: list[_Point]
    below: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """What the lines say: open points by depth, what is missing."""

    open: dict[int, list[_Point]] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    planned: int | None = None
    skipped_all: str | None = None
    bailed: str | None = None
    started: bool = False
    unclosed: bool = False


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of any TAP stream; the exit code of a runner may be the number of failures."""
    read = _read(lines_of(decode(raw.stdout)))
    tests = tuple(case for point in read.open.get(0, ()) for case in _cases(raw, point, ()))
    failing = any(test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for test in tests)
    codes = finds_at(exits, raw.exit_code) if failing and raw.exit_code and raw.exit_code == _failures(tests) else exits
    return conclude(raw, codes, Account(tests=tests, nothing=_nothing(read, tests),
                                        error=_error(raw, exits, read, failing=failing)))


def _nothing(read: _Reading, tests: tuple[TestCase, ...]) -> str | None:
    if read.planned is None:
        return None
    return read.skipped_all if read.skipped_all and not tests else nothing_ran(tests)


def _failures(tests: tuple[TestCase, ...]) -> int:
    return sum(test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for test in tests)


def _read(lines: list[str]) -> _Reading:
    read, last, at = _Reading(), None, 0
    while at < len(lines):
        line = lines[at]
        point, plan = _POINT.match(line), _PLAN.match(line)
        if last is not None and line == " " * (4 * last.depth + 2) + "---":
            at = _read_block(lines, at, last, read)
        elif point and len(point["indent"]) // 4 <= _DEEPEST:
            last = _opened(read, point)
        elif plan:
            _plan(read, plan)
        elif bail := _BAIL.match(line):
            read.bailed = bail["why"].strip() or "no reason given"
        elif _VERSION.match(line):
            read.started = True
        elif last is not None and not line.lstrip().startswith("#") and line.startswith(" " * (4 * last.depth + 1)):
            last.below.append(line)
        at += 1
    read.unclosed = any(points for depth, points in read.open.items() if depth)
    return read


def _opened(read: _Reading, match: re.Match[str]) -> _Point:
    """A new point; it takes over the points one step deeper that no other has taken."""
    depth = len(match["indent"]) // 4
    children = read.open.pop(depth + 1, [])
    point = _Point(depth, match["bad"] is None, match["text"] or "", children)
    read.open.setdefault(depth, []).append(point)
    read.counts[depth] = read.counts.get(depth, 0) + 1
    return point


def _plan(read: _Reading, match: re.Match[str]) -> None:
    """The plan of the whole stream; several streams in one output add up."""
    if not match["indent"]:
        read.planned = (read.planned or 0) + int(match["count"])
        read.skipped_all = match["why"] or read.skipped_all


def _read_block(lines: list[str], at: int, point: _Point, read: _Reading) -> int:
    """The YAML below a point, up to its end mark; one without an end is cut off."""
    indent = " " * (4 * point.depth + 2)
    for end in range(at + 1, len(lines)):
        if lines[end] == indent + "...":
            point.below.extend(lines[at:end + 1])
            return end
    point.below.extend(lines[at:])
    read.bailed = "the output is cut off"
    return len(lines)


def _error(raw: RawOutput, exits: ExitSpec, read: _Reading, *, failing: bool) -> str | None:
    got = read.counts.get(0, 0)
    if read.bailed is not None:
        return read.bailed if read.bailed == "the output is cut off" else f"the tests gave up: {read.bailed}"
    if read.planned is None:
        said = complaint(raw) if ended(raw, exits) is not Ended.UNKNOWN and not got else None
        return said or ("the output ends without a plan: it is cut off" if got or read.started else "the output is no TAP")
    if got < read.planned or read.unclosed:
        return f"{read.planned} tests were planned, and {got} ran"
    return f"{read.planned} tests were planned, and {got} ran" if got > read.planned and not failing else None


def _cases(raw: RawOutput, point: _Point, above: tuple[str, ...]) -> Iterator[TestCase]:
    """The tests of a point: its children, and itself where it has none or failed without them."""
    name, directive = _described(point.text)
    told = fields(point.below)
    before = len(above)
    children = [case for child in point.children for case in _cases(raw, child, (*above, name))]
    yield from children
    guilty = any(case.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for case in children)
    suite = bool(point.children) or told.get("type") == "suite"
    if suite and (point.passed or directive or told.get("failureType", "subtestsFailed" if guilty else "") == "subtestsFailed"):
        return
    yield _case(raw, point, name, " > ".join(above[:before]), directive)


def _described(text: str) -> tuple[str, re.Match[str] | None]:
    """(description, directive) of what stands behind the number."""
    directive = _DIRECTIVE.search(text)
    name = text[:directive.start()] if directive else text
    return _ESCAPED.sub(r"\1", name).strip().removeprefix("- ") or "(unnamed)", directive


def _case(raw: RawOutput, point: _Point, name: str, classname: str, directive: re.Match[str] | None) -> TestCase:
    told, detail = fields(point.below), "\n".join(line.strip() if not line.strip() else line for line in point.below)
    outcome = TestOutcome.SKIPPED if directive else TestOutcome.PASSED if point.passed else TestOutcome.FAILED
    spot = _spot(raw, told, detail) if outcome is TestOutcome.FAILED else None
    why = (directive["why"] or "").strip(" -") or ("todo" if directive["word"].lower() == "todo" else None) if directive else None
    file = relative(raw, name) if _CODE.match(name) and not spot else None
    return TestCase(name=relative(raw, name) or name if name.startswith("/") else name, classname=classname, outcome=outcome,
                    file=spot[0] if spot else file, line=spot[1] if spot else None, seconds=_seconds(told),
                    message=why if directive else _message(told, point) if not point.passed else None,
                    detail=capped(detail) if outcome is TestOutcome.FAILED and detail.strip() else None)


def _message(told: dict[str, str], point: _Point) -> str | None:
    said = told.get("error") or told.get("message") or told.get("assertion")
    return headline(said) if said else None if told else headline("\n".join(point.below))


def _spot(raw: RawOutput, told: dict[str, str], detail: str) -> Spot | None:
    """Where the test stands, else the first frame of its stack in the tree."""
    place = _LOCATION.match(told.get("location", ""))
    file = relative(raw, place["path"]) if place else None
    if place and file and not file.startswith(("/", "../")):
        return file, int(place["line"])
    return node_spot(raw, detail)


def _seconds(told: dict[str, str]) -> float | None:
    try:
        value = float(told.get("duration_ms", "")[:20])
    except ValueError:
        return None
    return round(value / 1000, 9) if 0 <= value < 1e12 else None
