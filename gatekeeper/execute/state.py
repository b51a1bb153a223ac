"""What one run knows, and what becomes of its jobs: one value that the loop, those that end jobs and those that answer wishes share.

Everything that is decided of a job comes through here: its result (`finish`), that it must end (`decide`), that it runs once more (`again`). Starts no
process and waits for none (`run`), and judges nothing (`outcome`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatekeeper.execute.control import Control
from gatekeeper.execute.freeze import Freezer, RunClock, Standstill
from gatekeeper.execute.launch import Launcher, errand_key
from gatekeeper.execute.limits import Limits
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.notices import Notices
from gatekeeper.execute.ports import Ports, RunOptions
from gatekeeper.execute.relief import Relief
from gatekeeper.execute.resources import capacity
from gatekeeper.execute.schedule import Decision, Schedule
from gatekeeper.execute.stops import Stops, spoken
from gatekeeper.execute.tries import Tries
from gatekeeper.judge.retry import Try
from gatekeeper.model.event import JobDelayed, JobFinished, Notice
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.value import replace

if TYPE_CHECKING:
    from gatekeeper.execute.services import Services

#: what can be recovered from; anything else lacks something, or was decided
TROUBLED = frozenset({Status.FAILED, Status.ERRORED, Status.TIMED_OUT, Status.UNMEASURED, Status.CANCELLED})


class State:
    """That of one call of `run_plan`; `folder` is the absolute run directory."""

    def __init__(self, plan: Plan, ports: Ports, folder: str, control: Control, options: RunOptions) -> None:
        self.plan, self.ports, self.folder, self.control, self.options = plan, ports, folder, control, options
        self.now = RunClock(ports.clock)
        room = options.capacity or Capacity(cpu=max(1, plan.pool_size), memory_mb=capacity().memory_mb)
        timeout = plan.timeout if options.spent.timeout is None else options.spent.timeout
        limits = Limits(batches=plan.batches, timeout=timeout, fail_fast=options.fail_fast, spent=options.spent)
        self.schedule = Schedule(plan.jobs, room, limits, barriers=plan.barriers, now=self.now())
        self.launcher = Launcher(ports.pool, plan.root, folder, options)
        self.notices = Notices(plan, self.schedule, options.alerts)
        self.freezer = Freezer(ports, self.schedule, self.now, self.notices)
        self.relief = Relief(options.yielding, self.schedule, self.freezer, ports.clock, ports.publish)
        self.standstill = Standstill(ports, self.schedule, self.now, self.freezer, self.relief)
        self.jobs = {job.id: job for job in plan.jobs}
        self.stops = Stops()
        self.tries = Tries(folder, options)
        self._results: dict[str, Result] = {}
        self._services: Services | None = None
        #: what the waits of this run are scattered by
        self.seed = os.path.basename(folder)

    @property
    def services(self) -> Services:
        """What is known of the services outside."""
        if self._services is None:
            from gatekeeper.execute.services import Services  # lazy: only runs with jobs that ask a service pay

            self._services = Services(self.ports, self.options)
        return self._services

    def results(self) -> tuple[Result, ...]:
        return tuple(self._results[job.id] for job in self.plan.jobs)

    def settle_known(self) -> None:
        """Jobs whose result is known, and those without tool or dependencies, end at once, without a process.

        What is known stands, whatever the end of another would have decided: they had ended, all of them.
        """
        known = [self.options.known[job.id] for job in self.plan.jobs if job.id in self.options.known]
        decisions = self.schedule.taken_over({result.job: result.status for result in known})
        for result in known:
            self._put(result)
        self.decide(decisions)
        for result in known:
            self._end_run_after(result)
        for job in self.plan.jobs:
            lack = job.unavailable
            if lack is not None and not self.schedule.status(job.id).final:
                self.finish(Result(job=job.id, status=Status.UNAVAILABLE, cause=lack.cause, message=lack.detail, hint=lack.hint))

    def end_all(self, message: str) -> None:
        """Nothing starts any more, what runs is told to end; a paused run goes on to its end."""
        self.standstill.end()
        self.decide(self.schedule.cancel_rest(Cause.INTERRUPT, message))

    def end_one(self, job_id: str, message: str) -> None:
        """One job is told to end, or never starts."""
        if self.schedule.status(job_id) in {Status.RUNNING, Status.PAUSED}:
            self.decide([Decision(job=job_id, status=Status.CANCELLED, cause=Cause.INTERRUPT, message=message)])
        else:
            self.finish(self.unstarted(Decision(job=job_id, status=Status.NOT_RUN, cause=Cause.INTERRUPT, message=message)))

    def ends(self, job_id: str) -> bool:
        """Whether it is decided that a job must end."""
        return job_id in self.stops or bool(self.control.interrupts)

    def again(self, job: Job, earlier: Try, wait: float) -> None:
        """Back to the queue, as `job` says by now, for `wait` seconds at least."""
        self.tries.add(job.id, earlier)
        self.jobs[job.id] = job
        self.schedule.requeued(job, self.now() + wait)
        if wait < math.inf:  # else a person is waited for, which is told as such
            self.ports.publish(JobDelayed(at=self.ports.clock(), job=job.id, attempt=self.tries.number(job.id), seconds=wait,
                                          reason=earlier.result.message or str(earlier.result.status)))

    def tell(self, message: str, job_id: str | None = None) -> None:
        """Something that a person should know."""
        self.ports.publish(Notice(at=self.ports.clock(), message=message, job=job_id))

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Results for those that will never start; a ladder for those that must stop."""
        for decision in decisions:
            if self.schedule.status(decision.job).final:
                self._put(self.unstarted(decision))
            else:
                self.stops.add(decision)
                for key in (decision.job, errand_key(decision.job)):
                    self.ports.pool.stop(key, timed_out=decision.status is Status.TIMED_OUT)

    def finish(self, result: Result) -> None:
        """A job has its result, and what is decided thereby happens."""
        decisions = self.schedule.finished(result.job, result.status)
        self._put(result)
        self.decide(decisions)
        self._end_run_after(result)

    def _put(self, result: Result) -> None:
        """The result of a job, which the schedule knows of."""
        self._results[result.job] = result
        self.tries.holds.pop(result.job, None)
        for message, subject in self.notices.finished(result):
            self.tell(message, subject)
        self.ports.publish(JobFinished(at=self.ports.clock(), job=result.job, result=result))

    def unstarted(self, decision: Decision) -> Result:
        """The result of a job that will not start; where it had been tried before, that is what it came to."""
        last = self.tries.left(decision.job)
        if last is None:
            return Result(job=decision.job, status=decision.status, cause=decision.cause, message=decision.message)
        return replace(last, message=f"{last.message}; not tried again: {decision.message}", log=last.log or self.launcher.log(decision.job))

    def _end_run_after(self, result: Result) -> None:
        """The run ends where that was declared for a job that did not pass."""
        job = self.jobs[result.job]
        if job.recovery.abort and result.status in TROUBLED and not self.ends(job.id):
            self.decide(self.schedule.cancel_rest(Cause.ABORT, f"the run ends because `{job.id}` {spoken(result.status)}"))
