"""Where the time of a run went: the chain of jobs that it really waited for, what a faster job would have saved, how well the machine was used.

The chain is read backwards from the last end: a job started when what it needed had ended, or when the job before it left its place. What a job
would have saved is simulated: the same order, the same places, that job in no time; memory and load of others are left out, so it is an
estimate. Pure: knows only what was planned and what came of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import takewhile

from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Result, Saving, Step, Timings
from gatekeeper.model.value import dataclass

#: how many jobs are named, and of how many it is tried what they would have saved
_NAMED = 5
#: runs of more jobs, and those of fewer seconds, are not simulated: it takes 10 ms for a hundred jobs and grows with the square
_MOST_SIMULATED, _WORTH_IT = 300, 5.0
#: a start this much after an end (seconds) may have waited for it
_SLACK = 0.005
#: of how many ends before a start it is asked whether they let it come
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """One job that ran: its first start and last end on one clock, and the seconds in which its processes lived."""

    job: Job
    start: float
    end: float
    seconds: float


def timings(plan: Plan, results: Sequence[Result], wall_seconds: float) -> Timings:
    """Where the time went. What came from the cache or from an earlier run took none."""
    ran = _ran(plan, results)
    work = sum(one.seconds for one in ran)
    cpu = sum(attempt.cpu_seconds for result in _fresh(results) for attempt in result.attempts)
    slowest = sorted(ran, key=lambda one: (-one.seconds, one.job.id))[:_NAMED]
    return Timings(
        job_seconds=round(work, 3), cpu_seconds=round(cpu, 3), longest_chain_seconds=round(_longest_chain(plan, ran), 3), path=tuple(_path(plan, ran)),
        slowest=tuple((one.job.id, round(one.seconds, 3)) for one in slowest), savings=tuple(_savings(plan, ran, slowest)) if wall_seconds >= _WORTH_IT else (),
        speed_up=_per(work, wall_seconds), cores_used=_per(cpu, wall_seconds), jobs_per_minute=_per(60.0 * len(ran), wall_seconds))


def _per(value: float, seconds: float) -> float | None:
    return round(value / seconds, 2) if seconds > 0 else None


def _fresh(results: Sequence[Result]) -> Iterator[Result]:
    return (result for result in results if result.attempts and not result.from_cache and not result.held_from)


def _ran(plan: Plan, results: Sequence[Result]) -> list[_Ran]:
    jobs = {job.id: job for job in plan.jobs}
    return [_Ran(job=jobs[result.job], start=min(one.started for one in result.attempts), seconds=result.wall_seconds,
                 end=max(one.started + one.wall_seconds for one in result.attempts)) for result in _fresh(results) if result.job in jobs]


def _longest_chain(plan: Plan, ran: Sequence[_Ran]) -> float:
    """Seconds of the longest chain of jobs that had to wait for one another."""
    length: dict[str, float] = {}

    def of(name: str) -> float:
        """Of a job that has ended, or of a barrier, whose jobs all have when somebody behind it ends."""
        if name not in length and name in plan.barriers:
            length[name] = 0.0  # in case of a circle
            length[name] = max(map(of, plan.barriers[name]), default=0.0)
        return length.get(name, 0.0)

    for one in sorted(ran, key=lambda each: each.end):
        length[one.job.id] = one.seconds + max(map(of, (*one.job.needs, *one.job.after)), default=0.0)
    return max(length.values(), default=0.0)


# --- the chain -------------------------------------------------------------------------------------------------------


def _path(plan: Plan, ran: Sequence[_Ran]) -> Iterator[Step]:
    """The chain that ended last, from its beginning."""
    waits = _Waits(plan)
    steps: list[Step] = []
    by_end = sorted(ran, key=lambda one: one.end)
    ends = [one.end for one in by_end]
    at = by_end[-1] if by_end else None
    while at is not None:
        reason, needed = _reason(at, by_end, bisect_right(ends, at.start + _SLACK), waits)
        why = "" if reason is None else "need" if needed else "room"
        steps.append(Step(job=at.job.id, seconds=round(at.seconds, 3), after=why, waited=round(max(0.0, at.start - reason.end), 3) if reason is not None else 0.0))
        at = reason
    yield from reversed(steps)


def _reason(at: _Ran, by_end: Sequence[_Ran], count: int, waits: _Waits) -> tuple[_Ran | None, bool]:
    """The one of the first `count` to end whose end let a job start, and whether the job had to wait for it: of several the one that it had to."""
    before = [by_end[place] for place in range(count - 1, max(-1, count - 1 - _LOOKED_AT), -1)]
    latest = next((one for one in before if one.start < at.start), None)
    if latest is None:
        return None, False
    together = takewhile(lambda one: one.end >= latest.end - _SLACK, before)
    needed = next((one for one in together if one.start < at.start and waits.on(at.job, one.job.id)), None)
    return needed or latest, needed is not None


class _Waits:
    """Who had to end before a job could start, barriers resolved."""

    def __init__(self, plan: Plan) -> None:
        self._barriers = plan.barriers
        self._resolved: dict[str, frozenset[str]] = {}

    def on(self, job: Job, other: str) -> bool:
        return any(other == name or other in self._behind(name) for name in (*job.needs, *job.after))

    def of(self, job: Job) -> frozenset[str]:
        names = (*job.needs, *job.after)
        return frozenset(names).union(*(self._behind(name) for name in names))

    def _behind(self, name: str) -> frozenset[str]:
        """All jobs that a barrier stands for; none for a job."""
        if name not in self._resolved:
            self._resolved[name] = frozenset()  # in case of a circle
            inner = self._barriers.get(name, ())
            self._resolved[name] = frozenset(inner).union(*(self._behind(one) for one in inner))
        return self._resolved[name]


# --- savings ---------------------------------------------------------------------------------------------------------


def _savings(plan: Plan, ran: Sequence[_Ran], candidates: Sequence[_Ran]) -> Iterator[Saving]:
    """What the run would have been spared by each of these jobs in no time; those that would spare nothing are left out."""
    if len(ran) > _MOST_SIMULATED or not ran:
        return
    seconds = {one.job.id: one.seconds for one in ran}
    order = sorted(ran, key=lambda one: (one.start, one.job.id))
    place = {one.job.id: number for number, one in enumerate(order)}
    known = _Waits(plan)
    waits = [frozenset(place[name] for name in known.of(one.job) if name in place) for one in order]
    whole = _simulated(plan.pool_size, order, waits, seconds)
    for one in candidates:
        spared = whole - _simulated(plan.pool_size, order, waits, seconds | {one.job.id: 0.0})
        if spared > 0.05 * whole:
            yield Saving(job=one.job.id, seconds=round(spared, 3))


def _simulated(size: int, order: Sequence[_Ran], waits: Sequence[frozenset[int]], seconds: Mapping[str, float]) -> float:
    """How long the jobs take when each starts in this order as soon as what it waits for (positions) has ended and there is room of `size` cores."""
    missing = [set(one) for one in waits]
    waiting, running = list(range(len(order))), list[tuple[float, int]]()
    now, free = 0.0, size
    while waiting or running:
        for number in list(waiting):
            if free <= 0:
                break
            job = order[number].job
            room = min(job.resources.cpu, size)
            held = {name for _, other in running for name in order[other].job.resources.exclusive}
            if room <= free and not missing[number] and held.isdisjoint(job.resources.exclusive):
                waiting.remove(number)
                free -= room
                heappush(running, (now + seconds[job.id], number))
        if not running:  # what is left waits for something that never ran
            break
        now, ended = heappop(running)
        free += min(order[ended].job.resources.cpu, size)
        for left in missing:
            left.discard(ended)
    return now
