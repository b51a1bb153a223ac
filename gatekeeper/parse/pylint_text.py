"""`pylint` for people: `PATH:LINE:COLUMN: C0114: text (symbol)`, and its `parseable` form `PATH:LINE: [C0114(symbol), object] text`.

Columns and exit codes are those of `pylint-json`. A message may go on in the next lines. A clean run prints a rating or, for a handful
of statements, nothing. Recorded from pylint 2.17 and 4.1.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Place, Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.pylint_json import FOUND, column, message
from gatekeeper.parse.text import decode, error_line, lines_of

_TEXT = re.compile(r"^(?P<path>\S.*?):(?P<line>\d{1,9}):(?P<column>\d{1,9}): (?P<id>[A-Z]\d{4}): (?P<text>.*?)(?: \((?P<symbol>[a-z][a-z0-9-]+)\))?$")
_PARSEABLE = re.compile(r"^(?P<path>\S.*?):(?P<line>\d{1,9}): \[(?P<id>[A-Z]\d{4})\((?P<symbol>[\w-]+)\), [^\]]*\] (?P<text>.*)$")
_RATED = re.compile(r"^Your code has been rated at ")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of pylint."""
    scribe, sources, lines = Scribe.of(raw, "pylint", Category.LINT), Sources(raw), lines_of(decode(raw.stdout))
    matches = [match for line in lines if (match := _TEXT.match(line) or _PARSEABLE.match(line))]
    findings = tuple(_finding(raw, scribe, sources, match) for match in matches)
    fatal = next((finding for finding, match in zip(findings, matches, strict=True) if match["id"].startswith("F")), None)
    error = f"{fatal.file}: {fatal.message}" if fatal else _doubt(raw, exits, lines, findings)
    return conclude(raw, finds_at(exits, *FOUND), Account(findings=findings, error=error))


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, match: re.Match[str]) -> Finding:
    file, line, told = relative(raw, match["path"]), int(match["line"]), match.groupdict().get("column")
    place = Place(file=file, line=line, column=column(sources, file, line, int(told), match["symbol"]) if told else None)
    return message(scribe, match["text"], place, identity=match["id"], symbol=match["symbol"])


def _doubt(raw: RawOutput, exits: ExitSpec, lines: list[str], findings: tuple[Finding, ...]) -> str | None:
    if findings or ended(raw, exits) is not Ended.UNKNOWN or any(_RATED.match(line) for line in lines):
        return None
    return error_line(raw) or "the output does not say that pylint came to its end"
