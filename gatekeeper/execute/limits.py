"""What ends a run early: timeouts of the run and of its batches, and when they are over. Pure: time is a parameter.

The clock of a batch starts with its first job; each timeout is over once. A run that goes on has used part of its time already (`Spent`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from gatekeeper.model.plan import PlannedBatch
from gatekeeper.model.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds that a run which goes on has used already, and each of its batches that had begun; `timeout`: the one that somebody set meanwhile."""

    run: float = 0.0
    batches: Mapping[str, float] = field(default_factory=dict)
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends a run early: its timeout in seconds, the timeouts of its batches, the first red job (which is then looked for). `spent` of it is over."""

    batches: tuple[PlannedBatch, ...] = ()
    timeout: float | None = None
    fail_fast: bool = False
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A timeout that runs: of one batch, or of the whole run (`EVERY`)."""

    batch: str
    at: float
    message: str


#: the batch of a deadline that is the whole run's
EVERY = ""


class Deadlines:
    """Those of one run, which begins `now`."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._batches, self._timeout = limits.batches, limits.timeout
        self._run_ends = math.inf if limits.timeout is None else now + limits.timeout - limits.spent.run
        self._began = {batch: now - seconds for batch, seconds in limits.spent.batches.items()}
        self._over: set[str] = set()

    def began(self, batch: str, now: float) -> None:
        """A job of the batch starts."""
        self._began.setdefault(batch, now)

    def move(self, seconds: float, now: float) -> None:
        """The run times out `seconds` from now."""
        self._run_ends, self._timeout = now + seconds, seconds

    def next(self) -> float:
        """The next moment at which a batch or the run times out; infinite if there is none."""
        return min([deadline.at for deadline in self._left()], default=math.inf)

    def due(self, now: float) -> Iterator[Deadline]:
        """Those that have passed, each once."""
        for deadline in self._left():
            if now >= deadline.at:
                self._over.add(deadline.batch)
                yield deadline

    def _left(self) -> Iterator[Deadline]:
        if self._run_ends < math.inf and EVERY not in self._over:
            yield Deadline(batch=EVERY, at=self._run_ends, message=f"the run reached its timeout of {self._timeout:g} s")
        for batch in self._batches:
            began = self._began.get(batch.id)
            if batch.timeout is not None and began is not None and batch.id not in self._over:
                yield Deadline(batch=batch.id, at=began + batch.timeout, message=f"batch `{batch.id}` reached its timeout of {batch.timeout:g} s")
