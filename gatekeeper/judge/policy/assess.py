"""Each condition of the policy as an assessment: what its kind answers, for the whole run or for each component that it names.

Knows the table of kinds; every kind is one function in a module beside this. Adding a kind is one function, one line here and its keys in `config.policy`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gatekeeper.judge.policy import found, measured, surroundings, tested
from gatekeeper.judge.policy.ground import Answer, Ground, any_glob
from gatekeeper.model.assessment import Assessment, ConditionStatus, Enforcement
from gatekeeper.model.result import Condition
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.status import Outcome

Judge = Callable[[PolicyCondition, Ground, str | None], Answer]
KINDS: Mapping[str, Judge] = {
    "findings": found.findings, "vulnerabilities": found.vulnerabilities, "suppressions": found.suppressions, "baseline": found.baseline,
    "tests": tested.tests, "coverage": tested.coverage,
    "duplication": measured.duplication, "complexity": measured.complexity, "benchmark": measured.benchmark, "duration": measured.duration,
    "diff-size": measured.diff_size, "artifact-size": measured.artifact_size,
    "tool-health": surroundings.tool_health, "integration": surroundings.integration, "approval": surroundings.approval,
}
_OUTCOMES = {ConditionStatus.FAILED: Outcome.FAIL, ConditionStatus.UNMEASURED: Outcome.INCOMPLETE, ConditionStatus.REQUIRES_REVIEW: Outcome.INCOMPLETE}


def assess(conditions: Sequence[PolicyCondition], ground: Ground) -> tuple[Assessment, ...]:
    """Every condition as it stands, in the order of the configuration; one that names components once for each of them."""
    names = condition_ids(conditions)
    return tuple(_assessed(name, condition, ground, component) for name, condition in zip(names, conditions, strict=True)
                 for component in _components(condition, ground))


def condition_ids(conditions: Sequence[PolicyCondition]) -> tuple[str, ...]:
    """The ids of conditions: their own, else one made of kind and what it looks at, numbered where that stands twice."""
    taken = {condition.id for condition in conditions if condition.id}
    found_ids: list[str] = []
    for condition in conditions:
        plain = condition.id or _made_id(condition)
        name, number = plain, 2
        while not condition.id and name in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name)
        found_ids.append(name)
    return tuple(found_ids)


def deciding(assessments: Sequence[Assessment]) -> tuple[Condition, ...]:
    """What of the policy decides the verdict: blocking conditions that do not hold, or could not be judged."""
    return tuple(Condition(subject=one.subject, outcome=_OUTCOMES[one.status],
                           message=f"{one.title}: {one.message}", hint=one.recommendations[0] if one.recommendations else None)
                 for one in assessments if one.enforcement is Enforcement.BLOCKING and one.status in _OUTCOMES)


def _components(condition: PolicyCondition, ground: Ground) -> tuple[str | None, ...]:
    if not condition.components:
        return (None,)
    return tuple(component.id for component in ground.plan.components if any_glob(condition.components, component.id)) or ("",)


def _assessed(name: str, condition: PolicyCondition, ground: Ground, component: str | None) -> Assessment:
    if component == "":
        answer = Answer(status=ConditionStatus.UNMEASURED, message=f"no component matches {', '.join(condition.components)}",
                        recommendations=("see their ids with: gatekeeper detect",))
        component = None
    else:
        answer = KINDS[condition.kind](condition, ground, component)
    status = answer.status
    if status is ConditionStatus.FAILED and condition.enforcement is Enforcement.WARNING:
        status = ConditionStatus.WARNING
    return Assessment(id=name, title=condition.title or _made_title(condition), enforcement=condition.enforcement, status=status, message=answer.message,
                      score=answer.score, component=component, violations=answer.violations, recommendations=answer.recommendations,
                      evidence=answer.evidence)


def _made_id(condition: PolicyCondition) -> str:
    match condition.kind:
        case "findings":
            words = [*condition.tools, *condition.categories, *condition.languages, *condition.rules]
            words += [condition.severity] if condition.severity != "info" or not words else []
        case "vulnerabilities":
            words = [condition.severity]
        case "tests":
            words = [condition.outcome]
        case _:
            words = [condition.of] if condition.of else []
    plain = "-".join((condition.kind, *words, *(["new"] if condition.on == "new" else [])))
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in plain)[:80]


def _made_title(condition: PolicyCondition) -> str:
    what = condition.kind.replace("-", " ")
    match condition.kind:
        case "findings" | "vulnerabilities":
            chosen = (*condition.tools, *condition.categories, *condition.languages, *condition.rules)
            what += f" of {', '.join(chosen)}" if chosen else ""
            what += f" from severity {condition.severity} on" if condition.severity != "info" else ""
        case "tests":
            what = f"{condition.outcome} tests"
        case "coverage":
            what = f"coverage of {'changed' if condition.of == 'changed' else 'all'} lines"
        case "duration":
            what = f"duration of {condition.of or 'run'}"
        case _:
            pass
    return f"new {what}" if condition.on == "new" else what
