"""mocha's `xunit` reporter: one `testsuite` behind whatever the tests printed; the exit code is the number of failures.

A failing hook is a test case with a failure. Attributes are not believed: `errors` counts failures. Recorded from mocha 6 and 12.
"""

from __future__ import annotations

from gatekeeper.model.finding import Parsed, RawOutput, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import UnparsableError
from gatekeeper.parse.junit import cases
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.tally import nothing_ran
from gatekeeper.parse.text import report_of
from gatekeeper.parse.threshold import missed_coverage
from gatekeeper.parse.xml import load_xml

_ROOT = frozenset({"testsuite"})
_START, _END = b"<testsuite ", b"</testsuite>"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of mocha."""
    tests = tuple(cases(raw, load_xml(_document(report_of(raw)), _ROOT)))
    failing = any(test.outcome is TestOutcome.FAILED for test in tests)
    return conclude(raw, finds_at(exits, raw.exit_code) if failing and raw.exit_code else exits, Account(
        tests=tests, findings=missed_coverage(raw, "mocha"), nothing=nothing_ran(tests)))


def _document(data: bytes) -> bytes:
    """The XML without what tests printed before and after it; what they printed inside it makes it unreadable."""
    start, end = data.rfind(b"\n" + _START) + 1, data.rfind(_END)
    if not data[start:].startswith(_START) and not data.lstrip().startswith(b"<"):
        raise UnparsableError("the report is no XML document")
    return data[start:end + len(_END)] if end > start else data[start:]
