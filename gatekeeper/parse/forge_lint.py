"""`forge lint`: rustc-like diagnostics, as JSON lines on standard error (`--json`) or as text, `warning[RULE]: message` and `╭▸ FILE:LINE:COLUMN`.

Columns are 1-based characters, ends exclusive. Proposals come without a word on their safety: they are only to be read. A clean check
prints nothing as JSON. Contracts that do not compile are not linted: the compiler's errors are the findings. Recorded from forge 1.7.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_object, asked_text, load_lines, maybe_int, maybe_object, maybe_objects, maybe_text
from gatekeeper.parse.grade import NOWHERE, Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import nearest
from gatekeeper.parse.rust_fixes import fixes
from gatekeeper.parse.solc_text import diagnostics
from gatekeeper.parse.text import blocks, decode, error_line, lines_of, silent

_NOTHING = "nothing to lint"
_UNCOMPILED = "Compiler run failed"
_HEAD = re.compile(r"^(?P<level>error|warning|note|help)\[(?P<rule>[\w-]+)\]: (?P<message>.+)$")
_ARROW = re.compile(r"^\s*(?:-->|╭▸) (?P<path>.+?):(?P<line>\d{1,9}):(?P<column>\d{1,9})$")
_URL = re.compile(r"help: (https://\S+)$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of `forge lint --json`."""
    scribe, said = Scribe.of(raw, "forge", Category.LINT), decode(raw.stderr)
    text = said + "\n" + decode(raw.stdout)
    found = tuple(_finding(raw, scribe, asked_object(value, f"line {number}")) for number, value in load_lines(text))
    told = tuple(diagnostics(raw, said, scribe)) if _UNCOMPILED in said else ()
    idle = any(line == _NOTHING for line in lines_of(text))
    error = None if found or told or idle else error_line(raw)
    if error is None and not (found or told or idle) and not (silent(raw) and ended(raw, exits) is Ended.CLEAN):
        error = "nothing in the output says that anything was linted"
    return conclude(raw, exits, Account(findings=(*found, *told), error=error, nothing=_NOTHING if idle else None))


def _finding(raw: RawOutput, scribe: Scribe, entry: Json) -> Finding:
    span = next((span for span in maybe_objects(entry.get("spans")) if span.get("is_primary")), None)
    place = NOWHERE if span is None else Place(
        file=nearest(raw, maybe_text(span.get("file_name"))), line=maybe_int(span.get("line_start")), column=maybe_int(span.get("column_start")),
        end_line=maybe_int(span.get("line_end")), end_column=maybe_int(span.get("column_end")))
    links = (said for child in maybe_objects(entry.get("children")) if (said := maybe_text(child.get("message"))) and said.startswith("https://"))
    return scribe.finding(asked_text(entry, "message"), level_of(entry.get("level")), place, rule=maybe_text(maybe_object(entry.get("code")).get("code")),
                          extra=Extra(detail=maybe_text(entry.get("rendered")), url=next(links, None), fixes=fixes(raw, entry)))


def lints(raw: RawOutput, text: str, scribe: Scribe) -> Iterator[Finding]:
    """The lints of a text for people."""
    for lines in blocks(lines_of(text), _HEAD):
        head = _HEAD.match(lines[0])
        arrow = next((arrow for line in lines[1:4] if (arrow := _ARROW.match(line))), None)
        if head is None or arrow is None:
            continue
        block = "\n".join(lines[:next((at for at, line in enumerate(lines) if not line.strip()), len(lines))])
        link = _URL.search(block)
        yield scribe.finding(head["message"], level_of(head["level"]), Place(file=nearest(raw, arrow["path"]), line=int(arrow["line"]), column=int(arrow["column"])),
                             rule=head["rule"], category=Category.LINT, extra=Extra(detail=block, url=link[1] if link else None))
