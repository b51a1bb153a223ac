"""What tools are known to leave in the tree is removed after a run, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gatekeeper.plan.make import make
from gatekeeper.session.leaves import Leaves, missing_leaves, remove_leaves
from tests.fakes.planning import inputs, rust_component
from tests.fakes.record import job

LOCK = "crates/core/Cargo.lock"


def tree_with(tmp_path: Path, *names: str) -> str:
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return str(tmp_path)


def leaves(root: str) -> Leaves:
    plan = make(inputs(replace(rust_component(root="crates/core"), workspace_root=None)))
    return missing_leaves(root, plan.jobs)


def test_a_lock_file_that_cargo_made_is_removed(tmp_path: Path) -> None:
    root = tree_with(tmp_path, "crates/core/Cargo.toml")
    left = leaves(root)
    tree_with(tmp_path, LOCK)
    assert remove_leaves(root, left, {LOCK})
    assert sorted(path.name for path in (tmp_path / "crates/core").iterdir()) == ["Cargo.toml"]


def test_what_stands_in_for_a_job_leaves_what_is_removed_too(tmp_path: Path) -> None:
    root = tree_with(tmp_path, "Cargo.toml")
    other = replace(job("cargo.check"), leaves=("Cargo.lock",))
    left = missing_leaves(root, (replace(job("clippy.lint"), fallback=other),))
    assert left.names("Cargo.lock")


def test_a_lock_file_that_was_there_before_stays(tmp_path: Path) -> None:
    root = tree_with(tmp_path, LOCK)
    assert not remove_leaves(root, leaves(root), {LOCK})
    assert (tmp_path / LOCK).exists()


def test_a_lock_file_that_git_ignores_stays(tmp_path: Path) -> None:
    left = leaves(str(tmp_path))
    assert not remove_leaves(tree_with(tmp_path, LOCK), left, ())
    assert (tmp_path / LOCK).exists()


def test_without_git_what_the_run_made_is_removed(tmp_path: Path) -> None:
    left = leaves(str(tmp_path))
    assert remove_leaves(tree_with(tmp_path, LOCK), left, None)


def test_where_nothing_was_left_nothing_is_removed(tmp_path: Path) -> None:
    assert not remove_leaves(str(tmp_path), leaves(str(tmp_path)), None)


def test_what_a_glob_names_is_told_from_what_was_there(tmp_path: Path) -> None:
    root = tree_with(tmp_path, "web/old.tsbuildinfo")
    left = Leaves(patterns=("web/*.tsbuildinfo",), there=frozenset({"web/old.tsbuildinfo"}))
    tree_with(tmp_path, "web/new.tsbuildinfo", "web/tsconfig.json")
    assert remove_leaves(root, left, None)
    assert sorted(path.name for path in (tmp_path / "web").iterdir()) == ["old.tsbuildinfo", "tsconfig.json"]


def test_what_will_go_is_told_from_what_was_there_and_from_files_in_other_folders() -> None:
    left = Leaves(patterns=("web/*.tsbuildinfo",), there=frozenset({"web/old.tsbuildinfo"}))
    assert [left.names(f"web/{name}") for name in ("new.tsbuildinfo", "old.tsbuildinfo", "deep/new.tsbuildinfo", "tsconfig.json")] == [True, False, False, False]
