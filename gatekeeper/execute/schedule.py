"""The scheduler: which job may start now, and what becomes of those that never will. Pure: time, capacity and ends are parameters.

Knows no processes, no clock and no output.

State: one status per job, changed by `_move` alone, which refuses what the table `ALLOWED` does not name.

    PENDING --needs met--> QUEUED --started--> RUNNING <--> PAUSED
       |                      |                   |            |
       +----------------------+-------------------+------------+--> one final status, for ever

    RUNNING --to be tried again--> PENDING, until its moment has come

Three views are kept beside it on purpose, written by `_move` only: the line of those that are ready (`line.Line`), what the jobs under way
hold with the time of their start, and the counts per batch. What people change while the run is under way (cores, priorities, the deadline)
changes the next decision, never one that was taken.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence

from gatekeeper.execute.limits import EVERY, Deadlines, Limits
from gatekeeper.execute.line import Capacity, Held, Holding, Line, Room
from gatekeeper.execute.order import Order
from gatekeeper.execute.stuck import stuck
from gatekeeper.execute.tally import RED, UNDER_WAY, WAITING, Tally
from gatekeeper.model.pipeline import Priority
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Counters
from gatekeeper.model.status import OPEN, Cause, Status
from gatekeeper.model.value import dataclass, replace

FINAL = frozenset(Status) - OPEN
ALLOWED = {
    Status.PENDING: FINAL | {Status.QUEUED},
    Status.QUEUED: FINAL | {Status.RUNNING},
    Status.RUNNING: FINAL | {Status.PAUSED, Status.PENDING},
    Status.PAUSED: FINAL | {Status.RUNNING},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The end of a job that will never start. Of a job under way: why it must be stopped (TIMED_OUT, CANCELLED); it ends by `finished`."""

    job: str
    status: Status
    cause: Cause
    message: str


class Schedule:
    """The state of all jobs of one run; `now` is seconds on any clock that only goes forward."""

    def __init__(self, jobs: Sequence[Job], capacity: Capacity, limits: Limits | None = None, *,
                 barriers: Mapping[str, tuple[str, ...]] | None = None, now: float = 0.0) -> None:
        self._jobs = {job.id: job for job in jobs}
        self._capacity = capacity
        limits = limits or Limits()
        self._fails_fast = limits.fail_fast
        self._barriers = frozenset(barriers or ())
        self._order = Order(jobs, barriers or {}, fail_fast=limits.fail_fast)
        self._waits = self._order.waits
        self._status = dict.fromkeys(self._jobs, Status.PENDING)
        self._open = len(self._jobs)
        self._line = Line(self._jobs)
        self._asked: dict[str, Priority] = {}
        self._under_way = Held()
        self._moving = 0
        #: when those that are to be tried again may start
        self._resting: dict[str, float] = {}
        self._tally = Tally(job.batch for job in jobs)
        self._announce: list[str] = []
        self._deadlines = Deadlines(limits, now)
        self._pass_on(*(name for name in self._barriers if not self._waits[name]))
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
        return tuple(self._under_way.jobs)

    def take_queued(self) -> tuple[str, ...]:
        """Ids of the jobs whose needs were met since the last call and that wait for their turn."""
        announce, self._announce = self._announce, []
        return tuple(job_id for job_id in announce if self._status[job_id] is Status.QUEUED)

    def counters(self, batch: str | None = None) -> Counters:
        """The counters of one batch, or of the whole run; their sum equals `total`."""
        return self._tally.counters(batch)

    def startable(self, now: float, *, cores: float = math.inf) -> tuple[str, ...]:
        """Ids that may start now, all of them together, in order. `cores`: so many more may be taken than are held; where nothing moves, one job may anyway."""
        room = Room(self._capacity, self._under_way, now, cores=cores, still=self._moving == 0)
        return self._line.chosen(room, self._capacity.cpu) if self._line else ()

    def held(self) -> int:
        """Cores that the jobs under way hold."""
        return self._under_way.cpu

    def idle(self) -> int:
        """Cores that no job holds."""
        return max(0, self._capacity.cpu - self._under_way.cpu)

    def cores_of(self, job_id: str) -> int:
        """Cores that a job under way holds."""
        return self._under_way.jobs[job_id].cpu

    def wanted(self) -> int:
        """Cores that the run could use now: those it holds, and those that its ready jobs would take."""
        return max(self.held(), min(self._capacity.cpu, self.held() + self._line.cores))

    def started(self, job_id: str, now: float) -> None:
        """A job was started; whoever stood before it in the line was overtaken."""
        if self._status[job_id] is Status.QUEUED:
            self._line.leave(job_id)
        self._move(job_id, Status.RUNNING)
        job = self._jobs[job_id]
        self._deadlines.began(job.batch, now)
        cpu, memory = self._capacity.granted(job.resources)
        self._under_way.add(job_id, Holding(cpu, memory, job.resources.exclusive, now + job.estimated_seconds))

    def paused(self, job_id: str) -> None:
        """A running job was frozen; it keeps what it holds."""
        self._move(job_id, Status.PAUSED)

    def resumed(self, job_id: str) -> None:
        """A frozen job goes on."""
        self._move(job_id, Status.RUNNING)

    def requeued(self, job: Job, not_before: float) -> None:
        """A running job shall run once more, as `job` says by now, but not before that moment; until then it is PENDING and holds nothing.

        What ends the run meanwhile makes it NOT_RUN: its tries are the caller's to tell.
        """
        self._move(job.id, Status.PENDING)
        self._jobs[job.id] = job
        self._resting[job.id] = not_before

    def released(self, job_id: str) -> None:
        """A job that waits for its next try need not wait any longer."""
        if self._resting.pop(job_id, None) is not None:
            self._queue_if_ready(job_id)

    def next_start(self, now: float) -> float:
        """The next moment at which a job may be tried again, `now` if one is past; infinite if there is none."""
        return max(now, min(self._resting.values(), default=math.inf))

    def reprioritise(self, job_id: str, priority: Priority) -> None:
        """Somebody changed the priority of a job that has not started: critical and high put it before all others, low behind them."""
        self._asked[job_id] = priority
        if job_id in self._line:
            self._line.remove(job_id)
            self._line.add(self._order.rank(job_id, priority), self._jobs[job_id].resources)

    def set_cpu(self, cores: int) -> None:
        """From now on jobs may take so many cores together; what runs goes on."""
        self._capacity = replace(self._capacity, cpu=max(1, cores))

    def set_timeout(self, seconds: float, now: float) -> None:
        """The run times out `seconds` from now."""
        self._deadlines.move(seconds, now)

    def finished(self, job_id: str, status: Status) -> tuple[Decision, ...]:
        """A job has its final status (also one that never started: from the cache, unavailable); what is decided thereby."""
        self._move(job_id, status)
        return (*self._pass_on(job_id), *self._fail_fast(job_id))

    def taken_over(self, statuses: Mapping[str, Status]) -> tuple[Decision, ...]:
        """Final statuses that jobs had before this schedule began, by id: they stand, whatever is decided thereby for the others."""
        for job_id, status in statuses.items():
            self._move(job_id, status)
        return (*self._pass_on(*statuses), *(decision for job_id in statuses for decision in self._fail_fast(job_id)))

    def cancel_rest(self, cause: Cause, message: str) -> tuple[Decision, ...]:
        """Nothing starts any more: all that wait are NOT_RUN; those under way are to be stopped."""
        return tuple(self._end_early(list(self._jobs), Status.CANCELLED, cause, message))

    def settle(self, now: float) -> tuple[Decision, ...]:
        """What time decides: timeouts of batches and of the run, who may be tried again, and jobs that can never become ready."""
        decisions: list[Decision] = []
        for deadline in self._deadlines.due(now):
            ids = [job_id for job_id, job in self._jobs.items() if deadline.batch in {EVERY, job.batch}]
            decisions += self._end_early(ids, Status.TIMED_OUT, Cause.BUDGET, deadline.message)
        for job_id in [job_id for job_id, at in self._resting.items() if now >= at]:
            self.released(job_id)
        if not self._under_way.jobs and not self._line and not self._resting and not self.done:
            decisions += self._give_up()
        return tuple(decisions)

    def next_deadline(self) -> float:
        """The next moment at which a batch or the run times out; infinite if there is none."""
        return self._deadlines.next()

    def _move(self, job_id: str, status: Status) -> None:
        """The one place where a status changes."""
        before = self._status[job_id]
        if status not in ALLOWED.get(before, frozenset()):
            raise ValueError(f"BUG: `{job_id}` cannot go from {before} to {status}")
        self._status[job_id] = status
        self._tally.moved(self._jobs[job_id].batch, before, status)
        self._moving += (status is Status.RUNNING) - (before is Status.RUNNING)
        if before is Status.QUEUED and job_id in self._line:
            self._line.remove(job_id)
        if status is Status.QUEUED:
            self._line.add(self._order.rank(job_id, self._asked.get(job_id, Priority.MEDIUM)), self._jobs[job_id].resources)
            self._announce.append(job_id)
        if status not in UNDER_WAY:
            self._under_way.remove(job_id)
        if status.final:
            self._resting.pop(job_id, None)
        self._open -= status.final

    def _queue_if_ready(self, job_id: str) -> None:
        if self._status[job_id] is Status.PENDING and not self._waits[job_id] and job_id not in self._resting:
            self._move(job_id, Status.QUEUED)

    def _pass_on(self, *ended: str) -> list[Decision]:
        """Tell the dependents of jobs that ended and barriers that were reached, and theirs in turn; those that needed one and lost it are blocked."""
        decisions: list[Decision] = []
        news = deque(ended)
        while news:
            origin = news.popleft()
            status = self._status.get(origin, Status.PASSED)
            for name in self._order.dependents.get(origin, ()):
                if name not in self._barriers and self._status[name] not in WAITING:
                    continue
                if status is not Status.PASSED and name not in self._barriers and origin in self._jobs[name].needs:
                    self._move(name, Status.BLOCKED)
                    decisions.append(Decision(job=name, status=Status.BLOCKED, cause=Cause.NEED, message=f"needs `{origin}`: {_said(status)}"))
                    news.append(name)
                    continue
                self._waits[name].discard(origin)
                if name not in self._barriers:
                    self._queue_if_ready(name)
                elif not self._waits[name]:
                    news.append(name)
        return decisions

    def _fail_fast(self, job_id: str) -> list[Decision]:
        """Whether the end of a job ends all others, where that is asked for."""
        if not self._fails_fast or not self._jobs[job_id].blocking or self._status[job_id] not in RED:
            return []
        return self._end_early(list(self._jobs), Status.CANCELLED, Cause.FAIL_FAST, f"stopped at the first failure, `{job_id}`")

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
        """Nothing runs and nothing is ready: what still waits needs a job that is not there, or itself in a circle, or one of those."""
        decisions: list[Decision] = []
        while not self._line and (found := stuck([job_id for job_id, status in self._status.items() if status is Status.PENDING], self._waits, self._jobs)):  # the end of one may free others, who only wait for it
            job_id, message = found
            self._move(job_id, Status.BLOCKED)
            decisions.append(Decision(job=job_id, status=Status.BLOCKED, cause=Cause.NEED, message=message))
            decisions += self._pass_on(job_id)
        return decisions



def _said(status: Status) -> str:
    """How a need that did not pass is told."""
    return {Status.TIMED_OUT: "timed out", Status.NOT_RUN: "not run"}.get(status, str(status))
