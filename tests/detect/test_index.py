"""Names are found by the text of all of them, or by a look at each: the same names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.detect import index
from gatekeeper.detect.index import Index

_PART = st.sampled_from(["a", "b.py", ".husky", "x.txt", "y.in", "deep.py", "py", "in"])
_NAMES = st.lists(st.lists(_PART, min_size=1, max_size=4).map("/".join), unique=True).map(sorted)


@given(_NAMES, st.sampled_from([0, 2, 1_000]))
def test_names_are_found_by_ending_and_by_part(names: list[str], rare: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "_RARE", rare)
        found = Index(tuple(names))
        assert found.ending(".txt", ".in") == [name for name in names if name.endswith((".txt", ".in"))]
        assert found.ending("in", ".in", "/in") == [name for name in names if name.endswith("in")]
        assert found.holding(".husky/") == [name for name in names if ".husky/" in name]
        assert found.holding("p") == [name for name in names if "p" in name]


@given(_NAMES)
def test_folders_are_those_that_hold_files_themselves(names: list[str]) -> None:
    assert sorted(Index(tuple(names)).folders) == sorted({name.rpartition("/")[0] for name in names} - {""})
