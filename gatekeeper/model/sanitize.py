"""The one place that makes hostile text harmless: for terminals, XML, Markdown and JSON.

Tool output can hold terminal escapes, markup, and characters that a format forbids. Each function takes any text and gives text that its consumer
shows and does not obey; nothing is dropped silently, what cannot be shown is spelled out (`\\x1b`). Knows no report, no terminal, and no secret
(`model.redaction`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import cache

#: what a terminal may obey or hide: C0 but tab and newline, DEL, C1, separators, bidirectional overrides, no characters at all, invisible tags
_CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff\U000e0000-\U000e007f]"
#: what XML 1.0 forbids or discourages; parsers stop at the first of them
_NOT_XML = ("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
                      + "".join(chr(plane * 0x10000 + end) for plane in range(1, 17) for end in (0xFFFE, 0xFFFF)) + "]")
#: how lines begin that CI services obey, after blanks and colours, and the marks that they find anywhere
_CI_LINE = r"(?m)^((?:[^\S\n]|\x1b\[[0-9;]*m)*)::"
_CI_MARK = r"##(?=\[|vso\[|teamcity\[)"
_SURROGATE = "[\ud800-\udfff]"
_MARKDOWN = r"([\\`*_{}\[\]<>|#~@!&])"
#: what makes a list, a rule or a heading where it begins a line
_MARKDOWN_START = r"^(\d{0,9})([-+=.)])(?=\s|[-+=\s]*$)"
#: `www.host`, and `GH-1` for an issue
_MARKDOWN_AUTOLINK = r"(?i)\b(www|gh)([.-])"


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """An expression that is compiled when it is first needed: together they take milliseconds, which a short run never needs."""
    return re.compile(pattern)


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8, as os.fsdecode gives it
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unicode_text(text: str) -> str:
    """Text that can be encoded as UTF-8: lone surrogates are spelled out (`\\xff` for a byte that is none)."""
    return text if text.isascii() else compiled(_SURROGATE).sub(_spelled, text)


def terminal_text(text: str) -> str:
    """Text that moves no cursor and sets no colour: control characters are spelled out, newlines and tabs stay, CRLF becomes LF."""
    return text if text.isprintable() else compiled(_CONTROL).sub(_spelled, text.replace("\r\n", "\n"))


def ci_text(text: str) -> str:
    """Lines that no CI service takes for commands: `::error::` at the start of a line, `##[`, `##vso[` and `##teamcity[` anywhere.

    GitHub's runner skips blanks before `::` and finds `##[` in the middle of a line (actions/runner `ActionCommand.cs`); so do Azure's agents.
    """
    if "::" in text:
        text = compiled(_CI_LINE).sub(r"\1\\x3a:", text)
    return compiled(_CI_MARK).sub(r"#\\x23", text) if "##" in text else text


def one_line(text: str) -> str:
    """`terminal_text` on one line: newlines and tabs become one blank."""
    return text if text.isprintable() else terminal_text(" ".join(text.split()))


def xml_text(text: str) -> str:
    """Text of which every character is legal in XML 1.0; what is not is spelled out."""
    return text if text.isascii() and text.isprintable() else compiled(_NOT_XML).sub(_spelled, text.replace("\r\n", "\n"))


def markdown_text(text: str) -> str:
    """One line of Markdown that shows `text` literally, also inside a table cell and at the start of a line; mentions, autolinks and
    references to issues, which readers look for after the escapes are gone, are broken by a character without width."""
    escaped = compiled(_MARKDOWN).sub(r"\\\1", one_line(text).strip())
    escaped = compiled(_MARKDOWN_START).sub(r"\1\\\2", escaped)
    escaped = escaped.replace("://", ":\u200b//").replace("\\@", "@\u200b").replace("\\#", "\\#\u200b")
    return compiled(_MARKDOWN_AUTOLINK).sub("\\1\u200b\\2", escaped)


def markdown_code(text: str) -> str:
    """A code span that shows `text` literally, also inside a table cell."""
    line = one_line(text).replace("|", "\\|")
    if not line.strip():
        return ""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    padding = " " if "`" in line else ""
    return f"{ticks}{padding}{line}{padding}{ticks}"


def markdown_fence(text: str, language: str = "text") -> str:
    """A fenced block that `text` cannot close."""
    body = terminal_text(text).rstrip("\n")
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", body)), default=0))
    return f"{ticks}{language}\n{body}\n{ticks}"


def json_value(value: object) -> object:
    """A copy that every JSON reader takes: no lone surrogates, no NaN or infinity (None instead), string keys."""
    if isinstance(value, str):
        return unicode_text(str(value))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {unicode_text(str(key)): json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_value(item) for item in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    return value


def json_bytes(document: object, *, indent: int) -> bytes:
    """A document as JSON for readers (`json_value`) and for eyes: UTF-8 with a final newline, and nothing in it that a terminal or a CI log obeys."""
    text = json.dumps(json_value(document), indent=indent, ensure_ascii=False, allow_nan=False)
    return (_without_controls(text) + "\n").encode()


def json_line(document: object) -> str:
    """The same on one line: many times faster, because ordinary values need no copy."""
    try:
        text = _encoder()(document)
        text.encode()
    except (ValueError, TypeError):  # half a character, no number, no JSON at all: what `json_value` is for
        text = json.dumps(json_value(document), ensure_ascii=False, allow_nan=False)
    return _without_controls(text)


@cache
def _encoder() -> Callable[[object], str]:
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _without_controls(text: str) -> str:
    if not text.isprintable():
        text = compiled(_CONTROL).sub(lambda match: json.dumps(match.group())[1:-1], text)
    return json_inert(text)


def json_inert(text: str) -> str:
    """JSON text that means the same and holds no mark of a CI command; no line of it begins with `::` anyway."""
    return compiled(_CI_MARK).sub("#\\\\u0023", text) if "##" in text else text
