"""One flock as a value: held until closed, or until its process ends in whatever way. Does not know what it guards."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator


class Lock:
    """An exclusive lock on a file that is created where it is missing; never inherited by child processes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: str) -> Lock:
        """The lock on `path`; waits while another process holds it. Raises OSError."""
        return cls(_flocked(path, fcntl.LOCK_EX))

    @classmethod
    def try_take(cls, path: str) -> Lock | None:
        """The lock on `path`, or None when another process holds it. Raises OSError."""
        try:
            return cls(_flocked(path, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError:
            return None

    @staticmethod
    def is_held(path: str) -> bool:
        """Whether a process holds it. Any number may ask at once: who asks is not taken for one who holds it. Raises OSError.

        Asked by reading, because another user who may look may not write: a run of somebody else would seem to have died.
        """
        try:
            descriptor = _flocked(path, fcntl.LOCK_SH | fcntl.LOCK_NB, os.O_RDONLY)
        except BlockingIOError:
            return True
        os.close(descriptor)
        return False

    @property
    def descriptor(self) -> int:
        """Whoever has it shares the lock: it is free when all have closed it."""
        return self._descriptor

    def release(self) -> None:
        """Lets go; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _flocked(path: str, operation: int, access: int = os.O_RDWR | os.O_CREAT) -> int:
    descriptor = os.open(path, access | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def locked(path: str) -> Iterator[None]:
    """Holds the lock on `path` during the block, waiting for it. Raises OSError."""
    lock = Lock.take(path)
    try:
        yield
    finally:
        lock.release()
