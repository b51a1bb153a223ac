"""`bandit -f json`: results with 0-based byte columns, and `errors`, the files that could not be parsed or found: they were not checked.

bandit ends with 0 when all files are such, and when there is none. The end of a column came with 1.7.5; it lies on the last line of
`line_range`. Recorded from bandit 1.7.4 and 1.9.4.
"""

from __future__ import annotations

import re

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput, Severity
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_list,
    asked_object,
    asked_objects,
    asked_text,
    load,
    maybe_int,
    maybe_list,
    maybe_object,
    maybe_text,
)
from gatekeeper.parse.grade import Extra, Place, Scribe, level_for, severity_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, report_of

#: passwords written into the source
_SECRETS = frozenset({"B105", "B106", "B107"})
_REFUSED = re.compile(r"^\[\w+\]\tERROR\t(.+)$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of bandit."""
    if not report_of(raw).strip() and (why := _REFUSED.search(decode(raw.stderr))):
        return conclude(raw, exits, Account(error=why[1]))
    report = asked_object(load(report_of(raw)), "the report")
    if "metrics" not in report:
        raise UnparsableError("the report has no `metrics`")
    scribe, sources = Scribe.of(raw, "bandit", Category.VULNERABILITY), Sources(raw)
    findings = tuple(_finding(raw, scribe, sources, entry) for entry in asked_objects(report.get("results"), "`results`"))
    unread = tuple(_unread(raw, entry) for entry in asked_objects(asked_list(report.get("errors"), "`errors`"), "`errors`"))
    idle = not unread and not set(maybe_object(report["metrics"])) - {"_totals"}
    return conclude(raw, exits, Account(findings=findings, problems=unread, nothing="no files were checked" if idle else None, error=_error(unread)))


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Finding:
    rule, severity = maybe_text(entry.get("test_id")), severity_of(entry.get("issue_severity")) or Severity.INFO
    return scribe.finding(asked_text(entry, "issue_text"), level_for(severity), _place(raw, sources, entry), rule=rule,
                          category=Category.SECRET if rule in _SECRETS else None,
                          extra=Extra(severity=severity, detail=maybe_text(entry.get("code")), url=maybe_text(entry.get("more_info"))))


def _place(raw: RawOutput, sources: Sources, entry: Json) -> Place:
    file, line = relative(raw, asked_text(entry, "filename")), maybe_int(entry.get("line_number"))
    column, end_column = maybe_int(entry.get("col_offset")), maybe_int(entry.get("end_col_offset"))
    lines = [number for number in map(maybe_int, maybe_list(entry.get("line_range"))) if number is not None]
    end_line = max(lines, default=None) if end_column is not None else None
    return Place(file=file, line=line, column=sources.from_bytes(file, line, column + 1) if column is not None and column >= 0 else None, end_line=end_line,
                 end_column=sources.from_bytes(file, end_line, end_column + 1) if end_column is not None and end_column >= 0 else None)


def _unread(raw: RawOutput, entry: Json) -> Problem:
    return Problem(file=relative(raw, maybe_text(entry.get("filename"))) or "", line=None, message=f"not checked: {maybe_text(entry.get('reason')) or 'no reason given'}")


def _error(unread: tuple[Problem, ...]) -> str | None:
    if not unread:
        return None
    more = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
    return f"{unread[0].file} was {unread[0].message}{more}"
