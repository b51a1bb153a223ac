"""For what a job waited, from the events of made-up runs."""

from __future__ import annotations

import pytest

from gatekeeper.judge.waiting import For, Wait, wait_text, waits
from gatekeeper.model.event import (
    Event,
    Intervened,
    JobDelayed,
    JobEnded,
    JobFinished,
    JobPaused,
    JobQueued,
    JobResumed,
    JobStarted,
    Pressure,
    RunPaused,
    RunResumed,
    RunStarted,
)
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Status
from gatekeeper.model.value import replace
from tests.fakes.house import job

pytestmark = pytest.mark.unit
A, B, C = job("a"), job("b"), job("c")


def held(one: Job, *, cpu: int = 1, exclusive: tuple[str, ...] = ()) -> Job:
    return replace(one, resources=replace(one.resources, cpu=cpu, exclusive=exclusive))


def queued(at: float, *names: str) -> tuple[Event, ...]:
    return tuple(JobQueued(at=at, job=f"T/{name}") for name in names)


def started(at: float, *names: str, attempt: int = 1) -> tuple[Event, ...]:
    return tuple(JobStarted(at=at, job=f"T/{name}", attempt=attempt, pid=7) for name in names)


def ended(at: float, *names: str) -> tuple[Event, ...]:
    return tuple(event for name in names for event in (JobEnded(at=at, job=f"T/{name}", attempt=Attempt(exit_code=0)),
                                                       JobFinished(at=at, job=f"T/{name}", result=Result(job=f"T/{name}", status=Status.PASSED))))


def told(jobs: tuple[Job, ...], *parts: tuple[Event, ...], of: Job, cores: int = 1, barriers: dict[str, tuple[str, ...]] | None = None) -> tuple[Wait, ...]:
    plan = Plan(root="/", pipeline="p", batches=(), jobs=jobs, pool_size=cores, barriers=barriers or {})
    return waits(plan, (RunStarted(at=0.0, run_id="r", plan=plan), *(event for part in parts for event in part)), of)


def test_a_job_that_started_at_once_waited_for_nothing() -> None:
    assert told((A,), queued(0.0, "a"), started(0.01, "a"), ended(9.0, "a"), of=A) == ()


def test_a_job_waits_for_the_last_of_what_it_needs_and_then_for_cores() -> None:
    last = replace(C, needs=("T/a", "T/b"))
    found = told((A, B, last), queued(0.0, "a", "b"), started(0.0, "a", "b"), ended(2.0, "b"), ended(5.0, "a"), queued(5.0, "c"), started(5.0, "c"), of=last, cores=2)
    assert found == (Wait(why=For.NEEDS, seconds=5.0, by=("T/a",)),)
    assert wait_text(found[0]) == "5.0 s for what has to end before it; T/a ended last"


def test_what_a_barrier_stands_for_is_needed_too() -> None:
    behind = replace(B, after=("all",))
    (wait,) = told((A, behind), queued(0.0, "a"), started(0.0, "a"), ended(4.0, "a"), queued(4.0, "b"), started(4.0, "b"), of=behind, barriers={"all": ("T/a",)})
    assert (wait.why, wait.seconds, wait.by) == (For.NEEDS, 4.0, ("T/a",))


def test_cores_that_others_took_are_named_with_who_had_them_longest() -> None:
    wide = held(C, cpu=2)
    (wait,) = told((A, B, wide), queued(0.0, "a", "b", "c"), started(0.0, "a", "b"), ended(1.0, "a"), ended(6.0, "b"), started(6.0, "c"), of=wide, cores=2)
    assert (wait.why, wait.seconds, wait.by) == (For.CORES, 6.0, ("T/b", "T/a"))
    assert wait_text(wait) == "6.0 s for cores: 1 of 2 were taken, and it takes 2; longest by T/b, T/a"


def test_cores_that_somebody_gave_the_run_are_counted() -> None:
    more = (Intervened(at=2.0, action="jobs", value="2"),)
    waited = told((A, B), queued(0.0, "a", "b"), started(0.0, "a"), more, started(3.0, "b"), of=B)
    assert [(wait.why, wait.seconds) for wait in waited] == [(For.CORES, 2.0), (For.ROOM, 1.0)]


def test_what_only_one_may_hold_a_pause_and_a_full_machine_come_before_cores() -> None:
    first, second = held(A, exclusive=("target",)), held(B, exclusive=("target",))
    pressed = Pressure(at=4.0, resource="cpu", value=99.0, limit=95.0, held=True)
    waited = told((first, second), queued(0.0, "a", "b"), started(0.0, "a"), (RunPaused(at=2.0, reason="lunch"), RunResumed(at=3.0), pressed), ended(9.0, "a"),
                  started(9.5, "b"), of=second, cores=2)
    assert [(wait.why, wait.seconds) for wait in waited] == [(For.EXCLUSIVE, 3.0), (For.PAUSE, 1.0), (For.PRESSURE, 5.0), (For.ROOM, 0.5)]
    assert [wait_text(wait) for wait in waited[:3]] == [
        "3.0 s for target, which T/a held", "1.0 s because the run stood still: lunch", "5.0 s because the machine was full: cpu at 99 % (limit 95 %)"]


def test_further_tries_and_standing_still_are_waits_too() -> None:
    waited = told((A,), queued(0.0, "a"), started(0.0, "a"), (JobPaused(at=1.0, job="T/a", reason="short of memory"), JobResumed(at=3.0, job="T/a")),
                  (JobDelayed(at=4.0, job="T/a", attempt=2, seconds=5.0, reason="no answer"),), queued(9.0, "a"), started(10.0, "a", attempt=2), of=A)
    assert [(wait.why, wait.seconds) for wait in waited] == [(For.RETRY, 6.0), (For.STANDSTILL, 2.0)]
    assert [wait_text(wait) for wait in waited] == ["6.0 s for try 2: no answer", "2.0 s standing still: short of memory"]


def test_a_job_that_never_started_waited_until_its_end() -> None:
    (wait,) = told((A, B), queued(0.0, "a", "b"), started(0.0, "a"), ended(7.0, "b"), of=B)
    assert (wait.why, wait.seconds) == (For.CORES, 7.0)
