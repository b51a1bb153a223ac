"""The quality gate finds what breaks a checkout or a reader, and leaves alone what only looks like it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.builtin import hygiene
from gatekeeper.builtin.documents import format_of

REPOSITORY = Path(__file__).parents[2]


def lay_out(root: Path, files: Mapping[str, str | bytes]) -> list[str]:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(files)


def run(capsys: pytest.CaptureFixture[str], root: Path, files: Sequence[str], *options: str) -> tuple[int, dict[str, Any]]:
    listing = root.parent / "listing"
    listing.write_bytes(b"\0".join(os.fsencode(name) for name in files))
    code = hygiene.main(["--root", str(root), "--files-from", str(listing), *options])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


GOOD: dict[str, str | bytes] = {
    "package.json": '{"name": "x"}',
    "tsconfig.json": '{\n  // comment\n  "compilerOptions": {"strict": true,},\n}',
    ".vscode/settings.json": '{"a": "http://x", /* b */ "c": [1, 2,],}',
    "tsconfig.base.json": '{"a": 1} // end',
    "events.jsonl": '{"a": 1}\n{"b": 2}\n',
    "Cargo.toml": '[package]\nname = "x"\n',
    ".eslintrc": '{\n\t// why\n\t"root": true,\n}',
    ".prettierrc": "semi: false\n",
    "Info.plist": "{ CFBundleName = x; }",
    "two.yaml": "a: 1\n---\nb: !Ref thing\nc: !!python/object/apply:os.system [echo]\n",
    "anchors.yml": "a: &x [1]\nb: *x\n",
    "empty.yaml": "",
    "chart/values.tpl.yaml": "a: {{ .Values.a }}\n{{- if .b }}\nb: 1\n{{- end }}\n",
    ".github/workflows/ci.yml": "on: push\njobs: {a: {env: {X: '${{ secrets.X }}'}}}\n",
    "with-bom.json": b"\xef\xbb\xbf{}",
    "data.xml": '<?xml version="1.0"?><a><b/></a>',
    "doc.rst": "Title\n=======\n\n>>>>>>> quoted\n",
    "guide.md": "```\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n```\n",
    "notes.txt": "<<<<<<<<<<<<<\n=======\n",
    "page.html": "<!doctype html><a",
    "schema.json.j2": "{{ x }}",
    "cookie/{{cookiecutter.name}}/package.json": '{"name": {{ cookiecutter.name }}}',
    "pointer.json": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n",
}


def test_a_healthy_tree_has_no_finding(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, root, lay_out(root, GOOD))
    assert said["findings"] == []
    assert (code, said["checked"]) == (0, len(GOOD))
    assert said["facts"]["template"] == 2
    assert said["facts"]["lfs"] == 1


@pytest.mark.parametrize(("name", "content", "line", "words"), [
    ("package.json", '{\n "a": 1,\n}', 3, "JSON does not parse"),
    ("data/list.json", "[1, NaN]", None, "NaN"),
    ("tsconfig.json", '{"a": }', 1, "expecting value"),
    ("tsconfig.json", '{"a" "b"}', 1, "expecting ':'"),
    ("Cargo.toml", '[package]\nname = "x\n', 2, "TOML does not parse"),
    ("pyproject.toml", "a = 1\na = 2\n", 2, "overwrite"),
    ("poetry.lock", "[[package]\n", 1, "TOML"),
    (".github/workflows/ci.yml", "a: 1\n b: ${{ x }}\n", 2, "YAML does not parse"),
    ("x.yaml", "a: *nowhere\n", 1, "has no anchor"),
    ("x.yaml", "a: &x 1\n---\nb: *x\n", 3, "has no anchor"),
    ("x.yaml", "a:\tb: [\n", 1, "YAML"),
    ("pom.xml", "<a><b></a>", 1, "mismatched tag"),
    ("package.json", '{"a": 1}'.encode("utf-16"), None, "UTF-16"),
    ("x.toml", b"a = 1\nb = '\xff'\n", 2, "not UTF-8"),
    ("deep.json", "[" * 100_000, None, "nested too deeply"),
    ("messages.json", '{"a": "Hello {{name}}"\n "b": 1}', 2, "expecting ',' delimiter"),
])
def test_a_broken_document_is_an_error_with_its_place(tmp_path: Path, name: str, content: str | bytes, line: int | None, words: str) -> None:
    lay_out(tmp_path, {name: content})
    [found] = hygiene.look_at(str(tmp_path), name, Counter())
    assert (found["file"], found.get("line"), found["rule"], found["level"]) == (name, line, "parse", "error")
    assert words in found["message"]


def test_comments_are_forgiven_where_only_unknown_programs_read_the_file(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, said = run(capsys, root, lay_out(root, {"tool.json": '{"a": 1 // why\n}', "package.json": '{"a": 1 // why\n}'}))
    assert {found["file"]: found["level"] for found in said["findings"]} == {"tool.json": "warning", "package.json": "error"}


def test_broken_test_data_is_only_a_warning(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, said = run(capsys, root, lay_out(root, {"tests/fixtures/bad.json": "{", "src/__tests__/x.toml": "=", "latest/x.json": "{"}))
    assert {found["file"]: found["level"] for found in said["findings"]} == {
        "tests/fixtures/bad.json": "warning", "src/__tests__/x.toml": "warning", "latest/x.json": "error"}


def test_json_lines_in_a_json_file_are_only_a_warning(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, said = run(capsys, root, lay_out(root, {"events.json": '{"a": 1}\n{"b": 2}\n', "empty.json": "", ".eslintrc": "{a: [}"}))
    assert {found["file"]: (found["level"], found["message"]) for found in said["findings"]} == {
        "events.json": ("warning", "JSON does not parse: extra data"), "empty.json": ("error", "JSON does not parse: expecting value"),
        ".eslintrc": ("error", "JSON or YAML does not parse: expecting property name enclosed in double quotes")}


def test_a_conflict_in_a_test_is_an_error_and_one_in_test_data_a_warning(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conflict = "<<<<<<< a\n=======\n>>>>>>> b\n"
    _, said = run(capsys, root, lay_out(root, {"tests/test_a.py": conflict, "tests/fixtures/a.txt": conflict}))
    assert {found["file"]: found["level"] for found in said["findings"]} == {"tests/test_a.py": "error", "tests/fixtures/a.txt": "warning"}


def test_xml_entities_are_not_followed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z SYSTEM "file:///etc/passwd">]><a>&x;&z;</a>'
    code, said = run(capsys, root, lay_out(root, {"a.xml": bomb}))
    assert (code, said["facts"]["entities"]) == (0, 1)
    assert "1 with XML entities" in said["message"]


def test_a_whole_merge_conflict_is_found_once_and_at_its_first_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conflict = "a\r\n<<<<<<< HEAD\r\nb\r\n||||||| base\r\nc\r\n=======\r\nd\r\n>>>>>>> topic\r\n"
    _, said = run(capsys, root, lay_out(root, {"a.py": conflict, "b.py": "<<<<<<< HEAD\nonly half\n=======\n"}))
    assert [(found["file"], found["line"], found["rule"], found["level"]) for found in said["findings"]] == [("a.py", 2, "merge-marker", "error")]


def test_markers_are_found_behind_the_size_up_to_which_documents_are_parsed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    big = b" " * 70_000 + b"\n" + b"xxxxxxx\n" * (hygiene.LARGEST_DOCUMENT // 8) + b"<<<<<<< a\n=======\n>>>>>>> b\n"
    _, said = run(capsys, root, lay_out(root, {"big.json": big}))
    assert [found["rule"] for found in said["findings"]] == ["merge-marker"]
    assert said["facts"]["too_large"] == 1
    assert "1 too large to parse" in said["message"]


def test_only_newly_added_files_can_be_too_large(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = lay_out(root, {"new.bin": b"\0" * (1024 * 1024 + 1), "old.bin": b"\0" * 2_000_000, "edge.bin": b"\0" * 1024 * 1024})
    added = root.parent / "added"
    added.write_bytes(b"new.bin\0edge.bin\0")
    _, said = run(capsys, root, files, "--added", str(added))
    assert [(found["file"], found["rule"], found["level"]) for found in said["findings"]] == [("new.bin", "large-file", "error")]
    assert "1.0 MB" in said["findings"][0]["message"]


def test_a_link_to_nothing_is_broken_and_a_link_to_what_an_install_makes_only_maybe(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, target in {"broken": "nowhere", "loop": "loop", "good": "real", "later": "node_modules/x/y"}.items():
        (root / name).symlink_to(target)
    (root / "real").write_text("")
    (root / ".cursor").mkdir()
    (root / ".cursor/rule").symlink_to("gone")
    _, said = run(capsys, root, ["broken", "good", "later", "loop", ".cursor/rule"])
    assert {found["file"]: found["level"] for found in said["findings"]} == {
        "broken": "error", "later": "warning", "loop": "error", ".cursor/rule": "warning"}


def test_names_that_differ_by_case_alone_collide_once(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, said = run(capsys, root, lay_out(root, {"src/Main.rs": "", "src/main.rs": "", "Docs/a": "", "docs/b": "", "other": ""}))
    assert sorted(found["file"] for found in said["findings"]) == ["docs", "src/main.rs"]


def test_a_single_file_collides_with_the_rest_of_the_tree(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = root.parent / "known"
    known.write_bytes(b"README.md\0readme.md\0x/A\0x/a\0")
    _, said = run(capsys, root, lay_out(root, {"README.md": ""}), "--known", str(known))
    assert [found["file"] for found in said["findings"]] == ["README.md"]


def test_names_that_are_no_text_pass_through(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"caf\xe9.json")
    _, said = run(capsys, root, lay_out(root, {name: "{"}))
    assert said["findings"][0]["file"] == name


def test_nothing_to_look_at_is_said(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, root, [])[1]["checked"] == 0
    assert run(capsys, root, ["deleted.json"])[1] == {"schema": 1, "findings": [], "facts": {"gone": 1}, "checked": 0,
                                                      "message": "0 files, 0 documents parsed"}


def test_a_list_that_cannot_be_read_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert hygiene.main(["--files-from", "/nowhere/list"]) == 2
    assert "/nowhere/list: the list of files cannot be read" in json.loads(capsys.readouterr().out)["message"]


@pytest.mark.integration
def test_it_runs_as_a_program_of_its_own(root: Path) -> None:
    lay_out(root, {"a.json": "{"})
    done = subprocess.run([sys.executable, "-m", "gatekeeper.builtin.hygiene", "--root", str(root), "--files-from", "-"],
                          input=b"a.json\0", capture_output=True, cwd=REPOSITORY, check=False, timeout=60)
    assert done.returncode == 1
    assert json.loads(done.stdout)["findings"][0]["line"] == 1


@pytest.mark.parametrize(("name", "kind"), [("a/tsconfig.build.json", "jsonc"), ("a.JSON", "json"), ("Pipfile", "toml"), ("x.jsonl", None),
                                            ("Makefile", None), (".devcontainer/devcontainer.json", "jsonc"), ("json", None)])
def test_the_name_tells_the_format(name: str, kind: str | None) -> None:
    assert format_of(name) == kind


def test_broken_documents_among_test_data_are_shown_and_do_not_fail(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = run(capsys, root, lay_out(root, {"tests/fixtures/broken/pyproject.toml": "[a\n", "tests/fixtures/empty.xml": ""}))
    assert (code, [found["level"] for found in document["findings"]]) == (0, ["warning", "warning"])
