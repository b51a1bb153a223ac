"""Lines are counted as cloc counts them, once per content, and per component."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.builtin import lines
from gatekeeper.builtin.counting import Count, count
from gatekeeper.builtin.languages import Style, language_of, language_of_script, style_of
from gatekeeper.builtin.lines import by_root, owner

REPOSITORY = Path(__file__).parents[2]

#: what cloc 1.96 says of these texts (blank, comment, code)
AS_CLOC = [
    ("a.rs", "//! doc\n\nfn main() {\n    /* a\n\n       b */\n    let x = 1; // why\n}\n", (2, 3, 3)),
    ("a.py", '#!/usr/bin/env python\n"""Doc.\n\nMore."""\n# note\nx = """\ntext\n"""\nu"""one"""\n\ndef f() -> int:\n    return 1  # y\n', (2, 6, 4)),
    ("glob.py", "a = 'src/**/*.py'\nb = 1\n", (0, 1, 1)),
    ("a.js", "#!/usr/bin/env node\n// c\nconst a = 'http://x'\n/**\n * d\n */\nf() /* e */\n", (0, 4, 3)),
    ("a.tsx", "/* a */ const x = <p>// no</p>\n", (0, 0, 1)),
    ("A.sol", "// SPDX\npragma solidity ^0.8.0;\n\n/// @notice x\ncontract A {}\n", (1, 2, 2)),
    ("open.js", "x /* never closed\ny\n", (0, 0, 2)),
    ("a.json", '{\n\n  "a": 1\n}\n', (1, 0, 3)),
    ("a.yml", "# c\na: 1 # d\n\n", (1, 1, 1)),
    ("a.toml", "# c\n[a]\nb = '#'\n", (0, 1, 2)),
    ("a.md", "# T\n\n<!-- a\nb -->\ntext <!-- c\nd --> rest\n[//]: # (hidden)\n", (1, 3, 3)),
    ("a.html", "<p>\n<!-- a\nb -->\n</p>\n", (0, 2, 2)),
    ("a.css", "/* a */\nb { c: url(//x) }\n// no comment\n", (0, 1, 2)),
    ("a.sh", "#!/bin/sh\n# c\necho # d\n", (0, 1, 2)),
    ("a.c", "#include <x>\nint a; /* b\n c */ int d;\n", (0, 1, 2)),
    ("a.go", "package a // b\n/* c */\n", (0, 1, 1)),
    ("A.java", "/** d */\nclass A {}\n", (0, 1, 1)),
    ("a.sql", "-- a\nselect 1; -- b\n/* c\n*/\n", (0, 3, 1)),
    ("a.rst", "T\n=\n\n.. note::\n   inside\n\nafter\n", (2, 2, 3)),
    ("Makefile", "# c\nall:\n\techo\n", (0, 1, 2)),
    ("a.ini", "; c\n[a]\n# d\n", (0, 1, 2)),
    ("a.rb", "# c\n=begin\nx\n=end\nputs 1\n", (0, 4, 1)),
    ("a.txt", "one\n\ntwo", (1, 0, 2)),
    ("crlf.py", "a = 1\r\n\r\n# c\r\n", (1, 1, 1)),
    ("a.adoc", "= T\n// c\n////\nblock\n////\ntext\n", (0, 4, 2)),
    ("a.diff", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n same\n", (0, 3, 3)),
    ("a.hbs", "{{!-- a\nb --}}\n<p>{{x}}</p>\n{{! c }}\n", (0, 3, 1)),
    ("a.lua", "-- a\n--[[ b\nc ]]\nprint(1)\n", (0, 3, 1)),
    ("a.j2", "{# a #}\n{{ b }}\n", (0, 1, 1)),
    ("a.graphql", '"""\ndoc\n"""\ntype A { b: C } # d\n', (0, 3, 1)),
]


@pytest.mark.parametrize(("name", "text", "expected"), AS_CLOC, ids=[name for name, _, _ in AS_CLOC])
def test_lines_are_counted_as_cloc_counts_them(name: str, text: str, expected: tuple[int, int, int]) -> None:
    language = language_of(name)
    assert language is not None
    counted = count(style_of(language), text.encode())
    assert (counted.blank, counted.comment, counted.code) == expected


@pytest.mark.tools
@pytest.mark.skipif(shutil.which("cloc") is None, reason="cloc is not installed")
def test_cloc_itself_says_the_same_of_these_texts(tmp_path: Path) -> None:
    for name, text, _ in AS_CLOC:
        (tmp_path / name).write_bytes(text.encode())
    done = subprocess.run(["cloc", "--json", "--quiet", "--by-file", "--timeout", "60", "."], cwd=tmp_path, capture_output=True, check=True, timeout=100)
    said = {name.removeprefix("./"): (item["blank"], item["comment"], item["code"]) for name, item in json.loads(done.stdout).items() if name.startswith("./")}
    assert {name: said[name] for name, _, _ in AS_CLOC if name in said} == {name: expected for name, _, expected in AS_CLOC if name in said}
    assert len(said) >= len(AS_CLOC) - 2


@pytest.mark.tools
@pytest.mark.skipif(shutil.which("cloc") is None, reason="cloc is not installed")
def test_on_our_own_sources_the_sums_are_within_one_percent_of_cloc(capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(["cloc", "--json", "--quiet", "--timeout", "60", "gatekeeper"], cwd=REPOSITORY, capture_output=True, check=True, timeout=100)
    theirs = json.loads(done.stdout)["Python"]
    files = [str(path.relative_to(REPOSITORY)) for path in sorted(REPOSITORY.glob("gatekeeper/**/*.py"))]
    ours = run(capsys, REPOSITORY, *files)["facts"]["languages"]["Python"]
    for key in ("code", "comment", "blank"):
        assert abs(ours[key] - theirs[key]) <= 0.01 * theirs[key]


@given(st.sampled_from(Style), st.binary(max_size=200) | st.text(alphabet="\n \"'#/*<!->-{}=.x", max_size=60).map(str.encode))
def test_every_line_of_any_bytes_is_counted_exactly_once(style: Style, data: bytes) -> None:
    counted = count(style, data)
    total = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    assert counted.blank + counted.comment + counted.code == total
    assert min(counted.blank, counted.comment, counted.code) >= 0


def run(capsys: pytest.CaptureFixture[str], root: Path, *arguments: str) -> Any:
    assert lines.main(["--root", str(root), *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_languages_come_from_names_and_first_lines() -> None:
    assert [language_of(name) for name in ("x/Dockerfile", "a.MJS", ".gitignore", "a.d.ts", "LICENSE", "x.unknown", ".py")] == [
        "Dockerfile", "JavaScript", None, "TypeScript", None, None, None]
    assert language_of_script(b"#!/usr/bin/env -S python3 -u\n") == "Python"
    assert language_of_script(b"#! /bin/bash\n") == "Bourne Again Shell"
    assert language_of_script(b"MIT License") is None


def test_same_content_counts_once_and_what_was_left_out_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, data in {"a.py": b"x = 1\n", "b.py": b"x = 1\n", "c.bin": b"1", "d.py": b"\0", "e.py": b"", "tool": b"#!/bin/sh\nls\n"}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "l.py").symlink_to("a.py")
    said = run(capsys, tmp_path, "a.py", "b.py", "c.bin", "d.py", "e.py", "tool", "l.py", "gone.py")
    assert said["facts"]["left_out"] == {"duplicate": 1, "unknown": 1, "binary": 1, "empty": 1, "links": 1, "unreadable": 1}
    assert said["facts"]["total"] == {"files": 2, "blank": 0, "comment": 0, "code": 3}
    assert said["checked"] == 2
    assert said["message"] == "3 lines of code in 2 files, 2 languages"


def test_files_belong_to_the_deepest_component_and_then_to_the_one_of_their_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    components = [{"id": "root-rs", "root": ".", "language": "rust"}, {"id": "root-py", "root": ".", "language": "python"},
                  {"id": "web", "root": "packages/web", "language": "typescript"}]
    (tmp_path / "components.json").write_text(json.dumps({"components": components}))
    for name in ("lib.rs", "x.py", "README.md", "packages/web/a.ts", "packages/webby/b.ts"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{name}\n")
    said = run(capsys, tmp_path, "--components", str(tmp_path / "components.json"), "lib.rs", "x.py", "README.md", "packages/web/a.ts", "packages/webby/b.ts")
    assert {name: sorted(languages) for name, languages in said["facts"]["components"].items()} == {
        "root-rs": ["Markdown", "Rust", "TypeScript"], "root-py": ["Python"], "web": ["TypeScript"]}


def test_a_listing_by_file_is_there_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("# c\nx = 1\n")
    assert run(capsys, tmp_path, "--by-file", "a.py")["facts"]["files"] == {"a.py": {"language": "Python", "blank": 0, "comment": 1, "code": 1}}


@pytest.mark.parametrize("text", ["{", '{"components": 1}', '[{"id": "x"}]'])
def test_a_list_of_components_that_makes_no_sense_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    assert lines.main(["--components", str(tmp_path / "c.json")]) == 2
    assert "c.json: " in json.loads(capsys.readouterr().out)["message"]


def test_counts_add_up() -> None:
    assert Count(blank=1, comment=2, code=3) + Count(code=1) == Count(blank=1, comment=2, code=4)


@pytest.mark.parametrize(("path", "language", "expected"), [
    ("a.py", "Python", "root"), ("api/a.py", "Python", "api"), ("api/deep/a.py", "Python", "api"), ("apix/a.py", "Python", "root"),
    ("api/inner/a.py", "Python", "inner"), ("api/inner/a.rs", "Rust", "core"), ("api/inner/a.md", "Markdown", "inner"),
])
def test_a_file_belongs_to_the_innermost_component_of_its_language(path: str, language: str, expected: str) -> None:
    components = [{"id": "root", "root": ".", "language": "python"}, {"id": "api", "root": "api/", "language": "python"},
                  {"id": "inner", "root": "api/inner", "language": "python"}, {"id": "core", "root": "api/inner", "language": "rust"}]
    assert owner(path, language, by_root(components)) == expected
    assert owner(path, language, by_root([])) == ""
