"""`hadolint` for people: lines `FILE:LINE CODE level: message`, and `FILE:LINE:COLUMN words` for what cannot be parsed.

A clean check prints nothing. Recorded from hadolint 2.15.1.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.hadolint_json import UNPARSED, explained, misconfigured
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode, first_line, lines_of, report_of, silent

_LINE = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<line>\d{1,9}) (?P<code>[A-Z]{2}\d{3,5}) (?P<level>error|warning|info|style): (?P<text>.+)$")
_SYNTAX = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<line>\d{1,9}):(?P<column>\d{1,9}) (?P<text>(?:unexpected|expecting) .+)$")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of hadolint's lines."""
    scribe, error = Scribe.of(raw, "hadolint", Category.LINT), misconfigured(raw)
    findings = tuple(one for line in lines_of(decode(report_of(raw))) if (one := _from_line(raw, scribe, line)) is not None)
    if error is None and not findings and not silent(raw) and ended(raw, exits) is not Ended.CLEAN:
        error = first_line(decode(raw.stderr)) or "the output is not hadolint's"
    return conclude(raw, exits, Account(findings=findings, error=error))


def _from_line(raw: RawOutput, scribe: Scribe, line: str) -> Finding | None:
    if found := _LINE.match(line):
        place = Place(file=relative(raw, found["path"]), line=int(found["line"]))
        return scribe.finding(found["text"], level_of(found["level"]), place, rule=found["code"], extra=explained(found["code"]))
    if found := _SYNTAX.match(line):
        place = Place(file=relative(raw, found["path"]), line=int(found["line"]), column=int(found["column"]))
        return scribe.finding(found["text"], Level.ERROR, place, rule=UNPARSED, category=Category.BUILD)
    return None
