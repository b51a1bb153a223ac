"""YAML as plain values with lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatekeeper.config.reading import read_document
from gatekeeper.errors import ConfigError


def test_keys_stay_as_they_are_written() -> None:
    document = read_document("x.yaml", b"on: new\n1: one\noff: yes\nday: 2026-01-02\n")
    assert document.value == {"on": "new", "1": "one", "off": True, "day": "2026-01-02"}


def test_every_key_and_item_knows_its_line() -> None:
    document = read_document("x.yaml", b"a: 1\ntools:\n  mypy:\n    blocking: no\nlist:\n  - one\n  - two\n")
    assert document.place("tools/mypy/blocking") == "x.yaml:4"
    assert document.place("list/1") == "x.yaml:7"
    assert document.place("tools/mypy/unknown/deeper") == "x.yaml:3"


def test_an_empty_file_says_nothing() -> None:
    assert read_document("x.yaml", b"").value == {}
    assert read_document("x.yaml", b"# only a comment\n").value == {}


@pytest.mark.parametrize(("data", "message"), [
    (b"a: [1\nb: 2\n", r"^x\.yaml:2: not valid YAML"),
    (b"a: 1\na: 2\n", r"^x\.yaml:2: `a` is given twice \(first in line 1\)"),
    (b"- a\n", r"^x\.yaml:1: expected keys and values, found a list"),
    (b"a: !!python/object/apply:os.system [x]\n", r"^x\.yaml:1: the tag .* is not supported"),
    (b"a: !!python/name:os.system x\n", r"^x\.yaml:1: the tag .* is not supported"),
    (b"a: {[1]: 2}\n", r"^x\.yaml:1: a key must be a plain word"),
    (b"b: &b {c: 1}\na:\n  <<: *b\n", r"^x\.yaml:3: merge keys"),
    (b"a: .nan\n", r"^x\.yaml:1: `\.nan` is no number"),
    (b"a: 1\n\xff\n", r"^x\.yaml:2: the file is not UTF-8"),
    ("a: 1".encode("utf-16"), r"^x\.yaml:1: the file is UTF-16"),
    (b"a: *nowhere\n", r"^x\.yaml:1: not valid YAML: found undefined alias"),
    (b"a: " + b"[" * 60 + b"]" * 60, r"^x\.yaml:1: too many values, or nested too deeply"),
    (b"a: " + b"[" * 5000, r"^x\.yaml:1: "),
    (b"a: 1\n---\nb: 2\n", r"^x\.yaml:2: not valid YAML"),
], ids=lambda value: repr(value)[:30])
def test_what_cannot_be_read_is_named_with_its_line(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_document("x.yaml", data)


def test_aliases_cannot_blow_a_small_file_up() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ConfigError, match="too many values"):
        read_document("x.yaml", "\n".join(lines).encode())


@given(st.one_of(st.binary(max_size=200), st.text(alphabet=":-[]{}&*!|>'\"%@` \n#ab1.", max_size=120).map(str.encode)))
@example(b"!!int x: 1")
@example(b"a: !!int x")
@example(b"? a\n? b")
@example(b"a: 0b_")
@example(b"a: 1_000:99")
def test_any_bytes_give_plain_values_or_a_config_error(data: bytes) -> None:
    assert _outcome(data)


def _outcome(data: bytes) -> str:
    try:
        return json.dumps(read_document("x.yaml", data).value, allow_nan=False)
    except ConfigError as error:
        return error.message if error.message.startswith("x.yaml:") and "\n" not in error.message else ""
