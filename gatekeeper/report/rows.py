"""Large documents as JSON that is quick to write and easy to search: a key a line, and an element a line where a value is a list. Knows no report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from gatekeeper.model.sanitize import json_bytes, json_line


def rows_bytes(document: Mapping[str, object]) -> bytes:
    """The document as UTF-8 JSON with a final newline. Lists may be iterators: their elements are made one by one and never held together."""
    return b"".join(_chunks(document)) + b"\n"


def _chunks(document: Mapping[str, object]) -> Iterator[bytes]:
    before = b"{\n "
    for key, value in document.items():
        yield before + json.dumps(key).encode() + b": "
        yield from _rows(value) if isinstance(value, (list, Iterator)) else (_nested(value),)
        before = b",\n "
    yield b"\n}" if document else b"{}"


def _nested(value: object) -> bytes:
    return json_bytes(value, indent=1).rstrip(b"\n").replace(b"\n", b"\n ")


def _rows(values: Iterable[object]) -> Iterator[bytes]:
    before = b"[\n  "
    for value in values:
        yield before + json_line(value).encode()
        before = b",\n  "
    yield b"[]" if before.startswith(b"[") else b"\n ]"
