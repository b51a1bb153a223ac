"""What people ask of a running run: to end, to pause, to go on, to change. Collected here, heeded by the run's loop.

Safe to call from signal handlers and other threads; `wake` makes the loop look soon. Does not know who asks (a signal, a socket), nor what comes of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum

from gatekeeper.model.value import dataclass, field


class Action(StrEnum):
    """What can be asked. `subject` names a job where one is meant (CANCEL and PAUSE, RESUME of one job, PRIORITY); empty means the run.

    RESUME of a job that is held for a person (`on_failure: hold`) runs it once more, CANCEL of it lets its failure stand.

    `value` is the number of jobs at once (JOBS), a word of `Priority` (PRIORITY), seconds from now (DEADLINE), nothing for the others.
    APPROVE is the word of a person (`value`) for a condition of the policy (`subject`) that waits for one.
    """

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    JOBS = "jobs"
    PRIORITY = "priority"
    DEADLINE = "deadline"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One wish, who has it and why."""

    action: Action
    subject: str = ""
    value: str = ""
    reason: str = ""
    by: str = ""


@dataclass(slots=True)
class Control:
    """The wishes of one run. `interrupt` may be called from a signal handler: once = end gracefully, twice = now."""

    interrupts: int = 0
    signum: int = 0
    #: the terminal, or somebody else, wants the program to stand still (SIGTSTP): the loop freezes the jobs, stops the program, and goes on after SIGCONT
    stop_requested: bool = False
    #: what the run's end is to be told as where somebody cancelled it; empty: nobody did
    cancelled: str = ""
    wake: Callable[[], None] | None = None
    _asked: deque[Request] = field(default_factory=deque)

    def interrupt(self, signum: int) -> None:
        """Somebody wants the run to end."""
        self.interrupts += 1
        self.signum = self.signum or signum
        self._wake()

    def request_stop(self) -> None:
        """Stand still until somebody sends SIGCONT; may be called from a signal handler."""
        self.stop_requested = True
        self._wake()

    def take_stop(self) -> bool:
        """Whether that was asked since the last call."""
        asked, self.stop_requested = self.stop_requested, False
        return asked

    def ask(self, request: Request) -> None:
        """Somebody wants something else; what it comes to is told by events."""
        self._asked.append(request)
        self._wake()

    def take(self) -> tuple[Request, ...]:
        """What was asked since the last call, in order."""
        taken = []
        while self._asked:
            taken.append(self._asked.popleft())
        return tuple(taken)

    def _wake(self) -> None:
        if self.wake is not None:
            self.wake()
