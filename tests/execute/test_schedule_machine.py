"""The schedule under anything that may happen to it, in any order: starts, ends, pauses, further tries, wishes of people, time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gatekeeper.execute.limits import Limits
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.schedule import ALLOWED, Decision, Schedule
from gatekeeper.model.pipeline import Priority
from gatekeeper.model.plan import Job, PlannedBatch
from gatekeeper.model.result import Counters
from gatekeeper.model.status import OPEN, Cause, Status
from gatekeeper.model.value import replace
from tests.execute.test_schedule import job
from tests.execute.test_schedule_properties import ENDS

FINAL = [status for status in Status if status not in OPEN]


@st.composite
def barred(draw: st.DrawFn) -> tuple[list[Job], dict[str, tuple[str, ...]]]:
    """Jobs that are enough to crowd one another, some of which wait for barriers, which wait for jobs and for one another."""
    jobs = [job(f"j{number:02}", seconds=draw(st.floats(0, 30)), cpu=draw(st.integers(1, 3)), memory=draw(st.integers(0, 500)),
                needs=tuple(f"j{other:02}" for other in draw(st.sets(st.integers(0, number - 1), max_size=2)) if other % 4 == 0) if number else (),
                exclusive=tuple(draw(st.sets(st.sampled_from("xy"), max_size=2))) if number % 3 == 0 else (),
                batch=draw(st.sampled_from(["alpha", "beta"])), blocking=draw(st.booleans()))
            for number in range(draw(st.integers(8, 14)))]
    ids = [each.id for each in jobs]
    barriers: dict[str, tuple[str, ...]] = {}
    for number in range(draw(st.integers(0, 3))):
        half = ids[:len(ids) // 2]
        barriers[f"barrier {number}"] = (*draw(st.lists(st.sampled_from(half), unique=True)), *draw(st.lists(st.sampled_from(list(barriers)), unique=True))) \
            if half and barriers else tuple(half)
    behind = [replace(each, after=(*each.after, *draw(st.lists(st.sampled_from(list(barriers)), max_size=2, unique=True))))
              if barriers and place >= len(ids) // 2 else each for place, each in enumerate(jobs)]
    return behind, barriers


class ScheduleMachine(RuleBasedStateMachine):
    """A schedule, and what we know of its jobs ourselves."""

    @initialize(drawn=barred(), cpu=st.integers(2, 5), memory=st.integers(300, 1500), timeout=st.one_of(st.none(), st.floats(20, 60)),
                fail_fast=st.sampled_from([False, False, True]))
    def plan(self, *, drawn: tuple[list[Job], dict[str, tuple[str, ...]]], cpu: int, memory: int, timeout: float | None, fail_fast: bool) -> None:
        self.jobs, self.barriers = {each.id: each for each in drawn[0]}, drawn[1]
        self.now, self.capacity = 0.0, Capacity(cpu=cpu, memory_mb=memory)
        limits = Limits(batches=(PlannedBatch(id="beta", title="", timeout=30.0),), timeout=timeout, fail_fast=fail_fast)
        self.schedule = Schedule(drawn[0], self.capacity, limits, barriers=self.barriers)
        self.final: dict[str, Status] = {}
        self.running: set[str] = set()
        self.paused: set[str] = set()
        self.resting: dict[str, float] = {}

    # -- what happens

    @rule()
    def start_all(self) -> None:
        self.start(None)

    @rule(cores=st.integers(0, 4))
    def start_some(self, cores: int) -> None:
        self.start(cores)

    def start(self, cores: int | None) -> None:
        moved = bool(self.running - self.paused)
        under_way = bool(self.running)
        chosen = self.schedule.startable(self.now) if cores is None else self.schedule.startable(self.now, cores=cores)
        taken = 0
        for job_id in chosen:
            self.may_start(job_id)
            self.schedule.started(job_id, self.now)
            self.running.add(job_id)
            taken += self.schedule.cores_of(job_id)
        if cores is not None and moved:
            assert taken <= cores
        if under_way or len(chosen) > 1:
            assert self.schedule.held() <= self.capacity.cpu or not chosen

    def may_start(self, job_id: str) -> None:
        assert self.schedule.status(job_id) is Status.QUEUED
        assert self.resting.pop(job_id, 0.0) <= self.now
        mine = self.jobs[job_id]
        assert all(self.final.get(need) is Status.PASSED for need in mine.needs)
        assert all(self.reached(name) for name in mine.after)
        assert not {name for other in self.running for name in self.jobs[other].resources.exclusive} & set(mine.resources.exclusive)
        memory = sum(min(self.jobs[other].resources.memory_mb, self.capacity.memory_mb) for other in (*self.running, job_id))
        assert memory <= self.capacity.memory_mb

    def reached(self, name: str) -> bool:
        if name in self.barriers:
            return all(self.reached(other) for other in self.barriers[name])
        return name not in self.jobs or name in self.final

    @precondition(lambda self: self.running)
    @rule(data=st.data(), status=st.sampled_from(ENDS))
    def end(self, data: st.DataObject, status: Status) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.running)))
        self.gone(job_id)
        self.end_with(job_id, status)

    @rule(data=st.data(), status=st.sampled_from([Status.PASSED, Status.FAILED, Status.UNAVAILABLE]), sure=st.integers(0, 3))
    def known(self, data: st.DataObject, status: Status, sure: int) -> None:
        """A result that needs no process."""
        open_jobs = sorted(set(self.jobs) - set(self.final) - self.running)
        if open_jobs and sure == 3:
            job_id = data.draw(st.sampled_from(open_jobs))
            self.resting.pop(job_id, None)
            self.end_with(job_id, status)

    @precondition(lambda self: self.running - self.paused)
    @rule(data=st.data())
    def pause(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.running - self.paused)))
        self.schedule.paused(job_id)
        self.paused.add(job_id)

    @precondition(lambda self: self.paused)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.paused)))
        self.schedule.resumed(job_id)
        self.paused.discard(job_id)

    @precondition(lambda self: self.running - self.paused)
    @rule(data=st.data(), wait=st.floats(0, 20), memory=st.integers(0, 2000))
    def again(self, data: st.DataObject, wait: float, memory: int) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.running - self.paused)))
        self.gone(job_id)
        self.jobs[job_id] = replace(self.jobs[job_id], resources=replace(self.jobs[job_id].resources, memory_mb=memory))
        self.resting[job_id] = self.now + wait
        self.schedule.requeued(self.jobs[job_id], self.now + wait)
        assert self.schedule.status(job_id) is Status.PENDING
        assert self.schedule.next_start(self.now) <= self.now + wait

    @rule(seconds=st.floats(0, 8))
    def time(self, seconds: float) -> None:
        self.now += seconds
        self.heed(self.schedule.settle(self.now))

    @rule(cores=st.integers(1, 6))
    def set_cpu(self, cores: int) -> None:
        self.schedule.set_cpu(cores)
        self.capacity = replace(self.capacity, cpu=cores)

    @rule(data=st.data(), priority=st.sampled_from(Priority))
    def reprioritise(self, data: st.DataObject, priority: Priority) -> None:
        self.schedule.reprioritise(data.draw(st.sampled_from(sorted(self.jobs))), priority)

    @rule(seconds=st.floats(30, 100))
    def set_timeout(self, seconds: float) -> None:
        self.schedule.set_timeout(seconds, self.now)

    @rule(sure=st.integers(0, 9))
    def cancel(self, sure: int) -> None:
        if sure != 9:
            return
        self.heed(self.schedule.cancel_rest(Cause.INTERRUPT, "enough"))
        assert set(self.jobs) == set(self.final) | self.running

    @rule(data=st.data(), to=st.sampled_from(Status))
    def what_is_not_allowed_is_refused_and_changes_nothing(self, data: st.DataObject, to: Status) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.jobs)))
        status, counters = self.schedule.status(job_id), self.schedule.counters()
        if to in ALLOWED.get(status, frozenset()):
            return
        moves: dict[Status, Callable[[], object]] = {
            Status.RUNNING: lambda: self.schedule.started(job_id, self.now) if status is not Status.PAUSED else self.schedule.resumed("none"),
            Status.PAUSED: lambda: self.schedule.paused(job_id), Status.PENDING: lambda: self.schedule.requeued(self.jobs[job_id], 0.0)}
        move = moves.get(to, (lambda: self.schedule.finished(job_id, to)) if to in FINAL else None)
        if move is not None:
            with pytest.raises((ValueError, KeyError)):
                move()
        assert (self.schedule.status(job_id), self.schedule.counters()) == (status, counters)

    # -- what it means

    def gone(self, job_id: str) -> None:
        self.running.discard(job_id)
        self.paused.discard(job_id)

    def end_with(self, job_id: str, status: Status) -> None:
        assert job_id not in self.final
        self.final[job_id] = status
        self.heed(self.schedule.finished(job_id, status))

    def heed(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            if decision.job in self.running:
                assert decision.status in {Status.CANCELLED, Status.TIMED_OUT}
                continue
            assert decision.job not in self.final
            self.resting.pop(decision.job, None)
            self.final[decision.job] = decision.status

    @invariant()
    def each_job_is_where_we_know_it(self) -> None:
        if not hasattr(self, "schedule"):
            return
        assert set(self.schedule.running()) == self.running
        for job_id in self.jobs:
            status = self.schedule.status(job_id)
            assert status is self.final.get(job_id, status)
            assert status.final == (job_id in self.final)
            assert (status is Status.PAUSED) == (job_id in self.paused)
        assert self.schedule.done == (len(self.final) == len(self.jobs))
        assert self.schedule.held() <= self.schedule.wanted()

    @invariant()
    def the_counters_add_up(self) -> None:
        if not hasattr(self, "schedule"):
            return
        parts = ("alpha", "beta")
        for name in Counters.__slots__:
            assert getattr(self.schedule.counters(), name) == sum(getattr(self.schedule.counters(batch), name) for batch in parts)
        for batch in (None, *parts):
            counters = self.schedule.counters(batch)
            told = [getattr(counters, name) for name in Counters.__slots__ if name != "total"]
            assert min(told) >= 0
            assert sum(told) == counters.total

    def teardown(self) -> None:
        """Whatever happened: let all go on, and every job comes to its end."""
        if not hasattr(self, "schedule"):
            return
        for job_id in sorted(self.paused):
            self.schedule.resumed(job_id)
        self.paused.clear()
        for _ in range(3 * len(self.jobs) + 3):
            self.now += 100.0
            self.heed(self.schedule.settle(self.now))
            self.start(None)
            if self.schedule.done:
                break
            for job_id in sorted(self.running):
                self.gone(job_id)
                self.end_with(job_id, Status.PASSED)
        assert self.schedule.done, "somebody starves"
        assert set(self.final) == set(self.jobs)


ScheduleMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestScheduleMachine = ScheduleMachine.TestCase


def makespan(jobs: list[Job], cores: int) -> float:
    """Seconds that the jobs take when each takes what was estimated."""
    schedule = Schedule(jobs, Capacity(cpu=cores, memory_mb=10**6))
    seconds = {each.id: each.estimated_seconds for each in jobs}
    running: dict[str, float] = {}
    now = 0.0
    while not schedule.done:
        for job_id in schedule.startable(now):
            schedule.started(job_id, now)
            running[job_id] = now + seconds[job_id]
        first = min(running, key=lambda one: running[one])
        now = running.pop(first)
        schedule.finished(first, Status.PASSED)
    return now


def longest(jobs: list[Job]) -> float:
    ends: dict[str, float] = {}
    for each in jobs:  # needs point backwards only
        ends[each.id] = each.estimated_seconds + max((ends[other] for other in (*each.needs, *each.after)), default=0.0)
    return max(ends.values())


@given(drawn=st.data(), cores=st.integers(1, 4), count=st.integers(1, 14))
@settings(max_examples=80, deadline=None)
def test_with_needs_too_the_makespan_is_at_most_twice_its_bound(drawn: st.DataObject, cores: int, count: int) -> None:
    ids = [f"j{number:02}" for number in range(count)]
    jobs = [job(name, seconds=drawn.draw(st.floats(0.1, 100)),
                needs=tuple(drawn.draw(st.lists(st.sampled_from(ids[:place]), max_size=3, unique=True))) if place else ()) for place, name in enumerate(ids)]
    bound = max(longest(jobs), sum(each.estimated_seconds for each in jobs) / cores)
    assert makespan(jobs, cores) <= 2 * bound + 1e-6
