"""Which lines changed since a commit, as git tells it, in repositories that try to hide it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gatekeeper.execute.helper import run_helper
from gatekeeper.tree.git import Git
from gatekeeper.tree.touched import last_commit_of, merge_base, read_hunks, renames, touched

IDENTITY = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "T"), ("EMAIL", "t@example.org"))}


class Repository:
    """A scratch repository with one commit that holds these files."""

    def __init__(self, root: Path, **files: str) -> None:
        self.root = root
        self.git("init", "-q", "-b", "main")
        for name, text in files.items():
            self.write(name.replace("_", "."), text)
        self.base = self.commit()

    def git(self, *words: str) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "GIT_CONFIG_NOSYSTEM": "1", **IDENTITY}
        return subprocess.run(("git", *words), cwd=self.root, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")

    @property
    def reader(self) -> Git:
        return Git(run_helper, str(self.root), {"PATH": os.environ["PATH"], "HOME": str(self.root)})


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path, a_py="1\n2\n3\n4\n5\n", b_py="".join(f"{number}\n" for number in range(30)))


def test_changed_and_added_lines_are_touched_and_the_others_are_not(repository: Repository) -> None:
    repository.write("a.py", "1\ntwo\n3\n4\n5\n6\n")
    lines = touched(repository.reader, repository.base)
    assert lines is not None
    assert [line for line in range(1, 8) if lines.touches("a.py", line)] == [2, 6]
    assert not lines.touches("b.py", 1)


def test_where_lines_were_taken_away_those_beside_the_gap_are_touched(repository: Repository) -> None:
    repository.write("a.py", "1\n2\n4\n5\n")
    lines = touched(repository.reader, repository.base)
    assert lines is not None
    assert [line for line in range(1, 5) if lines.touches("a.py", line)] == [2, 3]


def test_a_finding_over_several_lines_is_touched_by_any_of_them(repository: Repository) -> None:
    repository.write("a.py", "1\n2\n3\n4\nfive\n")
    lines = touched(repository.reader, repository.base)
    assert lines is not None
    assert lines.touches("a.py", 3, 5)
    assert not lines.touches("a.py", 3, 4)


def test_without_a_line_the_file_decides_and_without_a_file_nothing_is_spared(repository: Repository) -> None:
    repository.write("a.py", "x\n")
    lines = touched(repository.reader, repository.base)
    assert lines is not None
    assert (lines.touches("a.py", None), lines.touches("b.py", None), lines.touches(None, None)) == (True, False, True)


def test_a_new_file_is_touched_everywhere_whether_git_tracks_it_or_not(repository: Repository) -> None:
    repository.write("new.py", "1\n")
    repository.git("add", "new.py")
    repository.write("newer.py", "1\n")
    lines = touched(repository.reader, repository.base)
    assert lines is not None
    assert lines.touches("new.py", 1)
    assert lines.touches("newer.py", 1)


def test_a_renamed_file_is_touched_only_where_it_changed(repository: Repository) -> None:
    repository.git("mv", "b.py", "c.py")
    repository.write("c.py", "".join(f"{number if number != 9 else 'nine'}\n" for number in range(30)))
    lines = touched(repository.reader, repository.base)
    assert lines is not None
    assert [line for line in range(1, 31) if lines.touches("c.py", line)] == [10]
    assert renames(repository.reader, repository.base) == {"b.py": "c.py"}


def test_only_what_is_staged_is_touched_in_a_staged_run(repository: Repository) -> None:
    repository.write("a.py", "one\n2\n3\n4\n5\n")
    repository.git("add", "a.py")
    repository.write("a.py", "one\n2\n3\n4\nfive\n")
    lines = touched(repository.reader, "HEAD", staged=True)
    assert lines is not None
    assert [line for line in range(1, 6) if lines.touches("a.py", line)] == [1]


def test_neither_attributes_nor_configuration_hide_a_change(repository: Repository) -> None:
    repository.write(".gitattributes", "*.py binary -diff\n")
    for key, value in (("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("color.diff", "always"), ("diff.external", "false"),
                       ("diff.renames", "false"), ("diff.interHunkContext", "50"), ("core.quotePath", "true"), ("color.ui", "always")):
        repository.git("config", key, value)
    repository.write("a.py", "1\ntwo\n3\n4\n5\n")
    lines = touched(repository.reader, repository.base)
    assert lines is not None
    assert [line for line in range(1, 6) if lines.touches("a.py", line)] == [2]


@pytest.mark.parametrize("name", ["with space.py", 'quo"te.py', "tab\there.py", "new\nline.py", "ünï.py", "a/b/-dash.py", "b/x.py"])
def test_odd_names_are_read_as_they_are(repository: Repository, name: str) -> None:
    repository.write(name, "1\n2\n")
    base = repository.commit()
    repository.write(name, "1\n+++ b/other.py\n")
    lines = touched(repository.reader, base)
    assert lines is not None
    assert (lines.touches(name, 2), lines.touches(name, 1), lines.touches("other.py", 1)) == (True, False, False)


def test_lines_that_look_like_headers_are_lines() -> None:
    diff = b"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n--- a/x\n-y\n+++ b/other.py\n+@@ -1 +9 @@\n\\ No newline at end of file\n"
    assert {file: [hunk.lines for hunk in hunks] for file, hunks in read_hunks(diff).items()} == {"a.py": [(1, 2)]}


def test_a_base_that_is_not_there_is_told_apart_from_no_change(repository: Repository) -> None:
    assert touched(repository.reader, "0" * 40) is None
    assert merge_base(repository.reader, "nowhere") is None
    assert merge_base(repository.reader, "--help") is None


def test_the_last_commit_of_a_file_is_found(repository: Repository) -> None:
    repository.write("a.py", "other\n")
    second = repository.commit()
    repository.write("c.py", "")
    repository.commit()
    assert last_commit_of(repository.reader, "a.py") == second
    assert last_commit_of(repository.reader, "none.py") is None
