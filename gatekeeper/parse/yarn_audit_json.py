"""`yarn audit --json` of yarn 1: JSON lines, `auditAdvisory` per path to a vulnerable package and one `auditSummary` at the end.

`yarn npm audit --json` prints the older report of npm in yarn 2 and 3, and in yarn 4 lines `{"value": PACKAGE, "children": {"ID", "Issue", "URL",
"Severity", "Vulnerable Versions"}}`, or `No audit suggestions`; these were not recorded but are as its source and reports of others have them.

The exit code is a sum of 1 (info), 2, 4, 8, 16 (critical). Errors are lines, too, on standard error. Without a lockfile yarn asks for the direct
dependencies only, which is no audit. Recorded from yarn 1.22, whose registry was one of the recorder's own.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import replace
from gatekeeper.parse.advisory import lockfile, vulnerability
from gatekeeper.parse.document import Json, asked_object, asked_text, load_lines, maybe_int, maybe_object, maybe_text
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.npm_audit_json import OFFLINE, older_advisory
from gatekeeper.parse.npm_audit_json import parse as npm_audit
from gatekeeper.parse.tally import headline
from gatekeeper.parse.text import decode, report_of

_ALL_SEVERITIES = 31
#: how the report of yarn 2 and 3 starts, in one line or in many
_OLDER = re.compile(r"\s*\{\s*\"(?:actions|advisories|muted|metadata)\"")
_HEAD = 4096
_NONE = "No audit suggestions"
_NO_LOCKFILE = "No lockfile found."


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Known vulnerabilities of yarn's dependencies."""
    if _OLDER.match(decode(report_of(raw)[:_HEAD])):
        return npm_audit(raw if raw.tool else replace(raw, tool="yarn"), exits)
    lines = [asked_object(value, f"line {number}") for data in (report_of(raw), raw.stderr) for number, value in load_lines(decode(data))]
    scribe, file = Scribe.of(raw, "yarn", Category.VULNERABILITY), lockfile(raw)
    if any(_of_berry(line) for line in lines):
        return conclude(raw, exits, Account(findings=tuple(_advised(scribe, file, line) for line in lines if line.get("data") != _NONE)))
    findings = tuple(older_advisory(scribe, file, asked_object(maybe_object(line.get("data")).get("advisory"), "`advisory`"))
                     for line in lines if line.get("type") == "auditAdvisory")
    summary = next((maybe_object(line.get("data")) for line in lines if line.get("type") == "auditSummary"), None)
    error, nothing = _failure(lines, summary)
    codes = finds_at(exits, raw.exit_code) if findings and raw.exit_code and 0 < raw.exit_code <= _ALL_SEVERITIES else exits
    return conclude(raw, codes, Account(findings=findings, error=error, nothing=nothing))


def _of_berry(line: Json) -> bool:
    return line.get("data") == _NONE or ("value" in line and isinstance(line.get("children"), dict))


def _advised(scribe: Scribe, file: str | None, line: Json) -> Finding:
    """One advisory of yarn 4; a deprecation is one whose ID is a text."""
    told = asked_object(line.get("children"), "`children`")
    advisory = {"title": told.get("Issue"), "url": told.get("URL"), "severity": told.get("Severity"), "range": told.get("Vulnerable Versions"), "id": told.get("ID")}
    found = vulnerability(scribe, file, asked_text(line, "value"), advisory, fixable=False)
    return found if found.rule else replace(found, rule="deprecation" if "(deprecation)" in str(told.get("ID")) else None, category=Category.DEPENDENCY)


def _failure(lines: list[Json], summary: Json | None) -> tuple[str | None, str | None]:
    """(error, why nothing was checked)."""
    said = [text for line in lines if line.get("type") == "error" and (text := headline(maybe_text(line.get("data"))))]
    if said:
        return (None, f"no vulnerability data: {said[0]}") if OFFLINE.search(said[0]) else (said[0], None)
    if any(line.get("data") == _NO_LOCKFILE for line in lines):
        return _NO_LOCKFILE, None
    if summary is None:
        return "the output ends without its summary: it is cut off, or not yarn's", None
    return None, "there are no dependencies to audit" if maybe_int(summary.get("totalDependencies")) == 0 else None
