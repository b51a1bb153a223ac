"""Cores that all runs of one user on one machine take together: files in one folder, each a core, each held by a flock while somebody uses it.

A lock dies with its process, so nothing is ever left over. A run that gets no slot still runs one job: nobody waits for another run to begin.
Where a run goes without while it has less than its fair part, it says so (a shared lock on `waiting`); those that hold more than theirs then do not
take again what their jobs give back. How many runs there are is told by `seats`. Knows no jobs: the caller says how many cores it uses and could use.
"""

from __future__ import annotations

import fcntl
import math
import os
from contextlib import suppress

#: seconds after which a run that goes without looks again, and one that has looks whether somebody goes without
POLL = 0.1
SEATS = 64


class Slots:
    """The part of one run. `folder` is made where it is missing; raises OSError when that fails. Holds descriptors: close it."""

    def __init__(self, folder: str, count: int) -> None:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._folder, self._count = folder, max(1, count)
        #: None where all are taken: then nobody asks us to be modest
        self._seat = next((one for number in range(SEATS) if (one := _locked(self._seat_file(number), fcntl.LOCK_EX)) is not None), None)
        self._held: dict[int, int] = {}
        self._waiting: int | None = None
        self._looked = float("-inf")
        self._runs = 1
        self._others_wait = self._lacks = False

    @property
    def held(self) -> int:
        """Slots of this run."""
        return len(self._held)

    def next(self) -> float:
        """Seconds after which to ask again, because it would take more than it has; infinite where it has enough."""
        return POLL if self._lacks else math.inf

    def ask(self, used: int, wanted: int, now: float) -> int:
        """Hold as many of `wanted` slots as there are and are fair, never fewer than are held of those `used`; how many it is."""
        fresh = now - self._looked >= POLL
        if fresh:
            self._looked = now
            self._runs = self._counted()
            self._others_wait = self._waiting is None and self._somebody_waits()
        fair = -(-self._count // self._runs)
        target = max(used, min(wanted, fair) if self._others_wait else wanted)
        while len(self._held) > target:
            os.close(self._held.popitem()[1])
        if len(self._held) < target and (fresh or not self._lacks):
            self._take(target)
        self._lacks = len(self._held) < max(used, wanted)
        self._say(waits=len(self._held) < min(target, fair))
        return len(self._held)

    def widen(self, count: int) -> None:
        """There are so many slots from now on, for this run; never fewer than before."""
        self._count = max(self._count, count)
        self._looked = float("-inf")

    def close(self) -> None:
        """Give everything back."""
        for descriptor in [*self._held.values(), *(one for one in (self._waiting, self._seat) if one is not None)]:
            with suppress(OSError):
                os.close(descriptor)
        self._held.clear()
        self._waiting = self._seat = None

    def _take(self, target: int) -> None:
        for number in range(self._count):
            if len(self._held) >= target:
                return
            if number not in self._held:
                descriptor = _locked(os.path.join(self._folder, f"slot-{number:03}"), fcntl.LOCK_EX)
                if descriptor is not None:
                    self._held[number] = descriptor

    def _seat_file(self, number: int) -> str:
        return os.path.join(self._folder, f"seat-{number:02}")

    def _counted(self) -> int:
        """How many runs there are: seats are taken in order, and their files stay."""
        found = 0
        for number in range(SEATS):
            path = self._seat_file(number)
            if not os.path.exists(path):
                break
            descriptor = _locked(path, fcntl.LOCK_SH)
            if descriptor is None:
                found += 1
            else:
                os.close(descriptor)
        return max(1, found)

    def _somebody_waits(self) -> bool:
        descriptor = _locked(os.path.join(self._folder, "waiting"), fcntl.LOCK_EX)
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is None

    def _say(self, *, waits: bool) -> None:
        if waits and self._waiting is None:
            self._waiting = _locked(os.path.join(self._folder, "waiting"), fcntl.LOCK_SH)
        elif not waits and self._waiting is not None:
            os.close(self._waiting)
            self._waiting = None


def _locked(path: str, kind: int) -> int | None:
    """A descriptor that holds the lock, or None when others do. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
