"""Which files a command is given, by their names."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.plan.reach import matcher

NAMES = st.text(alphabet="ab.*[?-\n", min_size=1, max_size=6)
GLOBS = st.lists(st.one_of(st.sampled_from(["*.py", "*", "*.a", "a*", "*[ab]", "?.b", "a.b", "*-*"]), NAMES), min_size=1, max_size=3)


@given(folder=st.sampled_from(["", "src/", "a.py/b/"]), name=NAMES, globs=GLOBS)
def test_a_glob_is_held_against_the_name_and_not_the_folder(folder: str, name: str, globs: list[str]) -> None:
    assert matcher(globs)(folder + name) is any(fnmatchcase(name, glob) for glob in globs)


@pytest.mark.parametrize(("path", "given_to"), [("src/a.py", True), ("src/.py", True), ("a.py/readme", False), ("src/a.pyc", False), ("Cargo.toml", True)])
def test_endings_and_whole_names_are_both_globs(path: str, *, given_to: bool) -> None:
    assert matcher(("*.py", "Cargo.toml"))(path) is given_to
