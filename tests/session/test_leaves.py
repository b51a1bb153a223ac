"""What tools are known to leave in the tree is removed after a run, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gatekeeper.plan.make import make
from gatekeeper.session.leaves import missing_leaves, remove_leaves
from tests.fakes.planning import inputs, rust_component

LOCK = "crates/core/Cargo.lock"


def tree_with(tmp_path: Path, *names: str) -> str:
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return str(tmp_path)


def leaves(root: str) -> tuple[str, ...]:
    plan = make(inputs(replace(rust_component(root="crates/core"), workspace_root=None)))
    return missing_leaves(root, plan.jobs)


def test_a_lock_file_that_cargo_made_is_removed(tmp_path: Path) -> None:
    root = tree_with(tmp_path, "crates/core/Cargo.toml")
    left = leaves(root)
    tree_with(tmp_path, LOCK)
    assert left == (LOCK,)
    assert remove_leaves(root, left, {LOCK})
    assert not (tmp_path / LOCK).exists()


def test_a_lock_file_that_was_there_before_stays(tmp_path: Path) -> None:
    assert leaves(tree_with(tmp_path, LOCK)) == ()


def test_a_lock_file_that_git_ignores_stays(tmp_path: Path) -> None:
    root = tree_with(tmp_path, LOCK)
    assert not remove_leaves(root, (LOCK,), ())
    assert (tmp_path / LOCK).exists()


def test_without_git_what_the_run_made_is_removed(tmp_path: Path) -> None:
    assert remove_leaves(tree_with(tmp_path, LOCK), (LOCK,), None)


def test_where_nothing_was_left_nothing_is_removed(tmp_path: Path) -> None:
    assert not remove_leaves(str(tmp_path), (LOCK,), None)
