"""mocha's `json` reporter: `passes`, `failures`, `pending`; a failing hook is among the failures.

The exit code is the number of failures, so any code goes with failures. Recorded from mocha 6 and 12.
"""

from __future__ import annotations

from gatekeeper.model.finding import Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_object,
    asked_objects,
    asked_text,
    load,
    maybe_int,
    maybe_object,
    maybe_seconds,
    maybe_text,
)
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.place import relative
from gatekeeper.parse.stack import node_spot
from gatekeeper.parse.tally import headline, nothing_ran
from gatekeeper.parse.text import capped, report_of, strip_escapes
from gatekeeper.parse.threshold import missed_coverage

_LISTS = (("passes", TestOutcome.PASSED), ("failures", TestOutcome.FAILED), ("pending", TestOutcome.SKIPPED))
_MOST_TRIES = 100


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of mocha."""
    report = asked_object(load(report_of(raw)), "the report")
    if "stats" not in report:
        raise UnparsableError("the report has no `stats`")
    tests = tuple(_case(raw, entry, outcome) for key, outcome in _LISTS for entry in asked_objects(report.get(key), f"`{key}`"))
    failing = any(test.outcome is TestOutcome.FAILED for test in tests)
    return conclude(raw, finds_at(exits, raw.exit_code) if failing and raw.exit_code else exits, Account(
        tests=tests, findings=missed_coverage(raw, "mocha"), nothing=nothing_ran(tests)))


def _case(raw: RawOutput, entry: Json, outcome: TestOutcome) -> TestCase:
    error, title = maybe_object(entry.get("err")), asked_text(entry, "title")
    stack = strip_escapes(maybe_text(error.get("stack")) or maybe_text(error.get("message")) or "")
    file, spot = relative(raw, maybe_text(entry.get("file"))), node_spot(raw, stack)
    whole = maybe_text(entry.get("fullTitle")) or title
    return TestCase(name=title, classname=whole.removesuffix(title).strip(), outcome=outcome, file=file or (spot[0] if spot else None),
                    line=spot[1] if spot and file in {None, spot[0]} else None, seconds=maybe_seconds(entry.get("duration"), 0.001),
                    message=headline(maybe_text(error.get("message")) or stack), detail=capped(stack) or None,
                    earlier=("mocha does not say why this try failed",) * min(max(maybe_int(entry.get("currentRetry")) or 0, 0), _MOST_TRIES))
