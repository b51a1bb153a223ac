"""Makes what was written to a file last, in groups: one thread that syncs whenever something was written since its last sync began.

A sync costs milliseconds and a hundred small jobs end in less, so nobody waits for theirs: what is asked for while a sync is under way shares the
next one. The end waits for the last. The thread takes no signals, which are the main thread's, and is gone after `finish`. Where no thread can be
had, every sync is waited for. Does not know what is in the file.
"""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Callable

Sync = Callable[[int], None]


def to_disk(descriptor: int) -> None:
    """Waits until what was written lies on the disk. macOS has no fdatasync, and its fsync leaves data in the disk's own memory. Raises OSError."""
    if hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
        return
    try:
        fcntl.fcntl(descriptor, getattr(fcntl, "F_FULLFSYNC", -1))
    except OSError:  # the file system does not know that
        os.fsync(descriptor)


class Syncing:
    """Syncs one open descriptor, which stays the caller's. Its first failure is kept in `error`; after it nothing more is synced."""

    def __init__(self, descriptor: int, sync: Sync = to_disk) -> None:
        self._descriptor, self._to_disk = descriptor, sync
        self._owner = os.getpid()
        self._changed = threading.Condition()
        self._wanted = False
        self._ending = False
        self._thread: threading.Thread | None = None
        self.error: OSError | None = None

    def ask(self) -> None:
        """What is written by now shall last soon; does not wait."""
        if self.error is not None or os.getpid() != self._owner:  # a fork has the descriptor, but neither the thread nor the business
            return
        with self._changed:
            self._wanted = True
            self._changed.notify()
        if self._thread is None and not self._start():
            self._sync()

    def finish(self) -> None:
        """Waits until all that was asked for is done, and ends the thread. A second call does nothing."""
        if self._thread is None or os.getpid() != self._owner:
            return
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join()
        self._thread = None

    def _start(self) -> bool:
        """Starts the thread with every signal blocked: one that it took would not wake the main thread."""
        thread = threading.Thread(target=self._work, name="gatekeeper-journal", daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread to spare
            return False
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._thread = thread
        return True

    def _work(self) -> None:
        while self._is_wanted():
            self._sync()

    def _is_wanted(self) -> bool:
        """Waits for the next wish; False when there will be none."""
        with self._changed:
            while not self._wanted and not self._ending:
                self._changed.wait()
            wanted, self._wanted = self._wanted, False
            return wanted

    def _sync(self) -> None:
        if self.error is not None:
            return
        try:
            self._to_disk(self._descriptor)
        except OSError as error:
            self.error = error
