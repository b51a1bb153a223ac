"""What must come of a scenario, reckoned without the engine: the status of each job, and the verdict over any results.

Knows how jobs go and what they need; knows no order, no time and no machine. Where people or deadlines step in, it says of each job what must
hold all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.recovery import Trouble
from gatekeeper.model.result import Result
from gatekeeper.model.status import Cause, Outcome, Status
from tests.fakes.scenario import Go, Scenario, Way
from tests.fakes.world import must

#: ends that somebody, some deadline or another job has brought about, not the job
STEPPED_IN = frozenset({Cause.BUDGET, Cause.FAIL_FAST, Cause.INTERRUPT, Cause.ABORT, Cause.SERVICE})
#: what an execution comes to, and which further try may help
_ENDS = {
    Way.CLEAN: (Status.PASSED, None), Way.LEAK: (Status.PASSED, None), Way.FINDINGS: (Status.FAILED, None), Way.NOTHING: (Status.UNMEASURED, None),
    Way.RED: (Status.FAILED, Trouble.FAILURE), Way.TOOL_ERROR: (Status.ERRORED, Trouble.CRASH), Way.NETWORK: (Status.ERRORED, Trouble.NETWORK),
    Way.SIGNAL: (Status.ERRORED, Trouble.SIGNAL), Way.OUT_OF_MEMORY: (Status.ERRORED, Trouble.OUT_OF_MEMORY), Way.SPAWN: (Status.ERRORED, Trouble.SPAWN),
    Way.NO_PROGRAM: (Status.ERRORED, None)}
_DEAD = frozenset({Way.SIGNAL, Way.OUT_OF_MEMORY, Way.SPAWN, Way.NO_PROGRAM, Way.NETWORK})


def end_of(job: Job, go: Go) -> tuple[Status, Trouble | None]:
    """What one execution comes to, left to itself, and its trouble."""
    if go.way not in {Way.SPAWN, Way.NO_PROGRAM} and go.seconds > job.timeout:
        return Status.TIMED_OUT, Trouble.TIMEOUT
    if go.errand is not None and go.errand.dies and go.way not in _DEAD:
        return Status.ERRORED, Trouble.CRASH
    return _ENDS[go.way]


def left_alone(scenario: Scenario, job: Job) -> Status:
    """What a job comes to whose needs are met, with all its tries and its fallback; nobody decides where it is held."""
    if job.unavailable is not None:
        return Status.UNAVAILABLE
    tried = 0
    for attempt in range(1, 100):
        status, trouble = end_of(job, scenario.go(job.id, attempt))
        tried += 1
        if status is Status.PASSED or (trouble in job.retry.on and tried < job.retry.attempts):
            if status is Status.PASSED:
                return status
        elif job.fallback is not None and status in {Status.ERRORED, Status.TIMED_OUT}:
            job, tried = job.fallback, 0
        else:
            return status
    raise AssertionError(f"{job.id} does not end")


def check_results(scenario: Scenario, results: Sequence[Result], *, may_step_in: frozenset[Cause]) -> None:
    """Each job ended as it had to: by itself as it goes, blocked by a need that did not pass, or for a cause that there was."""
    jobs = {job.id: job for job in scenario.plan.jobs}
    must(tuple(jobs) == tuple(result.job for result in results), "the results are not those of the jobs, in plan order")
    by_id = {result.job: result for result in results}
    for result in results:
        _check(scenario, jobs[result.job], result, by_id, may_step_in)
    _check_causes(jobs, by_id)


def _check_causes(jobs: Mapping[str, Job], results: Mapping[str, Result]) -> None:
    """A job is stopped because of another only where there is such another."""
    causes = {result.cause for result in results.values()}
    red = {Status.FAILED, Status.ERRORED, Status.TIMED_OUT}
    first = any(jobs[job_id].blocking and result.status in red for job_id, result in results.items())
    must(first or Cause.FAIL_FAST not in causes, "fail-fast ended a run in which no blocking job is red")
    aborting = any(jobs[job_id].recovery.abort and result.status is not Status.PASSED for job_id, result in results.items())
    must(aborting or Cause.ABORT not in causes, "a run was aborted although every job passed that may abort it")
    must(all(jobs[job_id].services for job_id, result in results.items() if result.cause is Cause.SERVICE), "a job waits for a service that it does not ask")


def _check(scenario: Scenario, job: Job, result: Result, by_id: Mapping[str, Result], may_step_in: frozenset[Cause]) -> None:
    unmet = [need for need in job.needs if need not in by_id or by_id[need].status is not Status.PASSED]
    must(result.status.final, "a result is not final", result)
    if result.cause in STEPPED_IN:
        must(result.cause in may_step_in, "a job was stopped for a cause that there was not", result)
        must(result.status is not Status.PASSED, "a job passed that was stopped", result)
    elif result.status is Status.BLOCKED:
        must(bool(unmet), "a job is blocked whose needs are met", result)
    elif result.from_cache:
        must(job.id in scenario.cached, "a result is from the cache that was not in it", result)
        must(not unmet, "the cache was asked for a job whose needs are not met", result)
    else:
        must(not unmet or job.unavailable is not None, "a job came to an end of its own whose needs are not met", result)
        expected = {left_alone(scenario, job)} | (_on_the_way(scenario, job, result) if may_step_in else set())
        must(_is_open(job, result) or result.status in expected, f"a job ended as {result.status} that ends as {left_alone(scenario, job)}", result)
        must(result.leaky is any(attempt.leaked for attempt in result.attempts), "what a job left behind is not told", result)


def _on_the_way(scenario: Scenario, job: Job, result: Result) -> set[Status]:
    """What the tries came to that there were: whatever ends a run leaves no time for another one."""
    goes = [scenario.go(job.id, attempt) for attempt in range(1, len(result.attempts) + 1)]
    return {end_of(one, go)[0] for go in goes for one in (job, job.fallback) if one is not None}


def _is_open(job: Job, result: Result) -> bool:
    """Whether somebody or something may have kept a job from a further try, or let it have another one."""
    return bool(job.services or job.recovery.hold) or "not tried again" in result.message


def outcome_of(plan: Plan, results: Sequence[Result], *, interrupted: bool) -> Outcome:
    """fail > incomplete > pass, interrupted above all."""
    if interrupted:
        return Outcome.INTERRUPTED
    blocking = {job.id for job in plan.jobs if job.blocking}
    statuses = {result.status for result in results if result.job in blocking}
    if Status.FAILED in statuses:
        return Outcome.FAIL
    return Outcome.PASS if statuses <= {Status.PASSED, Status.SKIPPED} else Outcome.INCOMPLETE


def bound(scenario: Scenario) -> float:
    """No order of a plain scenario takes less: its longest chain, and all work over all cores."""
    jobs = {job.id: job for job in scenario.plan.jobs}
    seconds = {job_id: 0.0 if jobs[job_id].unavailable else min(go.seconds, jobs[job_id].timeout) + (go.errand.seconds if go.errand else 0.0)
               for job_id in jobs for go in (scenario.go(job_id, 1),)}
    ends: dict[str, float] = {}

    def end(name: str) -> float:
        if name not in ends:
            waits = scenario.plan.barriers[name] if name in scenario.plan.barriers else (*jobs[name].needs, *jobs[name].after)
            ends[name] = max((end(one) for one in waits), default=0.0) + seconds.get(name, 0.0)
        return ends[name]

    return max(sum(seconds.values()) / scenario.cores, *(end(job_id) for job_id in jobs))
