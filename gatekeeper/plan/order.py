"""Who waits for whom: needs between jobs, barriers between batches, fixers before checks, reports after all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gatekeeper.model.pipeline import Catalog, JobClass, Pipeline
from gatekeeper.model.plan import Job
from gatekeeper.model.tool import Effect, Role


def ordered(jobs: tuple[Job, ...], catalog: Catalog) -> tuple[Job, ...]:
    """The jobs with `needs` (must pass) and `after` (must have ended) filled in, in a stable order."""
    fixers = tuple(job.id for job in jobs if job.effect is Effect.WRITES)
    safety = tuple(job.id for job in jobs if job.command == "backup.before-fix")
    reports = frozenset(job.id for job in jobs if job.role is Role.REPORT)
    result = []
    for job in jobs:
        after = set(job.after) | set(_barriers(job, jobs, catalog.pipeline))
        needs = set(job.needs) | set(_command_needs(job, jobs, catalog))
        if job.effect is Effect.WRITES:
            needs |= set(safety)
            after |= set(fixers[:fixers.index(job.id)])
        elif job.id not in safety:
            after |= set(fixers)
        if job.id in reports:
            after |= {other.id for other in jobs if other.id not in reports}
        known = {other.id for other in jobs} - {job.id}
        result.append(replace(job, needs=tuple(sorted(needs & known)), after=tuple(sorted((after & known) - needs))))
    return tuple(result)


def _command_needs(job: Job, jobs: tuple[Job, ...], catalog: Catalog) -> tuple[str, ...]:
    command = catalog.command(job.command)
    if command is None:
        return ()
    return tuple(other.id for other in jobs if other.command in command.after and other.component == job.component and other.effect is Effect.READS)


def _barriers(job: Job, jobs: tuple[Job, ...], pipeline: Pipeline) -> tuple[str, ...]:
    batch = next((batch for batch in pipeline.batches if batch.id == job.batch), None)
    if batch is None:
        return ()
    waits = tuple(other.id for other in jobs if other.batch in batch.needs)
    if not batch.parallel:
        same = [other.id for other in jobs if other.batch == batch.id]
        waits += tuple(same[:same.index(job.id)])
    return waits


def groups(jobs: tuple[Job, ...]) -> tuple[tuple[str, ...], ...]:
    """The jobs by depth: those of a group could all run at once, once the groups before have ended."""
    depth: dict[str, int] = {}
    by_id = {job.id: job for job in jobs}

    for job in _topological(jobs):
        depth[job.id] = 1 + max((depth[other] for other in (*job.needs, *job.after) if other in by_id), default=-1)
    levels: dict[int, list[str]] = {}
    for job_id, level in depth.items():
        levels.setdefault(level, []).append(job_id)
    return tuple(tuple(sorted(levels[level])) for level in sorted(levels))


def critical_path(jobs: tuple[Job, ...]) -> tuple[tuple[str, ...], float]:
    """The longest chain by estimated seconds, and its length in seconds."""
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    for job in _topological(jobs):
        own = 0.0 if job.unavailable is not None else job.estimated_seconds
        longest = max((best[other] for other in (*job.needs, *job.after) if other in best), key=lambda item: item[0], default=(0.0, ()))
        best[job.id] = (longest[0] + own, (*longest[1], job.id))
    length, path = max(best.values(), key=lambda item: item[0], default=(0.0, ()))
    return path, round(length, 3)


def estimate(jobs: tuple[Job, ...], pool_size: int) -> float:
    """Seconds that the plan should take: the critical path or the work spread over the pool, whichever is more."""
    work = sum(job.estimated_seconds * min(job.resources.cpu, pool_size) for job in jobs if job.unavailable is None and job.job_class is not JobClass.ASYNC)
    return round(max(critical_path(jobs)[1], work / max(1, pool_size)), 3)


def _topological(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    waiting: Mapping[str, Job] = {job.id: job for job in jobs}
    done: dict[str, Job] = {}
    rest = list(jobs)
    while rest:
        ready = [job for job in rest if all(other in done or other not in waiting for other in (*job.needs, *job.after))]
        if not ready:
            ready = rest[:1]  # a circle is refused elsewhere; here it must only not hang
        done.update((job.id, job) for job in ready)
        rest = [job for job in rest if job.id not in done]
    return tuple(done.values())
