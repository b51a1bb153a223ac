"""Paths and columns: relative to the root, 1-based, in code points."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.finding import RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output
from gatekeeper.parse.place import UNCOUNTED, Offsets, Sources, nearest, relative
from tests.parse.outputs import raw_of, read

NONE_ASCII = "a = 'é😀'; x\n"


@pytest.mark.parametrize(("path", "expected"), [
    ("/repo/a/b.py", "a/b.py"), ("b.py", "sub/b.py"), ("./b.py", "sub/b.py"), ("../b.py", "b.py"), ("/elsewhere/b.py", "/elsewhere/b.py"),
    ("/repository/b.py", "/repository/b.py"), ("file:///repo/a%20b.py", "a b.py"), ("-x.py", "sub/-x.py"), ("a\nb.py", "sub/a\nb.py"),
    ("../../etc/passwd", "/etc/passwd"), ("", None), (None, None), ("a\0b", None)])
def test_paths_are_relative_to_the_root_where_they_lie_in_it(path: str | None, expected: str | None) -> None:
    assert relative(raw_of(cwd="/repo/sub"), path) == expected


def test_a_root_that_ends_with_a_slash_is_the_same_root() -> None:
    assert relative(raw_of(), "/repo/a.py") == "a.py"


def test_a_workspace_member_names_files_from_the_workspace_above_it() -> None:
    raw = raw_of(cwd="/repo/ws/crates/a", sources={"ws/crates/a/src/lib.rs": ""})
    assert nearest(raw, "crates/a/src/lib.rs") == "ws/crates/a/src/lib.rs"


def test_an_unreadable_file_is_taken_to_lie_below_the_working_directory() -> None:
    assert nearest(raw_of(cwd="/repo/ws"), "src/gone.rs") == "ws/src/gone.rs"


@pytest.mark.parametrize(("column", "expected"), [(1, 1), (6, 6), (7, 7), (9, 8), (10, 9), (12, 11), (13, 12), (99, 98)])
def test_utf16_columns_become_code_points(column: int, expected: int) -> None:
    assert Sources(raw_of(sources={"a.js": NONE_ASCII})).from_utf16("a.js", 1, column) == expected


@pytest.mark.parametrize(("column", "expected"), [(1, 1), (6, 6), (8, 7), (12, 8), (13, 9), (16, 12)])
def test_byte_columns_become_code_points(column: int, expected: int) -> None:
    assert Sources(raw_of(sources={"a.py": NONE_ASCII})).from_bytes("a.py", 1, column) == expected


@pytest.mark.parametrize("file", ["gone.js", None])
def test_a_column_stays_where_the_source_cannot_be_read(file: str | None) -> None:
    assert Sources(raw_of()).from_utf16(file, 1, 9) == 9


def test_lines_end_at_cr_and_lf_and_nowhere_else() -> None:
    sources = Sources(raw_of(sources={"a.py": "one\fstill\u2028one\r\ntwo\rthree\n"}))
    assert [sources.line("a.py", number) for number in (1, 2, 3, 4)] == ["one\fstill\u2028one", "two", "three", None]


def test_a_byte_order_mark_is_no_column() -> None:
    assert Sources(raw_of(sources={"a.py": "\ufeffx = 1\n"})).line("a.py", 1) == "x = 1"


@given(text=st.text(alphabet="aé😀\t\n", max_size=60), data=st.data())
def test_every_character_is_found_again_by_its_byte_offset(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    before = text[:at]
    assert Offsets(text.encode()).place(len(before.encode())) == (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


@pytest.mark.parametrize("offset", [-1, 99])
def test_an_offset_outside_the_file_has_no_place(offset: int) -> None:
    assert Offsets(b"abc").place(offset) is None


@given(text=st.text(alphabet="aé😀語", max_size=30), data=st.data())
def test_utf16_and_byte_columns_of_a_character_agree(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    sources = Sources(raw_of(sources={"a": text}))
    wide, narrow = len(text[:at].encode("utf-16-le")) // 2 + 1, len(text[:at].encode()) + 1
    assert (sources.from_utf16("a", 1, wide), sources.from_bytes("a", 1, narrow)) == (at + 1, at + 1)


def test_each_source_is_read_once_and_none_outside_the_root() -> None:
    asked: list[str] = []

    def reading(file: str) -> bytes | None:
        asked.append(file)
        return b"x\n"

    out = "\n".join(f"{name}:1:{column}: F821 m" for name in ("a.py", "/etc/passwd", "../b.py") for column in (1, 2, 3))
    parse_output("flake8", RawOutput(stdout=out.encode(), exit_code=1, root="/repo", cwd="/repo", read=reading), ExitSpec())
    assert asked == ["a.py"]


def test_a_name_that_no_file_can_have_is_no_reason_to_give_up() -> None:
    def reading(file: str) -> bytes | None:
        file.encode()
        return b""

    position = {"line": 0, "character": 0}
    out = json.dumps({"generalDiagnostics": [{"file": "/repo/\ud800.py", "message": "m", "severity": "error", "range": {"start": position, "end": position}}]})
    raw = RawOutput(stdout=out.encode(), exit_code=1, root="/repo", cwd="/repo", read=reading)
    assert [one.file for one in parse_output("pyright-json", raw, ExitSpec()).findings] == ["\ud800.py"]


ESLINT = [{"filePath": f"/repo/{name}", "messages": [{"ruleId": "r", "severity": 2, "message": "m", "line": 1, "column": 9, "endLine": 1, "endColumn": 12}] * 2}
          for name in ("gone.js", "here.js")]


def test_columns_without_a_readable_source_stay_and_are_told_once_for_each_file() -> None:
    parsed = read("eslint-json", raw_of(json.dumps(ESLINT), code=1, sources={"here.js": "é = 1234567\n"}))
    assert {(one.file, one.column) for one in parsed.findings} == {("gone.js", 9), ("here.js", 9)}
    assert [(problem.file, problem.message) for problem in parsed.problems] == [("gone.js", UNCOUNTED)]


def test_a_line_that_the_source_does_not_have_any_more_is_told_too() -> None:
    parsed = read("eslint-json", raw_of(json.dumps(ESLINT[1:]), code=1, sources={"here.js": ""}))
    assert [problem.file for problem in parsed.problems] == ["here.js"]


def test_of_many_files_the_first_are_named_and_the_others_counted() -> None:
    many = [{**ESLINT[0], "filePath": f"/repo/{number}.js"} for number in range(50)]
    problems = read("eslint-json", raw_of(json.dumps(many), code=1)).problems
    assert (len(problems), problems[0].file, problems[-1].message) == (21, "0.js", f"{UNCOUNTED}, also of 30 more files")


@pytest.mark.parametrize(("place", "end"), [((3, 5, 2, 9), (None, None)), ((3, 5, 3, 4), (3, None)), ((3, 5, None, 4), (None, None)), ((3, 5, 3, 5), (3, 5)),
                                            ((3, 5, 4, 1), (4, 1)), ((3, 5, 0, 7), (None, 7)), ((None, 5, 3, 7), (None, None))])
def test_an_end_before_its_start_is_no_end(place: tuple[int | None, ...], end: tuple[int | None, int | None]) -> None:
    line, column, end_line, end_column = place
    one = read("gatekeeper-json", raw_of(json.dumps({"schema": 1, "findings": [
        {"message": "m", "line": line, "column": column, "end_line": end_line, "end_column": end_column}]}), code=1)).findings[0]
    assert (one.end_line, one.end_column) == end


def test_a_file_name_that_is_no_utf8_leads_back_to_its_bytes() -> None:
    log = {"runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"message": {"text": "m"}, "locations": [
        {"physicalLocation": {"artifactLocation": {"uri": uri}}}]} for uri in ("file:///repo/a%FF.py", "b%FF.py")]}]}
    files = [one.file or "" for one in read("sarif", raw_of(json.dumps(log), code=1)).findings]
    assert [file.encode("utf-8", "surrogateescape") for file in files] == [b"a\xff.py", b"b\xff.py"]


@pytest.mark.parametrize(("path", "root", "file"), [
    ("C:\\repo\\src\\a.ts", "C:/repo", "src/a.ts"), ("file:///C:/repo/src/a.ts", "C:/repo", "src/a.ts"), ("src\\a.ts", "C:/repo", "src/a.ts"),
    ("C:\\repo\\a.ts", "/repo", "C:/repo/a.ts"), ("src\\a.ts", "/repo", "src/a.ts"), ("odd\\name.py", "/repo", "odd\\name.py")])
def test_separators_of_windows_are_converted_only_where_the_tool_ran_there(path: str, root: str, file: str) -> None:
    raw = RawOutput(root=root, cwd=root, read=lambda name: b"" if name == "src/a.ts" else None)
    assert relative(raw, path) == file
