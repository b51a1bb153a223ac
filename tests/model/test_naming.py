"""File names for ids: readable, safe, and never the same for two ids."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.naming import safe_name

IDS = st.text(alphabet="aA./-% é\udc80@", max_size=5)


@pytest.mark.parametrize(("job_id", "name"), [
    ("B2/ruff.lint@api", "B2-ruff.lint@api"),
    ("D3/contracts-sync", "D3-contracts-sync"),
    ("A1", "A1"),
])
def test_an_ordinary_id_stays_readable(job_id: str, name: str) -> None:
    assert safe_name(job_id) == name


@pytest.mark.parametrize("job_id", ["", ".", "..", "../x", "a b", "x-y/z", "é\udcff", "a\0b", "x" * 300, "a/b/c"])
def test_anything_else_ends_in_a_digest(job_id: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_@+-][A-Za-z0-9._@+-]{0,130}-[0-9a-f]{10}|-[0-9a-f]{10}", safe_name(job_id))


@given(IDS, IDS)
def test_different_ids_have_different_names(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)


def test_a_long_id_is_cut_and_still_its_own() -> None:
    assert safe_name("x" * 300) != safe_name("x" * 301)
    assert len(safe_name("x" * 300)) < 140
