"""What comes of a wish: each is carried out and told (`Intervened`), or told why it was not (`Notice`); then nothing else happens.

Imported only by runs of which something is asked. Does not know who asks, nor how.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from gatekeeper.execute.control import Action, Request
from gatekeeper.execute.freeze import Holder
from gatekeeper.execute.recover import release
from gatekeeper.execute.state import State
from gatekeeper.model.event import Intervened
from gatekeeper.model.pipeline import Priority
from gatekeeper.model.status import Status

#: more jobs at once than any machine has cores
_MOST_JOBS = 4096


class _RefusedError(Exception):
    """The wish cannot be carried out; `args[0]` says why."""


def answer(request: Request, run: State) -> None:
    """Carry out what is asked, or say why not."""
    try:
        _ANSWERS[request.action](request, run)
    except _RefusedError as refusal:
        run.tell(f"{request.action}{f' {request.subject}' if request.subject else ''}{f' {request.value}' if request.value else ''}: {refusal.args[0]}",
                 request.subject if request.subject in run.jobs else None)


def _told(request: Request, run: State) -> None:
    run.ports.publish(Intervened(at=run.ports.clock(), action=str(request.action), subject=request.subject, value=request.value,
                                 reason=request.reason, by=request.by))


def _pause(request: Request, run: State) -> None:
    said = _said("paused", request)
    if not request.subject:
        if run.standstill.by(Holder.PERSON):
            raise _RefusedError("the run is paused already")
        run.standstill.begin(Holder.PERSON, said)
        _told(request, run)
        return
    status = _open(request, run)
    if status is not Status.RUNNING and not (status is Status.PAUSED and not run.freezer.holds(request.subject, Holder.PERSON)):
        raise _RefusedError(f"`{request.subject}` is {status}: only what runs can be paused")
    _told(request, run)
    run.freezer.freeze(request.subject, Holder.PERSON, said)


def _resume(request: Request, run: State) -> None:
    if not request.subject:
        if not run.standstill.by(Holder.PERSON):
            raise _RefusedError("the run is not paused")
        run.standstill.end(Holder.PERSON)
        _told(request, run)  # when it has happened: whoever asked waits for that
        return
    _open(request, run)
    if request.subject in run.tries.holds:
        _told(request, run)
        release(run, request.subject)
    elif run.freezer.holds(request.subject, Holder.PERSON):
        _told(request, run)
        run.freezer.thaw(request.subject, Holder.PERSON)
    else:
        raise _RefusedError(f"`{request.subject}` is not paused")


def _cancel(request: Request, run: State) -> None:
    said = _said("cancelled", request)
    if request.subject:
        _open(request, run)
        _told(request, run)
        run.end_one(request.subject, said)
    else:
        _told(request, run)
        run.control.cancelled = said
        run.end_all(said)


def _jobs(request: Request, run: State) -> None:
    number = int(request.value) if request.value.isascii() and request.value.isdigit() else 0
    if not 1 <= number <= _MOST_JOBS:
        raise _RefusedError(f"`{request.value}` is not a number of jobs")
    _told(request, run)
    run.schedule.set_cpu(number)
    run.relief.widen(number)


def _priority(request: Request, run: State) -> None:
    if request.value not in set(Priority):
        raise _RefusedError(f"`{request.value}` is not a priority: one of {', '.join(Priority)}")
    status = _open(request, run)
    if status in {Status.RUNNING, Status.PAUSED}:
        raise _RefusedError(f"`{request.subject}` runs already")
    _told(request, run)
    run.schedule.reprioritise(request.subject, Priority(request.value))


def _deadline(request: Request, run: State) -> None:
    try:
        seconds = float(request.value)
    except ValueError:
        seconds = -1.0
    if not 0.0 < seconds < float("inf"):
        raise _RefusedError(f"`{request.value}` is not a number of seconds from now")
    _told(request, run)
    run.schedule.set_timeout(seconds, run.now())


def _approve(request: Request, run: State) -> None:
    if not request.subject or not request.value:
        raise _RefusedError("who approves what is not said")
    _told(request, run)  # whoever judges the run hears it


def _open(request: Request, run: State) -> Status:
    """The status of the job that is meant, which has not ended."""
    if request.subject not in run.jobs:
        near = get_close_matches(request.subject, run.jobs, 1)
        raise _RefusedError(f"the run has no job `{request.subject}`{f'; did you mean `{near[0]}`?' if near else ''}")
    status = run.schedule.status(request.subject)
    if status.final:
        raise _RefusedError(f"`{request.subject}` has ended: {status}")
    return status


def _said(word: str, request: Request) -> str:
    return f"{word}{f' by {request.by}' if request.by else ''}{f': {request.reason}' if request.reason else ''}"


_ANSWERS: Mapping[Action, Callable[[Request, State], None]] = {
    Action.PAUSE: _pause, Action.RESUME: _resume, Action.CANCEL: _cancel, Action.JOBS: _jobs, Action.PRIORITY: _priority, Action.DEADLINE: _deadline,
    Action.APPROVE: _approve}
