"""run_plan: drives the scheduler and the pool until every job of a plan has its result.

The loop: heed the user, let time decide, announce who is ready, start all that may start, then wait for the first end. What becomes of a process that
ended is the matter of `outcome`, what a run knows and what is decided of its jobs that of `state`. Knows no tools, no formats and no terminal.

Two clocks: events carry the time of `clock`; what is due (timeouts of batches and of the run, notices, further tries) is reckoned on the run's own,
which stands still while the run is paused. The deadline of a job is the pool's, and stands still with its processes.
"""

from __future__ import annotations

import math
<<<<<<< HEAD
import os
import shutil
from collections.abc import Sequence
=======
import signal
>>>>>>> e80fc24 (split)
from typing import TYPE_CHECKING

from gatekeeper.execute import folders
from gatekeeper.execute.control import Control
from gatekeeper.execute.launch import errand_key
from gatekeeper.execute.outcome import Outcomes
from gatekeeper.execute.ports import Conclude, Errand, Lookup, Pool, Ports, RunOptions
from gatekeeper.execute.process import AT_ONCE
<<<<<<< HEAD
from gatekeeper.execute.relief import Relief
from gatekeeper.execute.resources import capacity
from gatekeeper.execute.schedule import Decision, Limits, Schedule
from gatekeeper.execute.stops import Stops, lost, sender
from gatekeeper.execute.tries import Tries
from gatekeeper.judge.retry import Try
from gatekeeper.model.event import JobDelayed, JobEnded, JobFinished, JobQueued, JobStarted, Notice
=======
from gatekeeper.execute.schedule import Decision
from gatekeeper.execute.state import State
from gatekeeper.model.event import JobQueued, JobStarted
>>>>>>> e80fc24 (split)
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.ports import Clock, Subscriber
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Status

if TYPE_CHECKING:
    from gatekeeper.execute.outputs import Outputs

__all__ = ["Conclude", "Errand", "Lookup", "Pool", "RunOptions", "job_folder", "run_plan"]

job_folder = folders.job_folder

#: seconds after which a job asks again whether another has found out about its service
PROBE_SECONDS = 1.0
#: seconds after which cores are asked for again that were lent
OWED_SECONDS = 0.2
#: seconds that a paused run sleeps where nobody asks anything of it
_PAUSED_SLEEP = 3600.0


def run_plan(plan: Plan, *, clock: Clock, pool: Pool, conclude: Conclude, publish: Subscriber, folder: str, control: Control,
             options: RunOptions | None = None) -> tuple[Result, ...]:
    """Run every job of `plan` and give the results in plan order; `folder` is the absolute run directory. The pool stays the caller's."""
    state = State(plan, Ports(clock=clock, pool=pool, conclude=conclude, publish=publish), folder, control, options or RunOptions())
    loop = Loop(state)
    control.wake = pool.wake
    state.settle_known()
    try:
        while not state.schedule.done:
            loop.heed_control()
            loop.let_time_decide()
            loop.start_ready()
            loop.collect()
    finally:
        loop.close()
    return state.results()


class Loop:
    """The rounds of one run."""

<<<<<<< HEAD
    def __init__(self, plan: Plan, ports: Ports, folder: str, control: Control, options: RunOptions) -> None:
        self.plan, self.ports, self.control, self.options = plan, ports, control, options
        self.now = RunClock(ports.clock)
        room = options.capacity or Capacity(cpu=max(1, plan.pool_size), memory_mb=capacity().memory_mb)
        timeout = plan.timeout if options.spent.timeout is None else options.spent.timeout
        limits = Limits(batches=plan.batches, timeout=timeout, fail_fast=options.fail_fast, spent=options.spent)
        self.schedule = Schedule(plan.jobs, room, limits, barriers=plan.barriers, now=self.now())
        self._launcher = Launcher(ports.pool, plan.root, folder, options)
        self._notices = Notices(plan, self.schedule, options.alerts)
        self.freezer = Freezer(ports, self.schedule, self.now, self._notices)
        self.relief = Relief(options.yielding, self.schedule, self.freezer, ports.clock, ports.publish)
        self.standstill = Standstill(ports, self.schedule, self.now, self.freezer, self.relief)
        self.jobs = {job.id: job for job in plan.jobs}
        self._results: dict[str, Result] = {}
        self._stops = Stops()
        #: jobs whose process has ended and whose result an errand will tell, with their attempt, by the errand's key
        self._errands: dict[str, tuple[Job, Attempt, Errand]] = {}
        #: jobs whose output was read a second time
        self._reread: set[str] = set()
        self.tries = Tries(folder, options)
        self._services: Services | None = None
        self._folder = folder
=======
    def __init__(self, state: State) -> None:
        self._state, self._outcomes = state, Outcomes(state)
>>>>>>> e80fc24 (split)
        self._outputs: Outputs | None = None
        #: interrupts that were heeded
        self._heeded = 0
        #: cores were lent that are to come back
        self._owed = False

    def heed_control(self) -> None:
        """First interrupt: nothing starts any more, what runs is told to end. Second: killed. Then what else was asked, in order."""
        asked = self._state.control.interrupts
        if asked > 0 and self._heeded == 0:
<<<<<<< HEAD
            self.end_all(f"interrupted by {sender(self.control.signum)}")
=======
            self._state.end_all(f"interrupted by {_signal_name(self._state.control.signum)}")
>>>>>>> e80fc24 (split)
        if asked > 1 and self._heeded < 2:
            for job_id in self._state.schedule.running():
                self._state.ports.pool.stop(job_id, AT_ONCE)
                self._state.ports.pool.stop(errand_key(job_id), AT_ONCE)
        self._heeded = asked
        if self._state.control.take_stop():
            self._state.standstill.stop_program(self._state.options.stand_still)
        requests = self._state.control.take()
        if requests:
            from gatekeeper.execute.answers import answer  # lazy: only runs of which something is asked pay

            for request in requests:
                answer(request, self._state)

    def let_time_decide(self) -> None:
        """Timeouts of batches and of the run, jobs that waited long enough for a person, and notices that are due."""
        now = self._state.now()
        for job_id in self._state.tries.overdue(now):
            if job_id in self._state.tries.holds:  # the end of the one before may have ended the run
                self._state.end_one(job_id, f"nobody decided within {self._state.jobs[job_id].recovery.hold:g} s")
        self._state.decide(self._state.schedule.settle(now))
        for message, subject in self._state.notices.due(now):
            self._state.tell(message, subject)
        if self._state.options.outputs:
            self._tell_growth()

    def start_ready(self) -> None:
        """Announce who is ready, start all that may start."""
        self._announce()
        if self._state.standstill.on:
            return
        self._state.relief.heed()
        while self._start_some():
            self._announce()  # what was known already, or could not start, left room for others, and made some ready
        self._lend()

    def close(self) -> None:
        """Give back what is held outside of this run."""
        self._state.launcher.close()
        self._state.relief.close()
        if self._state.options.ended is not None:
            self._state.options.ended()

    def collect(self) -> None:
        """Wait for the first ends, or for the next moment at which something else is due."""
        if self._state.schedule.done:
            return
        for ended in self._state.ports.pool.wait(self._patience()):
            self._outcomes.of(ended.key, ended.attempt)

    def _lend(self) -> None:
        """Cores that nobody uses go to the jobs that can use them, those of other runs and of a loaded machine do not."""
        self._state.relief.lends = self._state.launcher.lends
        self._owed = self._state.launcher.lends and not self._state.launcher.lend(int(max(0, min(self._state.schedule.idle(), self._state.relief.cores()))))

    def _announce(self) -> None:
        for job_id in self._state.schedule.take_queued():
            self._state.ports.publish(JobQueued(at=self._state.ports.clock(), job=job_id))

    def _start_some(self) -> bool:
        """Start all that may start now; whether others may because of it, where one has ended at once or cores are asked for only now."""
        cores = self._state.relief.cores()
        chosen = self._state.schedule.startable(self._state.now(), cores=cores)
        for job_id in chosen:
            if self._state.schedule.status(job_id) is Status.QUEUED:  # a failed start may have decided it meanwhile
                self._start(self._state.jobs[job_id])
        again = cores <= 0 or any(self._state.schedule.status(job_id) is not Status.RUNNING for job_id in chosen)
        return bool(chosen) and again and not self._state.control.interrupts

    def _start(self, job: Job) -> None:
        found = self._state.options.lookup(job) if self._state.options.lookup is not None and self._state.tries.number(job.id) == 1 else job
        if isinstance(found, Result):
            self._state.finish(found)
            return
        if found.services and self._spared(found):
            return
        self._state.jobs[job.id] = job = found
        self._state.schedule.started(job.id, self._state.now())
        self._state.notices.expect(job, self._state.now())
        attempt = self._state.tries.number(job.id)
        try:
            self._state.tries.checkpoint(job)
            pid = self._state.launcher.launch(job, attempt, self._state.schedule.cores_of(job.id))
        except OSError as error:
            self._outcomes.ended(job, Attempt(spawn_error=f"cannot make the folder of the job: {error}", started=self._state.ports.clock()))  # or keep what it may change
            return
        self._state.ports.publish(JobStarted(at=self._state.ports.clock(), job=job.id, attempt=attempt, pid=pid))

    def _spared(self, job: Job) -> bool:
        """Whether a job does not start now, because a service that it asks did not answer, or is being asked by another whether it does."""
        refusal = self._state.services.refusal(job)
        if refusal is not None:
            self._state.finish(self._state.unstarted(Decision(job=job.id, status=Status.NOT_RUN, cause=Cause.SERVICE, message=refusal)))
        elif self._state.services.busy(job):
            self._state.schedule.started(job.id, self._state.now())
            self._state.schedule.requeued(job, self._state.now() + PROBE_SECONDS)
        else:
            self._state.services.asked(job)
            return False
        return True

    def _patience(self) -> float | None:
        """Seconds to wait at most; None: until something ends."""
        now, under_way = self._state.now(), bool(self._state.schedule.running())
        if self._state.standstill.on:
            return _PAUSED_SLEEP
        again = min(self._state.schedule.next_start(now), *self._state.tries.holds.values(), math.inf)
        if not under_way and again == math.inf:
            return 0.0  # the next round decides what becomes of the others
        growth = self._outputs.next() - self._state.ports.clock() if self._outputs is not None and under_way else math.inf
        until = min(min(self._state.schedule.next_deadline(), self._state.notices.next(), again) - now, self._state.relief.next(), OWED_SECONDS if self._owed else math.inf, growth)
        return None if until == math.inf else max(0.0, until)

    def _tell_growth(self) -> None:
        """How much the jobs under way have written, where somebody wants to know."""
        if self._outputs is None:
            from gatekeeper.execute.outputs import Outputs  # lazy: only runs that somebody follows pay

<<<<<<< HEAD
            self._outputs = Outputs(self._folder)
        for grown in self._outputs.grown(self.schedule.running(), self.ports.clock()):
            self.ports.publish(grown)

    def _end(self, job: Job, attempt: Attempt) -> None:
        """The process tree is gone: record it, conclude, finish."""
        if (report := self._launcher.report(job.id)) is not None:
            attempt = replace(attempt, report=report)
        self._launcher.ended(job.id)
        self.freezer.forget(job.id)
        for message, subject in self._notices.ended(job.id, attempt):
            self.tell(message, subject)
        self.ports.publish(JobEnded(at=self.ports.clock(), job=job.id, attempt=attempt))
        result = self._conclude(job, attempt)
        if isinstance(result, Errand):
            self._errands[errand_key(job.id)] = (job, attempt, result)
            self._launcher.send(job, result)
        else:
            self._tell(job, attempt, result)

    def _end_errand(self, key: str, ended: Attempt) -> None:
        """What the errand found is the result, unless somebody decided meanwhile that the job must end."""
        job, attempt, errand = self._errands.pop(key)
        self.freezer.forget(job.id)
        if lost(ended) and job.id not in self._reread and not self.ends(job.id):  # the output that it reads is still there
            self._reread.add(job.id)
            self._errands[key] = (job, attempt, errand)
            self.tell(f"what read the output of `{job.id}` was lost before it was done: it is read again", job.id)
            self._launcher.send(job, errand)
            return
        result = self._stops.unread(job.id, attempt, ended) or self._stops.told(attempt, errand.then(ended))
        shutil.rmtree(errand.folder, ignore_errors=True)
        self._tell(job, attempt, result)

    def _tell(self, job: Job, attempt: Attempt, result: Result) -> None:
        """The result of a job, or one more try where that was declared and may help."""
        if attempt.leaked and not result.leaky:
            result = replace(result, leaky=True)
        if job.services:
            self.services.learn(job, result)
        if result.status in _TROUBLED and _recoverable(job, result):
            from gatekeeper.execute.recover import recovered  # lazy: only runs in which a job did not pass pay

            ended = recovered(self, job, result)
            if ended is None:
                return
            result = ended
        result = self.tries.joined(result)
        if not result.log and (log := self._launcher.log(job.id)) is not None:
            result = replace(result, log=log)
        self._finish(result)

    def again(self, job: Job, earlier: Try, wait: float) -> None:
        """Back to the queue, as `job` says by now, for `wait` seconds at least."""
        self.tries.add(job.id, earlier)
        self.jobs[job.id] = job
        self.schedule.requeued(job, self.now() + wait)
        if wait < math.inf:  # else a person is waited for, which is told as such
            self.ports.publish(JobDelayed(at=self.ports.clock(), job=job.id, attempt=self.tries.number(job.id), seconds=wait,
                                          reason=earlier.result.message or str(earlier.result.status)))

    def _spared(self, job: Job) -> bool:
        """Whether a job does not start now, because a service that it asks did not answer, or is being asked by another whether it does."""
        refusal = self.services.refusal(job)
        if refusal is not None:
            self._finish(self._unstarted(Decision(job=job.id, status=Status.NOT_RUN, cause=Cause.SERVICE, message=refusal)))
        elif self.services.busy(job):
            self.schedule.started(job.id, self.now())
            self.schedule.requeued(job, self.now() + PROBE_SECONDS)
        else:
            self.services.asked(job)
            return False
        return True

    def _conclude(self, job: Job, attempt: Attempt) -> Result | Errand:
        if attempt.cancelled:
            return self._stops.cancelled(job.id, attempt)
        result = self.ports.conclude(job, attempt)
        return self._stops.told(attempt, result) if isinstance(result, Result) else result

    def _finish(self, result: Result) -> None:
        decisions = self.schedule.finished(result.job, result.status)
        self._put(result)
        self.decide(decisions)
        self._end_run_after(result)

    def _end_run_after(self, result: Result) -> None:
        """The run ends where that was declared for a job that did not pass."""
        job = self.jobs[result.job]
        if job.recovery.abort and result.status in _TROUBLED and not self.ends(job.id):
            from gatekeeper.execute.recover import spoken  # lazy: as above

            self.decide(self.schedule.cancel_rest(Cause.ABORT, f"the run ends because `{job.id}` {spoken(result.status)}"))

    def _put(self, result: Result) -> None:
        self._results[result.job] = result
        self.tries.holds.pop(result.job, None)
        for message, subject in self._notices.finished(result):
            self.tell(message, subject)
        self.ports.publish(JobFinished(at=self.ports.clock(), job=result.job, result=result))

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Results for those that will never start; a ladder for those that must stop."""
        for decision in decisions:
            if self.schedule.status(decision.job).final:
                self._put(self._unstarted(decision))
            else:
                self._stops.add(decision)
                for key in (decision.job, errand_key(decision.job)):
                    self.ports.pool.stop(key, timed_out=decision.status is Status.TIMED_OUT)

    def _unstarted(self, decision: Decision) -> Result:
        """The result of a job that will not start; where it had been tried before, that is what it came to."""
        last = self.tries.left(decision.job)
        if last is None:
            return Result(job=decision.job, status=decision.status, cause=decision.cause, message=decision.message)
        return replace(last, message=f"{last.message}; not tried again: {decision.message}", log=last.log or self._launcher.log(decision.job))


def _recoverable(job: Job, result: Result) -> bool:
    """Whether anything was declared for a job that did not pass."""
    return job.recovery != NONE or job.retry != UNDECLARED or job.fallback is not None or result.cause in {Cause.SPAWN, Cause.LOST}
=======
            self._outputs = Outputs(self._state.folder)
        for grown in self._outputs.grown(self._state.schedule.running(), self._state.ports.clock()):
            self._state.ports.publish(grown)


def _signal_name(signum: int) -> str:
    try:
        return signal.Signals(signum).name
    except ValueError:
        return "the user"
>>>>>>> e80fc24 (split)
