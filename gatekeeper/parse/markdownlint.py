"""`markdownlint` (markdownlint-cli) and markdownlint-cli2 for people: `FILE:LINE[:COLUMN] [error] MD001/alias message`, on standard error.

A clean check of the former prints nothing; files that do not exist end with 0 and the usage. Columns count UTF-16 units. Recorded from
markdownlint-cli 0.48.0.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, error_line, lines_of, silent

_LINE = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))? (?:(?P<level>error|warning) )?(?P<rule>MD\d{3}|[a-z][\w-]*)(?:/[\w/-]+)? (?P<text>.+)$")
_USAGE = re.compile(r"^Usage: markdownlint", re.MULTILINE)
_SUMMARY = re.compile(r"^Summary: 0 error\(s\)", re.MULTILINE)
IDLE = "no files were checked"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of markdownlint's lines."""
    scribe, sources = Scribe.of(raw, "markdownlint", Category.STYLE), Sources(raw)
    text = decode(raw.stderr) + "\n" + decode(raw.stdout)
    findings = tuple(_from_line(raw, scribe, sources, match) for line in lines_of(text) if (match := _LINE.match(line)))
    nothing = IDLE if idle(raw) and not findings else None
    foreign = not findings and not nothing and not silent(raw) and not _SUMMARY.search(text) and ended(raw, exits) is Ended.UNKNOWN
    return conclude(raw, exits, Account(findings=findings, nothing=nothing, error=(error_line(raw) or "the output is not markdownlint's") if foreign else None))


def idle(raw: RawOutput) -> bool:
    """Whether nothing but the usage was printed, as for files that do not exist."""
    return _USAGE.search(decode(raw.stdout)) is not None and not raw.stderr.strip()


def _from_line(raw: RawOutput, scribe: Scribe, sources: Sources, match: re.Match[str]) -> Finding:
    file, line, column = relative(raw, match["path"]), int(match["line"]), int(match["column"]) if match["column"] else None
    return scribe.finding(match["text"], level_of(match["level"]), Place(file=file, line=line, column=sources.from_utf16(file, line, column)), rule=match["rule"])
