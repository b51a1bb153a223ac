"""Sleeps until one of many descriptors speaks: main processes that ended, output, wishes. Knows nothing of what is heard, and reads nothing.

What is *patient* can be left unheard for a while, so that a flood of short lines costs us one read per millisecond and not one per line. `poll` and
not `epoll`: a job has three descriptors for a few milliseconds, and telling the kernel of each costs more than handing it the list.
"""

from __future__ import annotations

import math
import os
import select
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Ear(Generic[T]):
    """The descriptors that are listened to; each must be removed before it is closed."""

    __slots__ = ("_all", "_of", "_urgent")

    def __init__(self) -> None:
        self._all, self._urgent = select.poll(), select.poll()
        self._of: dict[int, T] = {}

    def add(self, fd: int, whose: T, *, patient: bool = False) -> None:
        """From now on `whose` is heard when `fd` can be read."""
        self._of[fd] = whose
        self._all.register(fd, select.POLLIN)
        if not patient:
            self._urgent.register(fd, select.POLLIN)

    def remove(self, fd: int, *, patient: bool = False) -> None:
        """Not any more; `patient` as it was added."""
        del self._of[fd]
        self._all.unregister(fd)
        if not patient:
            self._urgent.unregister(fd)

    def heard(self, seconds: float, *, urgent: bool = False) -> list[T]:
        """Who can be read within so many seconds (infinite: whenever it comes); `urgent`: without the patient."""
        poll = self._urgent if urgent else self._all
        return [self._of[fd] for fd, _ in poll.poll(None if seconds == math.inf else math.ceil(seconds * 1000))]


class Bell:
    """Rung from a signal handler or another thread, and heard through `fd`, which is -1 once it is closed."""

    __slots__ = ("_rope", "fd")

    def __init__(self) -> None:
        self.fd, self._rope = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._rope, False)

    def ring(self) -> None:
        """Whoever listens wakes up."""
        with suppress(OSError):
            os.write(self._rope, b"w")

    def hush(self) -> None:
        """It was heard, however often it rang."""
        with suppress(BlockingIOError):
            os.read(self.fd, 4096)

    def close(self) -> None:
        """Nobody listens any more."""
        os.close(self.fd)
        os.close(self._rope)
        self.fd = self._rope = -1
