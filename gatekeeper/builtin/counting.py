"""Counts blank, comment and code lines of one file the way cloc does, so that the numbers can be compared.

A line with code and a comment is code. Strings are not recognised, as cloc does not by default: what looks like a comment
inside a string is one. In Python every triple-quoted string is a comment. Does not know files, nor languages by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from gatekeeper.builtin.languages import Style
from gatekeeper.model.value import dataclass

Lines = Sequence[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Numbers of lines; every line is exactly one of the three."""

    blank: int = 0
    comment: int = 0
    code: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(blank=self.blank + other.blank, comment=self.comment + other.comment, code=self.code + other.code)


def count(style: Style, data: bytes) -> Count:
    """The lines of a file whose comments are written in `style`."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    filled = [line for line in lines if line.strip()]
    left = sum(1 for _ in _COUNTERS[style](filled)) if filled else 0
    if filled and left < len(filled) and filled[0].startswith(b"#!") and style in _SCRIPTS:
        left += 1
    return Count(blank=len(lines) - len(filled), comment=len(filled) - left, code=left)


def _filled(lines: Iterable[bytes]) -> list[bytes]:
    return [line for line in lines if line.strip()]


def _without(pattern: bytes) -> Callable[[Lines], list[bytes]]:
    """Drops the lines in which the pattern is found."""
    found = re.compile(pattern, re.IGNORECASE).search
    return lambda lines: [line for line in lines if not found(line)]


def _cut(pattern: bytes) -> Callable[[Lines], list[bytes]]:
    """Cuts every match of the pattern, which may span lines, out of the text; what is then blank is gone."""
    replace = re.compile(pattern, re.DOTALL).sub
    return lambda lines: _filled(replace(b"", b"\n".join(lines) + b"\n").split(b"\n"))


def _chain(*steps: Callable[[Lines], Lines]) -> Callable[[Lines], Lines]:
    def apply(lines: Lines) -> Lines:
        for step in steps:
            lines = step(lines)
        return lines

    return apply


def _docstrings(lines: Lines) -> list[bytes]:
    """Triple quotes become the ends of block comments, in turn."""
    opened = False

    def turn(_match: re.Match[bytes]) -> bytes:
        nonlocal opened
        opened = not opened
        return b"/*" if opened else b"*/"

    return re.sub(rb"[uU]?(?:\"\"\"|''')", turn, b"\n".join(lines)).split(b"\n")


def _between(start: bytes, end: bytes, *, keep_code: bool = True) -> Callable[[Lines], list[bytes]]:
    """Drops what stands between two markers; `keep_code`: code before an opening marker counts although the comment goes on."""
    within = re.compile(re.escape(start) + b".*?" + re.escape(end))

    def apply(lines: Lines) -> list[bytes]:
        kept: list[bytes] = []
        inside = False
        for whole in lines:
            line = within.sub(b"", whole)
            if inside:
                if end not in line:
                    continue
                line = line.split(end, 1)[1]
                inside = False
            before, opening, _ = line.partition(start)
            inside = bool(opening)
            if before.strip() and (keep_code or not inside):
                kept.append(before)
        return kept

    return apply


def _directives(lines: Lines) -> Iterator[bytes]:
    """reStructuredText: a line that starts with two dots and all indented ones after it."""
    inside = False
    for line in lines:
        if inside and line[:1] in b" \t\r\f.":
            continue
        inside = line.startswith(b"..")
        if not inside:
            yield line


def _pods(first: bytes, last: bytes) -> Callable[[Lines], Iterator[bytes]]:
    """Drops the lines from one that starts with `first` to one that starts with `last`."""
    def apply(lines: Lines) -> Iterator[bytes]:
        inside = False
        for line in lines:
            if inside or line.startswith(first):
                inside = not line.startswith(last)
            else:
                yield line

    return apply


def _toggled(fence: bytes) -> Callable[[Lines], list[bytes]]:
    """Drops the lines between two lines that start with `fence`, and those lines."""
    def apply(lines: Lines) -> list[bytes]:
        kept: list[bytes] = []
        inside = False
        for line in lines:
            if line.startswith(fence):
                inside = not inside
            elif not inside:
                kept.append(line)
        return kept

    return apply


def _cells(lines: Lines) -> Iterator[bytes]:
    """Jupyter: the source lines of code cells."""
    in_code = in_source = False
    for line in map(bytes.strip, lines):
        if not in_code:
            in_code = line == b'"cell_type": "code",'
        elif not in_source:
            in_source = line == b'"source": ['
        elif line == b"]":
            in_code = in_source = False
        elif not re.match(rb'"\s*(?:\\n",$|#)', line):
            yield line


_HASH = _without(rb"^\s*#")
_C = _cut(rb"//[^\n]*|/\*.*?\*/")
_BLOCK = _cut(rb"/\*.*?\*/")
_HTML = _between(b"<!--", b"-->", keep_code=False)
_SCRIPTS = frozenset({Style.HASH, Style.PYTHON, Style.DOCSTRING, Style.RUBY, Style.PERL, Style.HASH_BLOCK})
_COUNTERS: dict[Style, Callable[[Lines], Iterable[bytes]]] = {
    Style.NONE: lambda lines: lines,
    Style.C: _C,
    Style.BLOCK: _BLOCK,
    Style.HASH: _HASH,
    Style.PYTHON: _chain(_without(rb"/\*|\*/"), _HASH, _docstrings, _BLOCK),
    Style.DOCSTRING: _chain(_HASH, _docstrings, _BLOCK),
    Style.HTML: _HTML,
    Style.VUE: _chain(_HTML, _C),
    Style.MARKDOWN: _chain(_between(b"<!--", b"-->"), _without(rb"^\s*\[(?:comment|//)\]\s*:\s*(?:<\s*>|#)\s*\(.*\)\s*$")),
    Style.RST: _directives,
    Style.SQL: _chain(_BLOCK, _without(rb"^\s*--")),
    Style.RUBY: lambda lines: _pods(b"=begin", b"=end")(_HASH(lines)),
    Style.PERL: lambda lines: _pods(b"=head1", b"=cut")(_HASH(lines)),
    Style.LUA: _chain(_between(b"--[[", b"]]"), _without(rb"^\s*--")),
    Style.HASKELL: _chain(_between(b"{-", b"-}"), _without(rb"^\s*--")),
    Style.POWERSHELL: _chain(_between(b"<#", b"#>"), _HASH),
    Style.SEMICOLON: _without(rb"^\s*;"),
    Style.PERCENT: _without(rb"^\s*%"),
    Style.SLASHES: _without(rb"^\s*//"),
    Style.BATCH: _without(rb"^\s*(?:rem\b|::)"),
    Style.PROPERTIES: _without(rb"^\s*[#!]"),
    Style.HASH_BLOCK: _chain(_BLOCK, _HASH),
    Style.HANDLEBARS: _chain(_between(b"{{!--", b"--}}"), _between(b"{{!", b"}}"), _HTML),
    Style.JINJA: _between(b"{#", b"#}"),
    Style.EJS: _chain(_between(b"<%#", b"%>"), _HTML),
    Style.NOTEBOOK: _cells,
    Style.DIFF: _without(rb"^(?:#|---|\+\+\+|\s)"),
    Style.ASCIIDOC: _chain(_toggled(b"////"), _without(rb"^\s*//")),
}
