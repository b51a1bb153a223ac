"""Writes the events of a run to a file, a pipe or standard output while it lasts (`--events`), from a thread of its own.

Whoever reads can neither hold up the run nor fail it: a reader that went away ends the feed quietly; one that is too slow for more than `MOST` bytes, or
has not taken the rest `PATIENCE` seconds after the end, loses the rest, and `problem` says so. Knows no format (`lines`).
"""

from __future__ import annotations

import errno
import os
import select
import signal
import stat
import threading
from collections import deque
from types import TracebackType
from typing import Self

from gatekeeper.display.lines import EventLines
from gatekeeper.errors import UsageError
from gatekeeper.model.event import Event

STDOUT = "-"
MOST = 64_000_000
PATIENCE = 3.0
#: nobody reads any more: no reason to speak of it
_GONE = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ENXIO})


class Feed:
    """A subscriber inside a `with` block. `place` is an absolute path, or `-`. Raises UsageError where it cannot be opened at all."""

    def __init__(self, place: str, lines: EventLines, *, most: int = MOST, patience: float = PATIENCE) -> None:
        self._place, self._lines, self._most, self._patience = place, lines, most, patience
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._over = False
        self._changed = threading.Condition()
        #: why the feed is not whole; empty while it is
        self.problem = ""
        self._descriptor = _opened(place)
        self._thread = threading.Thread(target=self._write_all, name="events", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except RuntimeError:
            self.problem = "this machine has no thread left to write the events"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None) -> None:
        if error is not None:
            self._put(self._lines.failure(str(error) or getattr(kind, "__name__", "error")))
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(self._patience)
        if self._thread.is_alive():
            self.problem = self.problem or "nobody read the last of the events"

    def __call__(self, event: Event) -> None:
        if not self.problem:
            self._put(self._lines.lines(event))

    def _put(self, text: str) -> None:
        data = text.encode()
        with self._changed:
            if self._size + len(data) > self._most:
                self.problem = f"nobody reads the events fast enough: they end after {self._most // 1_000_000} MB that wait"
                return
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify()

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _write_all(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # signals are for the thread that runs the run
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._place, os.O_WRONLY | os.O_CLOEXEC)  # a FIFO: waits until somebody reads
            while (data := self._next()) is not None:
                _write(self._descriptor, data)
        except OSError as error:
            if error.errno not in _GONE:
                self.problem = f"the events cannot be written: {error.strerror or error}"
        finally:
            if self._descriptor is not None and self._place != STDOUT:
                os.close(self._descriptor)

    def _next(self) -> bytes | None:
        """What is to be written now; None once nothing more will come."""
        with self._changed:
            while not self._waiting and not self._over:
                self._changed.wait()
            if not self._waiting:
                return None
            data = b"".join(self._waiting)
            self._waiting.clear()
            self._size = 0
            return data


def _opened(place: str) -> int | None:
    """A descriptor to write to; None for a FIFO, which is opened by the thread, because that waits for a reader."""
    if place == STDOUT:
        return 1
    try:
        if os.path.exists(place) and stat.S_ISFIFO(os.stat(place).st_mode):
            return None
        return os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise UsageError(f"--events {place}: {(error.strerror or str(error)).lower()}") from error


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest):]
        except BlockingIOError:  # some program left the terminal or pipe non-blocking
            select.select((), (descriptor,), ())
