"""One finding as a SARIF result, and what a rule is known to be. Knows no run, no file and no limit but those of single texts.

GitHub refuses a whole file for one result without location or line: a finding without them is shown at the first line of a stand-in, and
`properties` say what is known of its place. Texts are shortened visibly, never results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import assert_never

from gatekeeper.model.finding import Category, Edit, Finding, Fix, Severity, State, Suppression, SuppressionKind
from gatekeeper.model.sanitize import one_line, terminal_text, unicode_text
from gatekeeper.report.address import relative_uri
from gatekeeper.report.issues import Issue, cut, rule_of

Json = dict[str, object]

ROOT = "%SRCROOT%"
LONGEST_TEXT = 10_000
LONGEST_RULE = 255  # what GitHub takes as the name of a rule
LONGEST_FIX = 100_000
LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note", Severity.INFO: "note"}
SECURITY = frozenset({Category.VULNERABILITY, Category.SECRET})
#: the middle of what GitHub calls by that name, for findings that bring no score of their own
_SCORES = {Severity.CRITICAL: 9.5, Severity.HIGH: 8.0, Severity.MEDIUM: 5.5, Severity.LOW: 2.0, Severity.INFO: 0.1}
_LARGEST = 2_147_483_647  # readers hold lines and columns in 32 bits


def text_of(text: str, longest: int = LONGEST_TEXT) -> str:
    """Text as a reader may show it; without what SARIF takes for a link in it (`[x](1)`), and shortened where it is endless."""
    return terminal_text(cut(text, longest)).replace("](", "]\u200b(")


def rule_id(finding: Finding) -> str:
    """The rule's id: one line, of bounded length, never empty."""
    return _rule_id(rule_of(finding))


@lru_cache(maxsize=1_000)
def _rule_id(rule: str) -> str:
    return cut(one_line(rule), LONGEST_RULE - 40).strip() or "-"


def security_score(finding: Finding) -> float | None:
    """GitHub's `security-severity`, 0.1 to 10.0; None where a finding is none of security."""
    if finding.score is not None and 0 < finding.score <= 10:
        return finding.score
    return _SCORES[finding.severity] if finding.category in SECURITY else None


def result_of(issue: Issue, stand_in: str) -> Json:
    """The finding as a SARIF `result`; `stand_in` is the URI that it is shown at where it has no place of its own."""
    finding = issue.finding
    document: Json = {
        "ruleId": rule_id(finding), "level": LEVELS[finding.severity],
        "message": {"text": text_of(finding.message).strip() or rule_id(finding)},
        "locations": [{"physicalLocation": _location(finding, stand_in)}],
    }
    if finding.fingerprints:
        document["partialFingerprints"] = {unicode_text(name): unicode_text(value) for name, value in finding.fingerprints}
    if state := _baseline_state(finding.state):
        document["baselineState"] = state
    if finding.suppression is not None or finding.state is State.SUPPRESSED:
        document["suppressions"] = [_suppression(finding.suppression)]
    if fixes := _unique(_fixes(finding)):
        document["fixes"] = fixes
    return {**document, "properties": _properties(issue)}


def _location(finding: Finding, stand_in: str) -> Json:
    own = relative_uri(finding.file)
    region = _region(finding) if own is not None else {"startLine": 1}
    return {"artifactLocation": {"uri": own or stand_in, "uriBaseId": ROOT}, "region": region}


def _region(finding: Finding) -> Json:
    """From the line, else line 1; what ends before it starts is left out."""
    line, column = _bounded(finding.line), _bounded(finding.column)
    if line is None:
        return {"startLine": 1}
    region: Json = {"startLine": line}
    if column is not None:
        region["startColumn"] = column
    last, end = _bounded(finding.end_line), _bounded(finding.end_column)
    if last is not None and last < line:
        return region
    if last is not None:
        region["endLine"] = last
    if end is not None and column is not None and ((last or line) > line or end >= column):
        region["endColumn"] = end
    return region


def _bounded(number: int | None) -> int | None:
    return number if number is not None and 1 <= number <= _LARGEST else None


def _baseline_state(state: State | None) -> str | None:
    match state:
        case None | State.SUPPRESSED:
            return None
        case State.NEW | State.UNCHANGED:
            return state.value
        case State.MOVED:
            return "updated"
        case State.FIXED:
            return "absent"
        case _:
            assert_never(state)


def _suppression(suppression: Suppression | None) -> Json:
    if suppression is None:
        return {"kind": "external", "status": "accepted"}
    known = {"owner": suppression.owner, "expires": suppression.expires, "where": suppression.where, "by": suppression.kind.value}
    document: Json = {"kind": "external" if suppression.kind is SuppressionKind.CONFIGURATION else "inSource", "status": "accepted",
                      "properties": {key: text_of(value) for key, value in known.items() if value}}
    return {**document, "justification": text_of(suppression.reason)} if suppression.reason.strip() else document


def _fixes(finding: Finding) -> Iterator[Json]:
    for fix in finding.fixes:
        edits = [edit for edit in fix.edits if relative_uri(edit.file) is not None]
        if edits and len(edits) == len(fix.edits) and sum(len(edit.content) for edit in edits) <= LONGEST_FIX:
            yield _fix(fix, edits)


def _fix(fix: Fix, edits: list[Edit]) -> Json:
    by_file = groupby(sorted(edits, key=lambda edit: edit.file), key=lambda edit: edit.file)  # stable: edits of a file keep their order
    changes = [{"artifactLocation": {"uri": relative_uri(file), "uriBaseId": ROOT}, "replacements": [_replacement(edit) for edit in each]}
               for file, each in by_file]
    described: Json = {"description": {"text": text_of(fix.message)}} if fix.message and fix.message.strip() else {}
    return {**described, "artifactChanges": changes, "properties": {"safety": fix.safety.value}}


def _replacement(edit: Edit) -> Json:
    return {"deletedRegion": {"startLine": max(1, edit.line), "startColumn": max(1, edit.column), "endLine": max(1, edit.end_line),
                              "endColumn": max(1, edit.end_column)}, "insertedContent": {"text": unicode_text(edit.content)}}


def _unique(fixes: Iterable[Json]) -> list[Json]:
    found: list[Json] = []
    for fix in fixes:
        if fix not in found:
            found.append(fix)
    return found


def _properties(issue: Issue) -> Json:
    finding = issue.finding
    file = None if relative_uri(finding.file) is not None else finding.file
    known: Json = {
        "job": one_line(issue.job.id), "severity": finding.severity.value, "category": finding.category.value,
        "place": "file" if finding.line is None else "line", "cell": finding.cell, "score": finding.score,
        "fixable": finding.fixable or None, "onChangedLine": finding.on_changed_line, "state": finding.state.value if finding.state else None,
        "file": text_of(file) if file else None, "detail": text_of(finding.detail).rstrip() if finding.detail else None,
    }
    if relative_uri(finding.file) is None:
        known["place"] = "outside" if finding.file else "none"
    return {key: value for key, value in known.items() if value is not None and value != ""}
