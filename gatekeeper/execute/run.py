"""run_plan: drives the scheduler and the pool until every job of a plan has its result.

The loop: heed the user, let time decide, announce who is ready, start all that may start, then wait for the first end. What becomes of a process that
ended is the matter of `outcome`, what a run knows and what is decided of its jobs that of `state`. Knows no tools, no formats and no terminal.

Two clocks: events carry the time of `clock`; what is due (timeouts of batches and of the run, notices, further tries) is reckoned on the run's own,
which stands still while the run is paused. The deadline of a job is the pool's, and stands still with its processes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gatekeeper.execute import folders
from gatekeeper.execute.control import Control
from gatekeeper.execute.launch import errand_key
from gatekeeper.execute.outcome import Outcomes
from gatekeeper.execute.ports import Conclude, Errand, Lookup, Pool, Ports, RunOptions
from gatekeeper.execute.process import AT_ONCE
from gatekeeper.execute.schedule import Decision
from gatekeeper.execute.state import State
from gatekeeper.execute.stops import sender
from gatekeeper.model.event import JobQueued, JobStarted
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

    def __init__(self, state: State) -> None:
        self._state, self._outcomes = state, Outcomes(state)
        self._outputs: Outputs | None = None
        #: interrupts that were heeded
        self._heeded = 0
        #: cores were lent that are to come back
        self._owed = False

    def heed_control(self) -> None:
        """First interrupt: nothing starts any more, what runs is told to end. Second: killed. Then what else was asked, in order."""
        asked = self._state.control.interrupts
        if asked > 0 and self._heeded == 0:
            self._state.end_all(f"interrupted by {sender(self._state.control.signum)}")
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

            self._outputs = Outputs(self._state.folder)
        for grown in self._outputs.grown(self._state.schedule.running(), self._state.ports.clock()):
            self._state.ports.publish(grown)
