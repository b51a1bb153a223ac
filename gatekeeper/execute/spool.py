"""One recorded output stream: a file that keeps the head and the tail of what was written, and counts what it left out.

Knows no process and no pipe. The file, and the folder that it lies in, come with the first byte: most jobs have nothing to say. Past the head, the
file holds a ring; closing turns the ring round and puts one line of notice between the two parts. Memory stays flat while writing; closing an
overfull spool reads the tail once. A disk that refuses (full, gone) never raises here: what could not be written counts as dropped.
"""

from __future__ import annotations

import os
from contextlib import suppress

#: bytes of each stream that are kept, head and tail together
CAP = 16 * 1024 * 1024


class Spool:
    """Writes at most `cap` bytes of a stream (and one line of notice) to `path`; what an earlier one wrote there is gone at once."""

    __slots__ = ("_fd", "_head", "_lost", "_path", "_tail", "_written")

    def __init__(self, path: str, cap: int = CAP) -> None:
        self._path = path
        self._fd = -1
        self._head = max(1, cap // 2)
        self._tail = max(1, cap - self._head)
        self._written = 0
        self._lost = 0
        try:
            os.truncate(path, 0)
        except OSError:  # most often there is none
            return

    def write(self, data: memoryview | bytes) -> None:
        """Append `data`; past the cap the oldest bytes of the tail give way."""
        data = memoryview(data)
        if not data:
            return
        if self._fd < 0 and not self._opened():
            self._lost += len(data)
            return
        room = self._head - self._written
        if room > 0:
            self._put(data[:room], self._written)
            self._written += min(room, len(data))
            data = data[room:]
        if data:
            self._write_tail(data)

    def close(self) -> int:
        """Bring the file into its final order and give the number of bytes that are missing from it."""
        dropped = self._written - self._head - self._tail
        try:
            if dropped > 0:
                self._unroll(dropped)
        except OSError:
            dropped += self._tail
        finally:
            if self._fd >= 0:
                os.close(self._fd)
        return max(0, dropped) + self._lost

    def _opened(self) -> bool:
        try:
            self._fd = self._create()
        except FileNotFoundError:
            with suppress(OSError):
                os.makedirs(os.path.dirname(self._path), exist_ok=True)
                self._fd = self._create()
        except OSError:
            return False
        return self._fd >= 0

    def _create(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    def _write_tail(self, data: memoryview) -> None:
        skipped = max(0, len(data) - self._tail)
        self._written += skipped
        data = data[skipped:]
        while data:
            at = (self._written - self._head) % self._tail
            part = data[: self._tail - at]
            self._put(part, self._head + at)
            self._written += len(part)
            data = data[len(part):]

    def _put(self, data: memoryview, offset: int) -> None:
        while data:
            try:
                count = os.pwrite(self._fd, data, offset)
            except OSError:
                self._lost += len(data)
                return
            data = data[count:]
            offset += count

    def _unroll(self, dropped: int) -> None:
        ring = os.pread(self._fd, self._tail, self._head)
        turn = (self._written - self._head) % self._tail
        notice = f"\n[... {dropped} bytes left out ...]\n".encode()
        os.ftruncate(self._fd, self._head)
        self._put(memoryview(notice + ring[turn:] + ring[:turn]), self._head)
