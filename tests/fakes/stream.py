"""A made-up event stream of a whole run, in the order in which an executor would tell it."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.model.event import Event, JobFinished, JobQueued, JobStarted, Notice, RunFinished, RunStarted, VerdictReached
from gatekeeper.model.result import RunRecord


def events_of(record: RunRecord, *, at_once: int = 4) -> Iterator[Event]:
    """Every event of `record`, one second apart, with at most `at_once` jobs running; jobs without an attempt end without a start."""
    now, open_jobs = 100.0, 0
    waiting = []
    yield RunStarted(at=now, run_id=record.run_id, plan=record.plan)
    for job, result in record.pairs():
        now += 1.0
        if result.attempts:
            yield JobQueued(at=now, job=job.id)
            yield JobStarted(at=now, job=job.id, attempt=1, pid=4711)
            open_jobs += 1
        waiting.append((job, result))
        if open_jobs >= at_once or not result.attempts:
            ended, its_result = waiting.pop(0)
            open_jobs -= bool(its_result.attempts)
            yield JobFinished(at=now, job=ended.id, result=its_result)
    yield Notice(at=now, message="something is slow")
    yield VerdictReached(at=now, verdict=record.verdict)
    for job, result in waiting:
        now += 1.0
        yield JobFinished(at=now, job=job.id, result=result)
    yield RunFinished(at=now, run_id=record.run_id, verdict=record.verdict, wall_seconds=now - 100.0)
