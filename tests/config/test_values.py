"""Texts as values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.config.values import duration_text, nearest, one_of, seconds, switch, whole_number


@pytest.mark.parametrize(("text", "expected"), [("90", 90.0), ("90s", 90.0), ("5m", 300.0), ("1h", 3600.0), ("1h30m", 5400.0), ("0.5s", 0.5)])
def test_durations_are_read_with_and_without_units(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "m", "5 apples", "-3", "0", "0s", "nan", "inf", "1e9", "5m3", "999h", "٣s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        seconds(text)


@given(st.integers(min_value=1, max_value=31 * 86400))
def test_a_written_duration_reads_back(value: int) -> None:
    assert seconds(duration_text(float(value))) == value


@pytest.mark.parametrize("text", ["", "-1", "1.5", "four", "٤", "9999999999"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        whole_number(text)


def test_switches_know_both_words_in_any_case() -> None:
    assert [switch(text) for text in ("1", "Yes", "TRUE", "on")] == [True] * 4
    assert [switch(text) for text in ("0", "No", "false", "off")] == [False] * 4
    with pytest.raises(ValueError, match="neither"):
        switch("maybe")


def test_a_wrong_word_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean `strict`"):
        one_of("stict", ("auto", "strict"))
    assert nearest("quikc", ("default", "quick", "ci")) == "quick"
    assert nearest("zzz", ("default", "quick")) is None
