"""How far a run has come, from its events alone; the moment is passed in."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.event import (
    Event,
    Intervened,
    JobDelayed,
    JobFinished,
    JobPaused,
    JobQueued,
    JobResumed,
    JobStarted,
    Pressure,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Result
from gatekeeper.model.status import Status
from gatekeeper.model.value import replace
from gatekeeper.session.progress import Progress, Story, progress_of
from tests.fakes.record import mixed
from tests.fakes.stream import events_of

pytestmark = pytest.mark.unit
RUN = mixed()


def plan_of(*jobs: tuple[str, float, tuple[str, ...]], slots: int = 2) -> Plan:
    like = RUN.plan.jobs[0]
    made: list[Job] = [replace(like, id=name, needs=needs, after=(), estimated_seconds=seconds) for name, seconds, needs in jobs]
    return replace(RUN.plan, jobs=tuple(made), pool_size=slots)


def after(events: Iterable[Event], now: float) -> Progress:
    story = Story()
    for event in events:
        story.hear(event)
    return progress_of(story, now)


def started(plan: Plan) -> RunStarted:
    return RunStarted(at=0.0, run_id="id", plan=plan)


def running(job: str, at: float = 0.0) -> tuple[Event, ...]:
    return JobQueued(at=at, job=job), JobStarted(at=at, job=job, attempt=1, pid=7)


def ended(job: str, at: float, status: Status = Status.PASSED) -> JobFinished:
    return JobFinished(at=at, job=job, result=Result(job=job, status=status, message="said"))


def test_nothing_is_known_before_the_plan_is() -> None:
    progress = after((), 5.0)
    assert (progress.state, progress.overall, progress.steps) == ("starting", 0.0, ())


def test_progress_goes_by_estimated_time_and_not_by_number() -> None:
    plan = plan_of(("short", 1.0, ()), ("long", 9.0, ()))
    progress = after((started(plan), *running("short"), *running("long"), ended("short", 1.0)), 4.5)
    assert progress.overall == pytest.approx((1.0 + 4.5) / 10)
    assert progress.left == pytest.approx(4.5)
    assert [(step.job.id, step.status, step.left) for step in progress.steps] == [("short", Status.PASSED, 0.0), ("long", Status.RUNNING, 4.5)]


def test_what_takes_longer_than_estimated_is_nearly_done_and_never_done() -> None:
    plan = plan_of(("long", 2.0, ()))
    progress = after((started(plan), *running("long")), 500.0)
    assert progress.overall == 0.99
    assert progress.left == 0.0


def test_as_long_as_anything_is_open_it_is_not_all_that_is_told() -> None:
    plan = plan_of(("long", 1e6, ()), ("tiny", 0.0, ()))
    assert after((started(plan), *running("long"), ended("long", 1.0)), 1.0).overall == 0.99


def test_what_is_left_is_the_longest_chain_where_that_is_longer_than_the_work_on_all_slots() -> None:
    chain = plan_of(("a", 5.0, ()), ("b", 5.0, ("a",)), ("c", 5.0, ("b",)), slots=8)
    assert after((started(chain),), 0.0).left == 15.0
    wide = plan_of(*((f"j{number}", 5.0, ()) for number in range(8)), slots=2)
    assert after((started(wide),), 0.0).left == 20.0


def test_jobs_that_wait_in_a_circle_do_not_hang_whoever_asks() -> None:
    circle = plan_of(("a", 5.0, ("b",)), ("b", 5.0, ("a",)), slots=8)
    assert after((started(circle),), 0.0).left >= 5.0


def test_a_chain_of_ten_thousand_is_no_problem() -> None:
    chain = plan_of(*((f"j{number}", 1.0, (f"j{number - 1}",) if number else ()) for number in range(10_000)), slots=8)
    assert after((started(chain),), 0.0).left == 10_000.0


def test_a_paused_run_and_a_frozen_job_are_paused_with_their_reason() -> None:
    plan = plan_of(("a", 5.0, ()), ("b", 5.0, ()))
    events: tuple[Event, ...] = (started(plan), *running("a"), *running("b"), JobPaused(at=1.0, job="a", reason="memory"))
    assert [step.status for step in after(events, 2.0).steps] == [Status.PAUSED, Status.RUNNING]
    paused = after((*events, RunPaused(at=2.0, reason="lunch")), 3.0)
    assert (paused.state, paused.reason) == ("paused", "lunch")
    assert {step.status for step in paused.steps} == {Status.PAUSED}
    assert after((*events, RunPaused(at=2.0, reason="lunch"), RunResumed(at=3.0)), 3.0).state == "running"


def test_a_job_that_waits_for_its_next_try_is_not_running_and_says_when_and_why() -> None:
    plan = plan_of(("a", 5.0, ()), ("b", 5.0, ()))
    events: tuple[Event, ...] = (started(plan), *running("a"), *running("b"), JobDelayed(at=1.0, job="a", attempt=2, seconds=10.0, reason="no answer"))
    told = after(events, 2.0)
    (step,) = told.waiting
    assert (step.job.id, step.status, step.next_attempt, step.next_at, step.reason) == ("a", Status.PENDING, 2, 11.0, "no answer")
    assert [step.job.id for step in told.running] == ["b"]
    assert (told.counters.running, told.counters.pending) == (1, 1)
    paused: tuple[Event, ...] = (*events, RunPaused(at=3.0, reason="lunch"))
    assert [step.next_at for step in after(paused, 4.0).waiting] == [None]
    assert [step.next_at for step in after((*paused, RunResumed(at=103.0)), 104.0).waiting] == [111.0]
    again = after((*events, JobQueued(at=11.0, job="a"), JobStarted(at=11.0, job="a", attempt=2, pid=8)), 12.0)
    assert (again.waiting, again.counters.running) == ((), 2)
    assert after((*events, ended("a", 5.0, Status.NOT_RUN)), 6.0).waiting == ()
    story = Story()
    for event in events:
        story.hear(event)
    assert progress_of(story, 2.0, alive=False).waiting == ()


def test_what_stands_still_comes_no_further() -> None:
    plan = plan_of(("a", 10.0, ()))
    frozen: tuple[Event, ...] = (started(plan), *running("a"), JobPaused(at=2.0, job="a", reason="lunch"))
    assert after(frozen, 9.0).overall == pytest.approx(0.2)
    assert after(frozen, 9.0).left == pytest.approx(8.0)
    assert after((*frozen, JobResumed(at=9.0, job="a")), 10.0).overall == pytest.approx(0.3)


def test_what_went_wrong_and_what_was_changed_is_told() -> None:
    plan = plan_of(("a", 5.0, ()), ("b", 5.0, ()))
    changed = Intervened(at=1.0, action="jobs", value="4", by="me")
    held, let = (Pressure(at=2.0, resource="memory", value=91.0, limit=80.0, held=held) for held in (True, False))
    progress = after((started(plan), *running("a"), ended("a", 1.0, Status.FAILED), changed, held), 2.0)
    assert progress.issues == ("a: failed: said",)
    assert progress.interventions == (changed,)
    assert progress.pressure == (held,)
    assert after((started(plan), held, let), 3.0).pressure == ()


def test_a_run_that_is_gone_on_with_is_told_from_its_new_beginning() -> None:
    plan = plan_of(("a", 5.0, ()), ("b", 5.0, ()))
    again = after((started(plan), *running("a"), *running("b"), started(plan), ended("a", 1.0)), 1.0)
    assert [step.status for step in again.steps] == [Status.PASSED, Status.PENDING]


def test_the_end_is_one_and_its_time_stands_still() -> None:
    events = list(events_of(RUN))
    progress = after(events, 10_000.0)
    assert isinstance(events[-1], RunFinished)
    assert (progress.state, progress.overall, progress.left, progress.seconds) == ("ended", 1.0, 0.0, events[-1].at - events[0].at)
    assert progress.verdict == RUN.verdict
    assert {part.progress for part in progress.parts} == {1.0}


@given(st.integers(min_value=1, max_value=len(list(events_of(RUN)))), st.floats(min_value=0, max_value=1000))
def test_at_every_moment_counters_add_up_and_only_the_end_is_one(count: int, later: float) -> None:
    events = list(events_of(RUN))[:count]
    progress = after(events, events[-1].at + later)
    counted = progress.counters
    names = ("completed", "running", "failed", "blocked", "pending", "unmeasured", "unavailable", "cancelled", "skipped")
    assert sum(getattr(counted, name) for name in names) == counted.total == len(RUN.plan.jobs)
    assert 0.0 <= progress.overall <= 1.0
    assert (progress.overall == 1.0) == (counted.pending + counted.running == 0)
    assert len(progress.running) == counted.running


def test_of_a_run_that_died_nothing_runs_and_what_was_cut_off_is_named() -> None:
    plan = plan_of(("a", 4.0, ()), ("b", 4.0, ()))
    story = Story()
    for event in (started(plan), *running("a"), RunPaused(at=1.0, reason="paused by me"), ended("b", 2.0)):
        story.hear(event)
    lives, died = progress_of(story, 3.0), progress_of(story, 3.0, alive=False)
    assert (lives.state, [step.job.id for step in lives.running], lives.counters.running, lives.cut_off) == ("paused", ["a"], 1, ())
    assert (died.state, died.reason, died.running, died.cut_off) == ("died", "", (), ("a",))
    assert (died.counters.running, died.counters.pending, died.counters.completed) == (0, lives.counters.pending + 1, 1)
    assert [(part.counters.running, part.counters.pending) for part in died.parts] == [(0, died.counters.pending)]


def test_the_clock_of_a_job_stands_still_with_it() -> None:
    plan = plan_of(("a", 4.0, ()))
    events = [started(plan), *running("a", 1.0), JobPaused(at=3.0, job="a", reason="lunch")]
    assert [after(events, now).steps[0].took for now in (3.0, 60.0)] == [2.0, 2.0]
    assert after([*events, JobResumed(at=60.0, job="a")], 61.0).steps[0].took == 3.0


def test_a_run_that_went_on_after_its_death_took_what_its_record_says() -> None:
    plan = plan_of(("a", 4.0, ()))
    finish = RunFinished(at=5.0, run_id="id", verdict=RUN.verdict, wall_seconds=12.5)
    assert after([started(plan), *running("a"), ended("a", 4.0), finish], 99.0).seconds == 12.5


def test_a_run_that_is_over_waits_for_no_room() -> None:
    plan = plan_of(("a", 4.0, ()))
    held = [started(plan), *running("a"), Pressure(at=1.0, resource="cpu", value=99.0, limit=95.0, held=True)]
    assert len(after(held, 2.0).pressure) == 1
    assert after([*held, ended("a", 4.0), RunFinished(at=5.0, run_id="id", verdict=RUN.verdict, wall_seconds=5.0)], 9.0).pressure == ()
