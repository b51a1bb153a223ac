"""What ruff says in its several forms: fixes with their safety, and outputs that look whole and are not."""

from __future__ import annotations

import json

import pytest

from gatekeeper.model.finding import Category, Edit, Fix, Safety
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output
from tests.parse.outputs import raw_of, read
from tests.parse.recordings import OUTPUTS, load

FINDING = "a.py:1:8: F401 [*] `os` imported but unused\n"


def fixes_of(rule: str, file: str) -> tuple[Fix, ...]:
    case = load(OUTPUTS / "ruff" / "0.17.5" / "lint-fixes")
    return next(one for one in parse_output(case.parser, case.raw, ExitSpec()).findings if (one.rule, one.file) == (rule, file)).fixes


def test_a_safe_fix_of_ruff_removes_the_line_of_an_unused_import() -> None:
    edit = Edit(file="pkg/uni.py", line=1, column=1, end_line=2, end_column=1, content="")
    assert fixes_of("F401", "pkg/uni.py") == (Fix(safety=Safety.SAFE, message="Remove unused import: `os`", edits=(edit,)),)


def test_an_unsafe_fix_of_ruff_stays_unsafe_and_its_columns_count_characters() -> None:
    edit = Edit(file="pkg/uni.py", line=6, column=19, end_line=6, end_column=28, content="a is None")
    assert fixes_of("E711", "pkg/uni.py") == (Fix(safety=Safety.UNSAFE, message="Replace with `cond is None`", edits=(edit,)),)


def test_a_fix_within_a_notebook_cell_keeps_its_safety_and_loses_edits_that_would_land_elsewhere() -> None:
    assert fixes_of("I001", "nb/book.ipynb") == (Fix(safety=Safety.SAFE, message="Organize imports"),)


def test_a_fix_that_ruff_only_displays_makes_nothing_fixable() -> None:
    entry = ('[{"code": "X1", "message": "m", "filename": "/repo/a.py", "location": {"row": 1, "column": 1}, '
             '"fix": {"applicability": "display", "message": "f", "edits": []}}]')
    finding = read("ruff-json", raw_of(entry, code=1)).findings[0]
    assert ([fix.safety for fix in finding.fixes], finding.fixable) == ([Safety.DISPLAY_ONLY], False)


@pytest.mark.parametrize("form", ["ruff-concise", "ruff-full"])
def test_a_count_above_what_ruff_lists_shows_that_lines_are_missing(form: str) -> None:
    assert read(form, raw_of(FINDING + "Found 2 errors.\n", code=1)).meaning is Meaning.FINDINGS_AND_TOOL_ERROR


def test_what_was_fixed_is_not_counted_as_missing() -> None:
    assert read("ruff-concise", raw_of(FINDING + "Found 3 errors (2 fixed, 1 remaining).\n", code=1)).meaning is Meaning.FINDINGS


@pytest.mark.parametrize("shown", ["1 | a.py:1:1: F401 in the source", "  | a.py:1:1: F401 below", "  - a.py:1:1: F401 removed", "2 + a.py:1:1: F401 added"])
def test_a_line_of_shown_source_that_looks_like_a_finding_is_none(shown: str) -> None:
    assert len(read("ruff-full", raw_of(f"{FINDING}  |\n{shown}\n  |\nFound 1 error.\n", code=1)).findings) == 1


@pytest.mark.parametrize("form", ["ruff-concise", "ruff-full", "ruff-format"])
def test_silence_is_clean_only_with_the_exit_code_of_a_clean_run(form: str) -> None:
    assert [read(form, raw_of(code=code)).meaning for code in (0, None)] == [Meaning.CLEAN, Meaning.TOOL_ERROR]


def test_json_lines_behind_words_of_another_program_are_an_error_whatever_the_exit_code() -> None:
    assert read("ruff-json-lines", raw_of("hello\n", code=0)).meaning is Meaning.TOOL_ERROR


def test_no_json_lines_and_a_complaint_are_no_clean_run() -> None:
    assert read("ruff-json-lines", raw_of("", "ruff failed\n  Cause: Failed to parse /repo/ruff.toml\n", code=None)).meaning is Meaning.TOOL_ERROR


def test_a_formatter_that_counts_more_than_it_names_is_an_error() -> None:
    out = "Would reformat: a.py\n3 files would be reformatted\n"
    assert read("ruff-format", raw_of(out, code=1)).meaning is Meaning.FINDINGS_AND_TOOL_ERROR


def test_the_cells_of_one_notebook_are_one_unformatted_file_with_all_their_changes() -> None:
    case = load(OUTPUTS / "ruff" / "0.17.5" / "format-diff")
    book = parse_output(case.parser, case.raw, ExitSpec()).findings[0]
    assert (book.file, (book.detail or "").count("@@ -")) == ("nb/book.ipynb", 2)


def test_findings_grouped_by_file_are_read() -> None:
    out = "pkg/a.py:\n  1:8 F401 [*] `os` imported but unused\n 10:5  E741 Ambiguous\n\nb.py:\n  3:1 invalid-syntax: no\n\nFound 3 errors.\n"
    found = read("ruff-grouped", raw_of(out, code=1))
    assert (found.meaning, [(one.file, one.line, one.rule) for one in found.findings]) == (
        Meaning.FINDINGS, [("pkg/a.py", 1, "F401"), ("pkg/a.py", 10, "E741"), ("b.py", 3, "invalid-syntax")])


@pytest.mark.parametrize("line", ["a.py:1:1: unformatted: File would be reformatted", "a.py:\n  1:1 unformatted: File would be reformatted\n"])
def test_unformatted_files_are_named_in_the_short_forms_of_preview(line: str) -> None:
    assert [one.file for one in read("ruff-format", raw_of(f"{line}\n1 file would be reformatted\n", code=1)).findings] == ["a.py"]


def test_in_preview_a_syntax_error_is_known_by_its_name() -> None:
    entry = {"code": None, "name": "invalid-syntax", "filename": "/repo/a.py", "message": "no", "location": {"row": 1, "column": 2}}
    assert [(one.rule, one.category) for one in read("ruff-json", raw_of(json.dumps([entry]), code=1)).findings] == [("invalid-syntax", Category.BUILD)]
