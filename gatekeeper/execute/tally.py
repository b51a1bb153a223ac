"""How many jobs are where: counts per batch and status, and the counters that people see. Pure; changed only where a status changes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from gatekeeper.model.result import Counters
from gatekeeper.model.status import Status

WAITING = frozenset({Status.PENDING, Status.QUEUED})
UNDER_WAY = frozenset({Status.RUNNING, Status.PAUSED})
RED = frozenset({Status.FAILED, Status.ERRORED, Status.TIMED_OUT})


class Tally:
    """The counts of one run, whose jobs are all PENDING at first; `batches` names the batch of each."""

    def __init__(self, batches: Iterable[str]) -> None:
        self._counts: dict[str, Counter[Status]] = defaultdict(Counter)
        for batch in batches:
            self._counts[batch][Status.PENDING] += 1

    def moved(self, batch: str, before: Status, after: Status) -> None:
        """A job of the batch has another status."""
        counts = self._counts[batch]
        counts[before] -= 1
        counts[after] += 1

    def counters(self, batch: str | None = None) -> Counters:
        """Those of one batch, or of the whole run."""
        counts: Counter[Status] = Counter()
        for name, part in self._counts.items():
            if batch in {None, name}:
                counts.update(part)
        return _counters(counts)


def _counters(counts: Counter[Status]) -> Counters:
    """The six counters and the four states beside them, from the number of jobs in each status."""
    return Counters(
        total=counts.total(),
        completed=counts[Status.PASSED],
        running=sum(counts[status] for status in UNDER_WAY),
        failed=sum(counts[status] for status in RED),
        blocked=counts[Status.BLOCKED] + counts[Status.NOT_RUN],
        pending=sum(counts[status] for status in WAITING),
        unmeasured=counts[Status.UNMEASURED],
        unavailable=counts[Status.UNAVAILABLE],
        cancelled=counts[Status.CANCELLED],
        skipped=counts[Status.SKIPPED],
    )
