"""Writing to a stream that may go away: a closed pipe or terminal ends the writing quietly, never the run. Knows no events."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable
from typing import TextIO

from gatekeeper.display.spans import Line, Look, text_of

#: nobody reads any more: no reason to speak of it
_GONE = frozenset({errno.EPIPE, errno.EIO, errno.ENXIO, errno.EBADF, errno.ECONNRESET})


class Sink:
    """Writes lines to one stream in the look that it wants; None is a stream that was closed before we started (`>&-`).

    `closed` once nobody reads any more. `problem` is set where the stream did not go away but refused (a full disk behind `>`): then the
    text is lost, and whoever needed it should say so.
    """

    def __init__(self, stream: TextIO | None, look: Look) -> None:
        self.stream = stream
        self.look = look
        self.closed = stream is None
        self.problem: str | None = None

    def lines(self, content: Iterable[Line]) -> None:
        """Write lines and flush them. Never raises for a stream that went away."""
        self.text(text_of(content, self.look))

    def text(self, text: str) -> None:
        """Write text that is already as it should be. Characters that the stream's encoding lacks are spelled out."""
        if self.stream is None or self.closed or not text:
            return
        try:
            self.stream.write(encodable(text, self.stream))
            self.stream.flush()
        except OSError as error:
            self.problem = None if error.errno in _GONE else (error.strerror or str(error)).lower()
            self.close()
        except ValueError:  # the file object was closed
            self.closed = True

    def close(self) -> None:
        """Give up on the stream, and point its descriptor at nothing, so that the interpreter's flush at exit does not fail either."""
        self.closed = True
        if self.stream is None:
            return
        with contextlib.suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nothing, self.stream.fileno())
            finally:
                os.close(nothing)


class QuietFile:
    """A file for drawing libraries that write whenever they like, also from threads of their own: a closed terminal is no error."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    @property
    def encoding(self) -> str:
        return (self._sink.stream.encoding if self._sink.stream else None) or "utf-8"

    def write(self, text: str) -> int:
        self._sink.text(text)
        return len(text)

    def flush(self) -> None:
        """Every write is flushed."""

    def isatty(self) -> bool:
        return self._sink.stream is not None and not self._sink.closed and self._sink.stream.isatty()

    def fileno(self) -> int:
        if self._sink.stream is None:
            raise OSError(errno.EBADF, "no stream")
        return self._sink.stream.fileno()


def encodable(text: str, stream: TextIO) -> str:
    """`text` with what the stream's encoding lacks spelled out (`\\u2588`)."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
