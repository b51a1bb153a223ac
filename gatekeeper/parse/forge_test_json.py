"""`forge test --json`: suites by `FILE:Contract`, tests with status, reason and counterexample.

No matching test ends with 0 and one line of text; a failing compilation ends with 1 and the compiler's text: its errors are findings.
The line of a failing test is looked up in its source. A test that forks a chain which is out of reach says nothing about the
contracts: it counts as skipped, and where nothing else fails the run was not measured. Recorded from forge 1.7.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.wording import count_text
from gatekeeper.parse.document import Json, UnparsableError, asked_object, load, maybe_list, maybe_object, maybe_text
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, nearest
from gatekeeper.parse.solc_text import diagnostics
from gatekeeper.parse.tally import headline, nothing_ran
from gatekeeper.parse.text import capped, decode, report_of

NOTHING = re.compile(r"^(?:No tests found in project|No tests match|Nothing to compile)", re.MULTILINE)
UNCOMPILED = "Compiler run failed"
_OUTCOMES = {"Success": TestOutcome.PASSED, "Failure": TestOutcome.FAILED, "Skipped": TestOutcome.SKIPPED}
UNREACHED = re.compile(r"could not instantiate forked environment.*(?:dns error|error sending request|connection refused|timed out)", re.DOTALL | re.IGNORECASE)
SETUP = ("setUp()", "constructor()")
_UNITS = {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ns|µs|us|ms|s|m|h)\b")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of forge."""
    out, scribe = report_of(raw), Scribe.of(raw, "forge", Category.BUILD)
    text = decode(raw.stderr) + "\n" + (decode(out[:65536]) if b'"test_results"' not in out else "")
    if NOTHING.search(text) and raw.exit_code in {None, *exits.clean}:
        return conclude(raw, exits, Account(nothing=nothing_ran(())))
    broken = tuple(diagnostics(raw, text, scribe)) if UNCOMPILED in text else ()
    if broken:
        return conclude(raw, exits, Account(findings=broken))
    report, sources = asked_object(load(out), "the report"), Sources(raw)
    tests = tuple(test for name, suite in report.items() for test in _suite(raw, sources, name, asked_object(suite, "a suite")))
    return conclude(raw, exits, Account(tests=tests, nothing=without_network(tests) or nothing_ran(tests)))


def without_network(tests: tuple[TestCase, ...]) -> str | None:
    """What was not measured for want of a network, if anything."""
    count = sum(test.outcome is TestOutcome.SKIPPED and UNREACHED.search(test.message or "") is not None for test in tests)
    return f"{count_text(count, 'test')} could not reach the chain to fork" if count else None


def _suite(raw: RawOutput, sources: Sources, name: str, suite: Json) -> Iterator[TestCase]:
    file = nearest(raw, name.rpartition(":")[0])
    for test, result in asked_object(suite.get("test_results"), "`test_results`").items():
        yield _case(sources, file, (name, test), asked_object(result, "a test result"))


def _case(sources: Sources, file: str | None, names: tuple[str, str], result: Json) -> TestCase:
    status = result.get("status")
    outcome = _OUTCOMES.get(status) if isinstance(status, str) else None
    if outcome is None:
        raise UnparsableError(f"test `{names[1][:80]}` has no known status")
    reason = maybe_text(result.get("reason"))
    if outcome is TestOutcome.FAILED and UNREACHED.search(reason or ""):
        outcome = TestOutcome.SKIPPED
    failing = outcome is TestOutcome.FAILED
    detail = "\n".join(_told(result)) if failing else ""
    return TestCase(name=names[1], classname=names[0], outcome=TestOutcome.ERROR if failing and names[1] in SETUP else outcome, file=file,
                    line=line_of(sources, file, names) if failing else None, seconds=_seconds(result.get("duration")),
                    message=headline(reason or ("failed without a reason" if failing else None)), detail=capped(detail) or None)


def _told(result: Json) -> Iterator[str]:
    reason, example = maybe_text(result.get("reason")), maybe_object(result.get("counterexample"))
    if reason:
        yield reason
    single = maybe_object(example.get("Single"))
    if single:
        yield f"counterexample: args=[{maybe_text(single.get('args')) or ''}] calldata={maybe_text(single.get('calldata')) or ''}"
    yield from (line for line in maybe_list(result.get("decoded_logs")) if isinstance(line, str))


def line_of(sources: Sources, file: str | None, names: tuple[str, str]) -> int | None:
    """Where a test function (suite `FILE:Contract`, name) starts in its source: in its contract, else (it is inherited) anywhere."""
    text, name, contract = sources.text(file), names[1].partition("(")[0], names[0].rpartition(":")[2]
    if not text or not name:
        return None
    function = re.compile(rf"\bfunction\s+{re.escape(name)}\s*\(")
    home = re.search(rf"\bcontract\s+{re.escape(contract)}\b", text) if contract else None
    found = (function.search(text, home.end()) if home else None) or function.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _seconds(duration: object) -> float | None:
    """`1s 490µs 449ns` in seconds."""
    parts = _SPAN.findall(duration) if isinstance(duration, str) else []
    return sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else None
