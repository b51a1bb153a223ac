"""What a person should be told while a run goes on: jobs that are slow, batches that miss their target, limits of `execution: {alerts: ...}` that are
passed. Keeps moments on the run's clock, which stands still while the run is paused; ends nothing.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

from gatekeeper.execute.schedule import Schedule
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.settings import Alerts
from gatekeeper.model.status import Status

#: a job is slow when it takes this many times what history (or a guess) says, and at least so many seconds
SLOW_FACTOR = 3.0
SLOW_SECONDS = 30.0
#: jobs that must have ended before their share of errors says anything
LEAST_ENDED = 5
_ERRORS = frozenset({Status.ERRORED, Status.TIMED_OUT})
#: a message, and the job that it is about
Said = tuple[str, str | None]


class Notices:
    """What is to be told of one run, each thing once; `memory_mb` is that of the machine."""

    def __init__(self, plan: Plan, schedule: Schedule, alerts: Alerts | None = None, memory_mb: float | None = None) -> None:
        self._schedule, self._alerts, self._memory_mb = schedule, alerts or Alerts(), memory_mb
        self._targets = {batch.id: batch.target for batch in plan.batches if batch.target is not None}
        #: moments by message, by job
        self._due: dict[str, dict[str, float]] = {}
        #: the same of jobs that stand still: seconds that are left
        self._left: dict[str, dict[str, float]] = {}
        #: moment and target in seconds, by batch
        self._missed: dict[str, tuple[float, float]] = {}
        self._ended = 0
        self._errors = 0.0

    def expect(self, job: Job, now: float) -> None:
        """A job was started."""
        after = max(SLOW_SECONDS, SLOW_FACTOR * job.estimated_seconds)
        self._due[job.id] = {f"`{job.id}` is slow: it runs longer than {after:.0f} s": now + after}
        if self._alerts.duration is not None:
            self._due[job.id][f"alert: `{job.id}` runs longer than {self._alerts.duration:g} s"] = now + self._alerts.duration
        target = self._targets.pop(job.batch, None)
        if target is not None:
            self._missed[job.batch] = now + target, target

    def ended(self, job_id: str, attempt: Attempt) -> Iterator[Said]:
        """The process of a job has ended; what that gives cause to say."""
        self._due.pop(job_id, None)
        self._left.pop(job_id, None)
        limit = self._alerts.memory_percent
        if limit is not None and (percent := 100 * attempt.peak_memory_mb / (self._memory_mb or machine_memory_mb())) > limit:
            yield f"alert: `{job_id}` held {attempt.peak_memory_mb:.0f} MB, {percent:.0f} % of the machine's memory (limit {limit:g} %)", job_id

    def finished(self, result: Result) -> Iterator[Said]:
        """A job has its result; what that gives cause to say. Jobs that never started are no sign of anything."""
        limit = self._alerts.error_rate_percent
        if limit is None or not result.attempts:
            return
        self._ended += 1
        self._errors += result.status in _ERRORS
        percent = 100 * self._errors / self._ended
        if self._ended >= LEAST_ENDED and percent > limit:
            self._errors = -math.inf  # it is said once
            yield f"alert: {percent:.0f} % of the {self._ended} jobs that ended did not do their work (limit {limit:g} %)", None

    def stopped(self, job_id: str, now: float) -> None:
        """The job stands still from now on."""
        self._left[job_id] = {message: at - now for message, at in self._due.pop(job_id, {}).items()}

    def went_on(self, job_id: str, now: float) -> None:
        """The job stands still no more."""
        if job_id in self._left:
            self._due[job_id] = {message: now + left for message, left in self._left.pop(job_id).items()}

    def next(self) -> float:
        """The next moment at which something is due; infinite if there is none."""
        return min((*(at for moments in self._due.values() for at in moments.values()), *(at for at, _ in self._missed.values())), default=math.inf)

    def due(self, now: float) -> Iterator[Said]:
        """Messages that are due, each once."""
        for job_id, moments in self._due.items():
            for message in [message for message, at in moments.items() if now >= at]:
                del moments[message]
                yield message, job_id
        for batch in [batch for batch, (at, _) in self._missed.items() if now >= at]:
            _, target = self._missed.pop(batch)
            counters = self._schedule.counters(batch)
            if counters.running or counters.pending:
                yield f"batch `{batch}` missed its target of {target:g} s", None


def machine_memory_mb() -> float:
    """All memory of this machine, in MB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6
