"""`yarn audit --json` of yarn 1: JSON lines, `auditAdvisory` per path to a vulnerable package and one `auditSummary` at the end.

The exit code is a sum of 1 (info), 2, 4, 8, 16 (critical). Errors are lines, too, on standard error. Without a lockfile yarn asks for the direct
dependencies only, which is no audit. Recorded from yarn 1.22, whose registry was one of the recorder's own.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.advisory import lockfile
from gatekeeper.parse.document import Json, asked_object, load_lines, maybe_int, maybe_object, maybe_text
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.npm_audit_json import OFFLINE, older_advisory
from gatekeeper.parse.tally import headline
from gatekeeper.parse.text import decode, report_of

_ALL_SEVERITIES = 31
_NO_LOCKFILE = "No lockfile found."


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Known vulnerabilities of yarn's dependencies."""
    lines = [asked_object(value, f"line {number}") for data in (report_of(raw), raw.stderr) for number, value in load_lines(decode(data))]
    scribe, file = Scribe.of(raw, "yarn", Category.VULNERABILITY), lockfile(raw)
    findings = tuple(older_advisory(scribe, file, asked_object(maybe_object(line.get("data")).get("advisory"), "`advisory`"))
                     for line in lines if line.get("type") == "auditAdvisory")
    summary = next((maybe_object(line.get("data")) for line in lines if line.get("type") == "auditSummary"), None)
    error, nothing = _failure(lines, summary)
    codes = finds_at(exits, raw.exit_code) if findings and raw.exit_code and 0 < raw.exit_code <= _ALL_SEVERITIES else exits
    return conclude(raw, codes, Account(findings=findings, error=error, nothing=nothing))


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
