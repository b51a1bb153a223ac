"""`codespell`: `PATH:LINE: wrong ==> right[, right]`, without columns; nothing when all is well, also for a file that does not exist.

It ends with 65 (before 2.0 with the number of findings). A word with one suggestion is what `--write-changes` would change; a remark
behind `|` says why codespell would not. Recorded from codespell 2.4.3.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode, lines_of, silent

_LINE = re.compile(r"^(?P<path>[^\s:>][^:]*):(?P<line>\d{1,9}): (?P<wrong>\S+) ==> (?P<right>[^|]+?)(?: \| (?P<remark>.+))?$")
_FOUND = 65


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Misspellings."""
    scribe = Scribe.of(raw, "codespell", Category.DOCUMENTATION)
    findings = tuple(_finding(raw, scribe, match) for line in lines_of(decode(raw.stdout)) if (match := _LINE.match(line)))
    foreign = ended(raw, exits) is Ended.UNKNOWN and not findings and not silent(raw)
    counted = {_FOUND, len(findings)} if findings else set()
    return conclude(raw, finds_at(exits, *counted), Account(findings=findings, error="the output is not codespell's" if foreign else None))


def _finding(raw: RawOutput, scribe: Scribe, match: re.Match[str]) -> Finding:
    sure = "," not in match["right"] and match["remark"] is None
    return scribe.finding(f"{match['wrong']} ==> {match['right']}", Level.ERROR, Place(file=relative(raw, match["path"]), line=int(match["line"])),
                          rule="misspelling", extra=Extra(fixable=sure, detail=match["remark"]))
