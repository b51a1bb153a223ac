"""run_plan: drives the scheduler and the pool until every job of a plan has its result.

The loop: heed the user, let time decide, announce who is ready, start all that may start, then wait for the first end. Parsing and judging
are handed in (`conclude`), so are the clock, the pool and the receiver of events. Where judging is work for a process of its own, it answers with
an errand, which runs in the pool like a job, while its job goes on holding its place. Knows no tools, no formats and no terminal.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from gatekeeper.execute import folders
from gatekeeper.execute.control import Control
from gatekeeper.execute.environment import base_environment, job_environment, without_manners
from gatekeeper.execute.process import AT_ONCE, Ended, Ladder, ProcessSpec
from gatekeeper.execute.resources import capacity
from gatekeeper.execute.schedule import Capacity, Decision, Limits, Schedule
from gatekeeper.judge.retry import retried
from gatekeeper.model.event import JobEnded, JobFinished, JobQueued, JobStarted, Notice
from gatekeeper.model.pipeline import JobClass
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.ports import Clock, Subscriber
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.tool import Role

job_folder = folders.job_folder

#: a job is slow when it takes this many times its estimate, and at least so many seconds
SLOW_FACTOR = 3.0
SLOW_SECONDS = 30.0
BACKGROUND_NICENESS = 10

#: what another try may change: a job that was stopped, or that lacks something, is not tried again
_RETRIED = frozenset({Status.FAILED, Status.ERRORED, Status.TIMED_OUT, Status.UNMEASURED})
#: what the pool calls the errand of a job
_ERRAND = " (errand)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A program that must run before the result of a job can be told. `folder` (absolute) is its own and is removed when it has ended,
    `timeout` is in seconds, `then` gives the result from how it ended."""

    argv: tuple[str, ...]
    folder: str
    timeout: float
    then: Callable[[Attempt], Result]


Conclude = Callable[[Job, Attempt], Result | Errand]
#: asked when a job may start: its result where it is known already (from the cache), or the job as it has to run now (fewer files), or itself
Lookup = Callable[[Job], Result | Job]


class Pool(Protocol):
    """What runs processes: `pool.ProcessPool`, or a fake."""

    def start(self, spec: ProcessSpec) -> int: ...
    def wait(self, timeout: float | None = None) -> list[Ended]: ...
    def stop(self, key: str, ladder: Ladder | None = None, *, timed_out: bool = False) -> None: ...
    def wake(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What is not in the plan. None: as many cores as the plan's pool and the free memory of this machine; our own environment, cleaned."""

    capacity: Capacity | None = None
    environment: Mapping[str, str] | None = None
    #: names of secrets that jobs may see
    secrets: tuple[str, ...] = ()
    fail_fast: bool = False
    ladder: Ladder = field(default_factory=Ladder)
    #: results by job id that need not be reached again (of a run that is resumed)
    known: Mapping[str, Result] = field(default_factory=dict)
    lookup: Lookup | None = None


def run_plan(plan: Plan, *, clock: Clock, pool: Pool, conclude: Conclude, publish: Subscriber, folder: str, control: Control,
             options: RunOptions | None = None) -> tuple[Result, ...]:
    """Run every job of `plan` and give the results in plan order; `folder` is the absolute run directory. The pool stays the caller's."""
    run = _Run(plan, _Ports(clock=clock, pool=pool, conclude=conclude, publish=publish), folder, control, options or RunOptions())
    control.wake = pool.wake
    run.settle_known()
    while not run.done:
        run.heed_control()
        run.let_time_decide()
        run.start_ready()
        run.collect()
    return run.results()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ports:
    clock: Clock
    pool: Pool
    conclude: Conclude
    publish: Subscriber


class _Run:
    """The state of one call of `run_plan`."""

    def __init__(self, plan: Plan, ports: _Ports, folder: str, control: Control, options: RunOptions) -> None:
        self._plan, self._ports, self._folder, self._control, self._options = plan, ports, folder, control, options
        room = options.capacity or Capacity(cpu=max(1, plan.pool_size), memory_mb=capacity().memory_mb)
        limits = Limits(batches=plan.batches, timeout=plan.timeout, fail_fast=options.fail_fast)
        self._schedule = Schedule(plan.jobs, room, limits, now=ports.clock())
        self._base = options.environment
        if self._base is None:
            self._base = base_environment(os.environ, root=plan.root, prefix=sys.prefix, base_prefix=sys.base_prefix, allowed=options.secrets)
        self._jobs = {job.id: job for job in plan.jobs}
        self._results: dict[str, Result] = {}
        self._reports: dict[str, str] = {}
        self._stops: dict[str, Decision] = {}
        #: jobs whose process has ended and whose result an errand will tell, with their attempt, by the errand's key
        self._errands: dict[str, tuple[Job, Attempt, Errand]] = {}
        #: results of earlier tries, of jobs that may be tried again
        self._tries: dict[str, list[Result]] = {}
        self._heeded = 0
        #: moments at which a person should be told something, by what it is about
        self._notices: dict[tuple[str, str], float] = {}
        self._under_target: set[str] = set()

    @property
    def done(self) -> bool:
        return self._schedule.done

    def results(self) -> tuple[Result, ...]:
        return tuple(self._results[job.id] for job in self._plan.jobs)

    def settle_known(self) -> None:
        """Jobs whose result is known, and those without tool or dependencies, end at once, without a process."""
        for job in self._plan.jobs:
            lack, known = job.unavailable, self._options.known.get(job.id)
            if self._schedule.status(job.id).final:
                continue
            if known is not None:
                self._finish(known)
            elif lack is not None:
                self._finish(Result(job=job.id, status=Status.UNAVAILABLE, cause=lack.cause, message=lack.detail, hint=lack.hint))

    def heed_control(self) -> None:
        """First interrupt: nothing starts any more, what runs is told to end. Second: killed."""
        asked = self._control.interrupts
        if asked > 0 and self._heeded == 0:
            self._decide(self._schedule.cancel_rest(Cause.INTERRUPT, f"interrupted by {_signal_name(self._control.signum)}"))
        if asked > 1 and self._heeded < 2:
            for job_id in self._schedule.running():
                self._ports.pool.stop(job_id, AT_ONCE)
                self._ports.pool.stop(job_id + _ERRAND, AT_ONCE)
        self._heeded = asked

    def let_time_decide(self) -> None:
        """Timeouts of batches and of the run, and notices that are due."""
        now = self._ports.clock()
        self._decide(self._schedule.settle(now))
        for (kind, subject), at in list(self._notices.items()):
            if now >= at:
                del self._notices[kind, subject]
                self._notify(kind, subject, now)

    def start_ready(self) -> None:
        """Announce who is ready, start all that may start."""
        for job_id in self._schedule.take_queued():
            self._ports.publish(JobQueued(at=self._ports.clock(), job=job_id))
        for job_id in self._schedule.startable(self._ports.clock()):
            if self._schedule.status(job_id) is Status.QUEUED:  # a failed start may have decided it meanwhile
                self._start(self._jobs[job_id])

    def collect(self) -> None:
        """Wait for the first ends, or for the next moment at which something else is due."""
        if not self._schedule.running():
            return
        moments = [self._schedule.next_deadline(), *self._notices.values()]
        until = min(moments) - self._ports.clock()
        for ended in self._ports.pool.wait(None if until == math.inf else max(0.0, until)):
            if ended.key in self._errands:
                self._end_errand(ended.key, ended.attempt)
            else:
                self._end(self._jobs[ended.key], ended.attempt)

    def _start(self, job: Job) -> None:
        found = self._options.lookup(job) if self._options.lookup is not None else job
        if isinstance(found, Result):
            self._finish(found)
            return
        self._jobs[job.id] = job = found
        self._schedule.started(job.id, self._ports.clock())
        self._expect_notices(job)
        self._launch(job)

    def _launch(self, job: Job) -> None:
        """Start the process of a job that holds its place already; of what an earlier attempt left nothing stays."""
        place = job_folder(self._folder, job.id)
        argv, env, asked = folders.fill(job, place)
        try:
            folders.prepare(job, place)
        except OSError as error:
            self._end(job, Attempt(spawn_error=f"cannot make the folder of the job: {error}", started=self._ports.clock()))
            return
        if asked:
            self._reports[job.id] = os.path.join(place, "report")
        niceness = BACKGROUND_NICENESS if job.job_class is JobClass.BACKGROUND else 0
        cwd = os.path.normpath(os.path.join(os.path.abspath(self._plan.root), job.cwd))
        pid = self._ports.pool.start(ProcessSpec(
            key=job.id, argv=argv, cwd=cwd, env=job_environment(self._base_of(job), {"PWD": cwd}, env),
            stdout=os.path.join(place, "stdout.log"), stderr=os.path.join(place, "stderr.log"), timeout=job.timeout,
            interrupt=job.interrupt, ladder=self._options.ladder, niceness=niceness))
        self._ports.publish(JobStarted(at=self._ports.clock(), job=job.id, attempt=1 + len(self._tries.get(job.id, ())), pid=pid))

    def _base_of(self, job: Job) -> Mapping[str, str]:
        base = self._base or {}
        return without_manners(base) if job.role in {Role.TEST, Role.BENCH} else base

    def _end(self, job: Job, attempt: Attempt) -> None:
        """The process tree is gone: record it, conclude, finish."""
        attempt = replace(attempt, report=self._reports.get(job.id))
        self._notices.pop(("slow", job.id), None)
        self._ports.publish(JobEnded(at=self._ports.clock(), job=job.id, attempt=attempt))
        result = self._conclude(job, attempt)
        if isinstance(result, Errand):
            self._send(job, attempt, result)
        else:
            self._tell(job, attempt, result)

    def _send(self, job: Job, attempt: Attempt, errand: Errand) -> None:
        key = job.id + _ERRAND
        self._errands[key] = (job, attempt, errand)
        self._ports.pool.start(ProcessSpec(
            key=key, argv=errand.argv, cwd=errand.folder, env=self._base or {}, timeout=errand.timeout, ladder=AT_ONCE,
            stdout=os.path.join(errand.folder, "stdout.log"), stderr=os.path.join(errand.folder, "stderr.log")))

    def _end_errand(self, key: str, ended: Attempt) -> None:
        """What the errand found is the result, unless somebody decided meanwhile that the job must end."""
        job, attempt, errand = self._errands.pop(key)
        stop = self._stops.get(job.id)
        if stop is not None and (ended.cancelled or ended.timed_out):
            result = Result(job=job.id, status=stop.status, cause=stop.cause, message=stop.message, attempts=(attempt,))
        elif ended.cancelled:
            result = Result(job=job.id, status=Status.CANCELLED, cause=Cause.INTERRUPT, message="cancelled", attempts=(attempt,))
        else:
            result = errand.then(ended)
        shutil.rmtree(errand.folder, ignore_errors=True)
        self._tell(job, attempt, result)

    def _tell(self, job: Job, attempt: Attempt, result: Result) -> None:
        """The result of a job, or one more try where that was declared and may help."""
        tries = self._tries.setdefault(job.id, [])
        if result.status in _RETRIED and len(tries) < job.retries and job.id not in self._stops and not self._control.interrupts:
            tries.append(result)
            message = f"`{job.id}` did not pass ({result.message or result.status}): try {len(tries) + 1} of {job.retries + 1}"
            self._ports.publish(Notice(at=self._ports.clock(), message=message, job=job.id))
            self._expect_notices(job)
            self._launch(job)
            return
        result = retried(tries, result)
        place = job_folder(self._folder, job.id)
        folders.tidy(place)
        self._finish(replace(result, log=result.log or folders.log_of(place, self._folder), leaky=result.leaky or bool(attempt.leaked)))

    def _conclude(self, job: Job, attempt: Attempt) -> Result | Errand:
        stop = self._stops.get(job.id)
        if attempt.cancelled:
            cause, message = (stop.cause, stop.message) if stop else (Cause.INTERRUPT, "cancelled")
            return Result(job=job.id, status=Status.CANCELLED, cause=cause, message=message, attempts=(attempt,))
        result = self._ports.conclude(job, attempt)
        if isinstance(result, Result) and stop is not None and attempt.timed_out and result.status is Status.TIMED_OUT:
            return replace(result, cause=stop.cause, message=stop.message)
        return result

    def _finish(self, result: Result) -> None:
        self._results[result.job] = result
        decisions = self._schedule.finished(result.job, result.status)
        self._ports.publish(JobFinished(at=self._ports.clock(), job=result.job, result=result))
        self._decide(decisions)

    def _decide(self, decisions: Sequence[Decision]) -> None:
        """Results for those that will never start; a ladder for those that must stop."""
        for decision in decisions:
            if self._schedule.status(decision.job).final:
                result = Result(job=decision.job, status=decision.status, cause=decision.cause, message=decision.message)
                self._results[decision.job] = result
                self._ports.publish(JobFinished(at=self._ports.clock(), job=decision.job, result=result))
            else:
                self._stops.setdefault(decision.job, decision)
                for key in (decision.job, decision.job + _ERRAND):
                    self._ports.pool.stop(key, timed_out=decision.status is Status.TIMED_OUT)

    def _expect_notices(self, job: Job) -> None:
        now = self._ports.clock()
        self._notices["slow", job.id] = now + max(SLOW_SECONDS, SLOW_FACTOR * job.estimated_seconds)
        for batch in self._plan.batches:
            if batch.id == job.batch and batch.target is not None and batch.id not in self._under_target:
                self._under_target.add(batch.id)
                self._notices["target", batch.id] = now + batch.target

    def _notify(self, kind: str, subject: str, now: float) -> None:
        if kind == "slow":
            job = self._jobs[subject]
            message = f"`{subject}` is slow: it runs longer than {max(SLOW_SECONDS, SLOW_FACTOR * job.estimated_seconds):.0f} s"
            self._ports.publish(Notice(at=now, message=message, job=subject))
            return
        counters = self._schedule.counters(subject)
        if counters.running or counters.pending:
            target = next(batch.target for batch in self._plan.batches if batch.id == subject)
            self._ports.publish(Notice(at=now, message=f"batch `{subject}` missed its target of {target:g} s"))


def _signal_name(signum: int) -> str:
    try:
        return signal.Signals(signum).name
    except ValueError:
        return "the user"
