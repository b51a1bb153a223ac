"""What holds for every plan and every course of events."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.execute.limits import Limits
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.order import Order
from gatekeeper.execute.schedule import Decision, Schedule
from gatekeeper.model.pipeline import Priority
from gatekeeper.model.plan import Job, PlannedBatch, Reason, Resources
from gatekeeper.model.result import Counters
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role

ENDS = [Status.PASSED, Status.PASSED, Status.PASSED, Status.FAILED, Status.ERRORED, Status.TIMED_OUT, Status.UNMEASURED]


@st.composite
def plans(draw: st.DrawFn) -> list[Job]:
    """Jobs that need and follow any others: backwards (a DAG) mostly, at times forwards (circles) or jobs that are not there."""
    count = draw(st.integers(1, 12))
    ids = [f"j{number}" for number in range(count)]
    jobs = []
    for number, id_ in enumerate(ids):
        before = ids[:number] or ["j-none"]
        pool = draw(st.sampled_from([before, before, before, [*ids, "missing"]]))
        chosen = st.lists(st.sampled_from(pool), max_size=2, unique=True).map(tuple)
        jobs.append(Job(
            id=id_, task="T", batch=draw(st.sampled_from(["alpha", "beta"])), command="c", tool_id="t", role=Role.LINT, component=None,
            argv=("c",), cwd=".", needs=draw(chosen) if number else (), after=draw(chosen) if number else (),
            blocking=draw(st.booleans()), priority=draw(st.sampled_from(Priority)), estimated_seconds=draw(st.floats(0, 100)),
            resources=Resources(cpu=draw(st.integers(1, 5)), memory_mb=draw(st.integers(0, 900)),
                                exclusive=draw(st.lists(st.sampled_from("xyz"), max_size=2, unique=True).map(tuple))),
            reason=Reason(kind="asked", detail="")))
    return jobs


@dataclass
class Course:
    """Drives a schedule as `run_plan` would, with seconds and ends drawn by hypothesis, and checks what must hold at every step."""

    jobs: list[Job]
    capacity: Capacity
    limits: Limits
    data: st.DataObject

    def __post_init__(self) -> None:
        self.now = 0.0
        self.schedule = Schedule(self.jobs, self.capacity, self.limits)
        self.by_id = {job.id: job for job in self.jobs}
        self.final: dict[str, Status] = {}
        self.ends: dict[str, float] = {}
        self.started: list[str] = []

    def run(self) -> None:
        for _ in range(10 * len(self.jobs) + 10):
            self.take(self.schedule.settle(self.now))
            self.start()
            self.check()
            if self.schedule.done:
                return
            if self.ends:
                self.end_one()
        raise AssertionError("no progress")

    def start(self) -> None:
        startable = self.schedule.startable(self.now)
        assert startable or self.ends or self.schedule.done or self.schedule.settle(self.now), "deadlock"
        for job_id in startable:
            self.schedule.started(job_id, self.now)
            self.started.append(job_id)
            self.ends[job_id] = self.now + self.data.draw(st.floats(0, 20))

    def end_one(self) -> None:
        job_id = min(self.ends, key=lambda one: self.ends[one])
        self.now = max(self.now, self.ends.pop(job_id))
        status = self.data.draw(st.sampled_from(ENDS))
        assert job_id not in self.final
        self.final[job_id] = status
        self.take(self.schedule.finished(job_id, status))

    def take(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            if decision.job in self.ends:
                self.ends[decision.job] = self.now  # told to stop
                assert decision.status in {Status.TIMED_OUT, Status.CANCELLED}
            else:
                assert decision.job not in self.final
                self.final[decision.job] = decision.status

    def check(self) -> None:
        running = [self.by_id[job_id] for job_id in self.schedule.running()]
        assert {job.id for job in running} == set(self.ends)
        assert sum(min(job.resources.cpu, self.capacity.cpu) for job in running) <= self.capacity.cpu
        assert sum(min(job.resources.memory_mb, self.capacity.memory_mb) for job in running) <= self.capacity.memory_mb
        names = [name for job in running for name in job.resources.exclusive]
        assert len(names) == len(set(names))
        for job in running:
            assert all(self.final.get(need) is Status.PASSED for need in job.needs)
            assert all(waited in self.final for waited in job.after if waited in self.by_id)
        for batch in (None, "alpha", "beta"):
            self.check_counters(self.schedule.counters(batch))

    @staticmethod
    def check_counters(counters: Counters) -> None:
        parts = [getattr(counters, name) for name in Counters.__slots__ if name != "total"]
        assert min(parts) >= 0
        assert sum(parts) == counters.total


@given(jobs=plans(), cpu=st.integers(1, 4), memory=st.integers(1, 1500), timeout=st.one_of(st.none(), st.floats(0, 60)),
       batch_timeout=st.one_of(st.none(), st.floats(0, 30)), fail_fast=st.booleans(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_course_keeps_the_limits_and_gives_each_job_one_end(
        *, jobs: list[Job], cpu: int, memory: int, timeout: float | None, batch_timeout: float | None, fail_fast: bool, data: st.DataObject) -> None:
    limits = Limits(batches=(PlannedBatch(id="beta", title="", timeout=batch_timeout),), timeout=timeout, fail_fast=fail_fast)
    course = Course(jobs, Capacity(cpu=cpu, memory_mb=memory), limits, data)
    course.run()
    assert set(course.final) == set(course.by_id)
    assert all(course.schedule.status(job_id) is status for job_id, status in course.final.items())
    assert len(course.started) == len(set(course.started))


@dataclass
class Simulation:
    """Independent jobs that take exactly what was estimated; keeps, for the first in line, the moment by which it must have started."""

    jobs: list[Job]
    capacity: Capacity

    def run(self) -> float:
        """Seconds until all have ended."""
        schedule = Schedule(self.jobs, self.capacity)
        order = Order(self.jobs, {})
        line = sorted((job.id for job in self.jobs), key=order.rank)
        overtaken, latest = dict.fromkeys(line, 0), dict.fromkeys(line, float("inf"))
        seconds = {job.id: job.estimated_seconds for job in self.jobs}
        running: dict[str, float] = {}
        now = 0.0
        while not schedule.done:
            for job_id in schedule.startable(now):
                for other in line[: line.index(job_id)]:
                    overtaken[other] += 1
                assert now <= latest[job_id] + 1e-6, "held up by those that came later"
                schedule.started(job_id, now)
                line.remove(job_id)
                running[job_id] = now + seconds[job_id]
            assert running, "deadlock"
            if line and overtaken[line[0]] >= self.capacity.cpu:
                latest[line[0]] = min(latest[line[0]], max(running.values()))
            first = min(running, key=lambda one: running[one])
            now = running.pop(first)
            schedule.finished(first, Status.PASSED)
        return now


def independent(jobs: list[Job], *, memory: bool) -> list[Job]:
    return [replace(job, needs=(), after=(), resources=Resources(cpu=job.resources.cpu, memory_mb=job.resources.memory_mb * memory))
            for job in jobs]


@given(jobs=plans(), cpu=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_the_first_in_line_is_not_held_up_by_those_that_overtake_it(jobs: list[Job], cpu: int) -> None:
    Simulation(independent(jobs, memory=True), Capacity(cpu=cpu, memory_mb=1000)).run()


@given(jobs=plans(), cpu=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_the_makespan_is_at_most_twice_its_bound(jobs: list[Job], cpu: int) -> None:
    jobs = independent(jobs, memory=False)
    area = sum(min(job.resources.cpu, cpu) * job.estimated_seconds for job in jobs) / cpu
    bound = max(area, *(job.estimated_seconds for job in jobs))
    assert Simulation(jobs, Capacity(cpu=cpu)).run() <= 2 * bound + 1e-6
