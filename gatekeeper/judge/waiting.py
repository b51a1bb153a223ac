"""For what a job waited, and how long, told from the events of its run: what it needs, a pause, the load of the machine, what another job held, cores,
its next try, and what kept its processes standing still.

Between the moment at which a job was ready and its start every stretch has one reason, the first of those that held. What the events do not tell (the
cores that other runs hold, the memory that is free) is what is left over, and is called so. Pure; does not know how the schedule decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import assert_never

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
from gatekeeper.model.value import dataclass

#: seconds that are no wait: a start takes them
_LEAST = 0.05
_NAMED = 3


class For(StrEnum):
    """What a job waited for."""

    NEEDS = "needs"
    PAUSE = "pause"
    PRESSURE = "pressure"
    EXCLUSIVE = "exclusive"
    CORES = "cores"
    ROOM = "room"
    RETRY = "retry"
    STANDSTILL = "standstill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Seconds that a job waited for something; `by` are the jobs that had it, those that had it longest first; `detail` is one line."""

    why: For
    seconds: float
    detail: str = ""
    by: tuple[str, ...] = ()


def waits(plan: Plan, events: Sequence[Event], job: Job) -> tuple[Wait, ...]:
    """All waits of a job that are worth telling, as they came."""
    start = next((event.at for event in events if isinstance(event, RunStarted)), None)
    queued = next((event.at for event in events if isinstance(event, JobQueued) and event.job == job.id), None)
    if start is None:
        return ()
    found = [*_needs(plan, events, job, start, queued), *_ready(plan, events, job, queued), *_tries(events, job), *_still(events, job)]
    return tuple(wait for wait in found if wait.seconds >= _LEAST)


def _needs(plan: Plan, events: Sequence[Event], job: Job, start: float, queued: float | None) -> Iterator[Wait]:
    before = _behind(plan, (*job.needs, *job.after))
    ends = [event for event in events if isinstance(event, JobFinished) and event.job in before and (queued is None or event.at <= queued)]
    if ends:
        until = queued if queued is not None else max(event.at for event in ends)
        yield Wait(why=For.NEEDS, seconds=round(until - start, 3), by=(max(ends, key=lambda event: event.at).job,))


def _behind(plan: Plan, names: Sequence[str]) -> frozenset[str]:
    """Ids of jobs, those behind barriers too."""
    found: set[str] = set()
    rest = list(names)
    while rest:
        name = rest.pop()
        if name not in found:
            found.add(name)
            rest += plan.barriers.get(name, ())
    return frozenset(found)


@dataclass(slots=True, kw_only=True)
class _Scene:
    """What held at one moment of the run."""

    cores: int
    running: dict[str, Job]
    paused: str | None = None
    pressure: dict[str, Pressure]

    def hear(self, event: Event, jobs: Mapping[str, Job]) -> None:
        match event:
            case JobStarted() if event.job in jobs:
                self.running[event.job] = jobs[event.job]
            case JobFinished() | JobDelayed():  # what its output means is found out in its place
                self.running.pop(event.job, None)
            case RunPaused():
                self.paused = event.reason
            case RunResumed():
                self.paused = None
            case Pressure():
                self.pressure = {name: one for name, one in self.pressure.items() if name != event.resource} | ({event.resource: event} if event.held else {})
            case Intervened(action="jobs", value=value) if value.isdecimal():
                self.cores = int(value)
            case _:
                pass

    def reason(self, job: Job) -> tuple[For, str, tuple[str, ...]]:
        """Why a job that is ready does not start."""
        if self.paused is not None:
            return For.PAUSE, self.paused, ()
        if self.pressure and self.running:
            return For.PRESSURE, ", ".join(f"{one.resource} at {one.value:.0f} % (limit {one.limit:.0f} %)" for one in self.pressure.values()), ()
        for name in job.resources.exclusive:
            holders = tuple(other.id for other in self.running.values() if name in other.resources.exclusive)
            if holders:
                return For.EXCLUSIVE, name, holders
        taken = sum(min(other.resources.cpu, self.cores) for other in self.running.values())
        if taken + min(job.resources.cpu, self.cores) > self.cores:
            return For.CORES, f"{min(taken, self.cores)} of {self.cores} were taken, and it takes {min(job.resources.cpu, self.cores)}", tuple(self.running)
        return For.ROOM, "", ()


def _ready(plan: Plan, events: Sequence[Event], job: Job, queued: float | None) -> Iterator[Wait]:
    """From the moment at which it was ready to its first start, or its end without one."""
    if queued is None:
        return
    jobs = {one.id: one for one in plan.jobs}
    scene = _Scene(cores=max(1, plan.pool_size), running={}, pressure={})
    parts: dict[For, _Part] = {}
    last = queued
    for event in events:
        if event.at > last:
            why, detail, by = scene.reason(job)
            parts.setdefault(why, _Part()).add(event.at - last, detail, by)
            last = event.at
        if isinstance(event, JobStarted | JobFinished) and event.job == job.id:
            break
        scene.hear(event, jobs)
    for why, part in parts.items():
        yield Wait(why=why, seconds=round(part.seconds, 3), detail=_longest(part.details, 1)[0], by=_longest(part.holders, _NAMED))


class _Part:
    """Seconds of one reason, by what was said of it and by who held it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.details: dict[str, float] = {}
        self.holders: dict[str, float] = {}

    def add(self, seconds: float, detail: str, by: Sequence[str]) -> None:
        self.seconds += seconds
        self.details[detail] = self.details.get(detail, 0.0) + seconds
        for name in by:
            self.holders[name] = self.holders.get(name, 0.0) + seconds


def _longest(seconds: Mapping[str, float], most: int) -> tuple[str, ...]:
    return tuple(sorted(seconds, key=lambda name: -seconds[name])[:most])


def _tries(events: Sequence[Event], job: Job) -> Iterator[Wait]:
    """Between an attempt that did not pass and the next one."""
    delayed: JobDelayed | None = None
    for event in events:
        if isinstance(event, JobDelayed) and event.job == job.id:
            delayed = event
        elif delayed is not None and isinstance(event, JobStarted | JobFinished) and event.job == job.id:
            yield Wait(why=For.RETRY, seconds=round(event.at - delayed.at, 3), detail=f"try {delayed.attempt}: {delayed.reason}")
            delayed = None


def _still(events: Sequence[Event], job: Job) -> Iterator[Wait]:
    """While it stood still, or waited for a person."""
    paused: JobPaused | None = None
    for event in events:
        if isinstance(event, JobPaused) and event.job == job.id:
            paused = paused or event
        elif paused is not None and isinstance(event, JobResumed | JobEnded | JobFinished) and event.job == job.id:
            yield Wait(why=For.STANDSTILL, seconds=round(event.at - paused.at, 3), detail=paused.reason)
            paused = None


def wait_text(wait: Wait) -> str:
    """A wait in words."""
    return f"{wait.seconds:.1f} s {_what(wait)}"


def _what(wait: Wait) -> str:
    others = ", ".join(wait.by)
    match wait.why:
        case For.NEEDS:
            return f"for what has to end before it; {others} ended last"
        case For.PAUSE:
            return f"because the run stood still{f': {wait.detail}' if wait.detail else ''}"
        case For.PRESSURE:
            return f"because the machine was full: {wait.detail}"
        case For.EXCLUSIVE:
            return f"for {wait.detail}, which {others} held"
        case For.CORES:
            return f"for cores: {wait.detail}; longest by {others}"
        case For.ROOM:
            return "for room that the run did not have, with cores of its own free: those of other runs, memory, or a job that came before it"
        case For.RETRY:
            return f"for {wait.detail}"
        case For.STANDSTILL:
            return f"standing still: {wait.detail}"
        case unknown:
            assert_never(unknown)
