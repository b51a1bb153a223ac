"""The scheduler: which job may start now, and what becomes of those that never will. Pure: time, capacity and ends are parameters.

Knows no processes, no clock and no output.

State: one status per job, changed by `_move` alone, which refuses what the table `ALLOWED` does not name.

    PENDING --needs met--> QUEUED --started--> RUNNING <--> PAUSED
       |                      |   <--again----    |            |
       +----------------------+-------------------+------------+--> one final status, for ever

Three views are kept beside it on purpose, written by `_move` only: the ready list (QUEUED jobs in the order of `order.ranks`), the jobs
under way with the time of their start, and the counts per batch. A job that does not fit is overtaken by smaller ones, but only as often
as there are cores; then only those may overtake that are done, as estimated, before it could start. A job that wants more than there is
gets all there is.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from gatekeeper.execute.order import Rank, dependents, ranks
from gatekeeper.model.plan import Job, PlannedBatch
from gatekeeper.model.result import Counters
from gatekeeper.model.status import OPEN, Cause, Status

WAITING = frozenset({Status.PENDING, Status.QUEUED})
UNDER_WAY = frozenset({Status.RUNNING, Status.PAUSED})
FINAL = frozenset(Status) - OPEN
ALLOWED = {
    Status.PENDING: FINAL | {Status.QUEUED},
    Status.QUEUED: FINAL | {Status.RUNNING},
    Status.RUNNING: FINAL | {Status.PAUSED, Status.QUEUED},
    Status.PAUSED: FINAL | {Status.RUNNING},
}
RED = frozenset({Status.FAILED, Status.ERRORED, Status.TIMED_OUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What the jobs of a run may take together: cores (each job takes at least one) and memory in MB."""

    cpu: int = 1
    memory_mb: int = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends a run early: its timeout in seconds, the timeouts of its batches, the first red job."""

    batches: tuple[PlannedBatch, ...] = ()
    timeout: float | None = None
    fail_fast: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The end of a job that will never start. Of a job under way: why it must be stopped (TIMED_OUT, CANCELLED); it ends by `finished`."""

    job: str
    status: Status
    cause: Cause
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A timeout that runs: of one batch, or of the whole run (`EVERY`)."""

    batch: str
    at: float
    message: str


EVERY = ""


class _Room:
    """What is free at one moment, as it shrinks while jobs are chosen to start."""

    def __init__(self, capacity: Capacity, under_way: Sequence[tuple[Job, float]], now: float) -> None:
        self._capacity = capacity
        self._now = now
        #: (estimated end, cores, memory) of all that run
        self._running: list[tuple[float, int, int]] = []
        self._names: set[str] = set()
        self._cpu, self._memory = capacity.cpu, capacity.memory_mb
        #: whoever starts now must be done by then: cores or memory are kept for a job that was overtaken too often
        self._until = math.inf
        self.taken: list[Job] = []
        for job, began in under_way:
            self._hold(job, max(now, began + job.estimated_seconds))

    @property
    def full(self) -> bool:
        return self._cpu <= 0

    def fits(self, job: Job) -> bool:
        cpu, memory = self._wants(job)
        in_time = self._now + job.estimated_seconds <= self._until
        return cpu <= self._cpu and memory <= self._memory and in_time and self._names.isdisjoint(job.resources.exclusive)

    def take(self, job: Job) -> None:
        self.taken.append(job)
        self._hold(job, self._now + job.estimated_seconds)

    def reserve(self, job: Job) -> None:
        """Keep free what `job` waits for: a name at once; cores and memory from the moment when, as estimated, they will be there."""
        if not self._names.isdisjoint(job.resources.exclusive):
            self._names.update(job.resources.exclusive)
            return
        cpu, memory = self._wants(job)
        free_cpu, free_memory = self._cpu, self._memory
        for end, freed_cpu, freed_memory in sorted(self._running):
            free_cpu, free_memory = free_cpu + freed_cpu, free_memory + freed_memory
            if cpu <= free_cpu and memory <= free_memory:
                self._until = min(self._until, end)
                return

    def _wants(self, job: Job) -> tuple[int, int]:
        """Cores and memory of a job; one that wants more than there is gets all there is."""
        return max(1, min(job.resources.cpu, self._capacity.cpu)), max(0, min(job.resources.memory_mb, self._capacity.memory_mb))

    def _hold(self, job: Job, end: float) -> None:
        cpu, memory = self._wants(job)
        self._running.append((end, cpu, memory))
        self._cpu, self._memory = self._cpu - cpu, self._memory - memory
        self._names.update(job.resources.exclusive)



class Schedule:
    """The state of all jobs of one run; `now` is seconds on any clock that only goes forward."""

    def __init__(self, jobs: Sequence[Job], capacity: Capacity, limits: Limits | None = None, *, now: float = 0.0) -> None:
        self._jobs = {job.id: job for job in jobs}
        self._capacity = capacity
        self._limits = limits or Limits()
        self._began = now
        self._dependents = dependents(jobs)
        self._rank = ranks(jobs, self._dependents)
        self._status = dict.fromkeys(self._jobs, Status.PENDING)
        self._waits = {job.id: {*job.needs, *(waited for waited in job.after if waited in self._jobs)} for job in jobs}
        self._open = len(self._jobs)
        self._ready: list[Rank] = []
        self._under_way: dict[str, float] = {}
        self._counts: dict[str, Counter[Status]] = defaultdict(Counter)
        self._announce: list[str] = []
        self._overtaken: Counter[str] = Counter()
        self._batch_began: dict[str, float] = {}
        self._spent: set[str] = set()
        #: moments before which jobs that are tried again may not start
        self._not_before: dict[str, float] = {}
        for job in jobs:
            self._counts[job.batch][Status.PENDING] += 1
        for job in jobs:
            self._queue_if_ready(job.id)

    @property
    def done(self) -> bool:
        """Every job has its final status."""
        return self._open == 0

    def status(self, job_id: str) -> Status:
        """Where a job stands."""
        return self._status[job_id]

    def running(self) -> tuple[str, ...]:
        """Ids of the jobs under way (running or paused), in order of their start."""
        return tuple(self._under_way)

    def take_queued(self) -> tuple[str, ...]:
        """Ids of the jobs whose needs were met since the last call and that wait for their turn."""
        announce, self._announce = self._announce, []
        return tuple(job_id for job_id in announce if self._status[job_id] is Status.QUEUED)

    def counters(self, batch: str | None = None) -> Counters:
        """The counters of one batch, or of the whole run; their sum equals `total`."""
        counts: Counter[Status] = Counter()
        for name, part in self._counts.items():
            if batch in {None, name}:
                counts.update(part)
        return _counters(counts)

    def startable(self, now: float) -> tuple[str, ...]:
        """Ids that may start now, all of them together, in order."""
        room = _Room(self._capacity, [(self._jobs[job_id], began) for job_id, began in self._under_way.items()], now)
        for *_, job_id in self._ready:
            if room.full:
                break
            if self._not_before.get(job_id, now) > now:
                continue
            job = self._jobs[job_id]
            if room.fits(job):
                room.take(job)
            elif self._overtaken[job_id] >= self._capacity.cpu:
                room.reserve(job)
        return tuple(job.id for job in room.taken)

    def started(self, job_id: str, now: float) -> None:
        """A job was started; whoever stood before it in the ready list was overtaken."""
        for *_, other in self._ready[: bisect_left(self._ready, self._rank[job_id])]:
            self._overtaken[other] += 1
        self._batch_began.setdefault(self._jobs[job_id].batch, now)
        self._move(job_id, Status.RUNNING)
        self._under_way[job_id] = now

    def requeued(self, job: Job, not_before: float) -> None:
        """A running job shall run once more, as `job` says by now, but not before that moment; until then it holds nothing."""
        self._jobs[job.id] = job
        self._not_before[job.id] = not_before
        self._move(job.id, Status.QUEUED)

    def released(self, job_id: str) -> None:
        """A job that waits for its next try need not wait any longer."""
        self._not_before.pop(job_id, None)

    def next_start(self, now: float) -> float:
        """The next moment at which a job may be tried again; infinite if there is none."""
        return min((at for job_id, at in self._not_before.items() if at > now and self._status[job_id] is Status.QUEUED), default=math.inf)

    def paused(self, job_id: str) -> None:
        """A running job was frozen; it keeps what it holds."""
        self._move(job_id, Status.PAUSED)

    def resumed(self, job_id: str) -> None:
        """A frozen job goes on."""
        self._move(job_id, Status.RUNNING)

    def finished(self, job_id: str, status: Status) -> tuple[Decision, ...]:
        """A job has its final status (also one that never started: from the cache, unavailable); what is decided thereby."""
        self._move(job_id, status)
        decisions = self._pass_on(job_id)
        job = self._jobs[job_id]
        if self._limits.fail_fast and job.blocking and status in RED:
            message = f"stopped at the first failure, `{job_id}`"
            decisions += self._end_early(list(self._jobs), Status.CANCELLED, Cause.FAIL_FAST, message)
        return tuple(decisions)

    def cancel_rest(self, cause: Cause, message: str) -> tuple[Decision, ...]:
        """Nothing starts any more: all that wait are NOT_RUN; those under way are to be stopped."""
        return tuple(self._end_early(list(self._jobs), Status.CANCELLED, cause, message))

    def settle(self, now: float) -> tuple[Decision, ...]:
        """What time decides: timeouts of batches and of the run, and jobs that can never become ready."""
        decisions: list[Decision] = []
        for deadline in self._deadlines():
            if now >= deadline.at:
                self._spent.add(deadline.batch)
                ids = [job_id for job_id, job in self._jobs.items() if deadline.batch in {EVERY, job.batch}]
                decisions += self._end_early(ids, Status.TIMED_OUT, Cause.BUDGET, deadline.message)
        if not self._under_way and not self._ready:
            decisions += self._give_up()
        return tuple(decisions)

    def next_deadline(self) -> float:
        """The next moment at which a batch or the run times out; infinite if there is none."""
        return min((deadline.at for deadline in self._deadlines()), default=math.inf)

    def _move(self, job_id: str, status: Status) -> None:
        """The one place where a status changes."""
        before = self._status[job_id]
        if status not in ALLOWED.get(before, frozenset()):
            raise ValueError(f"BUG: `{job_id}` cannot go from {before} to {status}")
        self._status[job_id] = status
        counts = self._counts[self._jobs[job_id].batch]
        counts[before] -= 1
        counts[status] += 1
        if before is Status.QUEUED:
            del self._ready[bisect_left(self._ready, self._rank[job_id])]
        if status is Status.QUEUED:
            insort(self._ready, self._rank[job_id])
            self._announce.append(job_id)
        if status in UNDER_WAY:
            self._under_way.setdefault(job_id, 0.0)
        else:
            self._under_way.pop(job_id, None)
        self._open -= status.final

    def _queue_if_ready(self, job_id: str) -> None:
        if self._status[job_id] is Status.PENDING and not self._waits[job_id]:
            self._move(job_id, Status.QUEUED)

    def _pass_on(self, ended: str) -> list[Decision]:
        """Tell the dependents of a job that ended, and theirs in turn; those that needed it and lost it are blocked."""
        decisions: list[Decision] = []
        news = [ended]
        while news:
            origin = news.pop(0)
            status = self._status[origin]
            for job_id in self._dependents.get(origin, ()):
                if self._status[job_id] not in WAITING:
                    continue
                if origin in self._jobs[job_id].needs and status is not Status.PASSED:
                    self._move(job_id, Status.BLOCKED)
                    decisions.append(Decision(job=job_id, status=Status.BLOCKED, cause=Cause.NEED, message=f"needs `{origin}`: {_said(status)}"))
                    news.append(job_id)
                else:
                    self._waits[job_id].discard(origin)
                    self._queue_if_ready(job_id)
        return decisions

    def _end_early(self, ids: Sequence[str], stopped: Status, cause: Cause, message: str) -> list[Decision]:
        """All of `ids` that wait become NOT_RUN; those under way are named with the status that they shall end with."""
        waiting = [job_id for job_id in ids if self._status[job_id] in WAITING]
        under_way = [job_id for job_id in ids if self._status[job_id] in UNDER_WAY]
        for job_id in waiting:
            self._move(job_id, Status.NOT_RUN)
        decisions = [Decision(job=job_id, status=Status.NOT_RUN, cause=cause, message=message) for job_id in waiting]
        decisions += [Decision(job=job_id, status=stopped, cause=cause, message=message) for job_id in under_way]
        for job_id in waiting:
            decisions += self._pass_on(job_id)
        return decisions

    def _give_up(self) -> list[Decision]:
        """Nothing runs and nothing is ready: what still waits needs a job that is not there, or itself in a circle."""
        decisions: list[Decision] = []
        for job_id in self._jobs:
            if self._status[job_id] is Status.PENDING and not self._ready:  # the end of one may free others
                lost = sorted(waited for waited in self._waits[job_id] if waited not in self._jobs)
                message = f"needs `{lost[0]}`, which is not in the plan" if lost else f"waits in a circle with `{min(self._waits[job_id])}`"
                self._move(job_id, Status.BLOCKED)
                decisions.append(Decision(job=job_id, status=Status.BLOCKED, cause=Cause.NEED, message=message))
                decisions += self._pass_on(job_id)
        return decisions

    def _deadlines(self) -> list[Deadline]:
        """Timeouts that have not passed yet; the clock of a batch starts with its first job."""
        found = []
        if self._limits.timeout is not None and EVERY not in self._spent:
            found.append(Deadline(batch=EVERY, at=self._began + self._limits.timeout,
                                  message=f"the run reached its timeout of {self._limits.timeout:g} s"))
        for batch in self._limits.batches:
            began = self._batch_began.get(batch.id)
            if batch.timeout is not None and began is not None and batch.id not in self._spent:
                found.append(Deadline(batch=batch.id, at=began + batch.timeout,
                                      message=f"batch `{batch.id}` reached its timeout of {batch.timeout:g} s"))
        return found


def _said(status: Status) -> str:
    """How a need that did not pass is told."""
    return {Status.TIMED_OUT: "timed out", Status.NOT_RUN: "not run"}.get(status, str(status))


def _counters(counts: Counter[Status]) -> Counters:
    """The six counters and the four states beside them, from the number of jobs in each status."""
    return Counters(
        total=counts.total(),
        completed=counts[Status.PASSED],
        running=sum(counts[status] for status in UNDER_WAY),
        failed=sum(counts[status] for status in RED),
        blocked=counts[Status.BLOCKED] + counts[Status.NOT_RUN],
        pending=sum(counts[status] for status in WAITING),
        unmeasured=counts[Status.UNMEASURED],
        unavailable=counts[Status.UNAVAILABLE],
        cancelled=counts[Status.CANCELLED],
        skipped=counts[Status.SKIPPED],
    )
