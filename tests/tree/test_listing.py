"""A large tree is listed by two questions, which tell the same as one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatekeeper.errors import TreeError
from gatekeeper.execute.helper import run_helper
from gatekeeper.tree.git import Git
from gatekeeper.tree.listing import ask_listing, questions, require_listing

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


def git(root: Path, *words: str) -> None:
    done = run_helper(("git", "-c", "protocol.file.allow=always", *words), cwd=str(root), env=ENVIRONMENT)
    assert done.ok or words[0] == "merge", done.stderr


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with a file in each state that git knows."""
    root = tmp_path / "tree"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    for name in ("kept", "changed", "deleted", "assumed", "assumed-deleted", "skipped", "skipped-there", "both", "ä\nb", "-x"):
        (root / name).write_text(name)
    (root / "program").write_text("#!/bin/sh\n")
    (root / "program").chmod(0o755)
    (root / "link").symlink_to("kept")
    (root / ".gitignore").write_text("ignored\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    git(root, "checkout", "-qb", "other")
    (root / "both").write_text("other")
    git(root, "commit", "-qam", "two")
    git(root, "checkout", "-q", "main")
    (root / "both").write_text("main")
    git(root, "commit", "-qam", "three")
    git(root, "submodule", "--quiet", "add", str(root / ".git"), "module")
    git(root, "commit", "-qm", "four")
    git(root, "merge", "other")  # in conflict
    git(root, "update-index", "--assume-unchanged", "assumed", "assumed-deleted")
    git(root, "update-index", "--skip-worktree", "skipped", "skipped-there")
    for name in ("deleted", "assumed-deleted", "skipped"):
        (root / name).unlink()
    for name in ("changed", "assumed", "new", "ignored", "module/kept"):
        (root / name).write_text("something else")
    return root


@pytest.mark.parametrize("compared", [False, True])
def test_two_questions_tell_what_one_tells(root: Path, monkeypatch: pytest.MonkeyPatch, *, compared: bool) -> None:
    asked = Git(run_helper, str(root), ENVIRONMENT)
    assert len(questions(str(root), compared=compared)) == 1
    one = require_listing(asked, compared=compared)
    assert {"deleted", "skipped"} <= one.absent
    assert one.modified is None or {"changed", "deleted", "both", "module"} <= one.modified
    monkeypatch.setattr("gatekeeper.tree.listing._LARGE", 0)
    assert len(questions(str(root), compared=compared)) == 2
    assert ask_listing(asked, compared=compared) == require_listing(asked, compared=compared) == one


def test_a_broken_index_has_no_listing_however_it_is_asked_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatekeeper.tree.listing._LARGE", 0)
    os.truncate(root / ".git" / "index", 20)
    asked = Git(run_helper, str(root), ENVIRONMENT)
    assert ask_listing(asked) is None
    with pytest.raises(TreeError):
        require_listing(asked)
