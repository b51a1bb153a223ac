"""Solidity diagnostics as people read them, in both generations:

0.6 and later: `Error (7407): message`, ` --> FILE:LINE:COLUMN:`, `LINE | source`, or ` --> FILE` alone; before: `FILE:LINE:COLUMN: TypeError: message`,
the source, `^---^`. Columns count bytes in either; the printed line turns them into characters. Recorded from solc 0.4.26, 0.5.17, 0.6.12
and 0.8.28, also through forge 1.7.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Level, RawOutput
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.place import nearest
from gatekeeper.parse.text import blocks, lines_of

#: the compiler's own troubles: not what the source says
BROKEN = frozenset({"JSONError", "IOError", "FatalError", "Exception", "InternalCompilerError", "UnimplementedFeatureError"})
_LEVELS = r"(?P<level>Error|Warning|Info|Exception|[A-Z]\w*Error)"
_HEAD = re.compile(rf"^(?:(?P<path>[^\s:][^:]*\.sol):(?P<place>\d{{1,9}}:\d{{1,9}}:)? )?{_LEVELS}(?: \((?P<rule>\d{{1,9}})\))?: (?P<message>.+)$")
_ARROW = re.compile(r"^[ \t]*--> (?P<path>.+?)(?::(?P<line>\d{1,9}):(?P<column>\d{1,9}):?)?$", re.MULTILINE)
_OLD = re.compile(r"^(?P<path>\S.*?\.sol):(?P<line>\d{1,9}):(?P<column>\d{1,9}): ", re.MULTILINE)
_MARKED = re.compile(r"^(?P<source>.*)\n[ \t]*\^(?:-*\^)?(?: \(Relevant[^\n]*)?$", re.MULTILINE)
_CUT = " ... "


def spot(text: str) -> tuple[int, int] | None:
    """(line, column in characters) of a formatted message, or None."""
    found = _OLD.match(text) or _ARROW.search(text) or _OLD.search(text)
    if found is None or found["line"] is None:
        return None
    line, column = int(found["line"]), int(found["column"])
    shown = _shown(text, line)
    if shown and not shown.isascii() and _CUT not in shown:
        column = len(shown.encode("utf-8", "replace")[:max(column - 1, 0)].decode("utf-8", "ignore")) + 1
    return line, column


def _shown(text: str, line: int) -> str | None:
    """The line of the source that the message repeats."""
    new, old = re.search(rf"^[ \t]*{line} \| ?(.*)$", text, re.MULTILINE), _MARKED.search(text)
    return new[1] if new else old["source"] if old else None


def diagnostics(raw: RawOutput, text: str, scribe: Scribe) -> Iterator[Finding]:
    """Every diagnostic of the text that names a file, without the compiler's own troubles."""
    for lines in blocks(lines_of(text), _HEAD):
        head, block = _HEAD.match(lines[0]), _block(lines)
        arrow = _ARROW.search(block)
        if head is None or head["level"] in BROKEN or not (arrow or head["place"] or (head["path"] and head["level"] in {"Warning", "Info"})):
            continue
        level, place = level_of("error" if head["level"].endswith("Error") else head["level"]), spot(block)
        path = head["path"] or (arrow["path"] if arrow else None)
        yield scribe.finding(head["message"], level, Place(file=nearest(raw, path), line=place[0] if place else None, column=place[1] if place else None),
                             rule=head["rule"], category=Category.BUILD if level is Level.ERROR else Category.LINT, extra=Extra(detail=block))


def _block(lines: list[str]) -> str:
    """The diagnostic up to its blank line."""
    end = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    return "\n".join(lines[:end]).rstrip()


def trouble(text: str) -> str | None:
    """The first of the compiler's own troubles, or None."""
    heads = (head for line in lines_of(text) if (head := _HEAD.match(line)))
    return next((head[0] for head in heads if head["level"] in BROKEN), None)
