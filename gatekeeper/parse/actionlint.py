"""`actionlint`: `FILE:LINE:COLUMN: message [kind]` with the source below, or `-oneline`.

Columns are 1-based and count bytes. A clean check prints nothing. Recorded from actionlint 1.7.12.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, first_line, lines_of, report_of, silent

_LINE = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<line>\d{1,9}):(?P<column>\d{1,9}): (?P<text>.+) \[(?P<kind>[\w-]+)\]$")
_SYNTAX = "syntax-check"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of actionlint's lines."""
    scribe, sources = Scribe.of(raw, "actionlint", Category.LINT), Sources(raw)
    matches = [match for line in lines_of(decode(report_of(raw))) if (match := _LINE.match(line))]
    findings = tuple(finding(scribe, sources, (match["text"], match["kind"]),
                             Place(file=relative(raw, match["path"]), line=int(match["line"]), column=int(match["column"]))) for match in matches)
    foreign = not findings and not silent(raw) and ended(raw, exits) is Ended.UNKNOWN
    return conclude(raw, exits, Account(findings=findings, error=(first_line(decode(raw.stderr)) or "the output is not actionlint's") if foreign else None))


def finding(scribe: Scribe, sources: Sources, said: tuple[str, str | None], place: Place) -> Finding:
    """What actionlint says (message, kind) at a place that it counts in bytes."""
    converted = Place(file=place.file, line=place.line, column=sources.from_bytes(place.file, place.line, place.column),
                      end_line=place.end_line, end_column=sources.from_bytes(place.file, place.end_line, place.end_column))
    return scribe.finding(said[0], Level.ERROR, converted, rule=said[1], category=Category.BUILD if said[1] == _SYNTAX else None,
                          extra=Extra(url="https://github.com/rhysd/actionlint/blob/main/docs/checks.md"))
