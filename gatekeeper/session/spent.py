"""How much of its time a run had used when it died: of the whole, and of each batch that had begun.

Counted is the run's own clock, to the last event that the journal holds: what it stood still does not count, nor what passed between its death and the
moment at which it goes on. A job that was under way has its whole time again. Pure; does not know what becomes of a run whose time is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gatekeeper.execute.control import Action
from gatekeeper.execute.limits import Spent
from gatekeeper.model.event import Event, Intervened, JobStarted, RunPaused, RunResumed
from gatekeeper.store.journal import Sitting


def spent(sittings: Iterable[Sitting]) -> Spent:
    """Seconds that the parts of a run used together; a deadline that somebody set holds on."""
    clock = _Clock()
    for sitting in sittings:
        started = sitting.started
        if started is not None:
            clock.begin(started.at, {job.id: job.batch for job in started.plan.jobs})
            for event in sitting.events:
                clock.hear(event)
            clock.end()
    return Spent(run=clock.used - clock.set_at, batches={batch: clock.used - began for batch, began in clock.began.items()}, timeout=clock.timeout)


class _Clock:
    """Counts what the run used: `used` seconds by now, `began` by batch, and when (`set_at`) somebody set which `timeout`."""

    def __init__(self) -> None:
        self.used = self.set_at = 0.0
        self.began: dict[str, float] = {}
        self.timeout: float | None = None
        self._batches: Mapping[str, str] = {}
        self._last = 0.0
        self._stands = False

    def begin(self, at: float, batches: Mapping[str, str]) -> None:
        self._last, self._batches, self._stands = at, batches, False

    def end(self) -> None:
        """What comes after this has another clock."""
        self._stands = True

    def hear(self, event: Event) -> None:
        if event.at > self._last:
            self.used += 0.0 if self._stands else event.at - self._last
            self._last = event.at
        match event:
            case RunPaused():
                self._stands = True
            case RunResumed():
                self._stands = False
            case JobStarted() if event.job in self._batches:
                self.began.setdefault(self._batches[event.job], self.used)
            case Intervened(action=Action.DEADLINE, subject="", value=value):
                self.timeout, self.set_at = float(value), self.used
            case _:
                pass
