"""`gitleaks --report-format json`: a list of leaks. What it calls `Secret` and `Match` never leaves this module.

Columns count bytes and are one too high after the first line of a file, where the end is then the exclusive one. The exit code of a leak is
that of a crash unless `--exit-code` says otherwise, so a report must be there. Recorded from gitleaks 8.30.1.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_objects, asked_text, load, maybe_int, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, report_of

#: the log's last line, without the time before it
_FATAL = re.compile(r"\bFTL (?P<why>\S.*)$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Secrets that gitleaks found."""
    scribe, sources = Scribe.of(raw, "gitleaks", Category.SECRET), Sources(raw)
    if not report_of(raw).strip() and (why := _FATAL.search(decode(raw.stderr))):
        return conclude(raw, exits, Account(error=why["why"]))
    return conclude(raw, exits, Account(findings=tuple(_finding(raw, scribe, sources, entry) for entry in asked_objects(load(report_of(raw)), "the report"))))


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Finding:
    rule, commit = asked_text(entry, "RuleID"), maybe_text(entry.get("Commit"))
    # a leak of the history has its place in that commit, not in the tree
    file = relative(raw, maybe_text(entry.get("File")))
    place = Place(file=file) if commit else _place(sources, file, entry)
    return scribe.finding(maybe_text(entry.get("Description")) or rule, Level.ERROR, place, rule=rule,
                          extra=Extra(detail=f"in commit {commit}, line {maybe_int(entry.get('StartLine')) or '?'}" if commit else None,
                                      url=maybe_text(entry.get("Link"))))


def _place(sources: Sources, file: str | None, entry: Json) -> Place:
    line, end_line = maybe_int(entry.get("StartLine")), maybe_int(entry.get("EndLine"))
    start, end = maybe_int(entry.get("StartColumn")), maybe_int(entry.get("EndColumn"))
    column = start - (line != 1) if start else None
    end_column = end + (end_line == 1) if end else None
    return Place(file=file, line=line, column=sources.from_bytes(file, line, column), end_line=end_line, end_column=sources.from_bytes(file, end_line, end_column))
