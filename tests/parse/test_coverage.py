"""Coverage reports of every format say the same of the same lines, and what is no report is never taken for one.

The files in `fixtures/coverage` were written by coverage.py 7.17.3 and c8 12 over two small programs; the
segments of llvm-cov are written by hand after its rules, because no clang was there to record with.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.parse.coverage import read_coverage
from gatekeeper.parse.document import UnparsableError

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "coverage"
PYTHON = ({1, 2, 3, 7, 11}, {4, 8})
JAVASCRIPT = ({1, 2, 3, 4, 6, 7, 8, 11, 12}, {5, 9, 10})


@pytest.mark.parametrize(("name", "form", "file", "lines"), [
    ("coverage-py-7.17.3.xml", "cobertura", "app.py", PYTHON),
    ("coverage-py-7.17.3.json", "coverage.py", "app.py", PYTHON),
    ("coverage-py-7.17.3.lcov", "lcov", "app.py", PYTHON),
    ("c8-istanbul.json", "istanbul", "/repo/web/app.mjs", JAVASCRIPT),
    ("c8.lcov", "lcov", "app.mjs", JAVASCRIPT),
    ("c8-cobertura.xml", "cobertura", "app.mjs", JAVASCRIPT),
])
def test_a_recorded_report_says_which_lines_ran(name: str, form: str, file: str, lines: tuple[set[int], set[int]]) -> None:
    told = read_coverage((FIXTURES / name).read_bytes())
    (one,) = told.files
    assert (told.format, one.file, set(one.covered), set(one.missed)) == (form, file, *lines)


def test_cobertura_tells_where_its_names_start() -> None:
    assert read_coverage((FIXTURES / "c8-cobertura.xml").read_bytes()).folders == ("/repo/web",)


def llvm(*segments: list[object]) -> tuple[set[int], set[int]]:
    document = {"type": "llvm.coverage.json.export", "version": "2.0.1", "data": [{"files": [{"filename": "/repo/a.rs", "segments": list(segments)}]}]}
    (one,) = read_coverage(json.dumps(document).encode()).files
    return set(one.covered), set(one.missed)


def test_segments_of_llvm_become_lines_as_llvm_counts_them() -> None:
    # a function that ran 3 times, with a branch that never did: it begins at the end of line 2, whose condition ran
    assert llvm([1, 1, 3, True, True, False], [2, 5, 0, True, True, False], [4, 6, 3, True, False, False], [6, 2, 0, False, False, False]) == ({1, 2, 5, 6}, {3, 4})
    # a line where a region that never ran begins behind code that did counts as run
    assert llvm([1, 1, 1, True, True, False], [2, 20, 0, True, True, False], [2, 30, 1, True, False, False], [3, 2, 0, False, False, False]) == ({1, 2, 3}, set())
    # what stands between two functions is no code
    assert llvm([1, 1, 1, True, True, False], [2, 2, 0, False, False, False], [5, 1, 0, True, True, False], [6, 2, 0, False, False, False]) == ({1, 2}, {5, 6})


@pytest.mark.parametrize("text", [
    "", "hello", "{}", "[]", '{"files": {}}', "SF:a.py\nDA:1,1\n", "SF:a.py\nend_of_record\n", "<coverage/>", "<html/>", '{"a": {"statementMap": {}}}',
    "SF:a.py\nDA:one,1\nend_of_record\n", '{"meta": {}, "files": {"a.py": {"executed_lines": "1", "missing_lines": []}}}',
    '<!DOCTYPE coverage [<!ENTITY a "b">]><coverage/>', '<!DOCTYPE coverage SYSTEM "x" [<!ENTITY a "b">]><coverage/>',
])
def test_what_is_cut_off_or_no_report_is_refused(text: str) -> None:
    with pytest.raises(UnparsableError):
        read_coverage(text.encode())


@given(st.binary(max_size=200) | st.sampled_from([path.read_bytes() for path in sorted(FIXTURES.iterdir())]).flatmap(
    lambda data: st.integers(0, len(data)).map(lambda end: data[:end])))
def test_any_bytes_are_a_report_or_refused(data: bytes) -> None:
    try:
        told = read_coverage(data)
    except UnparsableError:
        return
    assert all(one.covered or one.missed for one in told.files)
