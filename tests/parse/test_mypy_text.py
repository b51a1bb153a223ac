"""mypy for people: wrapped messages, columns of two generations, and outputs that look whole and are not."""

from __future__ import annotations

import pytest

from gatekeeper.model.status import Meaning
from tests.parse.outputs import raw_of, read

LINE = 'a.py:1: error: Name "x" is not defined  [name-defined]\n'
#: `b` stands at character 24, byte 28; mypy 2.x says 20, which as a byte would be the colon
SOURCE = '    s = "é😀";\ty: int = "b"\n'


@pytest.mark.parametrize(("told", "column"), [(28, 24), (20, 24), (5, 5)])
def test_a_column_beyond_ascii_is_the_only_place_that_both_generations_could_mean(told: int, column: int) -> None:
    finding = read("mypy", raw_of(f"a.py:1:{told}: error: m\n", code=1, sources={"a.py": SOURCE})).findings[0]
    assert finding.column == column


def test_a_column_that_two_places_explain_stays_and_a_problem_says_so() -> None:
    parsed = read("mypy", raw_of("a.py:1:7: error: m\n", code=1, sources={"a.py": "é = a,b,c\n"}))
    assert (parsed.findings[0].column, len(parsed.problems)) == (7, 1)


def test_an_end_includes_its_character_in_the_text_and_not_in_the_finding() -> None:
    finding = read("mypy", raw_of("a.py:1:5:1:6: error: m\n", code=1, sources={"a.py": "x = ab\n"})).findings[0]
    assert (finding.column, finding.end_column) == (5, 7)


def test_a_note_belongs_to_the_error_at_its_place_and_is_no_finding() -> None:
    findings = read("mypy", raw_of(LINE + "a.py:1: note: Did you forget to import it?\n", code=1)).findings
    assert [one.detail for one in findings] == ["Did you forget to import it?"]


def test_a_line_of_another_program_is_not_taken_for_the_rest_of_a_message() -> None:
    assert read("mypy", raw_of(LINE + "make: *** [types] Error 1\n", code=1)).findings[0].message == 'Name "x" is not defined'


def test_a_count_above_what_mypy_lists_shows_that_lines_are_missing() -> None:
    out = LINE + "Found 2 errors in 1 file (checked 9 source files)\n"
    assert read("mypy", raw_of(out, code=1)).meaning is Meaning.FINDINGS_AND_TOOL_ERROR


def test_silence_is_clean_only_with_the_exit_code_of_a_clean_run() -> None:
    assert [read("mypy", raw_of(code=code)).meaning for code in (0, None)] == [Meaning.CLEAN, Meaning.TOOL_ERROR]


def test_an_internal_error_is_no_clean_run_even_without_an_exit_code() -> None:
    said = "a.py:3: error: INTERNAL ERROR -- Please try using mypy master on GitHub:\nversion: 2.4.1\n"
    assert [read(form, raw_of("", said, code=None)).meaning for form in ("mypy", "mypy-json")] == [Meaning.TOOL_ERROR, Meaning.TOOL_ERROR]


def test_a_usage_error_is_no_clean_run_even_without_an_exit_code() -> None:
    said = "usage: mypy [-h]\nmypy: error: unrecognized arguments: --nope\n"
    assert [read(form, raw_of("", said, code=None)).meaning for form in ("mypy", "mypy-json")] == [Meaning.TOOL_ERROR, Meaning.TOOL_ERROR]
