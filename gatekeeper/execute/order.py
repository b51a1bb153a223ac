"""In which order ready jobs should start: longest remaining path first. Pure; knows no states, no cores and no time.

Jobs that hold the same name (a build's target folder) can only run one after the other, so they count as a chain, the longest of them first: what waits
for a lock late in a run makes the run as much longer as what waits for a need.

A barrier (see `model.plan.Plan.barriers`) is a step of its own that takes no time. Under fail-fast the order is another one: whatever promises a
red end soonest, by odds of failure per second of work, a job counting for what waits behind it too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gatekeeper.model.pipeline import JobClass, Priority
from gatekeeper.model.plan import Job

PRIORITIES = {Priority.CRITICAL: 0, Priority.HIGH: 1, Priority.MEDIUM: 2, Priority.LOW: 3}
#: odds, under fail-fast, of a job that nobody has seen fail: of equal odds the cheap ones go first
FAIR_ODDS = 0.02
#: no path is shorter: jobs of no time have the same place
SHORTEST = 0.01

#: sorts ready jobs; its last part is the id
Rank = tuple[int, bool, float, float, float, float, float, str]


class Chance(NamedTuple):
    """How probable a red end is, and after how many seconds of work it is known."""

    odds: float
    seconds: float

    @property
    def rate(self) -> float:
        return self.odds / max(self.seconds, SHORTEST)


class Order:
    """The place of every job of a plan, and what each waits for."""

    def __init__(self, jobs: Sequence[Job], barriers: Mapping[str, tuple[str, ...]], *, fail_fast: bool = False) -> None:
        self._jobs = {job.id: job for job in jobs}
        self._fail_fast = fail_fast
        #: ids of jobs and barriers that must have ended, by the id of who waits; those that are not in the plan are among the needs only
        self.waits = {name: {other for other in others if other in self._jobs or other in barriers} for name, others in barriers.items()}
        for job in jobs:
            self.waits[job.id] = {*job.needs, *(other for other in job.after if other in self._jobs or other in barriers)}
        #: ids of who waits, by the id of what is waited for, in plan order
        self.dependents: Mapping[str, list[str]] = defaultdict(list)
        for name in (*barriers, *self._jobs):
            for other in sorted(self.waits[name]):
                self.dependents[other].append(name)
        self._seconds = {name: self._own_seconds(name) for name in self.waits}
        self._path, self._chance = self._reckoned({})
        floors = self._behind_names()
        if floors:
            self._path, self._chance = self._reckoned(floors)

    def rank(self, job_id: str, asked: Priority = Priority.MEDIUM) -> Rank:
        """Where a job stands; `asked` is what somebody said of it while the run was under way: before all others, or behind them."""
        job, path, rate = self._jobs[job_id], self._path[job_id], -round(self._chance[job_id].rate, 9)
        said, last = PRIORITIES[asked] - PRIORITIES[Priority.MEDIUM], job.job_class is JobClass.ASYNC
        long = -round(math.log2(max(path, SHORTEST)))  # estimates are rough: paths count in powers of two
        if self._fail_fast:
            return said, last, not job.blocking, rate, long, PRIORITIES[job.priority], -path, job_id
        return said, last, long, not job.blocking, PRIORITIES[job.priority], rate, -path, job_id

    def _own_seconds(self, name: str) -> float:
        job = self._jobs.get(name)
        return 0.0 if job is None or job.unavailable is not None else max(0.0, job.estimated_seconds)

    def _behind_names(self) -> dict[str, float]:
        """Seconds that those who hold a name will take from a job on, the job included: for each that does not hold its name alone."""
        holders: dict[str, list[str]] = defaultdict(list)
        for job_id, job in self._jobs.items():
            for held in job.resources.exclusive:
                holders[held].append(job_id)
        floors: dict[str, float] = {}
        for ids in holders.values():
            behind = 0.0
            for job_id in sorted(ids, key=self._path.__getitem__) if len(ids) > 1 else ():
                behind = max(behind + self._seconds[job_id], self._path[job_id])
                floors[job_id] = max(floors.get(job_id, 0.0), behind)
        return floors

    def _reckoned(self, floors: Mapping[str, float]) -> tuple[dict[str, float], dict[str, Chance]]:
        """Of each job and barrier: estimated seconds to the end of the longest chain behind it (never fewer than its floor), and the best chance that it
        leads to; a circle ends a chain."""
        seconds = self._seconds
        path, chance = {name: max(own, floors.get(name, 0.0)) for name, own in seconds.items()}, {name: self._own_chance(name) for name in self.waits}
        open_followers = {name: len(self.dependents.get(name, ())) for name in self.waits}
        ends = [name for name, count in open_followers.items() if count == 0]
        while ends:
            follower = ends.pop()
            for waited in self.waits[follower]:
                if waited not in path:
                    continue
                path[waited] = max(path[waited], seconds[waited] + path[follower])
                behind = Chance(chance[follower].odds, seconds[waited] + chance[follower].seconds)
                chance[waited] = max(chance[waited], behind, key=lambda one: one.rate)
                open_followers[waited] -= 1
                if open_followers[waited] == 0:
                    ends.append(waited)
        return path, chance

    def _own_chance(self, name: str) -> Chance:
        job = self._jobs.get(name)
        if job is None or not job.blocking:
            return Chance(0.0, 0.0)
        return Chance(max(job.failure_odds, FAIR_ODDS if self._fail_fast else 0.0), job.estimated_seconds)
