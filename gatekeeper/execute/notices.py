"""What a person should be told while a run goes on: jobs that are slow, batches that miss their target. Keeps moments on the run's clock, which
stands still while the run is paused; ends nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from gatekeeper.execute.schedule import Schedule
from gatekeeper.model.plan import Job, Plan

#: a job is slow when it takes this many times its estimate, and at least so many seconds
SLOW_FACTOR = 3.0
SLOW_SECONDS = 30.0


class Notices:
    """The moments at which something is to be told, by what it is about."""

    def __init__(self, plan: Plan, schedule: Schedule) -> None:
        self._schedule = schedule
        self._targets = {batch.id: batch.target for batch in plan.batches if batch.target is not None}
        self._slow: dict[str, float] = {}
        #: seconds that are left to jobs that stand still
        self._left: dict[str, float] = {}
        self._slow_after: dict[str, float] = {}
        #: moment and target in seconds, by batch
        self._missed: dict[str, tuple[float, float]] = {}

    def expect(self, job: Job, now: float) -> None:
        """A job was started."""
        after = max(SLOW_SECONDS, SLOW_FACTOR * job.estimated_seconds)
        self._slow[job.id], self._slow_after[job.id] = now + after, after
        target = self._targets.pop(job.batch, None)
        if target is not None:
            self._missed[job.batch] = now + target, target

    def ended(self, job_id: str) -> None:
        """The process of a job has ended."""
        self._slow.pop(job_id, None)
        self._left.pop(job_id, None)

    def stopped(self, job_id: str, now: float) -> None:
        """The job stands still from now on."""
        if job_id in self._slow:
            self._left[job_id] = self._slow.pop(job_id) - now

    def went_on(self, job_id: str, now: float) -> None:
        """The job stands still no more."""
        if job_id in self._left:
            self._slow[job_id] = now + self._left.pop(job_id)

    def next(self) -> float:
        """The next moment at which something is due; infinite if there is none."""
        return min((*self._slow.values(), *(at for at, _ in self._missed.values())), default=math.inf)

    def due(self, now: float) -> Iterator[tuple[str, str | None]]:
        """Messages that are due, each once, with the job that it is about."""
        for job_id in [job_id for job_id, at in self._slow.items() if now >= at]:
            del self._slow[job_id]
            yield f"`{job_id}` is slow: it runs longer than {self._slow_after[job_id]:.0f} s", job_id
        for batch in [batch for batch, (at, _) in self._missed.items() if now >= at]:
            _, target = self._missed.pop(batch)
            counters = self._schedule.counters(batch)
            if counters.running or counters.pending:
                yield f"batch `{batch}` missed its target of {target:g} s", None
