"""What a new user runs into: wrong places for reports, help that must fit a terminal, a first look without anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes.space import Space


@pytest.fixture
def space(tmp_path: Path) -> Space:
    space = Space(tmp_path)
    space.write("data.json", "{}\n")
    space.init()
    return space


def run(space: Space, *options: str) -> tuple[int, str]:
    ended = space.run("run", ".", "--no-provision", "--only", "A1", *options)
    return ended.exit_code, ended.stderr


@pytest.mark.parametrize(("place", "words"), [
    ("", "a path is missing after `=`"), (".", "is a folder"), ("data.json/x.xml", "its folder cannot be made"), (os.devnull, "is no plain file")])
def test_a_report_that_cannot_be_written_is_refused_before_anything_runs(space: Space, place: str, words: str) -> None:
    code, said = run(space, "--report", f"junit={place}")
    assert code == 2
    assert f"gatekeeper: --report junit={place}: {words}" in said
    assert not (space.root / ".gatekeeper" / "runs").exists()
    assert os.stat(os.devnull)


def test_the_folder_of_a_report_is_made(space: Space) -> None:
    code, said = run(space, "--report", "junit=out/ci/junit.xml")
    assert (code, "cannot" in said) == (3, False)  # no component: nothing to decide, but reported
    assert (space.root / "out" / "ci" / "junit.xml").read_text().startswith("<?xml")


@pytest.mark.parametrize("words", [(), ("config",), ("backup",)])
def test_no_sentence_in_a_list_of_verbs_is_cut(space: Space, words: tuple[str, ...]) -> None:
    ended = space.run(*words, "--help", env={"COLUMNS": "80"})
    assert ended.exit_code == 0, ended
    assert "..." not in ended.stdout.replace("[ARGS]...", "")
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_a_run_over_some_files_backs_up_the_whole_tree_all_the_same(space: Space) -> None:
    space.write("other.json", "{}\n")
    ended = space.run("run", ".", "--no-provision", "--json", "--", "data.json")
    assert ended.exit_code == 0, ended
    restored = space.run("backup", "restore", "latest", "../restored")
    assert restored.stdout.endswith("2 files restored\n"), restored


def test_nothing_in_scope_is_told_without_a_table_of_noughts(space: Space) -> None:
    ended = space.run("run", ".", "--no-provision", "--staged")
    assert ended.exit_code == 0, ended
    assert ended.stdout.startswith("PASS  nothing to check\n")
    assert "completed" not in ended.stdout


@pytest.mark.tools
def test_a_name_that_is_no_text_is_linted_like_any_other_and_ruff_leaves_no_cache(tmp_path: Path) -> None:
    space = Space(tmp_path, machine=True)
    space.copy("python-bad-lint")
    (space.root / os.fsdecode(b"caf\xe9.py")).write_text("import os\n")
    space.init()
    ended = space.run("run", ".", "--only", "ruff.lint", "--json")
    assert ended.exit_code == 1, ended
    assert {finding["file"] for finding in ended.json()["findings"]} == {"caf\ufffd.py", "tally/render.py"}
    assert not (space.root / ".ruff_cache").exists()
