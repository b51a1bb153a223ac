"""Whether the times of folders prove that no name came or went."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.tree.times import FolderTimes


def later() -> float:
    """A moment at which everything that was touched up to now has settled."""
    return time.time() + 10


def never(_name: str) -> bool:
    return False


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "src" / "a.py").write_text("a = 1\n")
    return tmp_path


def test_nothing_came_or_went(root: Path) -> None:
    times = FolderTimes(str(root), never, later)
    (root / "src" / "a.py").write_text("a = 2\n")  # what a file holds is not asked
    assert times.prove()


@pytest.mark.parametrize("change", [
    lambda root: (root / "src" / "deep" / "new.json").write_text("{}"),
    lambda root: (root / "empty" / "new.json").write_text("{}"),
    lambda root: (root / "src" / "a.py").unlink(),
    lambda root: (root / "src" / "a.py").rename(root / "src" / "b.py"),
    lambda root: (root / "more").mkdir(),
    lambda root: (root / "empty").rmdir(),
    lambda root: (root / "empty").rename(root / "other"),
    lambda root: (root / "src" / "link").symlink_to("a.py"),
], ids=["a file below", "a file in an empty folder", "a file less", "another name", "a folder", "a folder less", "a folder with another name", "a link"])
def test_what_came_or_went_is_seen(root: Path, change: Callable[[Path], object]) -> None:
    times = FolderTimes(str(root), never, later)
    change(root)
    assert not times.prove()


def test_who_sets_the_time_of_a_folder_back_is_seen(root: Path) -> None:
    before = os.stat(root / "src")
    times = FolderTimes(str(root), never, later)
    (root / "src" / "new.py").write_text("")
    os.utime(root / "src", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not times.prove()


def test_what_was_touched_just_before_proves_nothing(root: Path) -> None:
    assert not FolderTimes(str(root), never).prove()


def test_what_nobody_looks_into_may_change(root: Path) -> None:
    times = FolderTimes(str(root), lambda name: name == "deep", later)
    (root / "src" / "deep" / "new.json").write_text("{}")
    assert times.prove()


def test_too_many_folders_prove_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatekeeper.tree.times._MOST", 3)
    assert not FolderTimes(str(root), never, later).prove()
