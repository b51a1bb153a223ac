"""Findings and failed tests as CSV (RFC 4180, UTF-8), safe to open in a spreadsheet. Knows no file names.

Spreadsheets run what begins with `=`, `+`, `-`, `@`, a tab or a line end as a formula, even between quotes: such a cell gets an
apostrophe in front, which they do not show. Every finding is in, suppressed ones with their reason.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import one_line
from gatekeeper.report.issues import Issue, cut, issues

COLUMNS = ("kind", "severity", "level", "category", "state", "tool", "rule", "file", "line", "column", "end_line", "end_column", "message", "job",
           "component", "batch", "blocking", "fixable", "score", "url", "suppression")
#: a cell of a spreadsheet holds 32,767 characters
LONGEST_TEXT = 5_000
#: with the full-width signs, which some spreadsheets read alike
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render(record: RunRecord) -> bytes:
    """The table with its head; equal records give equal bytes."""
    text = io.StringIO()
    table = csv.writer(text, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows(_rows(record))
    return text.getvalue().encode()


def _rows(record: RunRecord) -> Iterator[list[str]]:
    for issue in issues(record):
        yield ["" if value is None else safe(value) if isinstance(value, str) else _cell(value) for value in _values(issue)]


def _values(issue: Issue) -> tuple[object, ...]:
    job, finding, suppression = issue.job, issue.finding, issue.finding.suppression
    return ("test" if issue.test else "finding", finding.severity, finding.level, finding.category, finding.state, finding.tool, finding.rule, finding.file,
            finding.line, finding.column, finding.end_line, finding.end_column, finding.message, job.id, job.component, job.batch, job.blocking,
            finding.fixable, finding.score, finding.url, suppression and (suppression.reason or suppression.kind))


def _cell(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return str(value)
        case _:
            return safe(str(value))


def safe(text: str) -> str:
    """Text of one line that no spreadsheet takes for a formula, and no terminal for an order."""
    if text[:1].isalpha() and len(text) <= LONGEST_TEXT and text.isprintable():
        return str(text)
    line = one_line(cut(text, LONGEST_TEXT))
    return f"'{line}" if text.startswith(_FORMULA) or line.lstrip().startswith(_FORMULA) else line
