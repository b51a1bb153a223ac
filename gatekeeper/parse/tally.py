"""What a set of test cases says as a whole: did anything run at all.

Knows the shared model; does not know any format.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.model.finding import TestCase, TestOutcome
from gatekeeper.parse.text import first_line, legible, strip_escapes

_LONGEST = 500
#: the name of a test that its runner only counted
UNNAMED = "(not named in the output)"


def nothing_ran(tests: Sequence[TestCase]) -> str | None:
    """Why these tests measured nothing: none there, or all skipped; None when one ran."""
    if not tests:
        return "no tests ran"
    if all(test.outcome is TestOutcome.SKIPPED for test in tests):
        return "the only test was skipped" if len(tests) == 1 else f"all {len(tests)} tests were skipped"
    return None


def headline(text: str | None) -> str | None:
    """The first line of a failure message, plain, or None."""
    line = legible(first_line(strip_escapes(text))) if text else ""
    return line[:_LONGEST] or None
