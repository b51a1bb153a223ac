"""The scalars of the YAML block below a TAP point, as much of YAML as runners write there.

Knows keys of the outermost level, plain and quoted values, and blocks (`|`, `>`); does not read nested values, and is no YAML parser.
"""

from __future__ import annotations

import re
import textwrap

_KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z_][\w-]*):(?: (?P<value>.*))?$")
_BLOCK = re.compile(r"^(?P<kind>[|>])[-+0-9]*$")


def fields(lines: list[str]) -> dict[str, str]:
    """By key the values of the outermost level; a key that comes twice keeps its first value."""
    found: dict[str, str] = {}
    inside = [line for line in lines if line.strip() not in {"---", "..."}]
    first = next((match for line in inside if (match := _KEY.match(line))), None)
    if first is None or not any(line.strip() == "---" for line in lines):
        return found
    level = len(first["indent"])
    for at, line in enumerate(inside):
        match = _KEY.match(line)
        if match and len(match["indent"]) == level:
            found.setdefault(match["key"], _value(match["value"] or "", inside, at, level))
    return found


def _value(text: str, lines: list[str], at: int, level: int) -> str:
    block = _BLOCK.match(text.strip())
    if block is None:
        return _unquoted(text.strip())
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip(" ")) > level):
        end += 1
    body = textwrap.dedent("\n".join(lines[at + 1:end])).strip("\n")
    return " ".join(body.split("\n")) if block["kind"] == ">" else body


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text[1:-1].replace('\\"', '"') if len(text) > 1 and text[0] == text[-1] == '"' else "" if text == "~" else text
