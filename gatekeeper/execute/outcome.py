"""What comes of a process that ended: the result of its job at once or through an errand, another try, or its fallback.

Judging is handed in (`ports.Conclude`). Where that is work for a process of its own, it answers with an errand, which runs in the pool like a job, while
its job goes on holding its place. Knows no tools and no formats, and waits for nothing.
"""

from __future__ import annotations

import shutil

from gatekeeper.execute.launch import errand_key
from gatekeeper.execute.ports import Errand
from gatekeeper.execute.state import TROUBLED, State
from gatekeeper.execute.stops import lost
from gatekeeper.model.event import JobEnded
from gatekeeper.model.plan import Job
from gatekeeper.model.recovery import NONE, UNDECLARED
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause
from gatekeeper.model.value import replace


class Outcomes:
    """Those of one run."""

    def __init__(self, state: State) -> None:
        self._state = state
        #: jobs whose process has ended and whose result an errand will tell, with their attempt, by the errand's key
        self._errands: dict[str, tuple[Job, Attempt, Errand]] = {}
        #: jobs whose output was read a second time
        self._reread: set[str] = set()

    def of(self, key: str, attempt: Attempt) -> None:
        """The process tree of a job, or of its errand, is gone."""
        if key in self._errands:
            self._errand_ended(key, attempt)
        else:
            self.ended(self._state.jobs[key], attempt)

    def ended(self, job: Job, attempt: Attempt) -> None:
        """The process tree is gone: record it, conclude, finish."""
        if (report := self._state.launcher.report(job.id)) is not None:
            attempt = replace(attempt, report=report)
        self._state.launcher.ended(job.id)
        self._state.freezer.forget(job.id)
        for message, subject in self._state.notices.ended(job.id, attempt):
            self._state.tell(message, subject)
        self._state.ports.publish(JobEnded(at=self._state.ports.clock(), job=job.id, attempt=attempt))
        result = self._conclude(job, attempt)
        if isinstance(result, Errand):
            self._errands[errand_key(job.id)] = (job, attempt, result)
            self._state.launcher.send(job, result)
        else:
            self._tell(job, attempt, result)

    def _errand_ended(self, key: str, ended: Attempt) -> None:
        """What the errand found is the result, unless somebody decided meanwhile that the job must end."""
        job, attempt, errand = self._errands.pop(key)
        self._state.freezer.forget(job.id)
        if lost(ended) and job.id not in self._reread and not self._state.ends(job.id):  # the output that it reads is still there
            self._reread.add(job.id)
            self._errands[key] = (job, attempt, errand)
            self._state.tell(f"what read the output of `{job.id}` was lost before it was done: it is read again", job.id)
            self._state.launcher.send(job, errand)
            return
        result = self._state.stops.unread(job.id, attempt, ended) or self._state.stops.told(attempt, errand.then(ended))
        shutil.rmtree(errand.folder, ignore_errors=True)
        self._tell(job, attempt, result)

    def _tell(self, job: Job, attempt: Attempt, result: Result) -> None:
        """The result of a job, or one more try where that was declared and may help."""
        if attempt.leaked and not result.leaky:
            result = replace(result, leaky=True)
        if job.services:
            self._state.services.learn(job, result)
        if result.status in TROUBLED and _recoverable(job, result):
            from gatekeeper.execute.recover import recovered  # lazy: only runs in which a job did not pass pay

            ended = recovered(self._state, job, result)
            if ended is None:
                return
            result = ended
        result = self._state.tries.joined(result)
        if not result.log and (log := self._state.launcher.log(job.id)) is not None:
            result = replace(result, log=log)
        self._state.finish(result)

    def _conclude(self, job: Job, attempt: Attempt) -> Result | Errand:
        if attempt.cancelled:
            return self._state.stops.cancelled(job.id, attempt)
        result = self._state.ports.conclude(job, attempt)
        return self._state.stops.told(attempt, result) if isinstance(result, Result) else result


def _recoverable(job: Job, result: Result) -> bool:
    """Whether anything was declared for a job that did not pass."""
    return job.recovery != NONE or job.retry != UNDECLARED or job.fallback is not None or result.cause in {Cause.SPAWN, Cause.LOST}
