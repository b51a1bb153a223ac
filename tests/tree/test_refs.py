"""Where refs stand, read from git's files: the same as git tells, however they are kept."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gatekeeper.execute.helper import run_helper as runner
from gatekeeper.tree.files import read_tree
from gatekeeper.tree.git import Git
from gatekeeper.tree.refs import read_refs
from gatekeeper.tree.snapshot import differences, take

ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
               "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}


def git(folder: Path, *words: str) -> str:
    ended = subprocess.run(("git", *words), cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    return ended.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "one"
    git(tmp_path, "init", "-q", "-b", "main", "one")
    (folder / "a.py").write_text("1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return folder


def told(folder: Path) -> dict[str, bytes]:
    """The refs as git tells them, but for the HEAD, whose branch we read."""
    lines = [line.split(" ", 1) for line in git(folder, "show-ref").splitlines()]
    return {name: value.encode() for value, name in lines}


def read(folder: Path) -> dict[str, bytes]:
    found = read_refs(str(folder))
    assert found is not None
    return {name: value for name, value in found.items() if name != "HEAD"}


def test_loose_and_packed_refs_and_stashes_are_read_as_git_tells_them(repository: Path) -> None:
    git(repository, "tag", "-a", "v1", "-m", "one")
    git(repository, "branch", "feature/deep/one")
    git(repository, "pack-refs", "--all")
    git(repository, "branch", "later")
    (repository / "a.py").write_text("2\n")
    git(repository, "commit", "-qam", "two")
    (repository / "a.py").write_text("3\n")
    git(repository, "stash")
    assert read(repository) == told(repository)
    assert set(read(repository)) == {"refs/heads/main", "refs/heads/feature/deep/one", "refs/heads/later", "refs/tags/v1", "refs/stash"}


def test_packing_refs_changes_none_of_them(repository: Path) -> None:
    git(repository, "branch", "other")
    tree, asking = read_tree(str(repository), runner, ENVIRONMENT), Git(runner, str(repository), ENVIRONMENT)
    before = take(tree, asking)
    git(repository, "pack-refs", "--all", "--prune")
    assert differences(before, take(tree, asking)) == ()
    git(repository, "update-ref", "-d", "refs/heads/other")
    assert differences(before, take(tree, asking)) == ("(refs)",)


def test_another_branch_at_the_same_commit_is_another_head(repository: Path) -> None:
    git(repository, "branch", "other")
    before = read_refs(str(repository))
    git(repository, "symbolic-ref", "HEAD", "refs/heads/other")
    assert read_refs(str(repository)) != before


def test_a_linked_work_tree_has_its_own_head_and_the_refs_of_all(repository: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "side", "../two")
    linked = repository.parent / "two"
    assert read(linked) == told(linked) == told(repository)
    found = read_refs(str(linked))
    assert found is not None
    assert found["HEAD"] == b"ref: refs/heads/side"
    git(linked, "update-ref", "refs/worktree/mine", "HEAD")
    assert "refs/worktree/mine" in read(linked)
    assert "refs/worktree/mine" not in read(repository)


def test_a_folder_inside_a_repository_has_its_refs(repository: Path) -> None:
    (repository / "deep" / "er").mkdir(parents=True)
    (repository / "deep" / ".git").mkdir()  # no repository, so git goes on upwards
    assert read(repository / "deep" / "er") == told(repository)


def test_before_the_first_commit_there_is_only_a_head(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", ".")
    assert read_refs(str(tmp_path)) == {"HEAD": b"ref: refs/heads/main"}


def test_what_only_git_can_tell_is_left_to_git(repository: Path, tmp_path: Path) -> None:
    assert read_refs(str(tmp_path / "one" / ".git" / "..")) is not None
    (repository / ".git" / "reftable").mkdir()
    assert read_refs(str(repository)) is None
    (repository / ".git" / "reftable").rmdir()
    os.mkfifo(repository / ".git" / "refs" / "heads" / "pipe")
    assert read_refs(str(repository)) is None
    assert read_refs("/") is None
