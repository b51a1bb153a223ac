"""Why jobs under way must end (a timeout of their batch or run, a wish, the first failure), and what the result of such a job is. Ends nothing itself."""

from __future__ import annotations

import signal

from gatekeeper.execute.schedule import Decision
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.value import replace

_LONGER = "give the run longer with --timeout, a batch in its pipeline"


def lost(ended: Attempt) -> bool:
    """Whether a process of ours was killed, not started or lost, by no doing of ours."""
    return (ended.signal is not None or ended.lost or ended.spawn_error is not None) and not ended.cancelled and not ended.timed_out


def sender(signum: int) -> str:
    """What ended a run: a signal by its name, or the user."""
    try:
        return signal.Signals(signum).name
    except ValueError:
        return "the user"


class Stops:
    """Those of one run; the first reason holds."""

    def __init__(self) -> None:
        self._reasons: dict[str, Decision] = {}

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._reasons

    def add(self, decision: Decision) -> None:
        """A job must end."""
        self._reasons.setdefault(decision.job, decision)

    def cancelled(self, job_id: str, attempt: Attempt) -> Result:
        """The result of a job that was told to end before it did its work."""
        stop = self._reasons.get(job_id)
        cause, message = (stop.cause, stop.message) if stop else (Cause.INTERRUPT, "cancelled")
        return Result(job=job_id, status=Status.CANCELLED, cause=cause, message=message, attempts=(attempt,))

    def told(self, attempt: Attempt, result: Result) -> Result:
        """The result of a job whose batch or run had no more time: with that cause, and no advice to give the job itself longer."""
        stop = self._reasons.get(result.job)
        if stop is not None and stop.status is Status.TIMED_OUT and attempt.timed_out and result.status is Status.TIMED_OUT:
            return replace(result, cause=stop.cause, message=stop.message, hint=_LONGER if stop.cause is Cause.BUDGET else result.hint)
        return result

    def unread(self, job_id: str, attempt: Attempt, errand: Attempt) -> Result | None:
        """The result of a job whose errand was told to end before it could tell it; None where the errand came to its end."""
        stop = self._reasons.get(job_id)
        if stop is not None and (errand.cancelled or errand.timed_out):
            return Result(job=job_id, status=stop.status, cause=stop.cause, message=stop.message, attempts=(attempt,))
        return self.cancelled(job_id, attempt) if errand.cancelled else None


def spoken(status: Status) -> str:
    """What a job did that ended so."""
    return {Status.TIMED_OUT: "timed out", Status.UNMEASURED: "could not be measured", Status.CANCELLED: "was cancelled"}.get(status, str(status))
