"""Hostile text becomes text that its consumer shows and does not obey."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model import sanitize
from tests.fakes.record import NASTY


@given(st.text() | st.sampled_from(NASTY))
def test_terminal_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = sanitize.terminal_text(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert "\n" not in sanitize.one_line(text)
    shown.encode("utf-8")


def test_whatever_moves_a_cursor_counts_as_not_printable() -> None:
    """The short way round `terminal_text` asks Python what is printable: every character that is spelled out must not be."""
    spelled = [chr(code) for code in range(0x110000) if sanitize.terminal_text(f"\n{chr(code)}") != f"\n{chr(code)}"]
    assert len(spelled) > 2_000
    assert [char for char in spelled if char.isprintable()] == []


@given(st.text() | st.sampled_from(NASTY))
def test_xml_text_is_always_legal_and_ascii_stays_as_it_is(text: str) -> None:
    legal = sanitize.xml_text(text)
    element = ET.Element("a", {"b": legal})
    element.text = legal
    ET.fromstring(ET.tostring(element, encoding="unicode").encode())
    if text.isascii() and text.isprintable():
        assert legal == text


@given(st.text() | st.sampled_from(NASTY))
def test_a_code_span_and_a_fence_cannot_be_closed_from_inside(text: str) -> None:
    span = sanitize.markdown_code(text)
    if span:
        ticks = re.match("`+", span)
        assert ticks
        assert not re.search(rf"(?<!`){ticks.group()}(?!`)", span[len(ticks.group()):-len(ticks.group())])
    block = sanitize.markdown_fence(text).split("\n")
    fence = block[-1]
    assert not any(line.startswith(fence) for line in block[1:-1])


@pytest.mark.parametrize(("text", "shown"), [
    ("\x1b[31mred", "\\x1b[31mred"), ("a\r\nb", "a\nb"), ("a\rb", "a\\x0db"), ("\udcff", "\\xff"), ("\u202e", "\\u202e"), ("tab\tkept", "tab\tkept"),
    ("emoji \U0001f600 ok", "emoji \U0001f600 ok"), ("[bold]x[/]", "[bold]x[/]"),
])
def test_control_characters_are_spelled_out_and_nothing_else(text: str, shown: str) -> None:
    assert sanitize.terminal_text(text) == shown


def test_markdown_text_escapes_what_tables_links_html_and_mentions_are_made_of() -> None:
    assert sanitize.markdown_text("a|b <b> [x](y) `c` *d*") == r"a\|b \<b\> \[x\](y) \`c\` \*d\*"
    assert "@everyone" not in sanitize.markdown_text("@everyone")
    assert "://" not in sanitize.markdown_text("https://evil.invalid")


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(st.characters()) , lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_values_can_always_be_written_strictly(value: object) -> None:
    import json

    json.dumps(sanitize.json_value(value), allow_nan=False, ensure_ascii=False).encode("utf-8")


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(NASTY), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_on_one_line_means_the_same_as_on_many(value: object) -> None:
    import json

    line = sanitize.json_line(value)
    assert sanitize.terminal_text(line) == line
    assert "\n" not in line
    assert json.loads(line.encode()) == json.loads(sanitize.json_bytes(value, indent=1))


def test_json_moves_no_cursor_and_means_the_same() -> None:
    document = {"text": "a\x9bb\u202ec\U000e0041d\x1b[2J é\n"}
    text = sanitize.json_bytes(document, indent=1).decode()
    assert json.loads(text) == document
    assert "é" in text
    assert [char for char in text if not char.isprintable()] == ["\n"] * 3
