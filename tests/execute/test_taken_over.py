"""Results that a run begins with, and what stopped a job whose output is read by an errand: told as they were, whatever else is decided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gatekeeper.execute.control import Control
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.ports import Errand, RunOptions
from gatekeeper.execute.run import run_plan
from gatekeeper.model.plan import Job, Plan, Reason
from gatekeeper.model.recovery import Recovery
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.tool import Role
from gatekeeper.model.value import replace
from tests.fakes.clock import ManualClock
from tests.fakes.events import RecordedEvents
from tests.fakes.pool import FakePool, Script

PLAIN = Job(id="T/a", task="T", batch="alpha", command="c", tool_id="t", role=Role.LINT, component=None, argv=("tool",), cwd=".",
            reason=Reason(kind="asked", detail=""))
A, B, C = (replace(PLAIN, id=f"T/{name}") for name in "abc")


def timed_out(job: Job, attempt: Attempt) -> Result:
    return Result(job=job.id, status=Status.TIMED_OUT, cause=Cause.TIMEOUT, message=f"stopped after {job.timeout:g} s", attempts=(attempt,))


def carried_out(folder: Path, *jobs: Job, options: RunOptions, timeout: float = 3600.0, scripts: dict[str, Script] | None = None,
                conclude: Callable[[Job, Attempt], Result | Errand] = timed_out, heard: RecordedEvents | None = None) -> list[tuple[Status, Cause | None]]:
    clock = ManualClock()
    plan = Plan(root=str(folder), pipeline="default", batches=(), jobs=jobs, timeout=timeout)
    results = run_plan(plan, clock=clock, pool=FakePool(clock, scripts), conclude=conclude, publish=heard or RecordedEvents(), folder=str(folder / "run"),
                       control=Control(), options=replace(options, capacity=Capacity(cpu=2), environment={}))
    return [(result.status, result.cause) for result in results]


def known(*results: tuple[Job, Status]) -> dict[str, Result]:
    return {job.id: Result(job=job.id, status=status) for job, status in results}


def test_under_fail_fast_a_known_failure_does_not_undo_what_else_is_known(tmp_path: Path) -> None:
    options = RunOptions(fail_fast=True, known=known((B, Status.PASSED), (A, Status.FAILED)))
    assert carried_out(tmp_path, A, B, C, options=options) == [(Status.FAILED, None), (Status.PASSED, None), (Status.NOT_RUN, Cause.FAIL_FAST)]


def test_a_known_failure_that_ends_the_run_does_not_undo_what_else_is_known(tmp_path: Path) -> None:
    options = RunOptions(known=known((B, Status.PASSED), (A, Status.FAILED)))
    aborting = replace(A, recovery=Recovery(abort=True))
    assert carried_out(tmp_path, aborting, B, C, options=options) == [(Status.FAILED, None), (Status.PASSED, None), (Status.NOT_RUN, Cause.ABORT)]


def test_a_known_failure_blocks_what_needs_it_and_frees_what_only_waits(tmp_path: Path) -> None:
    options = RunOptions(known=known((A, Status.FAILED)))
    jobs = A, replace(B, needs=(A.id,)), replace(C, after=(A.id,))
    assert carried_out(tmp_path, *jobs, options=options) == [(Status.FAILED, None), (Status.BLOCKED, Cause.NEED), (Status.TIMED_OUT, Cause.TIMEOUT)]


def test_of_two_held_jobs_whose_time_is_up_the_first_may_end_the_run_for_the_other(tmp_path: Path) -> None:
    held = tuple(replace(job, recovery=Recovery(hold=30.0, abort=True)) for job in (A, B))
    said = carried_out(tmp_path, *held, C, options=RunOptions(person=True), scripts={C.id: Script(seconds=60)})
    assert said == [(Status.TIMED_OUT, Cause.TIMEOUT), (Status.TIMED_OUT, Cause.TIMEOUT), (Status.CANCELLED, Cause.ABORT)]


def test_who_becomes_ready_because_another_is_in_the_cache_is_announced_before_it_starts(tmp_path: Path) -> None:
    heard = RecordedEvents()

    def look_up(job: Job) -> Result | Job:
        return Result(job=job.id, status=Status.PASSED, from_cache=True) if job.id == A.id else job

    carried_out(tmp_path, A, replace(B, needs=(A.id,)), options=RunOptions(lookup=look_up), heard=heard)
    assert heard.words()[:4] == ["JobQueued T/a", "JobFinished T/a", "JobQueued T/b", "JobStarted T/b"]


def test_a_job_that_the_timeout_of_the_run_stopped_says_so_when_an_errand_has_read_its_output(tmp_path: Path) -> None:
    def errand(job: Job, attempt: Attempt) -> Errand:
        return Errand(argv=("reader",), folder=str(tmp_path / "errand"), timeout=60.0, then=lambda _ended: timed_out(job, attempt))

    said = carried_out(tmp_path, A, options=RunOptions(), timeout=5.0, scripts={A.id: Script(seconds=60)}, conclude=errand)
    assert said == [(Status.TIMED_OUT, Cause.BUDGET)]
