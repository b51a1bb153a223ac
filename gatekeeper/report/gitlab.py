"""GitLab's code quality report: what was found in files, as a JSON array of Code Climate issues. Knows no file names.

GitLab stores by fingerprint (an equal one overwrites), stops reading at the first entry that is not valid, and compares with the report of
the target branch: so fingerprints are unique and know nothing of lines, and every entry is valid. It has no place for findings without a
file and no word for suppressed ones: those are left out here, and in every other report.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from functools import lru_cache

from gatekeeper.model.finding import Finding, Severity, State
from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import one_line, unicode_text
from gatekeeper.report.address import relative_uri
from gatekeeper.report.issues import cut, issues, rule_of

SEVERITIES = {Severity.CRITICAL: "blocker", Severity.HIGH: "critical", Severity.MEDIUM: "major", Severity.LOW: "minor", Severity.INFO: "info"}
LONGEST_TEXT = 2_000
#: the strongest fingerprint that judging gives; without one the finding's own words are taken
_EXACT = "gatekeeper/exact/"
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_LAST_LINE = 2_147_483_647


def render(record: RunRecord) -> bytes:
    """The report as ASCII JSON, one entry a line; equal records give equal bytes."""
    seen: dict[str, int] = {}
    entries = []
    for issue in issues(record):
        finding = issue.finding
        if finding.state is not State.SUPPRESSED and finding.file is not None and relative_uri(finding.file) is not None:
            entries.append(_entry(finding, _fingerprint(finding, seen)))
    lines = [_ENCODER.encode(entry) for entry in entries]
    return ("[" + ("\n" if lines else "") + ",\n".join(lines) + "]\n").encode()


def _entry(finding: Finding, fingerprint: str) -> dict[str, object]:
    rule = cut(one_line(rule_of(finding)), LONGEST_TEXT)
    line = min(max(1, finding.line or 1), _LAST_LINE)
    return {
        "type": "issue", "check_name": f"{one_line(cut(finding.tool, LONGEST_TEXT))}/{rule}",
        "description": cut(one_line(cut(finding.message, 2 * LONGEST_TEXT)), LONGEST_TEXT).strip() or rule,
        "severity": SEVERITIES[finding.severity], "fingerprint": fingerprint,
        "location": {"path": _path(finding.file or ""), "lines": {"begin": line}},
    }


@lru_cache(maxsize=10_000)
def _path(file: str) -> str:
    return unicode_text(posixpath.normpath(file))


def _fingerprint(finding: Finding, seen: dict[str, int]) -> str:
    """One that no other entry has: the second of two equal ones is told apart by its number."""
    known = next((value for name, value in finding.fingerprints if name.startswith(_EXACT)), None)
    words = (finding.tool, rule_of(finding), finding.file or "", known if known is not None else finding.message)
    base = "\x00".join(words)
    seen[base] = number = seen.get(base, 0) + 1
    return hashlib.sha256(f"{base}\x00{number}".encode("utf-8", "surrogatepass")).hexdigest()
