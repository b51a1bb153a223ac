"""What was judged of a run, as JSON values: conditions one by one, scores, what changed, how it ended. Judges nothing."""

from __future__ import annotations

from gatekeeper.model.assessment import Assessment, Delta, Ending, Score
from gatekeeper.model.document import to_document
from gatekeeper.model.finding import Finding, Metric


def assessment_document(assessment: Assessment) -> dict[str, object]:
    """One condition (`gate`): status, score of 0 to 100 or null, what violates it, what to do, and where that can be looked up."""
    return {
        "gate": assessment.id, "title": assessment.title, "component": assessment.component, "enforcement": assessment.enforcement,
        "status": assessment.status, "message": assessment.message, "score": assessment.score, "violations": list(assessment.violations),
        "recommendations": list(assessment.recommendations), "evidence": list(assessment.evidence),
    }


def score_document(score: Score) -> dict[str, object]:
    """The score of one dimension, null where it was not measured, and what it was made of."""
    return {"dimension": score.dimension, "value": score.value, "basis": score.basis}


def delta_document(delta: Delta | None) -> dict[str, object] | None:
    """What is new, unchanged, moved and gone against what was known before; None where nothing was compared."""
    if delta is None:
        return None
    return {
        "against": delta.against, "new": delta.new, "unchanged": delta.unchanged, "moved": delta.moved, "by_tool_change": delta.by_tool_change,
        "fixed": [_fixed(finding) for finding in delta.fixed],
        "fixed_tests": [{"name": test.name, "classname": test.classname, "file": test.file} for test in delta.fixed_tests], "notes": list(delta.notes),
    }


def _fixed(finding: Finding) -> dict[str, object]:
    return {"tool": finding.tool, "rule": finding.rule, "file": finding.file, "line": finding.line, "severity": finding.severity, "message": finding.message}


def ending_document(ending: Ending | None) -> dict[str, object] | None:
    """Which of the five ends a run had, what was not done, whether running again may help."""
    return None if ending is None else {"kind": ending.kind, "reason": ending.reason, "recoverable": ending.recoverable, "gaps": list(ending.gaps)}


def finding_judgement(finding: Finding) -> dict[str, object]:
    """What is known of a finding beyond what its tool said of its place: fixes, score, fingerprints, state, suppression."""
    return {
        "score": finding.score, "fixes": [to_document(fix) for fix in finding.fixes], "fingerprints": dict(finding.fingerprints), "state": finding.state,
        "suppression": None if finding.suppression is None else to_document(finding.suppression), "on_changed_line": finding.on_changed_line,
    }


def metric_document(metric: Metric) -> dict[str, object]:
    """A number that was measured, and of what."""
    return {"name": metric.name, "value": metric.value, "unit": metric.unit, "file": metric.file, "line": metric.line, "subject": metric.subject}
