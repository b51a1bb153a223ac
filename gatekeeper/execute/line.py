"""Who of those that are ready may start now: the line in which they stand, and the room that there is. Pure; knows no states and no clock.

The line is kept by shape (what a job takes while it runs): where the first of a shape does not fit, none behind it does, so that ten thousand jobs
that wait for one lock cost one look. A job that does not fit is overtaken by smaller ones, but only as often as there are cores; then only those
may overtake that are done, as estimated, before it could start. A job that wants more than there is gets all there is.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

from gatekeeper.execute.order import Rank
from gatekeeper.model.plan import Job, Resources
from gatekeeper.model.value import dataclass

#: of those that would take too long, so many are looked at in search of a shorter one
LOOKS = 256

Shape = tuple[int, int, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What the jobs of a run may take together: cores (each job takes at least one) and memory in MB."""

    cpu: int = 1
    memory_mb: int = 4096

    def granted(self, resources: Resources) -> tuple[int, int]:
        """Cores and memory that a job gets."""
        return max(1, min(resources.cpu, self.cpu)), max(0, min(resources.memory_mb, self.memory_mb))


class Holding(NamedTuple):
    """What a job under way has, and when it should have ended."""

    cpu: int
    memory_mb: int
    names: tuple[str, ...]
    end: float


class Held:
    """What the jobs under way hold together."""

    def __init__(self) -> None:
        self.cpu = self.memory_mb = 0
        self.names: set[str] = set()
        self.jobs: dict[str, Holding] = {}

    def add(self, job_id: str, holding: Holding) -> None:
        self.jobs[job_id] = holding
        self.cpu += holding.cpu
        self.memory_mb += holding.memory_mb
        self.names.update(holding.names)

    def remove(self, job_id: str) -> None:
        """Unknown ids are passed over."""
        holding = self.jobs.pop(job_id, None)
        if holding is not None:
            self.cpu -= holding.cpu
            self.memory_mb -= holding.memory_mb
            self.names.difference_update(holding.names)


class Room:
    """What is free at one moment, as it shrinks while jobs are chosen to start. `cores`: so many may be taken, however many are free.

    Where nothing moves (`still`), `cores` are not asked: at least one job of every run always runs.
    """

    def __init__(self, capacity: Capacity, held: Held, now: float, *, cores: float = math.inf, still: bool = False) -> None:
        self._capacity, self._now, self._cores, self._still = capacity, now, cores, still
        self._before, self._new = held.jobs.values(), list[Holding]()
        self._names = set(held.names)
        self._cpu, self._memory = capacity.cpu - held.cpu, capacity.memory_mb - held.memory_mb
        #: whoever starts now must be done by then: cores or memory are kept for a job that was overtaken too often
        self._until = math.inf

    @property
    def full(self) -> bool:
        return not self._empty and (self._cpu <= 0 or (self._cores <= 0 and not self._still))

    def fits(self, resources: Resources) -> bool:
        """Whether there is room, were there no hurry."""
        if self._empty:
            return True
        cpu, memory = self._capacity.granted(resources)
        return cpu <= self._cpu and memory <= self._memory and (self._still or cpu <= self._cores) and self._names.isdisjoint(resources.exclusive)

    def in_time(self, job: Job) -> bool:
        """Whether it would be done before the room is needed."""
        return self._now + job.estimated_seconds <= self._until

    def take(self, resources: Resources, seconds: float) -> None:
        cpu, memory = self._capacity.granted(resources)
        self._still = False
        self._cores -= cpu
        self._cpu, self._memory = self._cpu - cpu, self._memory - memory
        self._names.update(resources.exclusive)
        self._new.append(Holding(cpu, memory, resources.exclusive, self._now + seconds))

    def reserve(self, resources: Resources) -> None:
        """Keep free what a job waits for: a name at once; cores and memory from the moment when, as estimated, they will be there."""
        if not self._names.isdisjoint(resources.exclusive):
            self._names.update(resources.exclusive)
            return
        cpu, memory = self._capacity.granted(resources)
        free_cpu, free_memory = self._cpu, self._memory
        for holding in sorted([*self._before, *self._new], key=lambda one: one.end):
            free_cpu, free_memory = free_cpu + holding.cpu, free_memory + holding.memory_mb
            if cpu <= free_cpu and memory <= free_memory:
                self._until = min(self._until, max(self._now, holding.end))
                return

    @property
    def _empty(self) -> bool:
        return not self._before and not self._new


class Line:
    """Ready jobs in the order of their ranks."""

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._jobs = jobs
        self._queues: dict[Shape, list[Rank]] = {}
        #: the first of each queue, in order; a rank ends with the id of its job, so that no two are equal
        self._heads: list[tuple[Rank, Shape]] = []
        self._overtaken: Counter[str] = Counter()
        self._place: dict[str, tuple[Rank, Resources]] = {}
        #: cores that all of them together want
        self.cores = 0

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._place

    def add(self, rank: Rank, resources: Resources) -> None:
        shape = _shape(resources)
        queue = self._queues.setdefault(shape, [])
        if queue and rank < queue[0]:
            self._drop_head(queue[0])
        if not queue or rank < queue[0]:
            insort(self._heads, (rank, shape))
        insort(queue, rank)
        self._place[rank[-1]] = rank, resources
        self.cores += resources.cpu

    def remove(self, job_id: str) -> None:
        rank, resources = self._place.pop(job_id)
        shape = _shape(resources)
        queue = self._queues[shape]
        place = bisect_left(queue, rank)
        del queue[place]
        self.cores -= resources.cpu
        if place == 0:
            self._drop_head(rank)
            if queue:
                insort(self._heads, (queue[0], shape))
        if not queue:
            del self._queues[shape]

    def leave(self, job_id: str) -> None:
        """A job starts: of every shape, the first that stood before it was overtaken."""
        rank, _ = self._place[job_id]
        for other, _ in self._heads[:bisect_left(self._heads, rank, key=_rank)]:
            self._overtaken[other[-1]] += 1
        self.remove(job_id)

    def chosen(self, room: Room, patience: int) -> tuple[str, ...]:
        """Ids of those that may start now, all of them together, in order; `patience` is how often a job may be overtaken."""
        found: list[str] = []
        for job_id in self._looked_at(room):
            job, (_, resources) = self._jobs[job_id], self._place[job_id]
            if room.fits(resources) and room.in_time(job):
                room.take(resources, job.estimated_seconds)
                found.append(job_id)
            elif self._overtaken[job_id] >= patience:
                room.reserve(resources)
        return tuple(found)

    def _looked_at(self, room: Room) -> Iterator[str]:
        """Ids in order, until the room is full; nobody behind one of the same shape for whom there is no room."""
        heads = iter(self._heads)
        head = next(heads, None)
        behind: list[tuple[Rank, Shape, int]] = []
        looks = LOOKS
        while not room.full and (head or behind):
            if head is not None and (not behind or head[0] < behind[0][0]):
                (rank, shape), place, head = head, 0, next(heads, None)
            else:
                rank, shape, place = heappop(behind)
            queue, job_id = self._queues[shape], rank[-1]
            resources = self._place[job_id][1]
            there = room.fits(resources)
            late = there and not room.in_time(self._jobs[job_id])
            looks -= late
            yield job_id
            if there and looks > 0 and place + 1 < len(queue):
                heappush(behind, (queue[place + 1], shape, place + 1))

    def _drop_head(self, rank: Rank) -> None:
        del self._heads[bisect_left(self._heads, rank, key=_rank)]


def _rank(head: tuple[Rank, Shape]) -> Rank:
    return head[0]


def _shape(resources: Resources) -> Shape:
    return resources.cpu, resources.memory_mb, resources.exclusive
