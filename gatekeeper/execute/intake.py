"""What jobs print, taken from their pipes into their spools, with few and large reads.

Under a flood a pipe is made larger, and after a busy read the caller rests for a millisecond before it reads again (`rest`): so a flood of short lines
costs us one read per millisecond and not one per line. Does not listen, and does not know when a job has ended.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress

from gatekeeper.execute.process import Child

PIPE_SIZE = 1024 * 1024
BUSY_REST = 0.001
#: bytes that a pipe of the usual size holds when it is about half full
FLOOD = 32768


class Intake:
    """Reads the pipes of all jobs of a pool."""

    __slots__ = ("_buffer", "_busy_at", "_clock", "rest")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buffer = bytearray(PIPE_SIZE)
        self._busy_at = 0.0
        #: until then output is better left where it is
        self.rest = 0.0

    def read(self, child: Child, fd: int) -> int | None:
        """Take what a pipe of `child` holds, at most one buffer: how many bytes, 0 at its end, None when it is empty."""
        try:
            count = os.readv(fd, [self._buffer])
        except BlockingIOError:
            return None
        except OSError:
            return 0
        if count:
            child.pipes[fd].write(memoryview(self._buffer)[:count])
        if count >= FLOOD and fd not in child.wide:
            child.wide.add(fd)
            _enlarge(fd)
        return count

    def was_busy(self) -> None:
        """Something was read just now; a second time within two milliseconds is a flood."""
        now = self._clock()
        self.rest = now + BUSY_REST if now - self._busy_at < 2 * BUSY_REST else 0.0
        self._busy_at = now

    def close(self, child: Child, fd: int) -> None:
        """Nobody reads that pipe any more."""
        os.close(fd)
        child.dropped += child.pipes.pop(fd).close()


def _enlarge(fd: int) -> None:
    """A flood: fewer and larger reads (the system may refuse a large pipe to a user who has many)."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
