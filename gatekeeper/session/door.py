"""The door of a run: a thread that hears wishes on the run's socket (`session.wire`), hands them to its `Control`, and answers once they have come true.

    caller:  reading --a whole line--> asked --the run told of it, or patience is over--> answered, gone
             (too long, too slow, one too many, a stranger, a job of this very run: answered or not, gone)

It opens only when the run has lasted `DELAY`: nobody can want anything of a run that is over before they can type, and such a run pays for no socket.
Whether a wish came true is known from the run's events, which it hears as a subscriber. Nothing that a caller does can hurt the run: it has one thread of
its own, that blocks no signal's way, reads at most `LONGEST` bytes of a caller and drops who says nothing for `IDLE` seconds. Where no socket
can be had the run goes on without. Does not know what a wish leads to.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gatekeeper.execute.control import Action, Control, Request
from gatekeeper.model.event import Event, Intervened, JobFinished, Notice, RunFinished, RunPaused, RunResumed, RunStarted
from gatekeeper.model.pipeline import Priority
from gatekeeper.model.value import dataclass, field
from gatekeeper.store import running

if TYPE_CHECKING:  # sockets are for runs that last; see `_open`
    import socket

    from gatekeeper.session.wire import Answer, Question

DELAY = 0.2
IDLE = 5.0
PATIENCE = 0.8
MOST_CALLERS = 16
_POLL_MOST = 60.0
#: their subject, where they have one, is a job
_OF_JOBS = frozenset({Action.PAUSE, Action.RESUME, Action.CANCEL, Action.PRIORITY})


@dataclass(slots=True)
class _Caller:
    """One connection; `until` is when we lose patience with it, `request` what it asked and what is under way."""

    link: socket.socket
    by: str
    until: float
    heard: bytes = b""
    request: Request | None = None
    notices: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Known:
    """What the events have told of the run; written by the run's thread, read by ours."""

    jobs: tuple[str, ...] = ()
    ended: dict[str, str] = field(default_factory=dict)
    paused: bool = False
    over: bool = False


class Door:
    """A context around a run, and a subscriber of its events. `registry` is the user's folder of runs under way, None for none."""

    def __init__(self, folder: str, control: Control, *, registry: str | None = None, delay: float = DELAY) -> None:
        self._folder, self._control, self._registry, self._delay = folder, control, registry, delay
        self._known = _Known()
        self._told: deque[Intervened | Notice] = deque()
        self._callers: dict[int, _Caller] = {}
        self._closing = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._thread = threading.Thread(target=self._keep, name="door", daemon=True)

    def __enter__(self) -> Self:
        with contextlib.suppress(RuntimeError):  # the machine has no thread left: the run goes on without a door
            self._thread.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._closing = True
        self._wake()
        if self._thread.ident is not None:
            self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def __call__(self, event: Event) -> None:
        """Hears an event, in the run's thread: notes it and leaves the answering to ours."""
        known = self._known
        match event:
            case RunStarted():
                known.jobs = tuple(job.id for job in event.plan.jobs)
            case JobFinished():
                known.ended[event.job] = event.result.status
            case RunPaused() | RunResumed():
                known.paused = isinstance(event, RunPaused)
            case RunFinished():
                known.over = True
            case Intervened() | Notice():
                self._told.append(event)
                self._wake()
            case _:
                pass

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # then it is awake
            os.write(self._wake_write, b"!")

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # signals are for the thread that runs the run
        if self._rest(self._delay):
            return
        entry = running.announce(self._registry, self._folder) if self._registry is not None else None
        try:
            self._open()
        except OSError:  # no sockets here, no descriptors left: the run goes on
            self._rest(None)
        finally:
            running.withdraw(entry)

    def _rest(self, seconds: float | None) -> bool:
        """Waits until the run is over (True), or so many seconds."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._closing:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return False
            if _ready([self._wake_read], left):
                os.read(self._wake_read, 4096)
        return True

    def _open(self) -> None:
        from gatekeeper.session import wire  # lazy: only runs that last pay for sockets

        door = wire.listen(self._folder)
        try:
            self._serve(door)
        finally:
            wire.close(self._folder)
            door.close()
            for caller in self._callers.values():
                caller.link.close()

    def _serve(self, door: socket.socket) -> None:
        while not self._closing:
            reading = [number for number, caller in self._callers.items() if caller.request is None]
            for number in _ready([self._wake_read, door.fileno(), *reading], self._wait()):
                if number == door.fileno():
                    self._welcome(door)
                elif number == self._wake_read:
                    os.read(self._wake_read, 4096)
                elif number in self._callers:
                    self._listen(self._callers[number])
            self._tell_what_happened()
            self._lose_patience()

    def _wait(self) -> float:
        now = time.monotonic()
        return max(0.0, min((caller.until - now for caller in self._callers.values()), default=_POLL_MOST))

    def _welcome(self, door: socket.socket) -> None:
        from gatekeeper.session import wire

        try:
            link, _ = door.accept()
        except BlockingIOError:
            return
        except OSError:  # no descriptors left: whoever waits goes on waiting, and we do not spin
            self._rest(PATIENCE)
            return
        try:
            link.setblocking(False)
            uid = wire.peer_of(link)
            friendly = wire.is_friend(uid) and not wire.is_inside(link)
        except OSError:
            friendly, uid = False, None
        if not friendly:
            link.close()
            return
        if len(self._callers) >= MOST_CALLERS:
            self._drop(min(self._callers.values(), key=lambda caller: caller.until))
        self._callers[link.fileno()] = _Caller(link=link, by=_name(uid), until=time.monotonic() + IDLE)

    def _listen(self, caller: _Caller) -> None:
        from gatekeeper.session import wire

        try:
            part = caller.link.recv(wire.LONGEST)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        caller.heard += part
        line, newline, _ = caller.heard.partition(b"\n")
        if newline and len(line) <= wire.LONGEST:
            self._hear(caller, line)
        elif len(caller.heard) > wire.LONGEST:
            self._answer(caller, wire.Answer(ok=False, done=False, said=f"a question has at most {wire.LONGEST} bytes"))
        elif not part:
            self._drop(caller)

    def _hear(self, caller: _Caller, line: bytes) -> None:
        from gatekeeper.session import wire

        try:
            question = wire.read_question(line)
            answer = self._at_once(question)
            request = self._request(question, caller.by) if answer is None else None
        except ValueError as error:
            hint = error.args[1] if len(error.args) > 1 else ""
            answer, request = wire.Answer(ok=False, done=False, said=str(error.args[0]), hint=hint), None
        if answer is not None:
            self._answer(caller, answer)
        elif request is not None:
            caller.request, caller.until = request, time.monotonic() + PATIENCE
            self._control.ask(request)

    def _at_once(self, question: Question) -> Answer | None:
        """The answer to what needs nothing done."""
        from gatekeeper.session import wire

        if self._known.over:
            return wire.Answer(ok=False, done=False, said="the run has ended")
        if question.action == wire.PING:
            return wire.Answer(ok=True, done=True, said="paused" if self._known.paused else "running")
        if question.subject or question.action not in {Action.PAUSE, Action.RESUME} or (question.action == Action.PAUSE) is not self._known.paused:
            return None
        return wire.Answer(ok=True, done=True, said="it is paused already" if self._known.paused else "it is not paused")

    def _request(self, question: Question, by: str) -> Request:
        """The wish, its words checked. Raises ValueError with what is wrong and perhaps a hint."""
        try:
            action = Action(question.action)
        except ValueError:
            raise ValueError(f"`{question.action}` is nothing that a run can do") from None
        subject = self._job(question.subject) if question.subject and action in _OF_JOBS else ""
        request = Request(action=action, subject=subject, value=question.value, reason=question.reason, by=by)
        _check(request)
        return request

    def _job(self, wanted: str) -> str:
        jobs = self._known.jobs
        found = [wanted] if wanted in jobs else [job for job in jobs if wanted.casefold() in job.casefold()]
        if len(found) > 1:
            raise ValueError(f"`{wanted}` is in {len(found)} jobs: {', '.join(found[:5])}", "give more of the id")
        if not found:
            from gatekeeper.config.values import nearest  # lazy: only who mistypes pays

            near = nearest(wanted, jobs)
            raise ValueError(f"no job `{wanted}` in this run", f"did you mean `{near}`?" if near else "gatekeeper status --verbose lists the jobs")
        if found[0] in self._known.ended:
            raise ValueError(f"{found[0]}: has ended already: {self._known.ended[found[0]]}")
        return found[0]

    # --- answers ------------------------------------------------------------------------------------------------------

    def _tell_what_happened(self) -> None:
        """Answers those whose wish the run has told of; notes what else it said meanwhile, in case it says no more."""
        from gatekeeper.session import wire

        while self._told:
            event = self._told.popleft()
            waiting = [caller for caller in self._callers.values() if caller.request is not None]
            if isinstance(event, Notice):
                for caller in waiting:
                    caller.notices.append(event.message)
                continue
            first = next((caller for caller in waiting if caller.request == _request_of(event)), None)
            if first is not None and first.request is not None:
                self._answer(first, wire.Answer(ok=True, done=True, said=_done(first.request)))

    def _lose_patience(self) -> None:
        from gatekeeper.session import wire

        now = time.monotonic()
        for caller in [caller for caller in self._callers.values() if now >= caller.until]:
            if caller.request is None:
                self._drop(caller)
                continue
            said = "; ".join(caller.notices[-3:]) or "the run has heard it, and has not said yet what came of it"
            self._answer(caller, wire.Answer(ok=True, done=False, said=said))

    def _answer(self, caller: _Caller, answer: Answer) -> None:
        from gatekeeper.session import wire

        with contextlib.suppress(OSError):  # it has gone, or does not read
            caller.link.send(wire.answer_line(answer))
        self._drop(caller)

    def _drop(self, caller: _Caller) -> None:
        del self._callers[caller.link.fileno()]
        caller.link.close()


def _ready(descriptors: list[int], seconds: float | None) -> list[int]:
    """Those that have something to read, or have ended, within so many seconds."""
    poll = select.poll()
    for number in descriptors:
        poll.register(number, select.POLLIN)
    return [number for number, _ in poll.poll(None if seconds is None else 1000 * seconds)]


def _request_of(event: Intervened) -> Request | None:
    """The wish that an event tells of; None for one that is no word of `Action`."""
    if event.action not in set(Action):
        return None
    return Request(action=Action(event.action), subject=event.subject, value=event.value, reason=event.reason, by=event.by)


def _check(request: Request) -> None:
    """Raises ValueError for a value that its action cannot have."""
    match request.action:
        case Action.JOBS:
            if not (request.value.isascii() and request.value.isdigit() and 0 < int(request.value[:6]) <= 10_000):
                raise ValueError(f"`{request.value}` is no number of jobs from 1 to 10000")
        case Action.PRIORITY:
            if not request.subject:
                raise ValueError("a priority is that of a job, and none is named")
            if request.value not in set(Priority):
                raise ValueError(f"`{request.value}` is no priority", f"one of: {', '.join(Priority)}")
        case Action.DEADLINE:
            try:
                seconds = float(request.value)
            except ValueError:
                seconds = 0.0
            if not 0 < seconds < 1e9:
                raise ValueError(f"`{request.value}` is no number of seconds")
        case _:
            if request.value:
                raise ValueError(f"`{request.action}` takes no value")


def _done(request: Request) -> str:
    """What was done, in words."""
    who = f"{request.subject}: " if request.subject else ""
    match request.action:
        case Action.PAUSE:
            return f"{who}paused"
        case Action.RESUME:
            return f"{who}goes on"
        case Action.CANCEL:
            return f"{who}is being cancelled"
        case Action.JOBS:
            return f"at most {request.value} at once"
        case Action.PRIORITY:
            return f"{who}priority {request.value}"
        case Action.DEADLINE:
            return f"must end within {float(request.value):g} s from now"


def _name(uid: int | None) -> str:
    """Who it is, for the record."""
    if uid is None:
        return ""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
