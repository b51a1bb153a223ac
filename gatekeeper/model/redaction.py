"""The one place that takes secrets out of what leaves the program: what looks like one, in which forms it may stand, and values without them.

Knows names of variables, shapes of tokens and keys, and encodings. Does not read the environment (it is given), and does not know where texts go;
what a consumer might obey is the matter of `model.sanitize`.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

from gatekeeper.model.occurring import occurring
from gatekeeper.model.sanitize import compiled
from gatekeeper.model.value import fields, is_dataclass, replace

T = TypeVar("T")

REDACTED = "***"

#: names of environment variables whose values are secret, and endings of names that hold a place and not the secret itself
_HIDDEN_BY_NAME = (r"(?i)TOKEN(?!IZ)|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|MNEMONIC|CONNECTION_?STRING|WEBHOOK"
                   r"|(^|_)(AUTH|PAT|PWD_HASH|PASS|JWT|DSN)($|_)|_PWD$|(DEPLOY|ENCRYPTION|SIGNING|SSH|GPG|MASTER|SESSION|STORAGE|ACCOUNT|SERVICE|LICENSE)_KEY$")
#: credentials inside values of any name: the password of an address, the token of a header
_INSIDE = r"""(?i)^[a-z][a-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@|\bauthorization:\s*(?:basic|bearer|token)\s+(\S+)"""
_PLACE_NAME = r"(?i)(FILE|PATH|DIR|SOCK|HOME|(?<!WEBHOOK_)URL|NAME|ID)$"
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
_END_MARK = "-----END"
_KEY_LINE = r"\s*[A-Za-z0-9+/=]{1,200}\s*"
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def is_hidden(name: str) -> bool:
    """Whether the value of a variable with this name is taken for a secret."""
    return compiled(_HIDDEN_BY_NAME).search(name) is not None and compiled(_PLACE_NAME).search(name) is None


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values to take out of every text: those of variables whose names look secret, and credentials inside others, plain and encoded,
    longest first."""
    plain = {value.strip() for name, value in environment.items() if is_hidden(name)}
    plain |= {part for value in environment.values() if len(value) < _LONGEST_VALUE for found in compiled(_INSIDE).findall(value) for part in found}
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
    if len(text) > _LONG:
        return _redact_long(text, secrets)
    for mark, shape in _SHAPES:
        if mark in text:
            text = compiled(shape).sub(_without_secret, text)
    if _END_MARK in text and "PRIVATE KEY" in text:
        text = _without_last_lines_of_keys(text)
    if len(text) < _SHORT:
        return _values_pattern(secrets).sub(REDACTED, text) if secrets else text
    for secret in secrets:  # for long texts much faster than one pattern of all
        text = text.replace(secret, REDACTED)
    return text


def _redact_long(text: str, secrets: tuple[str, ...]) -> str:
    """The same where looking for each mark and secret would take long: only for those that are there."""
    searched = {secret for secret in secrets if not _IN_SECRETS_ONLY.intersection(secret)}
    there = occurring({_END_MARK, *(mark for mark, _ in _SHAPES), *searched}, text)
    for mark, shape in _SHAPES:
        if mark in there:
            text = compiled(shape).sub(_without_secret, text)
    if _END_MARK in there and "PRIVATE KEY" in text:
        text = _without_last_lines_of_keys(text)
    for secret in secrets:
        if secret in there or secret not in searched:
            text = text.replace(secret, REDACTED)
    return text


def _without_last_lines_of_keys(text: str) -> str:
    """Takes out lines of a key whose beginning is not there, as in the last lines of an output."""
    kept: list[str] = []
    held: list[str] = []
    for line in text.split("\n"):
        if compiled(_KEY_END).search(line):
            kept.append(compiled(_KEY_END).sub(REDACTED, line))
            held = []
        elif compiled(_KEY_LINE).fullmatch(line):
            held.append(line)
        else:
            kept += [*held, line]
            held = []
    return "\n".join([*kept, *held])


#: file names, rules and messages come by the thousand and repeat
_OFTEN = 200
_SHORT = 2_000
_LONG = 200_000
#: with these a secret may come to be there by what was taken out: what stands for it, and lines that meet because one between them went
_IN_SECRETS_ONLY = frozenset(f"{REDACTED}\n")
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
