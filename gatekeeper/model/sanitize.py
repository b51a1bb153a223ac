"""The one place that makes hostile text harmless: for terminals, XML, Markdown and JSON, and with secrets taken out.

Tool output can hold terminal escapes, markup, characters that a format forbids, and passwords. Each function takes any text and gives text that
its consumer shows and does not obey; nothing is dropped silently, what cannot be shown is spelled out (`\\x1b`). Knows no report, no
terminal and no environment: secrets come as a parameter.
"""

from __future__ import annotations

import binascii
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

T = TypeVar("T")

REDACTED = "***"

#: names of environment variables whose values are secret, and endings of names that hold a place and not the secret itself
_HIDDEN_BY_NAME = (r"(?i)TOKEN(?!IZ)|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|MNEMONIC|CONNECTION_?STRING"
                   r"|(^|_)(AUTH|PAT|PWD_HASH|PASS|JWT|DSN)($|_)|_PWD$|(DEPLOY|ENCRYPTION|SIGNING|SSH|GPG|MASTER|SESSION|STORAGE|ACCOUNT|SERVICE|LICENSE)_KEY$")
#: credentials inside values of any name: the password of an address, the token of a header
_INSIDE = r"""(?i)^[a-z][a-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@|\bauthorization:\s*(?:basic|bearer|token)\s+(\S+)"""
_PLACE_NAME = r"(?i)(FILE|PATH|DIR|SOCK|HOME|URL|NAME|ID)$"
_SHORTEST_SECRET = 8  # shorter values ("true", "1234") would blacken ordinary words
_LONGEST_VALUE = 10_000  # no address is longer
_SHORTEST_LINE = 16  # of a secret of several lines each line is one; shorter lines are brackets and the like

#: shapes of secrets: a mark that is in every text with such a secret, and the pattern, which begins with the mark, because looking for a fixed text is
#: ten times faster than looking for a pattern; group 1 is kept
_KEY_END = r"-----END [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----"
_SHAPES: tuple[tuple[str, str], ...] = (
    ("-----BEGIN", rf"()-----BEGIN [A-Z ]{{0,20}}PRIVATE KEY(?: BLOCK)?-----(?:[^-]{{0,20000}}{_KEY_END}|(?:(?:\s|\\[nr])*[A-Za-z0-9+/=]{{20,}})*)"),
    ("://", r"(://)(?<=[A-Za-z0-9+.-]://)(?:[^/\s:@'\"<>]{0,200}:[^/\s@'\"<>]{1,500}|[^/\s:@'\"<>]{16,500})(?=@)"),
    *((mark, rf"""({mark}["']?\s{{0,9}}[:=]\s{{0,9}}["']?(?i:bearer|basic|token)\s+)[^\s"']+""") for mark in ("uthorization", "UTHORIZATION")),
    *((mark, rf"""({mark}["']?\s{{0,9}}[:=]\s{{0,9}}["']?)(?=[^\s"';]{{0,200}}[0-9])[^\s"';]{{16,}}""") for mark in (
        "-api-key", "-Api-Key", "-API-Key", "-API-KEY", "rivate-token", "rivate-Token", "PRIVATE-TOKEN", "-auth-token", "-Auth-Token", "secret_access_key",
        "SECRET_ACCESS_KEY", "AccountKey", "SharedAccessKey", "_authToken")),
    *((f"gh{kind}_", rf"()gh{kind}_(?<!\w....)[A-Za-z0-9]{{20,}}") for kind in "pousr"),
    ("github_pat_", r"()github_pat_(?<!\w.{11})[A-Za-z0-9_]{20,}"),
    *((f"gl{kind}-", rf"()gl{kind}-(?<!\w.{{{len(kind) + 3}}})[A-Za-z0-9_.-]{{16,}}") for kind in ("pat", "dt", "rt", "cbt", "ptt", "ft", "soat", "agent")),
    *((kind, rf"(){kind}(?<!\w....)[0-9A-Z]{{16}}\b") for kind in ("AKIA", "ASIA")),
    ("xox", r"()xox(?<!\w...)[abeoprs]-[A-Za-z0-9-]{10,}"), ("xapp-", r"()xapp-(?<!\w.{5})[0-9]-[A-Za-z0-9-]{20,}"),
    ("sk-", r"()sk-(?<![A-Za-z0-9_-]...)(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}"),
    *((f"{kind}_", rf"(){kind}_(?<!\w.{{8}})[A-Za-z0-9]{{16,}}") for kind in ("sk_live", "sk_test", "rk_live", "rk_test")),
    ("whsec_", r"()whsec_(?<!\w.{6})[A-Za-z0-9+/]{20,}"), ("SG.", r"()SG\.(?<!\w...)[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("hf_", r"()hf_(?<!\w...)[A-Za-z0-9]{30,}"), ("dop_v1_", r"()dop_v1_[a-f0-9]{40,}"), ("dckr_pat_", r"()dckr_pat_[A-Za-z0-9_-]{20,}"),
    ("shpat_", r"()shpat_[a-fA-F0-9]{32}"), ("GOCSPX-", r"()GOCSPX-[A-Za-z0-9_-]{20,}"), ("ya29.", r"()ya29\.(?<!\w.{5})[A-Za-z0-9_-]{20,}"),
    ("npm_", r"()npm_(?<!\w....)[A-Za-z0-9]{36}"), ("pypi-AgEI", r"()pypi-AgEI[A-Za-z0-9_-]{20,}"), ("AIza", r"()AIza(?<!\w....)[0-9A-Za-z_-]{35}"),
    ("eyJ", r"()eyJ(?<!\w...)[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+"),
)
_KEY_LINE = r"\s*[A-Za-z0-9+/=]{1,200}\s*"

#: what a terminal may obey or hide: C0 but tab and newline, DEL, C1, separators, bidirectional overrides, no characters at all, invisible tags
_CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff\U000e0000-\U000e007f]"
#: what XML 1.0 forbids or discourages; parsers stop at the first of them
_NOT_XML = ("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
                      + "".join(chr(plane * 0x10000 + end) for plane in range(1, 17) for end in (0xFFFE, 0xFFFF)) + "]")
#: how lines begin that CI services obey, after blanks and colours, and the marks that they find anywhere
_CI_LINE = r"(?m)^((?:[^\S\n]|\x1b\[[0-9;]*m)*)::"
_CI_MARK = r"##(?=\[|vso\[|teamcity\[)"
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SURROGATE = "[\ud800-\udfff]"
_MARKDOWN = r"([\\`*_{}\[\]<>|#~@!&])"
#: what makes a list, a rule or a heading where it begins a line
_MARKDOWN_START = r"^(\d{0,9})([-+=.)])(?=\s|[-+=\s]*$)"
#: `www.host`, and `GH-1` for an issue
_MARKDOWN_AUTOLINK = r"(?i)\b(www|gh)([.-])"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)  # when it is first needed: together they take milliseconds, which a short run never needs


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8, as os.fsdecode gives it
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unicode_text(text: str) -> str:
    """Text that can be encoded as UTF-8: lone surrogates are spelled out (`\\xff` for a byte that is none)."""
    return text if text.isascii() else _compiled(_SURROGATE).sub(_spelled, text)


def terminal_text(text: str) -> str:
    """Text that moves no cursor and sets no colour: control characters are spelled out, newlines and tabs stay, CRLF becomes LF."""
    return text if text.isprintable() else _compiled(_CONTROL).sub(_spelled, text.replace("\r\n", "\n"))


def ci_text(text: str) -> str:
    """Lines that no CI service takes for commands: `::error::` at the start of a line, `##[`, `##vso[` and `##teamcity[` anywhere.

    GitHub's runner skips blanks before `::` and finds `##[` in the middle of a line (actions/runner `ActionCommand.cs`); so do Azure's agents.
    """
    if "::" in text:
        text = _compiled(_CI_LINE).sub(r"\1\\x3a:", text)
    return _compiled(_CI_MARK).sub(r"#\\x23", text) if "##" in text else text


def one_line(text: str) -> str:
    """`terminal_text` on one line: newlines and tabs become one blank."""
    return text if text.isprintable() else terminal_text(" ".join(text.split()))


def xml_text(text: str) -> str:
    """Text of which every character is legal in XML 1.0; what is not is spelled out."""
    return text if text.isascii() and text.isprintable() else _compiled(_NOT_XML).sub(_spelled, text.replace("\r\n", "\n"))


def markdown_text(text: str) -> str:
    """One line of Markdown that shows `text` literally, also inside a table cell and at the start of a line; mentions, autolinks and
    references to issues, which readers look for after the escapes are gone, are broken by a character without width."""
    escaped = _compiled(_MARKDOWN).sub(r"\\\1", one_line(text).strip())
    escaped = _compiled(_MARKDOWN_START).sub(r"\1\\\2", escaped)
    escaped = escaped.replace("://", ":\u200b//").replace("\\@", "@\u200b").replace("\\#", "\\#\u200b")
    return _compiled(_MARKDOWN_AUTOLINK).sub("\\1\u200b\\2", escaped)


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
        text = _compiled(_CONTROL).sub(lambda match: json.dumps(match.group())[1:-1], text)
    return json_inert(text)


def json_inert(text: str) -> str:
    """JSON text that means the same and holds no mark of a CI command; no line of it begins with `::` anyway."""
    return _compiled(_CI_MARK).sub("#\\\\u0023", text) if "##" in text else text


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values to take out of every text: those of variables whose names look secret, and credentials inside others, plain and encoded,
    longest first."""
    plain = {value.strip() for name, value in environment.items() if _compiled(_HIDDEN_BY_NAME).search(name) and not _compiled(_PLACE_NAME).search(name)}
    plain |= {part for value in environment.values() if len(value) < _LONGEST_VALUE for found in _compiled(_INSIDE).findall(value) for part in found}
    plain |= {line.strip() for value in plain if "\n" in value for line in value.splitlines() if len(line.strip()) >= _SHORTEST_LINE}
    return tuple(sorted({form for value in plain if len(value) >= _SHORTEST_SECRET for form in _forms(value)}, key=lambda form: (-len(form), form)))


def _forms(value: str) -> Iterable[str]:
    """The value as it may stand in a text: as it is, in an address, in JSON (also inside JSON), in XML, in base64 at any place, in hexadecimal digits."""
    raw = value.encode("utf-8", "surrogateescape")
    percent = "".join(chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}" for byte in raw)
    yield value
    yield from (percent, percent.replace("%2F", "/"), percent.replace("%20", "+"), re.sub("%..", lambda match: match.group().lower(), percent))
    for text in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield from (text, json.dumps(text)[1:-1])
    yield value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for encoded in _base64(raw):
        yield from (encoded, encoded.replace("+", "-").replace("/", "_"))
    yield from (raw.hex(), raw.hex().upper())


def _base64(raw: bytes) -> Iterable[str]:
    """What base64 makes of the bytes by themselves and, without the letters that their neighbours decide, at each of three places in longer bytes."""
    yield binascii.b2a_base64(raw, newline=False).decode().rstrip("=")
    for before in range(3):
        encoded = binascii.b2a_base64(bytes(before) + raw, newline=False).decode()
        yield encoded[(before * 8 + 5) // 6:(before + len(raw)) * 8 // 6]


@lru_cache(maxsize=8)
def _values_pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(secret) for secret in secrets))


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """`text` without the given secrets, credentials in URLs and well-known shapes of tokens and keys."""
    return _redact_often(text, secrets) if len(text) < _OFTEN else _redact(text, secrets)


def _redact(text: str, secrets: tuple[str, ...]) -> str:
    for mark, shape in _SHAPES:
        if mark in text:
            text = _compiled(shape).sub(_without_secret, text)
    if "-----END" in text and "PRIVATE KEY" in text:
        text = _without_last_lines_of_keys(text)
    if len(text) < _SHORT:
        return _values_pattern(secrets).sub(REDACTED, text) if secrets else text
    for secret in secrets:  # for long texts much faster than one pattern of all
        text = text.replace(secret, REDACTED)
    return text


def _without_last_lines_of_keys(text: str) -> str:
    """Takes out lines of a key whose beginning is not there, as in the last lines of an output."""
    kept: list[str] = []
    held: list[str] = []
    for line in text.split("\n"):
        if _compiled(_KEY_END).search(line):
            kept.append(_compiled(_KEY_END).sub(REDACTED, line))
            held = []
        elif _compiled(_KEY_LINE).fullmatch(line):
            held.append(line)
        else:
            kept += [*held, line]
            held = []
    return "\n".join([*kept, *held])


#: file names, rules and messages come by the thousand and repeat
_OFTEN = 200
_SHORT = 2_000
_redact_often = lru_cache(maxsize=20_000)(_redact)


def _without_secret(match: re.Match[str]) -> str:
    return f"{match[1]}{REDACTED}"


def redacted(value: T, secrets: tuple[str, ...] = ()) -> T:
    """`value` (a model value, a mapping, a tuple, a text) with `redact` applied to every text in it."""
    return cast("T", _walk(value, secrets))


def _walk(value: object, secrets: tuple[str, ...]) -> object:
    if isinstance(value, str):
        return value if isinstance(value, Enum) else redact(value, secrets)
    if isinstance(value, (list, tuple)):
        return type(value)([_walk(item, secrets) for item in value])
    if isinstance(value, Mapping):
        return {_walk(key, secrets): _walk(item, secrets) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return _walk_fields(value, secrets)
    return value


#: hashes, of which there are more than of all other texts
_NEVER_SECRET = frozenset({"fingerprints"})


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(entry.name for entry in fields(kind) if entry.name not in _NEVER_SECRET)


def _walk_fields(value: object, secrets: tuple[str, ...]) -> object:
    changed: dict[str, object] = {}
    for name in _field_names(cast("Any", type(value))):
        old = getattr(value, name)
        if old is None or isinstance(old, (int, float, Enum)):
            continue
        new = _walk(old, secrets)
        if new is not old and new != old:
            changed[name] = new
    return replace(value, **changed) if changed else value  # type: ignore[type-var]  # same
