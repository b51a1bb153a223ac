"""What becomes of a job that did not pass: what it changed is put back, it is tried again, its fallback takes over, it waits for a person, or the run
ends; in this order, as was declared. Imported only by runs in which that is the question. Knows no tools and starts nothing itself.
"""

from __future__ import annotations

import math
import shlex

from gatekeeper.execute.retry import delay, heavier, trouble
from gatekeeper.execute.state import State
from gatekeeper.execute.stops import spoken
from gatekeeper.execute.words import last_words
from gatekeeper.judge.retry import Try
from gatekeeper.model.event import JobPaused, JobResumed
from gatekeeper.model.plan import Job
from gatekeeper.model.recovery import Trouble
from gatekeeper.model.result import Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.value import replace

#: statuses of an attempt that did not do its work: another tool might
_WORKLESS = frozenset({Status.ERRORED, Status.TIMED_OUT})


def recovered(run: State, job: Job, result: Result) -> Result | None:
    """The result of a job that did not pass, or None where it goes on."""
    telling = result.status in {Status.ERRORED, Status.UNMEASURED} or (result.status is Status.FAILED and Trouble.NETWORK in job.retry.on)
    said = last_words(result.attempts[-1]) if result.attempts and telling else ""
    result = _put_back(run, job, result)
    if run.ends(job.id):
        return result
    if _again(run, job, result, said) or _fall_back(run, job, result):
        return None
    if job.recovery.hold:
        if run.options.person:
            _hold(run, job, result)
            return None
        result = replace(result, message=f"{result.message}; not held for a person: nobody is there to ask")
    return result


def _put_back(run: State, job: Job, result: Result) -> Result:
    done = run.tries.undo(job.id)
    return replace(result, message=f"{result.message}; {done}") if done else result


def _again(run: State, job: Job, result: Result, said: str) -> bool:
    kind, tried = trouble(job, result, said), run.tries.tried(job.id)
    if kind is None or kind not in job.retry.on or tried >= job.retry.attempts:
        return False
    heavy = heavier(job, tried) if kind is Trouble.OUT_OF_MEMORY else job
    wait = delay(job.retry, tried, f"{run.seed} {job.id}")
    if job.services and run.services.refusal(job) is not None:
        return False
    run.tell(f"`{job.id}` did not pass ({result.message or result.status}): try {tried + 1} of {job.retry.attempts}"
             + (f" in {wait:.1f} s" if wait >= 0.05 else ""), job.id)
    run.again(heavy, Try(result=result), wait)
    return True


def _fall_back(run: State, job: Job, result: Result) -> bool:
    other = job.fallback
    if other is None or result.status not in _WORKLESS or result.cause is Cause.BUDGET:
        return False
    name = other.command if other.tool_id != "task" else "its fallback"
    few = f", for {len(other.files)} of {len(job.files)} files" if 0 < len(other.files) < len(job.files) else ""
    run.tell(f"`{job.id}` could not do its work ({result.message or result.status}): {name} does it instead{few}", job.id)
    run.again(replace(other, id=job.id, needs=job.needs, after=job.after), Try(result=result, then=f"done by {name}{few} because {_why(job, result)}"), 0.0)
    return True


def _hold(run: State, job: Job, result: Result) -> None:
    """The job waits for a person, what needs it waits too; it holds no core meanwhile."""
    run.again(job, Try(result=result, then="run once more because somebody asked for it"), math.inf)
    run.tries.holds[job.id] = run.now() + job.recovery.hold
    reason = f"{spoken(result.status)}{f' ({result.message})' if result.message else ''} and waits {job.recovery.hold:g} s for a person"
    run.ports.publish(JobPaused(at=run.ports.clock(), job=job.id, reason=reason))
    run.tell(f"`{job.id}` {reason}: `gatekeeper resume {shlex.quote(job.id)}` runs it once more, `gatekeeper cancel {shlex.quote(job.id)}` lets it stand", job.id)


def release(run: State, job_id: str) -> None:
    """A person lets a job that waits for one run once more."""
    del run.tries.holds[job_id]
    run.ports.publish(JobResumed(at=run.ports.clock(), job=job_id))
    run.schedule.released(job_id)


def _why(job: Job, result: Result) -> str:
    return f"{job.command if job.tool_id != 'task' else 'its own command'} {str(result.status).replace('_', ' ')}" + (f" ({result.message})" if result.message else "")
