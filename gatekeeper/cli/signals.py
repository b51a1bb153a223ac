"""Signals while a run is under way. Before jobs run they end the program as usual; then they end the run in order.

Ctrl-Z stops the jobs too: they have sessions of their own, so the terminal does not reach them. Before jobs run it stops the program as usual.
What the caller had us ignore (nohup, a job in the background of a script) stays ignored.
"""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

from gatekeeper.execute.inherited import passes_over, settle_signals, stop_program
from gatekeeper.model.event import Event, RunStarted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP)


class Interruptible(Protocol):
    """Takes a signal into a run: the first ends it in order, the second at once; or lets it stand still until SIGCONT."""

    def interrupt(self, signum: int) -> None: ...
    def request_stop(self) -> None: ...


class Signals:
    """Leads signals to the run while its `with` block lasts; `notice` must see the run's events."""

    def __init__(self, control: Interruptible) -> None:
        self._control = control
        self._under_way = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        settle_signals()
        for number in _SIGNALS:
            if not passes_over(number):
                self._before[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def notice(self, event: Event) -> None:
        """Subscriber: from the first event on there is a run to end in order, to its last report."""
        self._under_way = self._under_way or isinstance(event, RunStarted)

    def _arrived(self, signum: int, _frame: FrameType | None) -> None:
        if signum == signal.SIGTSTP:
            self._stop()
        elif self._under_way:
            self._control.interrupt(signum)
        elif signum == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            raise SystemExit(128 + signum)

    def _stop(self) -> None:
        if self._under_way:
            self._control.request_stop()
        else:
            stop_program()
