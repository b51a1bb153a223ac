"""`zizmor` for people: `LEVEL[rule]: text`, an arrow with path, line and column, and the count at the end.

Here columns are 1-based characters, other than in its JSON. Recorded from zizmor 1.32.0.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput, Severity
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe, level_for
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import blocks, decode, lines_of
from gatekeeper.parse.zizmor_json import FOUND, NO_INPUT, unread, without_input

_HEAD = re.compile(r"^(?P<level>error|warning|help|info|note)\[(?P<rule>[\w-]+)\]: (?P<text>.+)$")
_ARROW = re.compile(r"^\s*--> (?P<path>.+):(?P<line>\d{1,9}):(?P<column>\d{1,9})$")
_COUNT = re.compile(r"^(?P<all>\d{1,9}) findings?(?: \((?P<left_out>[^)]*)\))?: ")
_LEFT_OUT = re.compile(r"(\d{1,9}) (?:suppressed|ignored)")
_NONE = re.compile(r"^No findings to report\.")
_SEVERITY = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "help": Severity.LOW}
_FAR = 3


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of zizmor."""
    if raw.exit_code == NO_INPUT:
        return without_input(raw, exits)
    scribe, lines = Scribe.of(raw, "zizmor", Category.VULNERABILITY), lines_of(decode(raw.stdout))
    findings = tuple(found for block in blocks(lines, _HEAD) if (found := _finding(raw, scribe, block)))
    return conclude(raw, finds_at(exits, *FOUND), Account(findings=findings, error=unread(raw) or _doubt(raw, exits, lines, len(findings))))


def _finding(raw: RawOutput, scribe: Scribe, block: list[str]) -> Finding | None:
    head, arrow = _HEAD.match(block[0]), next((arrow for line in block[1:_FAR] if (arrow := _ARROW.match(line))), None)
    if head is None or arrow is None:
        return None
    severity, file, line = _SEVERITY.get(head["level"], Severity.INFO), relative(raw, arrow["path"]), int(arrow["line"])
    place = Place(file=file, line=line, column=int(arrow["column"]))
    return scribe.finding(head["text"], level_for(severity), place, rule=head["rule"], extra=Extra(severity=severity, detail="\n".join(block[1:]).rstrip()))


def _doubt(raw: RawOutput, exits: ExitSpec, lines: list[str], read: int) -> str | None:
    """Why what was read may not be all."""
    counts = [int(count["all"]) - sum(map(int, _LEFT_OUT.findall(count["left_out"] or ""))) for line in lines if (count := _COUNT.match(line))]
    if counts and sum(counts) > read:
        return f"zizmor counts {sum(counts)} findings, and the output names {read}"
    sure = read or counts or any(_NONE.match(line) for line in lines) or ended(raw, exits) is not Ended.UNKNOWN
    return None if sure else "the output is not zizmor's"
