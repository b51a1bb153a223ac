"""Solidity diagnostics as people read them: `Error (7407): message`, ` --> FILE:LINE:COLUMN:`, and the line itself.

Columns count bytes here; the printed line turns them into characters. Recorded from solc 0.8.28 through forge 1.7.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, RawOutput
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.place import nearest
from gatekeeper.parse.text import blocks, lines_of

_HEAD = re.compile(r"^(?P<level>Error|Warning|Info|(?:\w*Error))(?: \((?P<rule>\d{1,9})\))?: (?P<message>.+)$")
_ARROW = re.compile(r"^[ \t]*--> (?P<path>.+?):(?P<line>\d{1,9}):(?P<column>\d{1,9}):?$", re.MULTILINE)
_OLD = re.compile(r"^(?P<path>\S.*?\.sol):(?P<line>\d{1,9}):(?P<column>\d{1,9}): ", re.MULTILINE)


def spot(text: str) -> tuple[int, int] | None:
    """(line, column in characters) of a formatted message, or None."""
    found = _ARROW.search(text) or _OLD.search(text)
    if found is None:
        return None
    line, column = int(found["line"]), int(found["column"])
    shown = re.search(rf"^[ \t]*{line} \| ?(.*)$", text, re.MULTILINE)
    if shown and not shown[1].isascii():
        column = len(shown[1].encode("utf-8", "replace")[:max(column - 1, 0)].decode("utf-8", "ignore")) + 1
    return line, column


def diagnostics(raw: RawOutput, text: str, scribe: Scribe) -> Iterator[Finding]:
    """Every diagnostic of the text that names a place."""
    for lines in blocks(lines_of(text), _HEAD):
        block = "\n".join(lines).rstrip()
        head, arrow, place = _HEAD.match(lines[0]), _ARROW.search(block), spot(block)
        if head and arrow and place:
            word = "error" if head["level"].endswith("Error") else head["level"]
            yield scribe.finding(head["message"], level_of(word), Place(file=nearest(raw, arrow["path"]), line=place[0], column=place[1]),
                                 rule=head["rule"], category=Category.BUILD, extra=Extra(detail=block))
