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
    report = load(report_of(raw))
    entries = asked_objects([] if report is None else report, "the report")
    return conclude(raw, exits, Account(findings=tuple((_finding if "RuleID" in entry else _older)(raw, scribe, sources, entry) for entry in entries)))


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Finding:
    rule, commit = asked_text(entry, "RuleID"), maybe_text(entry.get("Commit"))
    file = relative(raw, maybe_text(entry.get("File")))
    return scribe.finding(maybe_text(entry.get("Description")) or rule, Level.ERROR, _place(sources, file, entry), rule=rule,
                          extra=Extra(detail=_history(commit, maybe_int(entry.get("StartLine"))), url=maybe_text(entry.get("Link"))))


def _older(raw: RawOutput, scribe: Scribe, _sources: Sources, entry: Json) -> Finding:
    """An entry of gitleaks before 8, which gives no column; `lineNumber` is missing before 6."""
    rule, line = asked_text(entry, "rule"), maybe_int(entry.get("lineNumber"))
    return scribe.finding(rule, Level.ERROR, Place(file=relative(raw, maybe_text(entry.get("file"))), line=line), rule=rule,
                          extra=Extra(detail=_history(maybe_text(entry.get("commit")), line), url=maybe_text(entry.get("leakURL")) or None))


def _history(commit: str | None, line: int | None) -> str | None:
    """Where a leak of the history stands: the line is one of that commit, the tree may have it elsewhere or no more."""
    return f"in commit {commit}, line {line or '?'}" if commit else None


def _place(sources: Sources, file: str | None, entry: Json) -> Place:
    line, end_line = maybe_int(entry.get("StartLine")), maybe_int(entry.get("EndLine"))
    start, end = maybe_int(entry.get("StartColumn")), maybe_int(entry.get("EndColumn"))
    column = start - (line != 1) if start else None
    end_column = end + (end_line == 1) if end else None
    return Place(file=file, line=line, column=sources.from_bytes(file, line, column), end_line=end_line, end_column=sources.from_bytes(file, end_line, end_column))
