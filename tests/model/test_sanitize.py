from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model import sanitize
from gatekeeper.model.status import Status
from tests.fakes.record import NASTY, finding, job, result

SECRET = "s3cr3t/with+odd&chars"


@given(st.text() | st.sampled_from(NASTY))
def test_terminal_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = sanitize.terminal_text(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert "\n" not in sanitize.one_line(text)
    shown.encode("utf-8")


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


@pytest.mark.parametrize("secret", [
    "ghp_" + "a1B2" * 9, "github_pat_" + "a1B2" * 6, "glpat-" + "a1B2" * 5, "AKIA" + "ABCDEFGH12345678", "xoxb-123456789012-abcdef", "sk-proj-" + "a1B2" * 6,
    "npm_" + "a1B2" * 9, "AIza" + "a1B2c" * 7, "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefghijklmnopqrstuvwxyz\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIEabcdefghijklmnopqrstuvwxyz0123456789\n",
])
def test_well_known_shapes_of_secrets_are_taken_out(secret: str) -> None:
    assert sanitize.redact(f"before {secret} after") in {"before *** after", "before ***\n after"}


@pytest.mark.parametrize(("text", "left"), [
    ("https://user:pw@host/x", "https://***@host/x"), ("https://abcdefghijklmnop1234@host/x", "https://***@host/x"),
    ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
])
def test_credentials_in_urls_and_headers_are_taken_out_and_the_rest_stays(text: str, left: str) -> None:
    assert sanitize.redact(text) == left


@pytest.mark.parametrize("text", [
    "ssh://git@github.com/a/b", "https://docs.example.org/a:b@c", "task-execution-engine-with-a-long-name-1", "risk-assessment2026-report-final",
    "see https://example.org and mail a@b.org", "ghp_short", "xoxo", "-----BEGIN CERTIFICATE-----",
])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert sanitize.redact(text) == text


def test_secret_values_come_from_names_that_look_secret_and_are_found_in_every_encoding() -> None:
    environment = {"MY_API_KEY": SECRET, "GITHUB_TOKEN": "true", "HOME": "/home/me/here", "PASSWORD_FILE": "/run/secrets/password", "SSH_AUTH_SOCK": "/tmp/ssh-12345"}
    secrets = sanitize.secret_values(environment)
    encoded = base64.b64encode(SECRET.encode()).decode()
    for form in (SECRET, quote(SECRET, safe=""), encoded):
        assert sanitize.redact(f"x {form} y", secrets) in {"x *** y", "x ***= y", "x ***== y"}
    text = "true /home/me/here /run/secrets/password /tmp/ssh-12345"
    assert sanitize.redact(text, secrets) == text


def test_a_model_value_is_redacted_through_and_through_and_otherwise_equal() -> None:
    secrets = (SECRET,)
    of = job(argv=("/bin/x", SECRET))
    clean = result(of, Status.FAILED, findings=[finding()])
    assert sanitize.redacted(clean, secrets) is clean
    dirty = sanitize.redacted(result(of, Status.FAILED, findings=[finding(f"a {SECRET}")], tail=SECRET), secrets)
    assert dirty.findings[0].message == "a ***"
    assert dirty.tail == "***"
    assert dirty.status is Status.FAILED
    assert sanitize.redacted(of, secrets).argv == ("/bin/x", "***")


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(st.characters()) , lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_values_can_always_be_written_strictly(value: object) -> None:
    import json

    json.dumps(sanitize.json_value(value), allow_nan=False, ensure_ascii=False).encode("utf-8")


def test_json_moves_no_cursor_and_means_the_same() -> None:
    document = {"text": "a\x9bb\u202ec\U000e0041d\x1b[2J é\n"}
    text = sanitize.json_bytes(document, indent=1).decode()
    assert json.loads(text) == document
    assert "é" in text
    assert [char for char in text if not char.isprintable()] == ["\n"] * 3
