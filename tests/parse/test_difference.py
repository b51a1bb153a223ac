"""Unified diffs are told apart by file and rebuilt from formatters' own forms."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.parse.difference import between, by_file, first_change, from_hunks
from tests.parse.outputs import raw_of, read


def test_a_removed_line_of_dashes_is_no_header() -> None:
    text = "--- a.sql\n+++ a.sql\n@@ -1,2 +1,1 @@\n--- a comment\n keep\n--- b.sql\n+++ b.sql\n@@ -1 +1 @@\n-x\n+y\n"
    assert [(part.path, part.hunks.count("\n")) for part in by_file(text)] == [("a.sql", 2), ("b.sql", 2)]


def test_a_difference_begins_at_its_first_marked_line_and_not_at_what_is_repeated_before_it() -> None:
    assert first_change(15, [" }", "", " /// Doc.", "-fn f( ){}", "+fn f() {}", " "]) == 18
    assert (first_change(7, ["+x"]), first_change(7, [])) == (7, 7)


def test_times_and_prefixes_are_no_part_of_a_name() -> None:
    headers = ["--- a/x y.py\n+++ b/x y.py", "--- x y.py\t2026-01-01 10:00:00.1+00:00\n+++ x y.py\t2026-01-01", "--- x y.py:before\t2026\n+++ x y.py:after\t2026",
               "--- /dev/null\n+++ b/x y.py"]
    assert {by_file(header + "\n@@ -1 +1 @@\n-a\n+b\n")[0].path for header in headers} == {"x y.py"}


def test_the_mark_for_a_missing_newline_belongs_to_its_hunk() -> None:
    text = "--- a\n+++ a\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n--- b\n+++ b\n@@ -1 +1 @@\n-x\n+y\n\\ No newline at end of file\n"
    assert [part.path for part in by_file(text)] == ["a", "b"]


@given(old=st.lists(st.sampled_from(["a", "-- b", "++ c", "", "@@ -1 +1 @@"]), max_size=8), new=st.lists(st.sampled_from(["a", "-- b", "d", ""]), max_size=8))
def test_any_diff_between_two_diffs_keeps_its_lines(old: list[str], new: list[str]) -> None:
    middle = "\n".join(difflib.unified_diff(old, new, "m", "m", lineterm=""))
    fence = "--- {0}\n+++ {0}\n@@ -1 +1 @@\n-x\n+y"
    parts = by_file("\n".join([fence.format("first"), *([middle] if middle else []), fence.format("last")]))
    assert [part.path for part in parts] == (["first", "m", "last"] if middle else ["first", "last"])


def test_hunks_without_counts_become_a_unified_diff_that_counts() -> None:
    text = from_hunks("a.rs", [(1, ["-a", "+b", "+c", " d"]), (10, [" e", "-f"])])
    assert text.split("\n")[2::5] == ["@@ -1,2 +1,3 @@", "@@ -10,2 +11,1 @@"]


def test_equal_texts_have_no_diff() -> None:
    assert between("a", "x\n", "x\n") is None


def test_the_diff_of_a_formatter_is_the_same_at_any_time_and_place() -> None:
    def detail(stamp: str) -> str | None:
        out = f"--- pkg/a.py\t{stamp}\n+++ pkg/a.py\t{stamp}\n@@ -1 +1 @@\n-x=1\n+x = 1\n"
        return read("black", raw_of(out, "would reformat pkg/a.py\n", code=1)).findings[0].detail

    assert detail("2026-11-20 11:10:29+00:00") == detail("2027-01-01 00:00:00+00:00") == "--- a/pkg/a.py\n+++ b/pkg/a.py\n@@ -1 +1 @@\n-x=1\n+x = 1"


def test_a_long_diff_is_capped_and_says_so() -> None:
    body = "".join(f"-{number}\n" for number in range(500))
    out = f"--- a.py\n+++ a.py\n@@ -1,500 +0,0 @@\n{body}"
    detail = read("black", raw_of(out, code=1)).findings[0].detail
    assert detail is not None
    assert (detail.count("\n"), detail.rpartition("\n")[2]) == (200, "... (303 more lines)")


def test_the_edits_of_ruff_become_the_diff_it_would_make() -> None:
    edit = '[{"content": "b = 2", "location": {"row": 2, "column": 1}, "end_location": {"row": 2, "column": 4}}]'
    out = f'[{{"code": "unformatted", "message": "m", "filename": "/repo/a.py", "fix": {{"edits": {edit}}}}}]'
    detail = read("ruff-format-json", raw_of(out, code=1, sources={"a.py": "é = 1\r\nb=2\r\n"})).findings[0].detail
    assert detail == "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n é = 1\n-b=2\n+b = 2"
