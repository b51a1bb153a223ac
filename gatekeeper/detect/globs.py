"""The globs of workspace lists (`packages/*`, `crates/**`, `{a,b}`), matched against names of folders. Knows no disk."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_MAGIC = frozenset("*?[{")


def is_glob(pattern: str) -> bool:
    """Whether a pattern can match more than one name."""
    return not _MAGIC.isdisjoint(pattern)


@lru_cache(maxsize=2048)
def compiled(pattern: str) -> re.Pattern[str]:
    """A glob as a regular expression over whole relative paths; `*` stays in one part and matches no leading dot."""
    alternatives = (_translate(plain) for plain in _braces(normal(pattern)))
    try:
        return re.compile("|".join(f"(?:{expression})" for expression in alternatives))
    except re.error:
        return re.compile(re.escape(pattern))


def normal(pattern: str) -> str:
    """A pattern without `./` in front and `/` behind; `.` stays."""
    while pattern.startswith("./"):
        pattern = pattern[2:]
    return pattern.rstrip("/") or "."


def matches(pattern: str, path: str) -> bool:
    """Whether the whole of `path` fits."""
    return compiled(pattern).fullmatch(path) is not None


def matching(pattern: str, paths: Iterable[str]) -> list[str]:
    """The paths that fit, in order."""
    fits = compiled(pattern).fullmatch
    return [path for path in paths if fits(path)]


def _braces(pattern: str, depth: int = 0) -> list[str]:
    """`a/{b,c}` as `a/b` and `a/c`; unbalanced or very deep braces stay as they are."""
    found = re.search(r"\{([^{}]*,[^{}]*)\}", pattern)
    if not found or depth > 6:
        return [pattern]
    head, tail = pattern[:found.start()], pattern[found.end():]
    return [full for choice in found.group(1).split(",") for full in _braces(head + choice + tail, depth + 1)][:256]


def _translate(pattern: str) -> str:
    expressions: list[str] = []
    parts = pattern.split("/")
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if part == "**":
            expressions.append(r"(?:(?!\.)[^/]+(?:/(?!\.)[^/]+)*)" if last else r"(?:(?!\.)[^/]+/)*")
        else:
            expressions.append(_part(part) + ("" if last else "/"))
    return "".join(expressions)


def _part(part: str) -> str:
    dotless = r"(?!\.)" if part[:1] in {"*", "?", "["} else ""
    out = [dotless]
    position = 0
    while position < len(part):
        letter = part[position]
        closing = part.find("]", position + 2) if letter == "[" else -1
        if letter == "*":
            out.append("[^/]*")
            while part[position + 1:position + 2] == "*":
                position += 1
        elif letter == "?":
            out.append("[^/]")
        elif closing > 0:
            body = part[position + 1:closing].replace("\\", "\\\\")
            out.append("[" + ("^" + body[1:] if body[0] in "!^" else body) + "]")
            position = closing
        else:
            out.append(re.escape(letter))
        position += 1
    return "".join(out)
