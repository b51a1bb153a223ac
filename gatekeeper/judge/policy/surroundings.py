"""Conditions on what stands around the jobs: whether the tools worked, whether what integration tests need is there, whether somebody approved.

Looks at nothing itself: what is there and who approved comes in with the ground.
"""

from __future__ import annotations

from gatekeeper.judge.policy.ground import Answer, Ground, any_glob, cut, held, lacking, unmeasured, within_limit
from gatekeeper.model.assessment import ConditionStatus
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.status import Status
from gatekeeper.model.wording import count_text

_SICK = frozenset({Status.ERRORED, Status.TIMED_OUT, Status.UNAVAILABLE, Status.CANCELLED, Status.NOT_RUN, Status.BLOCKED})


def tool_health(condition: PolicyCondition, ground: Ground, _component: str | None) -> Answer:
    """At most `max` jobs, those that only advise too, did not do their work; one that was blocked by a failure is no sick tool."""
    statuses = {result.job: result.status for result in ground.results}
    jobs = [(job, result) for job, result in ground.pairs() if any_glob(condition.tools, job.tool_id)]
    sick = [(job, result) for job, result in jobs if result is not None and result.status in _SICK
            and not (result.status is Status.BLOCKED and any(statuses.get(need) is Status.FAILED for need in job.needs))]
    hints = tuple(dict.fromkeys(result.hint for _, result in sick if result.hint))
    return Answer(status=held(holds=len(sick) <= condition.max), message=f"{len(sick)} of {count_text(len(jobs), 'job')} could not do their work",
                  score=round(100 * (1 - len(sick) / len(jobs)), 1) if jobs else 100.0, recommendations=hints[:5],
                  violations=cut([f"{job.id}: {str(result.status).replace('_', ' ')}: {result.message}" for job, result in sick]))


def integration(condition: PolicyCondition, ground: Ground, _component: str | None) -> Answer:
    """What the integration tests need is there, and the jobs that are named passed."""
    wanted = [*(f"program {name}" for name in condition.programs), *(f"variable {name}" for name in condition.environment),
              *(f"file {name}" for name in condition.files)]
    absent = [name for name in wanted if not ground.present.get(name, False)]
    if absent:
        return unmeasured(f"{count_text(len(absent), 'thing')} that integration tests need {'is' if len(absent) == 1 else 'are'} missing: {', '.join(absent)}",
                          "install or set what is missing and run again")
    jobs = [(job, result) for job, result in ground.pairs() if condition.suite and any_glob(condition.suite, job.id)]
    failed = [f"{job.id}: {result.message}" for job, result in jobs if result is not None and result.status is Status.FAILED]
    if condition.suite and not failed and (lack := lacking(ground, jobs, "the integration tests", ())) is not None:
        return lack
    said = f"{count_text(len(wanted), 'dependency')[:-1] + 'ies' if len(wanted) != 1 else '1 dependency'} present"
    return Answer(status=held(holds=not failed), score=within_limit(len(failed), 0), violations=cut(failed), evidence=tuple(job.id for job, _ in jobs),
                  message=said + (f", {len(failed)} of {count_text(len(jobs), 'job')} failed" if jobs else ""))


def approval(condition: PolicyCondition, ground: Ground, _component: str | None) -> Answer:
    """Somebody who may has approved; until then the run waits for a person."""
    given = ground.approvals.get(condition.id, ())
    counted = [name for name in given if any_glob(condition.reviewers, name)]
    if counted:
        return Answer(status=ConditionStatus.PASSED, message=f"approved by {', '.join(counted)}", score=100.0)
    who = ", ".join(condition.reviewers) or "anybody"
    refused = tuple(f"{name} may not approve this" for name in given)
    return Answer(status=ConditionStatus.REQUIRES_REVIEW, message=f"waits for an approval by {who}{f': {condition.criteria}' if condition.criteria else ''}",
                  violations=refused, recommendations=(f"gatekeeper run --approve {condition.id}=NAME",))
