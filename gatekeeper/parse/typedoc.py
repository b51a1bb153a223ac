"""TypeDoc's words: `PATH:LINE:COLUMN - [warning] message` and `PATH:LINE:COLUMN - error TS2322: message`, or `[warning] message` without a place.

The program ends with 3 for errors and for warnings that its configuration treats as errors, with 1 for wrong options. Columns are UTF-16 units; those
of its own warnings count from 0, those of the compiler's errors from 1. Recorded from TypeDoc 0.28. Does not know where the pages were written.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import Sources, nearest
from gatekeeper.parse.text import decode, lines_of

_PLACED = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<line>\d{1,9}):(?P<column>\d{1,9}) - (?P<own>\[)?(?P<level>error|warning)\]?(?: (?P<rule>TS\d+):)? (?P<text>.+)$")
_BARE = re.compile(r"^(?:\[(?P<level>error|warning)\]|error TS\d+:) (?P<text>.+)$")
_SUM = re.compile(r"^Found \d+ errors? and \d+ warnings?$")
_DONE = re.compile(r"^\[info\] \w+ generated at |^\[(?:error|warning)\] Found \d+ errors?", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Errors and warnings of a documentation build; an error that has no place is one of TypeDoc itself."""
    scribe, sources = Scribe.of(raw, "typedoc", Category.DOCUMENTATION), Sources(raw)
    said = decode(raw.stdout + b"\n" + raw.stderr)
    findings: list[Finding] = []
    error: str | None = None
    for line in lines_of(said):
        if placed := _PLACED.match(line):
            findings.append(_finding(raw, scribe, sources, placed))
        elif (bare := _BARE.match(line)) and not _SUM.match(bare["text"]):
            if bare["level"] == "warning":
                findings.append(scribe.finding(bare["text"], level_of("warning")))
            else:
                error = error or bare["text"]
    if error is None and ended(raw, exits) is not Ended.BROKEN and not _DONE.search(said):
        error = "TypeDoc does not say that it came to an end"
    return conclude(raw, exits, Account(findings=tuple(findings), error=error))


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, placed: re.Match[str]) -> Finding:
    file, line = nearest(raw, placed["path"]), int(placed["line"])
    column = int(placed["column"]) + (1 if placed["own"] else 0)
    category = Category.TYPES if placed["rule"] else Category.DOCUMENTATION
    return scribe.finding(placed["text"], level_of(placed["level"]), Place(file=file, line=line, column=sources.from_utf16(file, line, column)),
                          rule=placed["rule"], category=category)
