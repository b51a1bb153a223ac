"""Programs that nobody knows: an expression with named groups finds what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.model.finding import Level
from gatekeeper.model.pattern import pattern_fault
from gatekeeper.model.status import Meaning
from tests.parse.outputs import raw_of, read

LINES = r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<severity>\w+) (?P<code>[A-Z]\d+)? ?(?P<message>.*)$"


def test_each_match_is_a_finding_with_what_its_groups_name() -> None:
    raw = replace(raw_of("a.c:3:7: warning W12 too long\r\nnoise\n\x1b[31mb.c:4: error broken\x1b[0m\n", code=1), pattern=LINES)
    found = [(one.file, one.line, one.column, one.rule, one.level, one.message) for one in read("regex", raw).findings]
    assert found == [("a.c", 3, 7, "W12", Level.WARNING, "too long"), ("b.c", 4, None, None, Level.ERROR, "broken")]


def test_both_streams_are_searched_and_a_report_alone() -> None:
    pattern = "^E: (?P<message>.*)"
    raw = replace(raw_of("E: one", "E: two", code=1), pattern=pattern)
    assert [one.message for one in read("regex", raw).findings] == ["one", "two"]
    assert [one.message for one in read("regex", replace(raw, report=b"E: three")).findings] == ["three"]


@pytest.mark.parametrize(("code", "meaning"), [(0, Meaning.CLEAN), (1, Meaning.TOOL_ERROR), (7, Meaning.TOOL_ERROR), (None, Meaning.TOOL_ERROR)])
def test_without_a_match_only_a_good_exit_code_is_clean(code: int | None, meaning: Meaning) -> None:
    assert read("regex", replace(raw_of("all is well", code=code), pattern=LINES)).meaning is meaning


def test_an_empty_match_is_no_finding() -> None:
    assert read("regex", replace(raw_of("abc"), pattern="(?P<message>x*)")).findings == ()


@pytest.mark.parametrize(("pattern", "words"), [("(", "no regular expression"), ("abc", "neither"), ("(?P<massage>.)(?P<file>.)", "`massage`")])
def test_what_cannot_be_used_is_told(pattern: str, words: str) -> None:
    assert words in (pattern_fault(pattern) or "")
    assert read("regex", replace(raw_of("x"), pattern=pattern)).meaning is Meaning.TOOL_ERROR
