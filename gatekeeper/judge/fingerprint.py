"""Gives findings their fingerprints: names that stay when code around them changes, in four strengths, each with its version.

    exact/v1      tool, rule, file, the line's text, which of several equal ones (`hash:number`)
    shift/v1      tool, rule, file, the line and two lines on either side, without white space
    move/v1       tool, rule, name of the function around, the same lines as far as they belong to it
    semantic/v1   tool, rule, function with those around it, the line; on the first line of a file: its name and the message
    context/v1    no fingerprint but what decides between equal ones: hashes of symbol, message and the five lines

`primaryLocationLineHash` is GitHub's. Findings without a line are named by their message, formatters' by their file. The source
is asked for by name and never kept here. Does not know what was known before.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from gatekeeper.judge.line_hash import line_hashes
from gatekeeper.judge.symbols import Symbol, symbols
from gatekeeper.model.finding import Category, Finding
from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass, replace

EXACT, SHIFT, MOVE, SEMANTIC, CONTEXT = "exact/v1", "shift/v1", "move/v1", "semantic/v1", "context/v1"
GITHUB = "primaryLocationLineHash"
#: the bytes of a file by its path, or None
Read = Callable[[str], bytes | None]
_DIGITS = late(r"\d+")
#: shorter lines (`}`, `pass`) look alike everywhere
_SPEAKING = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A file as its findings need it; `dense` are its lines without white space. `cell` is 0 for anything but notebooks."""

    lines: Sequence[str]
    dense: Sequence[str]
    inside: Mapping[int, Symbol]
    content: str


def fingerprinted(findings: Sequence[Finding], read: Read) -> tuple[Finding, ...]:
    """The findings of one job with their fingerprints, in their order; each file is read once."""
    sources = _Sources(read)
    github = _github(findings, read)
    bases = [_base(finding, sources) for finding in findings]
    numbers = _numbers(findings, bases)
    return tuple(replace(finding, fingerprints=_all(finding, f"{base}:{number}", sources.of(finding), github))
                 for finding, base, number in zip(findings, bases, numbers, strict=True))


class _Sources:
    """Files that were read, indexed once each."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[tuple[str, int], _Source | None] = {}

    def of(self, finding: Finding) -> _Source | None:
        if finding.file is None:
            return None
        key = (finding.file, finding.cell or 0)
        if key not in self._known:
            self._known[key] = _source(self._read(finding.file), finding.file, key[1])
        return self._known[key]


def _source(content: bytes | None, path: str, cell: int) -> _Source | None:
    if content is None:
        return None
    text = content.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    whole = _hash("content", "".join(text.split()))
    if cell:
        text = _cell(text, cell)
    lines = text.split("\n")
    suffix = "py" if cell else path.rpartition(".")[2]
    return _Source(lines=lines, dense=["".join(line.split()) for line in lines], inside=symbols(suffix, lines), content=whole)


def _cell(text: str, number: int) -> str:
    """The source of one cell of a notebook (1-based), nothing where there is none."""
    try:
        source = json.loads(text)["cells"][number - 1]["source"]
        return source if isinstance(source, str) else "".join(source)
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def _github(findings: Iterable[Finding], read: Read) -> Mapping[tuple[str, int], str]:
    wanted: dict[str, set[int]] = {}
    for finding in findings:
        if finding.file is not None and finding.line is not None and finding.cell is None:
            wanted.setdefault(finding.file, set()).add(finding.line)
    contents = ((file, lines, read(file)) for file, lines in wanted.items())
    return {(file, line): value for file, lines, content in contents if content is not None for line, value in line_hashes(content, lines).items()}


def _line(finding: Finding, source: _Source | None) -> int | None:
    """The line that names a finding: none for those about whole files, and where it cannot be read."""
    if source is None or finding.line is None or finding.category is Category.FORMAT or not 1 <= finding.line <= len(source.lines):
        return None
    return finding.line


def _base(finding: Finding, sources: _Sources) -> str:
    source = sources.of(finding)
    line = _line(finding, source)
    if source is not None and line is not None:
        return _hash("exact", *_who(finding), finding.file or "", source.lines[line - 1].strip())
    if finding.category is Category.FORMAT and finding.file is not None:
        return _hash("format", *_who(finding), finding.file)
    return _hash("message", *_who(finding), finding.file or "", finding.message)


def _numbers(findings: Sequence[Finding], bases: Sequence[str]) -> list[int]:
    """Which of several equal ones each is, counted down the file: the order in which a tool tells them does not matter."""
    def place(index: int) -> tuple[int, int, int, str]:
        finding = findings[index]
        return finding.cell or 0, finding.line or 0, finding.column or 0, finding.message

    seen: Counter[str] = Counter()
    numbers = [0] * len(findings)
    for index in sorted(range(len(findings)), key=place):
        seen[bases[index]] += 1
        numbers[index] = seen[bases[index]]
    return numbers


def _all(finding: Finding, exact: str, source: _Source | None, github: Mapping[tuple[str, int], str]) -> tuple[tuple[str, str], ...]:
    line = _line(finding, source)
    found = {EXACT: exact, **(_of_line(finding, source, line) if source is not None and line is not None else _of_file(finding, source))}
    if finding.cell is None and (value := github.get((finding.file or "", finding.line or 0))) is not None:
        found[GITHUB] = value
    return tuple(sorted(found.items()))


def _of_line(finding: Finding, source: _Source, line: int) -> dict[str, str]:
    who, symbol = _who(finding), source.inside.get(line)
    around = _around(source.dense, line, 1, len(source.dense))
    text = source.dense[line - 1]
    found = {SHIFT: _hash("shift", *who, finding.file or "", *around),
             CONTEXT: _context(symbol.path if symbol else "", finding.message, around)}
    mine = _around(source.dense, line, symbol.first, symbol.last) if symbol else around
    if symbol or sum(map(bool, around)) > 2:  # a line alone, outside of everything, could be anywhere
        found[MOVE] = _hash("move", *who, symbol.name if symbol else "", *mine)
    if line == 1:  # what is wrong with a whole file is told there, whatever stands there
        found[SEMANTIC] = _hash("top", *who, finding.file or "", _DIGITS.sub("#", finding.message))
    elif symbol and len(text) >= _SPEAKING:
        found[SEMANTIC] = _hash("semantic", *who, symbol.path, text)
    return found


def _of_file(finding: Finding, source: _Source | None) -> dict[str, str]:
    formatting = finding.category is Category.FORMAT
    said = "" if formatting else _DIGITS.sub("#", finding.message)
    found = {SHIFT: _hash("shift", *_who(finding), finding.file or "", said), CONTEXT: _context("", finding.message, ("",) * 5)}
    if source is not None:  # moved as a whole, or not at all
        found[MOVE] = _hash("move", *_who(finding), said, source.content)
    return found


def _around(dense: Sequence[str], line: int, first: int, last: int) -> tuple[str, ...]:
    """The line between the two before and the two after it that are not empty, within the given lines; always five."""
    before = [text for text in dense[max(first - 1, line - 7):line - 1] if text][-2:]
    after = [text for text in dense[line:min(last, line + 6)] if text][:2]
    return (*[""] * (2 - len(before)), *before, dense[line - 1], *after, *[""] * (2 - len(after)))


def _context(symbol: str, message: str, around: Sequence[str]) -> str:
    return "-".join(_brief(part) if part else "" for part in (symbol, _DIGITS.sub("#", message), *around))


@lru_cache(maxsize=20_000)
def _brief(text: str) -> str:
    """Lines around findings are asked for again and again."""
    return _hash(text)[:8]


def _who(finding: Finding) -> tuple[str, str]:
    """Tool and rule; where a tool has no rules, the message stands for it."""
    return finding.tool, finding.rule if finding.rule is not None else "~" + _DIGITS.sub("#", finding.message)


def _hash(*parts: str) -> str:
    # the lengths first: no two lists of parts give the same text
    text = f"{','.join(map(str, map(len, parts)))};{''.join(parts)}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
