"""Who waits for whom: needs between jobs, barriers between batches, fixers before checks, reports after all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gatekeeper.model.pipeline import Catalog, JobClass
from gatekeeper.model.plan import Job
from gatekeeper.model.tool import Effect, Role


def ordered(jobs: tuple[Job, ...], catalog: Catalog) -> tuple[Job, ...]:
    """The jobs with `needs` (must pass) and `after` (must have ended) filled in, in a stable order."""
    line = _Line(jobs, catalog)
    return tuple(line.placed(job) for job in jobs)


class _Line:
    """Who stands where: ids by what others wait for, looked up once for all jobs."""

    def __init__(self, jobs: Sequence[Job], catalog: Catalog) -> None:
        self._known = {job.id for job in jobs}
        self._commands = {command.id: command for tool in catalog.tools for command in tool.commands}
        self._batches = {batch.id: batch for batch in catalog.pipeline.batches}
        self._safety = {job.id for job in jobs if job.command == "backup.before-fix"}
        self._fixers = [job.id for job in jobs if job.effect is Effect.WRITES]
        self._reports = {job.id for job in jobs if job.role is Role.REPORT}
        self._of_batch: dict[str, list[str]] = defaultdict(list)
        self._readers: dict[tuple[str, str | None], list[str]] = defaultdict(list)
        for job in jobs:
            self._of_batch[job.batch].append(job.id)
            if job.effect is Effect.READS:
                self._readers[job.command, job.component].append(job.id)

    def placed(self, job: Job) -> Job:
        needs = {*job.needs, *self._command_needs(job)}
        after = {*job.after, *self._barriers(job)}
        if job.effect is Effect.WRITES:
            needs |= self._safety
            after.update(_before(self._fixers, job.id))
        elif job.id not in self._safety:
            after.update(self._fixers)
        if job.id in self._reports:
            after |= self._known - self._reports
        needs = (needs & self._known) - {job.id}
        return replace(job, needs=tuple(sorted(needs)), after=tuple(sorted((after & self._known) - needs - {job.id})))

    def _command_needs(self, job: Job) -> Iterator[str]:
        command = self._commands.get(job.command)
        for other in command.after if command is not None else ():
            yield from self._readers.get((other, job.component), ())

    def _barriers(self, job: Job) -> Iterator[str]:
        batch = self._batches.get(job.batch)
        if batch is None:
            return
        for need in batch.needs:
            yield from self._of_batch.get(need, ())
        if not batch.parallel:
            yield from _before(self._of_batch[batch.id], job.id)


def _before(ids: Sequence[str], job_id: str) -> Sequence[str]:
    """The ids that stand before this one."""
    return ids[:ids.index(job_id)]


def groups(jobs: tuple[Job, ...]) -> tuple[tuple[str, ...], ...]:
    """The jobs by depth: those of a group could all run at once, once the groups before have ended."""
    return tuple(tuple(sorted(job.id for job in level)) for level in _levels(jobs))


def critical_path(jobs: tuple[Job, ...]) -> tuple[tuple[str, ...], float]:
    """The longest chain by estimated seconds, and its length in seconds."""
    length: dict[str, float] = {}
    previous: dict[str, str | None] = {}
    for job in (job for level in _levels(jobs) for job in level):
        last = max((other for other in (*job.needs, *job.after) if other in length), key=length.__getitem__, default=None)
        previous[job.id] = last
        length[job.id] = (length[last] if last is not None else 0.0) + (0.0 if job.unavailable is not None else job.estimated_seconds)
    path: list[str] = []
    at = max(length, key=length.__getitem__, default=None)
    total = length[at] if at is not None else 0.0
    while at is not None:
        path.append(at)
        at = previous[at]
    return tuple(reversed(path)), round(total, 3)


def estimate(jobs: tuple[Job, ...], pool_size: int) -> float:
    """Seconds that the plan should take: the critical path or the work spread over the pool, whichever is more."""
    work = sum(job.estimated_seconds * min(job.resources.cpu, pool_size) for job in jobs if job.unavailable is None and job.job_class is not JobClass.ASYNC)
    return round(max(critical_path(jobs)[1], work / max(1, pool_size)), 3)


def _levels(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """The jobs by the length of the longest chain before them, in plan order within a level."""
    place = {job.id: number for number, job in enumerate(jobs)}
    waits = {job.id: {other for other in (*job.needs, *job.after) if other in place} for job in jobs}
    followers: dict[str, list[str]] = defaultdict(list)
    for job_id, others in waits.items():
        for other in others:
            followers[other].append(job_id)
    level = [job.id for job in jobs if not waits[job.id]]
    open_jobs = dict.fromkeys(place)
    while open_jobs:
        level = level or [next(iter(open_jobs))]  # a circle is refused elsewhere; here it must only not hang
        yield [jobs[place[job_id]] for job_id in sorted(level, key=place.__getitem__)]
        for job_id in level:
            open_jobs.pop(job_id, None)
        freed = []
        for job_id in level:
            for follower in followers[job_id]:
                waits[follower].discard(job_id)
                if not waits[follower] and follower in open_jobs:
                    freed.append(follower)
        level = freed
