"""rustc diagnostics as people read them: `error[E0308]: message`, then ` --> file:line:column`.

Only errors are taken; warnings belong to the commands that ask for JSON. Recorded from cargo 1.95.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Level, RawOutput
from gatekeeper.parse.grade import Extra, Place, Scribe
from gatekeeper.parse.place import nearest
from gatekeeper.parse.text import blocks, lines_of

_HEAD = re.compile(r"^error(?:\[(?P<code>\w+)\])?: (?P<message>.+)$")
_ARROW = re.compile(r"^\s*--> (?P<path>.+?):(?P<line>\d{1,9}):(?P<column>\d{1,9})$")
_FAR = 8


def errors(raw: RawOutput, text: str, scribe: Scribe) -> tuple[Finding, ...]:
    """Every error of the text that names a place in a Rust source."""
    found = []
    for lines in blocks(lines_of(text), _HEAD):
        head = _HEAD.match(lines[0])
        arrow = next((arrow for line in lines[1:_FAR] if (arrow := _ARROW.match(line))), None)
        if head and arrow and arrow["path"].endswith(".rs"):
            found.append(scribe.finding(head["message"], Level.ERROR, Place(file=nearest(raw, arrow["path"]), line=int(arrow["line"]), column=int(arrow["column"])),
                                        rule=head["code"], category=Category.BUILD, extra=Extra(detail=_block(lines))))
    return tuple(found)


def _block(lines: list[str]) -> str:
    """The diagnostic up to its blank line."""
    end = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    return "\n".join(lines[:end])
