"""Which function or type a line lies in: what a finding keeps when its code is moved.

Approximate on purpose: indentation for Python, braces for the rest, no grammar. What matters is that the same text always gets the same
answer and that no text costs more than one pass. Does not know findings, files or tools.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass

#: beyond this a file is data or minified, and a function in it says nothing
_MOST_LINES = 60_000
_LONGEST_LINE = 5_000
_PYTHON = late(r"(?P<indent>[ \t]*)(?:async[ \t]+)?(?:def|class)[ \t]+(?P<name>\w+)")
_TOKENS = late(
    r"""//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)'|`(?:[^`\\]|\\.)*(?:`|\Z)"""
    r"""|\b(?:fn|function|class|impl|contract|interface|library|struct|enum|trait|mod|modifier|constructor)\b[ \t]*(?:<[^<>{}\n]*>[ \t]*)?(?P<name>[A-Za-z_$][\w$]*)?"""
    r"""|(?P<method>^[ \t]*(?:(?:public|private|protected|static|async|readonly|get|set|override)[ \t]+)*[A-Za-z_$][\w$]*[ \t]*\([^(){};\n]*\)[^(){};=\n]*(?=\{))"""
    r"""|(?P<arrow>\b(?:const|let|var)[ \t]+[A-Za-z_$][\w$]*)(?=[^;\n]*=>[ \t]*\{)"""
    r"""|[{};\n]""", re.VERBOSE | re.DOTALL | re.MULTILINE)
_BRACES = ("rs", "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "sol")
_NO_METHODS = frozenset({"if", "for", "while", "switch", "catch", "with", "return", "function", "else", "do", "match", "loop", "unchecked", "assembly"})
_WORD = late(r"[A-Za-z_$][\w$]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A function, type or module of the code: `name` is its own, `path` has those around it; lines are 1-based and inclusive."""

    name: str
    path: str
    first: int
    last: int


def symbols(suffix: str, lines: Sequence[str]) -> Mapping[int, Symbol]:
    """By line the innermost symbol that it lies in; lines outside of all are left out. `suffix` is that of the file name, without the dot."""
    if len(lines) > _MOST_LINES or suffix not in ("py", "pyi", *_BRACES) or any(len(line) > _LONGEST_LINE for line in lines):
        return {}
    found = _by_indentation(lines) if suffix in ("py", "pyi") else _by_braces("\n".join(lines))
    inside: dict[int, Symbol] = {}
    for symbol in sorted(found, key=lambda symbol: (symbol.first, -symbol.last)):  # inner ones come later and paint over
        inside.update(dict.fromkeys(range(symbol.first, symbol.last + 1), symbol))
    return inside


def _by_indentation(lines: Sequence[str]) -> list[Symbol]:
    found: list[Symbol] = []
    around: list[tuple[int, str, int]] = []
    last = 0
    for number, line in enumerate(lines, 1):
        body = line.lstrip(" \t")
        if not body or body.startswith(("#", ")", "]", "}")):
            continue
        indent = len(line) - len(body)
        while around and around[-1][0] >= indent:
            found.append(_closed(around, last))
        if match := _PYTHON.match(line):
            around.append((indent, match["name"], number))
        last = number
    while around:
        found.append(_closed(around, last))
    return found


def _closed(around: list[tuple[int, str, int]], last: int) -> Symbol:
    """Takes the innermost of those that are open; they end on line `last`."""
    path = ".".join(name for _, name, _ in around)
    _, name, first = around.pop()
    return Symbol(name=name, path=path, first=first, last=last)


def _by_braces(text: str) -> list[Symbol]:
    found: list[Symbol] = []
    around: list[tuple[int, str, int]] = []
    line, depth = 1, 0
    waiting: tuple[str, int] | None = None
    for match in _TOKENS.finditer(text):
        token = match[0]
        if (name := _named(match)) is not None:
            waiting = waiting or (name, line)  # `impl Trait for Type` and `fn f(g: fn())` name the outer one first
        elif token == "{":
            depth += 1
            if waiting is not None:
                around.append((depth, *waiting))
                waiting = None
        elif token == "}":
            if around and around[-1][0] == depth:
                found.append(_closed(around, line))
            depth = max(0, depth - 1)
        elif token == ";":
            waiting = None
        line += token.count("\n")
    while around:  # a brace that is missing, or one in a text that was taken for code
        found.append(_closed(around, line))
    return found


def _named(match: re.Match[str]) -> str | None:
    """The name of a token that begins a symbol, None for every other."""
    if match["method"]:
        name = _WORD.findall(match["method"].partition("(")[0])[-1]
        return None if name in _NO_METHODS else name
    if match["arrow"]:
        return match["arrow"].split()[-1]
    if match["name"]:
        return match["name"]
    return match[0] if match[0].startswith(("constructor", "function")) else None
