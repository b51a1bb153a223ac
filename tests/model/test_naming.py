"""File names for ids: readable, safe, and never the same for two ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.naming import safe_name


@pytest.mark.parametrize(("job_id", "name"), [
    ("B2/ruff.lint@api", "B2%2Fruff.lint@api"),
    ("a b%", "a%20b%25"),
    ("..", "%2E%2E"),
    ("", "%"),
    ("é\udcff", "%C3%A9%FF"),
])
def test_what_is_no_letter_digit_or_mark_is_escaped(job_id: str, name: str) -> None:
    assert safe_name(job_id) == name


@given(st.text(alphabet="aA./% é\udc80", max_size=5), st.text(alphabet="aA./% é\udc80", max_size=5))
def test_different_ids_have_different_names(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)


def test_a_long_id_is_cut_and_still_its_own() -> None:
    one, other = safe_name("x" * 300), safe_name("x" * 301)
    assert one != other
    assert len(one) == len(other) == 200
