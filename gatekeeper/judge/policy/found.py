"""Conditions on findings: how many of which severity, category, tool, rule or language, all or new; vulnerabilities; suppressions; the baseline.

Does not know how findings were found or compared, nor what a condition that does not hold decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatekeeper.judge.known import OF_THE_MACHINE
from gatekeeper.judge.policy.ground import Answer, Ground, any_glob, cut, held, is_left, lacking, unmeasured, within_limit
from gatekeeper.model.assessment import ConditionStatus
from gatekeeper.model.finding import Category, Finding, Severity
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.tool import Role
from gatekeeper.model.wording import count_text

_SEVERITIES = tuple(reversed(Severity))  # info first
#: which jobs must have measured before findings of a category can be said to be absent
_ROLES = {
    Category.VULNERABILITY: (Role.SECURITY,), Category.DEPENDENCY: (Role.SECURITY, Role.DEPS), Category.SECRET: (Role.SECURITY, Role.HYGIENE),
    Category.TYPES: (Role.TYPES,), Category.STYLE: (Role.LINT, Role.FORMAT), Category.FORMAT: (Role.FORMAT,), Category.LINT: (Role.LINT,),
    Category.BUG: (Role.LINT,), Category.PERFORMANCE: (Role.LINT,), Category.COMPLEXITY: (Role.LINT, Role.ANALYSIS),
    Category.DOCUMENTATION: (Role.DOCS, Role.LINT), Category.TEST: (Role.TEST,), Category.BUILD: (Role.BUILD,), Category.HYGIENE: (Role.HYGIENE,),
}
_AUDIT_LEVELS = {"info": 0, "low": 1, "moderate": 2, "high": 3, "critical": 4}
Pair = tuple[Job, Result | None]


def findings(condition: PolicyCondition, ground: Ground, component: str | None) -> Answer:
    """At most `max` findings of the kind that the condition names."""
    jobs = _concerned(condition, ground, component)
    named = bool(condition.tools or condition.categories)
    if named and (lack := lacking(ground, jobs, "this", _roles(condition))) is not None and not _exceeds(condition, ground, component):
        return lack
    return _counted(condition, ground, component, lambda finding: _is_meant(condition, finding))


def vulnerabilities(condition: PolicyCondition, ground: Ground, component: str | None) -> Answer:
    """At most `max` known vulnerabilities; an audit that could not run has found none, which is no measurement."""
    jobs = [(job, result) for job, result in _concerned(condition, ground, component) if job.role is Role.SECURITY]
    answer = _counted(condition, ground, component, lambda finding: finding.category is Category.VULNERABILITY and _is_meant(condition, finding))
    if answer.status is ConditionStatus.FAILED:
        return answer
    if (lack := lacking(ground, jobs, "vulnerabilities", (Role.SECURITY,))) is not None:
        return lack
    if _SEVERITIES.index(Severity(condition.severity)) < _AUDIT_LEVELS.get(ground.audit_level, 0):
        return unmeasured(f"audits report from {ground.audit_level} on, the condition speaks of {condition.severity}",
                          f"set audit_level: {'moderate' if condition.severity == 'medium' else condition.severity} in gatekeeper.yaml")
    return answer


def suppressions(condition: PolicyCondition, ground: Ground, _component: str | None) -> Answer:
    """At most `max` suppressions that expired, cannot be read, or hide nothing."""
    ledger = ground.ledger
    wrong = [*ledger.malformed, *ledger.expired, *ledger.unused]
    return Answer(status=held(holds=len(wrong) <= condition.max), score=within_limit(len(wrong), condition.max), violations=cut(wrong),
                  message=f"{count_text(ledger.used, 'finding')} suppressed; {len(ledger.malformed)} malformed, {len(ledger.expired)} expired, "
                          f"{len(ledger.unused)} unused", recommendations=("remove or renew them",) if wrong else ())


def baseline(_condition: PolicyCondition, ground: Ground, _component: str | None) -> Answer:
    """The baseline names nothing that is gone."""
    if ground.delta is None:
        return unmeasured("nothing was compared", "make a baseline: gatekeeper baseline create")
    gone = len(ground.delta.fixed) + len(ground.delta.fixed_tests)
    words = "1 entry of the baseline is" if gone == 1 else f"{gone} entries of the baseline are"
    return Answer(status=held(holds=gone == 0), score=within_limit(gone, 0), message=f"{words} no longer there",
                  recommendations=("tighten it: gatekeeper baseline update",) if gone else ())


def _counted(condition: PolicyCondition, ground: Ground, component: str | None, is_meant: Callable[[Finding], bool]) -> Answer:
    found = [(job, finding) for job, result in ground.pairs() if result is not None and _speaks(condition, ground, job) for finding in result.findings
             if is_left(finding, condition.on) and is_meant(finding) and ground.owned(finding, job, component)]
    silent = [job.id for job, result in _concerned(condition, ground, component) if result is not None and not result.findings
              and result.status not in {"passed", "failed"}]
    notes = []
    if condition.on == "new" and found and all(finding.state is None for _, finding in found):
        notes.append("nothing was compared, so all count as new: gatekeeper baseline create")
    if silent:
        notes.append(f"{count_text(len(silent), 'job')} did not measure and may have found more: {', '.join(silent[:5])}{f' and {len(silent) - 5} more' if len(silent) > 5 else ''}")
    new = "new " if condition.on == "new" else ""
    noun = count_text(len(found), "finding").replace(" ", f" {new}", 1)
    return Answer(status=held(holds=len(found) <= condition.max), message=f"{noun}, at most {condition.max:g} allowed",
                  score=within_limit(len(found), condition.max), violations=cut([_line(finding) for _, finding in found]), recommendations=tuple(notes),
                  evidence=cut(list(dict.fromkeys(job.id for job, _ in found))))


def _exceeds(condition: PolicyCondition, ground: Ground, component: str | None) -> bool:
    """What was found already is too much, whatever was not measured."""
    return _counted(condition, ground, component, lambda finding: _is_meant(condition, finding)).status is ConditionStatus.FAILED


def _is_meant(condition: PolicyCondition, finding: Finding) -> bool:
    if _SEVERITIES.index(finding.severity) < _SEVERITIES.index(Severity(condition.severity)):
        return False
    if condition.categories and finding.category not in condition.categories:
        return False
    own = finding.rule or ""
    return any_glob(condition.tools, finding.tool) and (any_glob(condition.rules, own) or any_glob(condition.rules, f"{finding.tool}/{own}"))


def _concerned(condition: PolicyCondition, ground: Ground, component: str | None) -> list[Pair]:
    """The jobs whose findings could be meant."""
    roles = _roles(condition)
    return [(job, result) for job, result in ground.pairs() if any_glob(condition.tools, job.tool_id) and (not roles or job.role in roles)
            and ground.covers(job, component) and _speaks(condition, ground, job)]


def _speaks(condition: PolicyCondition, ground: Ground, job: Job) -> bool:
    """Whether a job is about one of the languages that are meant; what is said of the machine only where its tool is named."""
    if job.role in OF_THE_MACHINE and not condition.tools:
        return False
    return not condition.languages or any(one.id == job.component and one.language in condition.languages for one in ground.plan.components)


def _roles(condition: PolicyCondition) -> Sequence[Role]:
    if condition.tools:
        return ()
    return tuple(dict.fromkeys(role for category in condition.categories for role in _ROLES[Category(category)]))


def _line(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line is not None else finding.file or "(no place)"
    return f"{place}: {finding.severity} {finding.tool}{f' {finding.rule}' if finding.rule else ''}: {finding.message.splitlines()[0] if finding.message else ''}"
