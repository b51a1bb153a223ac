"""`cargo test` and `cargo bench`: what libtest binaries and doctests print, as text or as JSON events, one binary after the other.

The list under the last `failures:` of a binary and its `test result:` line are the harness's own word; single lines can be torn by what
tests print. A binary that ends without a result line crashed: the test that was running is an error. Compile errors are findings,
read from cargo's text or JSON. With `-q` what passes is only counted. Benchmarks are passed tests and metrics. Recorded from cargo 1.95.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Metric, Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass, field
from gatekeeper.parse import libtest_json
from gatekeeper.parse.cargo_json import CARGO_FAILED, diagnostics
from gatekeeper.parse.document import Json
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.rust_case import Told, plain_name, rust_case
from gatekeeper.parse.rustc_text import errors
from gatekeeper.parse.tally import nothing_ran
from gatekeeper.parse.text import complaint, decode, lines_of

_UNCOMPILED = "error: could not compile "
_RUNNING = re.compile(r"^running (\d{1,9}) tests?$")
_TEST = re.compile(r"^test (?P<name>.+?) \.\.\. (?P<outcome>ok|FAILED|ignored|failed \(allowed\))(?:, (?P<why>.*?))?(?: <(?P<seconds>\d+\.\d+)s>)?$")
_OPEN = re.compile(r"^test (?P<name>.+?) \.\.\. ")
_CLOSE = re.compile(r"^(?P<outcome>ok|FAILED|ignored)(?:, (?P<why>.*?))?(?: <(?P<seconds>\d+\.\d+)s>)?$")
_BENCH = re.compile(r"^test (?P<name>\S.*?) +\.\.\. bench: +(?P<value>[\d,]{1,20}(?:\.\d{1,9})?) (?P<unit>ns/iter) ")
_RESULT = re.compile(r"^test result: (?:ok|FAILED)\. (?P<passed>\d{1,6}) passed; (?P<failed>\d{1,6}) failed; (?:(?P<ignored>\d{1,6}) ignored; )?")
_DETAIL = re.compile(r"^---- (?P<name>.+) std(?:out|err) ----$")
_TARGET = re.compile(r"^[ \t]+(?:Running (?:unittests )?\S+ \((?P<binary>[^)]+)\)|Doc-tests (?P<crate>\S+))$", re.MULTILINE)
_CRASH = re.compile(r"process didn't exit successfully: `(?P<binary>[^`\s]+)[^`]*` \((?P<why>signal: [^)]+|exit (?:code|status): [^)]+)\)")
_THREAD = re.compile(r"^thread '(?P<name>[^'\n]+)'(?: \(\d+\))? panicked at [^\n]*(?:\n(?!stack backtrace|note: |thread '|error: )[^\n]+)*", re.MULTILINE)
_HASH = re.compile(r"-[0-9a-f]{16}$")
_OUTCOMES = {"ok": TestOutcome.PASSED, "FAILED": TestOutcome.FAILED, "ignored": TestOutcome.SKIPPED, "failed (allowed)": TestOutcome.SKIPPED}


@dataclass(slots=True)
class _Binary:
    """One test executable while it is read; mutable because the output comes line by line."""

    outcomes: dict[str, tuple[TestOutcome, str | None, float | None]] = field(default_factory=dict)
    details: dict[str, list[str]] = field(default_factory=dict)
    pending: str | None = None
    failures: list[str] = field(default_factory=list)
    failed: int | None = None
    passed: int = 0
    ignored: int = 0
    metrics: list[Metric] = field(default_factory=list)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results and compile errors of a `cargo test`."""
    said, lines = decode(raw.stderr), lines_of(decode(raw.stdout))
    events = list(_objects(lines))
    binaries, panics = _read(lines), _panics(said)
    for binary in binaries:
        binary.details = {name: [panics[name]] for name in binary.failures if name in panics} | binary.details
    tests = (*libtest_json.cases(raw, events), *_cases(raw, binaries, _targets(said)))
    scribe = Scribe.of(raw, "cargo", Category.BUILD)
    told = errors(raw, said, scribe) if _UNCOMPILED in said else ()  # tests of compilers print diagnostics, too
    broken = told or tuple(one for one in diagnostics(raw, events) if one.category is Category.BUILD)
    tests = (*tests, *_crashes(said, tests, broken))
    return conclude(raw, finds_at(exits, CARGO_FAILED), Account(findings=broken, tests=tests, nothing=_nothing(raw, exits, tests, lines),
                                                                error=_error(raw, binaries, tests, broken) or libtest_json.torn(events, tests),
                                                                metrics=(*libtest_json.metrics(events), *(one for binary in binaries for one in binary.metrics))))


def _panics(said: str) -> dict[str, str]:
    """Panics by thread, which is the test, where `--nocapture` let them through to standard error."""
    return {match["name"]: match[0] for match in _THREAD.finditer(said)}


def _objects(lines: list[str]) -> Iterator[Json]:
    """JSON events among the lines; a test may print what it likes, so what is no JSON is passed over."""
    for line in lines:
        if not line.startswith("{"):
            continue
        try:
            value: object = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _read(lines: list[str]) -> list[_Binary]:
    """The binaries of an output. Modes of a binary: test lines, details of failures, the list of failures."""
    binaries: list[_Binary] = []
    at = 0
    while at < len(lines):
        if _RUNNING.match(lines[at]):
            binaries.append(_Binary())
            at = _read_tests(lines, at + 1, binaries[-1])
        else:
            at += 1
    return binaries


def _read_tests(lines: list[str], at: int, binary: _Binary) -> int:
    while at < len(lines):
        line = lines[at]
        if _RUNNING.match(line):
            return at
        if result := _RESULT.match(line):
            binary.failed, binary.passed, binary.ignored = (int(result[key] or 0) for key in ("failed", "passed", "ignored"))
            return at + 1
        if line == "failures:" and _is_list(lines, at):
            at = _read_failures(lines, at + 1, binary)
            continue
        if head := _DETAIL.match(line):
            at = _read_detail(lines, at + 1, binary, head["name"])
            continue
        _read_line(line, binary)
        at += 1
    return at


def _is_list(lines: list[str], at: int) -> bool:
    return at + 1 < len(lines) and lines[at + 1].startswith("    ")


def _read_failures(lines: list[str], at: int, binary: _Binary) -> int:
    while at < len(lines) and lines[at].startswith("    "):
        binary.failures.append(plain_name(lines[at].strip()))
        at += 1
    return at


def _read_detail(lines: list[str], at: int, binary: _Binary, name: str) -> int:
    body = binary.details.setdefault(plain_name(name), [])
    while at < len(lines) and not _DETAIL.match(lines[at]) and not _RESULT.match(lines[at]) and not (lines[at] == "failures:" and _is_list(lines, at)):
        body.append(lines[at])
        at += 1
    return at


def _read_line(line: str, binary: _Binary) -> None:
    test = _TEST.match(line)
    if bench := _BENCH.match(line):
        binary.outcomes[bench["name"]] = (TestOutcome.PASSED, None, None)
        binary.metrics.append(libtest_json.speed(bench["name"], float(bench["value"].replace(",", ""))))
    elif test and " ... " not in test["name"]:
        _note(binary, test["name"], test)
    elif opened := _OPEN.match(line):
        binary.pending = opened["name"]
    elif binary.pending is not None and (closed := _CLOSE.match(line)):
        _note(binary, binary.pending, closed)
        binary.pending = None


def _note(binary: _Binary, name: str, match: re.Match[str]) -> None:
    seconds = float(match["seconds"][:12]) if match["seconds"] else None
    binary.outcomes[plain_name(name)] = (_OUTCOMES[match["outcome"]], match["why"] or None, seconds)


def _targets(said: str) -> list[str]:
    """Names of the binaries in the order in which cargo started them; doctests as `CRATE (doc)`."""
    return [f"{match['crate']} (doc)" if match["crate"] else _binary_name(match["binary"]) for match in _TARGET.finditer(said)]


def _binary_name(path: str) -> str:
    return _HASH.sub("", path.rpartition("/")[2])


def _cases(raw: RawOutput, binaries: list[_Binary], targets: list[str]) -> Iterator[TestCase]:
    names = targets if len(targets) == len(binaries) else [""] * len(binaries)
    for binary, target in zip(binaries, names, strict=True):
        outcomes = dict(binary.outcomes)
        for name in binary.failures:
            outcomes[name] = (TestOutcome.FAILED, None, outcomes.get(name, (None, None, None))[2])
        if binary.pending is not None and binary.pending not in outcomes:
            outcomes[plain_name(binary.pending)] = (TestOutcome.ERROR, "the test process ended while this test ran", None)
        for name, (outcome, why, seconds) in outcomes.items():
            yield rust_case(raw, name, outcome, Told(classname=target, message=why, seconds=seconds, detail="\n".join(binary.details.get(name, ()))))
        yield from _unnamed(binary, target)


def _unnamed(binary: _Binary, target: str) -> Iterator[TestCase]:
    """Tests that `-q` only counts: without them a run of many tests would look like one of none."""
    if any(outcome is not TestOutcome.FAILED for outcome, *_ in binary.outcomes.values()):
        return
    for outcome, count in ((TestOutcome.PASSED, binary.passed), (TestOutcome.SKIPPED, binary.ignored)):
        for number in range(1, count + 1):
            yield TestCase(name=f"{outcome.value} {number} (not named in the output)", classname=target, outcome=outcome)


def _crashes(said: str, tests: tuple[TestCase, ...], broken: tuple[Finding, ...]) -> Iterator[TestCase]:
    """A test binary that crashed, or has a harness of its own and failed, without any test to blame."""
    blamed = any(test.outcome is TestOutcome.ERROR for test in tests) or bool(broken)
    for match in _CRASH.finditer(said) if not blamed else ():
        if match["why"] != "exit status: 101" and "/deps/" in match["binary"]:
            yield TestCase(name=_binary_name(match["binary"]), outcome=TestOutcome.ERROR, message=f"the test process ended with {match['why']}")


def _nothing(raw: RawOutput, exits: ExitSpec, tests: tuple[TestCase, ...], lines: list[str]) -> str | None:
    if ended(raw, exits) is Ended.UNKNOWN and not tests and not any(_RUNNING.match(line) for line in lines):
        return None
    return nothing_ran(tests)


def _error(raw: RawOutput, binaries: list[_Binary], tests: tuple[TestCase, ...], broken: tuple[Finding, ...]) -> str | None:
    failing = sum(test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for test in tests)
    if sum(binary.failed or 0 for binary in binaries) > failing:
        return "tests failed that the output does not name"
    if raw.exit_code == CARGO_FAILED and not failing and not broken:
        return complaint(raw) or "cargo test failed and named no test"
    if raw.exit_code is None and not binaries and not tests and not broken:
        return complaint(raw) or "the output is not that of cargo test"
    torn = any(binary.failed is None for binary in binaries) and not failing
    return "the output ends before `test result:`" if torn else None
