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
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gatekeeper.execute.control import Control, Request
from gatekeeper.model.event import Event, Intervened, Notice
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.value import dataclass, field
from gatekeeper.session.wishes import Answer, Facts, at_once, done, refusal, request_of, tells_of
from gatekeeper.store import running

if TYPE_CHECKING:  # sockets are for runs that last; see `_open`
    import socket


DELAY = 0.2
IDLE = 5.0
PATIENCE = 0.8
MOST_CALLERS = 16
_POLL_MOST = 60.0
_LAST = 2.0


@dataclass(slots=True)
class _Caller:
    """One connection; `until` is when we lose patience with it, `request` what it asked and what is under way."""

    link: socket.socket
    by: str
    until: float
    heard: bytes = b""
    request: Request | None = None
    notices: list[str] = field(default_factory=list)


class Door:
    """A context around a run, and a subscriber of its events. `registry` is the user's folder of runs under way, None for none."""

    def __init__(self, folder: str, control: Control, *, registry: str | None = None, conditions: Sequence[PolicyCondition] = (), delay: float = DELAY) -> None:
        self._folder, self._control, self._registry, self._delay = folder, control, registry, delay
        self._facts = Facts(approvals={condition.id: condition for condition in conditions if condition.kind == "approval"})
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
            self._thread.join(_LAST)
        if not self._thread.is_alive():  # else it hangs in something of the system's (who is that user?), and the run does not wait for it
            os.close(self._wake_read)
            os.close(self._wake_write)

    def __call__(self, event: Event) -> None:
        """Hears an event, in the run's thread: notes it and leaves the answering to ours."""
        if isinstance(event, Intervened | Notice):
            self._told.append(event)
            self._wake()
        else:
            self._facts.hear(event)

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
        from gatekeeper.session import wire  # lazy: as above

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
        from gatekeeper.session import wire  # lazy: as above

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
            self._answer(caller, Answer(ok=False, done=False, said=f"a question has at most {wire.LONGEST} bytes"))
        elif not part:
            self._drop(caller)

    def _hear(self, caller: _Caller, line: bytes) -> None:
        from gatekeeper.session import wire  # lazy: as above

        try:
            question = wire.read_question(line)
            answer = at_once(question, self._facts)
            request = request_of(question, self._facts, caller.by) if answer is None else None
        except ValueError as error:
            hint = error.args[1] if len(error.args) > 1 else ""
            answer, request = Answer(ok=False, done=False, said=str(error.args[0]), hint=hint), None
        if answer is not None:
            self._answer(caller, answer)
        elif request is not None:
            caller.request, caller.until = request, time.monotonic() + PATIENCE
            self._control.ask(request)

    # --- answers ------------------------------------------------------------------------------------------------------

    def _tell_what_happened(self) -> None:
        """Answers those whose wish the run has told of; notes what else it said meanwhile, in case it says no more."""
        while self._told:
            event = self._told.popleft()
            waiting = [caller for caller in self._callers.values() if caller.request is not None]
            for caller in waiting:
                assert caller.request is not None
                if isinstance(event, Intervened) and tells_of(event, caller.request):
                    self._answer(caller, Answer(ok=True, done=True, said=done(caller.request)))
                    break
                if isinstance(event, Notice) and event.message.startswith(refused := refusal(caller.request)):
                    self._answer(caller, Answer(ok=False, done=False, said=event.message.removeprefix(refused)))
                elif isinstance(event, Notice):
                    caller.notices.append(event.message)

    def _lose_patience(self) -> None:
        now = time.monotonic()
        for caller in [caller for caller in self._callers.values() if now >= caller.until]:
            if caller.request is None:
                self._drop(caller)
                continue
            said = "; ".join(caller.notices[-3:]) or "the run has heard it, and has not said yet what came of it"
            self._answer(caller, Answer(ok=True, done=False, said=said))

    def _answer(self, caller: _Caller, answer: Answer) -> None:
        from gatekeeper.session import wire  # lazy: as above

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


def _name(uid: int | None) -> str:
    """Who it is, for the record."""
    if uid is None:
        return ""
    import pwd  # lazy: only runs that somebody talks to pay

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
