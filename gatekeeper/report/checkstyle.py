"""Checkstyle XML, which Jenkins, reviewdog and many editors read: findings by file. Knows no file names of its own.

The format has no word for suppressed findings, which are left out, and none for findings without a file, which stand under the name `.`.
"""

from __future__ import annotations

from gatekeeper.model.finding import Finding, Severity, State
from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import one_line, xml_text
from gatekeeper.report.issues import cut, issues, rule_of

SEVERITIES = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "info", Severity.INFO: "info"}
LONGEST_TEXT = 10_000
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def render(record: RunRecord) -> bytes:
    """The report as UTF-8 XML; files in the order of their names, findings as their tools gave them."""
    by_file: dict[str, list[Finding]] = {}
    for issue in issues(record):
        if issue.finding.state is not State.SUPPRESSED:
            by_file.setdefault(issue.finding.file or ".", []).append(issue.finding)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<checkstyle version="4.3">']
    for file in sorted(by_file):
        lines += [f"  <file name={_quoted(file)}>", *(_error(finding) for finding in by_file[file]), "  </file>"]
    return "\n".join((*lines, "</checkstyle>\n")).encode()


def _error(finding: Finding) -> str:
    place = "".join(f' {name}="{value}"' for name, value in (("line", finding.line), ("column", finding.column)) if value)
    source = f"{one_line(cut(finding.tool, LONGEST_TEXT))}.{one_line(cut(rule_of(finding), LONGEST_TEXT))}"
    return f'    <error{place} severity="{SEVERITIES[finding.severity]}" message={_quoted(finding.message)} source={_quoted(source)}/>'


def _quoted(text: str) -> str:
    return f'"{xml_text(cut(text, LONGEST_TEXT)).translate(_ESCAPES)}"'
