"""Who waits for whom: needs between jobs, barriers between batches, fixers before checks, reports after all.

A short list of jobs to wait for is told as their ids; of a long one a barrier is made (`Plan.barriers`), so that a thousand jobs behind a thousand
others are two thousand entries and not a million.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gatekeeper.model.pipeline import Catalog, JobClass
from gatekeeper.model.plan import Job
from gatekeeper.model.tool import Effect, Role
from gatekeeper.model.value import replace

#: so many jobs to wait for are told one by one
SHORT = 16

Barriers = Mapping[str, tuple[str, ...]]


def ordered(jobs: tuple[Job, ...], catalog: Catalog) -> tuple[tuple[Job, ...], Barriers]:
    """The jobs with `needs` (must pass) and `after` (must have ended) filled in, in a stable order, and the barriers that they name."""
    line = _Line(jobs, catalog)
    return tuple(line.placed(job) for job in jobs), line.barriers


class _Line:
    """Who stands where: ids by what others wait for, looked up once for all jobs."""

    def __init__(self, jobs: Sequence[Job], catalog: Catalog) -> None:
        self.barriers: dict[str, tuple[str, ...]] = {}
        self._known = {job.id for job in jobs}
        self._commands = {command.id: command for tool in catalog.tools for command in tool.commands}
        self._batches = {batch.id: batch for batch in catalog.pipeline.batches}
        self._safety = {job.id for job in jobs if job.command == "backup.before-fix"}
        self._fixers = [job.id for job in jobs if job.effect is Effect.WRITES]
        self._reports = {job.id for job in jobs if job.role is Role.REPORT}
        self._rest = [job.id for job in jobs if job.role is not Role.REPORT]
        self._of_batch: dict[str, list[str]] = defaultdict(list)
        self._readers: dict[tuple[str, str | None], list[str]] = defaultdict(list)
        for job in jobs:
            self._of_batch[job.batch].append(job.id)
            if job.effect is Effect.READS:
                self._readers[job.command, job.component].append(job.id)
        self._place = {job_id: number for ids in (*self._of_batch.values(),) for number, job_id in enumerate(ids)}
        self._turn = {job_id: number for number, job_id in enumerate(self._fixers)}

    def placed(self, job: Job) -> Job:
        needs = {*job.needs, *self._command_needs(job)}
        after = {*job.after, *self._batch_barriers(job)}
        if job.effect is Effect.WRITES:
            needs |= self._safety
            after.update(self._first("fixers", self._fixers, self._turn[job.id]))
        elif job.id not in self._safety:
            after.update(self._all("fixers", self._fixers))
        if job.id in self._reports:
            after.update(self._all("all but reports", self._rest))
        needs = (needs & self._known) - {job.id}
        waits = {name for name in after if name in self._known or name in self.barriers}
        return replace(job, needs=tuple(sorted(needs)), after=tuple(sorted(waits - needs - {job.id})))

    def _command_needs(self, job: Job) -> Iterator[str]:
        command = self._commands.get(job.command)
        for other in command.after if command is not None else ():
            yield from self._readers.get((other, job.component), ())

    def _batch_barriers(self, job: Job) -> Iterator[str]:
        batch = self._batches.get(job.batch)
        if batch is None:
            return
        for need in batch.needs:
            if need != batch.id:
                yield from self._all(f"batch {need}", self._of_batch.get(need, []))
        if not batch.parallel:
            yield from self._first(f"batch {batch.id}", self._of_batch[batch.id], self._place[job.id])

    def _all(self, name: str, ids: list[str]) -> Iterable[str]:
        """All of `ids`, or a barrier that stands for them."""
        if len(ids) <= SHORT:
            return ids
        self.barriers.setdefault(name, tuple(ids))
        return (name,)

    def _first(self, name: str, ids: list[str], count: int) -> Iterable[str]:
        """The first `count` of `ids`: the last few plainly, those before them by a chain of barriers."""
        whole = count // SHORT * SHORT
        for end in range(whole, 0, -SHORT):
            link = f"{name}: first {end}"
            if link in self.barriers:
                break
            before = (f"{name}: first {end - SHORT}",) if end > SHORT else ()
            self.barriers[link] = (*before, *ids[end - SHORT:end])
        return (*((f"{name}: first {whole}",) if whole else ()), *ids[whole:count])


def groups(jobs: tuple[Job, ...], barriers: Barriers | None = None) -> tuple[tuple[str, ...], ...]:
    """The jobs by depth: those of a group could all run at once, once the groups before have ended."""
    ids = {job.id for job in jobs}
    depth: dict[str, int] = {}
    levels: dict[int, list[str]] = defaultdict(list)
    for name, waits in _chain(jobs, barriers or {}):
        reached = max((depth[other] for other in waits if other in depth), default=0)
        depth[name] = reached + (name in ids)
        if name in ids:
            levels[depth[name]].append(name)
    return tuple(tuple(sorted(levels[level])) for level in sorted(levels))


def critical_path(jobs: tuple[Job, ...], barriers: Barriers | None = None) -> tuple[tuple[str, ...], float]:
    """The longest chain by estimated seconds, and its length in seconds."""
    seconds = {job.id: 0.0 if job.unavailable is not None else job.estimated_seconds for job in jobs}
    length: dict[str, float] = {}
    previous: dict[str, str | None] = {}
    for name, waits in _chain(jobs, barriers or {}):
        last = max((other for other in waits if other in length), key=length.__getitem__, default=None)
        previous[name] = last
        length[name] = (length[last] if last is not None else 0.0) + seconds.get(name, 0.0)
    path: list[str] = []
    at = max(length, key=length.__getitem__, default=None)
    total = length[at] if at is not None else 0.0
    while at is not None:
        path.append(at)
        at = previous[at]
    return tuple(name for name in reversed(path) if name in seconds), round(total, 3)


def estimate(jobs: tuple[Job, ...], pool_size: int, longest: float | None = None) -> float:
    """Seconds that the plan should take: its longest chain, the jobs that hold one name in turn, or the work spread over the pool, whichever is most."""
    counted = [job for job in jobs if job.unavailable is None and job.job_class is not JobClass.ASYNC]
    work = sum(job.estimated_seconds * min(job.resources.cpu, pool_size) for job in counted)
    in_turn: dict[str, float] = defaultdict(float)
    for job in counted:
        for name in job.resources.exclusive:
            in_turn[name] += job.estimated_seconds
    return round(max(critical_path(jobs)[1] if longest is None else longest, work / max(1, pool_size), *in_turn.values()), 3)


def _chain(jobs: Sequence[Job], barriers: Barriers) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Jobs and barriers with what they wait for, each after that; in plan order where that leaves a choice. A circle is refused elsewhere: here it must only not hang."""
    waits = {**{job.id: (*job.needs, *job.after) for job in jobs}, **barriers}
    missing = {name: {other for other in others if other in waits} for name, others in waits.items()}
    followers: dict[str, list[str]] = defaultdict(list)
    for name, others in missing.items():
        for other in others:
            followers[other].append(name)
    ready = [name for name in waits if not missing[name]]
    closed = dict.fromkeys(waits)
    while closed:
        freed = []
        for name in ready or [next(iter(closed))]:
            closed.pop(name)
            yield name, waits[name]
            for follower in followers[name]:
                missing[follower].discard(name)
                if not missing[follower] and follower in closed:
                    freed.append(follower)
        ready = freed
