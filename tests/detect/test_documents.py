"""Broken documents are problems with file and line, and never an exception."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.detect.documents import Document, Documents, find_line
from gatekeeper.tree.kept import Remembered


def reading(content: bytes | None) -> Documents:
    return Documents(lambda _path: content)


def parsed(documents: Documents, path: str) -> Document | None:
    if path.endswith(".toml"):
        return documents.toml(path)
    return documents.yaml(path) if path.endswith(".yaml") else documents.json(path)


@pytest.mark.parametrize(("path", "content", "line", "message"), [
    ("a.toml", b'[package]\nname = "x\n', 2, "is no valid TOML"),
    ("a.toml", b'[package]\nname = "x"\nedition = "20', 3, "is no valid TOML"),
    ("a.toml", b"\xff\xfea\x00", 1, "is UTF-16"),
    ("a.toml", b"", 1, "is empty"),
    ("a.toml", b"a = 1\nb = '\xff'\n", 2, "is not UTF-8"),
    ("a.json", b'{\n "a": 1,\n}', 3, "is no valid JSON"),
    ("a.json", b"[1]", 1, "holds a list where a table is due"),
    ("a.json", b"   \n", 1, "is empty"),
    ("a.json", b"[" * 100_000, None, "is nested too deeply"),
    ("a.yaml", b"a: 1\nb: [\n", 3, "is no valid YAML"),
    ("a.yaml", b"a: 1\n\tb: 2\n", 2, "is no valid YAML"),
    ("a.yaml", b"- a\n", 1, "holds a list where a table is due"),
])
def test_a_broken_document_names_its_line(path: str, content: bytes, line: int | None, message: str) -> None:
    documents = reading(content)
    assert parsed(documents, path) is None
    (problem,) = documents.problems
    assert (problem.file, problem.line) == (path, line)
    assert problem.message.startswith(message)
    assert "\n" not in problem.message


def test_a_byte_order_mark_is_a_problem_and_the_rest_is_read() -> None:
    documents = reading(b'\xef\xbb\xbf{"name": "x"}')
    document = documents.json("package.json")
    assert document is not None
    assert document.string("name") == "x"
    assert [(problem.line, problem.message) for problem in documents.problems] == [(1, "starts with a byte order mark")]


def test_a_file_that_cannot_be_read_is_a_problem() -> None:
    documents = reading(None)
    assert documents.toml("Cargo.toml") is None
    assert [problem.message for problem in documents.problems] == ["cannot be read"]


def test_a_wrong_type_is_a_problem_at_its_key_and_counts_as_absent() -> None:
    documents = reading(b'{\n  "name": 7,\n  "scripts": ["test"],\n  "files": ["a", 1]\n}')
    document = documents.json("package.json")
    assert document is not None
    assert document.string("name") is None
    assert document.table("scripts") == {}
    assert document.strings("files") == ("a",)
    assert [(problem.line, problem.message) for problem in documents.problems] == [
        (2, "name is a number, not a string"), (3, "scripts is a list, not a table"), (4, "an entry of files is a number, not a string")]


def test_a_part_of_a_path_that_is_no_table_is_a_problem() -> None:
    documents = reading(b'project = "x"\n')
    document = documents.toml("pyproject.toml")
    assert document is not None
    assert document.string("project", "name") is None
    assert [problem.message for problem in documents.problems] == ["project is a string, not a table"]


def test_a_problem_is_told_once() -> None:
    documents = reading(b"")
    documents.json("package.json")
    documents.json("package.json")
    assert len(documents.problems) == 1


def test_unknown_yaml_tags_are_plain_values() -> None:
    document = reading(b"script: !reference [a, b]\nx: !env HOME\n").yaml("ci.yaml")
    assert document is not None
    assert document.data == {"script": ["a", "b"], "x": "HOME"}


def test_yaml_constructs_no_objects() -> None:
    document = reading(b"a: !!python/object/apply:os.system [echo]\n").yaml("ci.yaml")
    assert document is None


def test_comments_and_trailing_commas_are_read_in_jsonc() -> None:
    document = reading(b'{ // one\n "a": "http://x", /* two\n */ "b": [1, 2,],\n}').jsonc("tsconfig.json")
    assert document is not None
    assert document.data == {"a": "http://x", "b": [1, 2]}


def test_a_fault_behind_a_comment_is_told_by_its_line() -> None:
    documents = reading(b'{\n// x\n"a": 1, /* y\nz */\n!\n}\n')
    assert documents.jsonc("tsconfig.json") is None
    assert [problem.line for problem in documents.problems] == [5]


def test_sections_of_ini_files_are_read_and_broken_ones_named() -> None:
    assert reading(b"[flake8]\nmax-line-length = 100\n").ini("setup.cfg") == {"flake8": {"max-line-length": "100"}}
    documents = reading(b"no section\n")
    assert documents.ini("setup.cfg") == {}
    assert documents.problems[0].line == 1


def test_the_line_of_a_key_is_found_below_its_table() -> None:
    text = '[tool.ruff]\nname = "no"\n[project]\nversion = "1"\nname = "x"\n'
    assert find_line(text, ("project", "name")) == 5


@given(st.binary(max_size=300), st.sampled_from(["a.toml", "a.json", "a.yaml"]))
def test_any_bytes_give_a_document_or_a_problem(content: bytes, path: str) -> None:
    documents = reading(content)
    assert parsed(documents, path) is not None or documents.problems


def test_what_is_remembered_of_a_text_as_toml_is_not_taken_for_what_it_is_as_json_in_yaml(tmp_path: Path) -> None:
    for _ in range(2):
        remembered = Remembered(str(tmp_path), "/repo")
        documents = Documents(lambda path: b"[a]" if path.startswith("both") else b"b = 2", remembered.of)
        assert documents.yaml("both.yaml") is None  # a list
        found = [documents.toml(name) for name in ("both.toml", "other.toml")]
        assert [document.data for document in found if document] == [{"a": {}}, {"b": 2}]
        remembered.close()
