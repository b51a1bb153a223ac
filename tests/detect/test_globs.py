"""The globs of workspace lists."""

from __future__ import annotations

import pytest

from gatekeeper.detect.globs import is_glob, matches
from gatekeeper.detect.index import Index, resolve


@pytest.mark.parametrize(("pattern", "path", "fits"), [
    ("packages/*", "packages/a", True),
    ("packages/*", "packages/a/b", False),
    ("packages/*", "packages", False),
    ("./packages/*/", "packages/a", True),
    ("packages/**", "packages/a/b/c", True),
    ("**/examples", "a/b/examples", True),
    ("**/examples", "examples", True),
    ("a/**/z", "a/z", True),
    ("a/**/z", "a/b/c/z", True),
    ("crates/{core,cli}", "crates/cli", True),
    ("crates/{core,cli}", "crates/web", False),
    ("crates/lib-?", "crates/lib-a", True),
    ("crates/[ab]*", "crates/beta", True),
    ("crates/[!ab]*", "crates/beta", False),
    ("packages/*", "packages/.hidden", False),
    ("packages/**", "packages/.git/x", False),
    ("a.b", "axb", False),
    ("[", "[", True),
])
def test_patterns_fit_as_workspaces_mean_them(pattern: str, path: str, fits: bool) -> None:
    assert matches(pattern, path) is fits


def test_a_plain_name_is_no_glob() -> None:
    assert not is_glob("packages/a")
    assert is_glob("packages/*")


@pytest.mark.parametrize(("folder", "relative", "found"), [
    (".", "./a/../b", "b"), ("x/y", "../z", "x/z"), ("x", "..", "."), (".", "..", None), ("x", "../../y", None), (".", "/abs", None), ("x", ".", "x"), (".", "~/x", None),
])
def test_paths_are_resolved_without_leaving_the_tree(folder: str, relative: str, found: str | None) -> None:
    assert resolve(folder, relative) == found


def test_a_folder_is_not_confused_with_one_that_begins_alike() -> None:
    index = Index(("a-b/x.py", "a/x.py", "a0/x.py", "ab/x.py"))
    assert list(index.below("a")) == ["a/x.py"]
    assert index.is_folder("a")
    assert not index.is_folder("a/x")
    assert not index.is_folder("b")
