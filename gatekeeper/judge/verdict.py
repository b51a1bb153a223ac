"""The verdict of a run: fail > incomplete > pass, interrupted above all. Exit codes are those of the design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gatekeeper.judge.policy.assess import deciding
from gatekeeper.model.assessment import Assessment, Enforcement
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Condition, Result, Verdict
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.wording import count_text

EXIT_CODES = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INCOMPLETE: 3, Outcome.INTERRUPTED: 130}
_SIGNALS = {1: "SIGHUP", 2: "SIGINT", 15: "SIGTERM"}
_REST = "gatekeeper retry runs what did not end, and keeps what did"
_INCOMPLETE = frozenset({Status.ERRORED, Status.TIMED_OUT, Status.UNMEASURED, Status.UNAVAILABLE, Status.CANCELLED, Status.NOT_RUN, Status.BLOCKED})
_ORDER = {Outcome.INTERRUPTED: 0, Outcome.FAIL: 1, Outcome.INCOMPLETE: 2, Outcome.PASS: 3}


def judge(plan: Plan, results: Sequence[Result], *, assessments: Sequence[Assessment] = (), extra: Sequence[Condition] = (),
          signal: int | None = None, cancelled: str = "") -> Verdict:
    """The verdict over all results and the conditions of the policy. `extra` are conditions of the run itself; `signal` is what interrupted it,
    `cancelled` says who cancelled it, and why."""
    jobs = {job.id: job for job in plan.jobs}
    statuses = {result.job: result.status for result in results}
    conditions = [condition for result in results if (condition := _condition(jobs[result.job], result, statuses, jobs)) is not None]
    conditions += [*_unlooked(plan, statuses), *deciding(assessments), *extra]
    if not plan.jobs or (not plan.components and all(job.reason.kind == "builtin" for job in plan.jobs)):
        conditions += _nothing(plan)
    if signal is not None:
        conditions.append(Condition(subject="run", outcome=Outcome.INTERRUPTED, message=f"interrupted by {_SIGNALS.get(signal, f'signal {signal}')}", hint=_REST))
    if cancelled:
        conditions.append(Condition(subject="run", outcome=Outcome.INTERRUPTED, message=cancelled, hint=_REST))
    conditions.sort(key=lambda condition: (_ORDER[condition.outcome], condition.subject))
    outcome = conditions[0].outcome if conditions else Outcome.PASS
    code = 128 + signal if signal is not None else EXIT_CODES[outcome]
    return Verdict(outcome=outcome, exit_code=code, conditions=tuple(conditions), message=_sentence(plan, outcome, conditions))


def _nothing(plan: Plan) -> list[Condition]:
    """A scoped run with nothing applicable passes; a full run that checks nothing has measured nothing."""
    if plan.scoped:
        return []
    return [Condition(subject="run", outcome=Outcome.INCOMPLETE, message="nothing to check: no component was found",
                      hint="see what was looked at with: gatekeeper detect")]


def _condition(job: Job, result: Result, statuses: Mapping[str, Status], jobs: Mapping[str, Job]) -> Condition | None:
    if not job.blocking:
        return None
    if result.status is Status.FAILED:
        return Condition(subject=job.id, outcome=Outcome.FAIL, message=result.message, hint=result.hint)
    if result.status in _INCOMPLETE and not (result.status is Status.BLOCKED and _said_by_its_need(job, statuses, jobs)):
        word = str(result.status).replace("_", " ")
        return Condition(subject=job.id, outcome=Outcome.INCOMPLETE, message=f"{word}: {result.message}" if result.message else word, hint=result.hint)
    return None


def _unlooked(plan: Plan, statuses: Mapping[str, Status]) -> Iterator[Condition]:
    """Commands whose files were cut into lists, none of which held one that the tool looks at: it has checked nothing, as a job with all of them would say.

    Where only some files are asked for, that is as it should be.
    """
    lists: dict[tuple[str, str, str | None], list[str]] = {}
    for job in plan.jobs if not plan.scoped else ():
        if job.partial and job.blocking:
            lists.setdefault((job.task, job.command, job.component), []).append(job.id)
    for ids in lists.values():
        if all(statuses.get(job_id) is Status.SKIPPED for job_id in ids):
            yield Condition(subject=ids[0], outcome=Outcome.INCOMPLETE, message=f"checked nothing: its tool left out all files, in all of {count_text(len(ids), 'list')}")


def _said_by_its_need(job: Job, statuses: Mapping[str, Status], jobs: Mapping[str, Job]) -> bool:
    """A blocking job whose needs that did not pass all failed and block too: the failure already says it."""
    unfinished = [need for need in job.needs if statuses.get(need, Status.PASSED) is not Status.PASSED]
    return bool(unfinished) and all(statuses[need] is Status.FAILED and jobs[need].blocking for need in unfinished)


def _sentence(plan: Plan, outcome: Outcome, conditions: Sequence[Condition]) -> str:
    count = sum(condition.outcome is outcome for condition in conditions)
    match outcome:
        case Outcome.PASS:
            blocking = sum(job.blocking for job in plan.jobs)
            if not blocking:
                return f"none of {count_text(len(plan.jobs), 'job')} can block" if plan.jobs else "nothing to check"
            return f"every blocking job passed ({blocking} of {len(plan.jobs)} block)"
        case Outcome.FAIL:
            jobs = sum(condition.outcome is outcome and plan.job(condition.subject) is not None for condition in conditions)
            parts = [*([count_text(jobs, "blocking job")] if jobs else []), *([count_text(count - jobs, "condition")] if count > jobs else [])]
            return f"{' and '.join(parts)} failed"
        case Outcome.INCOMPLETE:
            return f"{count_text(count, 'thing')} could not be measured"
        case Outcome.INTERRUPTED:
            return conditions[0].message


class Deciders:
    """The jobs that decide a verdict, while they end; asked after each end, so it counts down and never looks at all results again."""

    def __init__(self, plan: Plan, policy: Sequence[PolicyCondition] = (), *, waits: bool = False) -> None:
        # conditions that decide look at all jobs, those that only advise too
        waits = waits or any(condition.enforcement is Enforcement.BLOCKING for condition in policy)
        self._open = {job.id for job in plan.jobs if job.blocking or waits}

    def ended(self, job_id: str) -> bool:
        """Takes note of an end; whether it was the last that mattered."""
        mattered = job_id in self._open
        self._open.discard(job_id)
        return mattered and not self._open
