"""A GNU jobserver of one job: the tool shares so many cores with all that it starts, and the share can change while it runs.

A job of k cores gets k - 1 tokens; the first core needs none. Whoever takes a token gives it back, but a process that is killed takes it along:
so every job has a server of its own, which is thrown away with it. Two styles, because no client knows both: `PIPE` for make before 4.4 (which
aborts at the other), cargo and what cargo starts; `FIFO` for ninja from 1.13. Knows no jobs and no scheduler.

The pipe stays in blocking mode: the mode is shared with the clients, and an old make takes "nothing there now" for an error. So that taking a token
back cannot block us either, we read through a descriptor of our own, which only Linux gives; elsewhere what was lent stays lent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import assert_never

_TOKEN = b"+"


class Style(StrEnum):
    """How clients reach the tokens."""

    PIPE = "pipe"
    FIFO = "fifo"


class Jobserver:
    """Tokens that one process tree shares. Raises OSError where there is no descriptor left; close it when the tree is gone."""

    def __init__(self, style: Style, tokens: int) -> None:
        self._path = ""
        self._fds: tuple[int, ...] = ()
        match style:
            case Style.PIPE:
                self._fds = os.pipe()
                self._taker = _another(self._fds[0])
            case Style.FIFO:
                self._path = _fifo()
                self._taker = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            case _:
                assert_never(style)
        self._giver = self._fds[1] if self._fds else self._taker
        self.lend(tokens)

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """Descriptors that the process must inherit under their own numbers."""
        return self._fds

    def environment(self) -> Mapping[str, str]:
        """What tells make, cargo, ninja and their like of the tokens."""
        if self._path:
            flags = f"-j --jobserver-auth=fifo:{self._path}"
        else:
            ends = ",".join(map(str, self._fds))
            flags = f"-j --jobserver-fds={ends} --jobserver-auth={ends}"  # the first word is how make before 4.2 calls it
        return {"MAKEFLAGS": flags, "CARGO_MAKEFLAGS": flags}

    def lend(self, tokens: int) -> None:
        """So many more processes may run in the tree from now on."""
        if tokens > 0 and self._giver >= 0:
            os.write(self._giver, _TOKEN * tokens)

    def withdraw(self, tokens: int) -> int:
        """Take back up to so many tokens, of those that nobody uses at this moment; how many they were."""
        if tokens <= 0 or self._taker < 0:
            return 0
        with suppress(BlockingIOError):
            return len(os.read(self._taker, tokens))
        return 0

    def close(self) -> None:
        """Throw the tokens away. Can be called twice."""
        for fd in {*self._fds, self._taker} - {-1}:
            os.close(fd)
        self._fds, self._taker, self._giver = (), -1, -1
        if self._path:
            with suppress(OSError):
                os.unlink(self._path)
                os.rmdir(os.path.dirname(self._path))
            self._path = ""


def _another(fd: int) -> int:
    """The same pipe through a description of its own, so that only we do not block; -1 where the system has no way to it."""
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return -1


def _fifo() -> str:
    import tempfile  # lazy: only ninja's kind pays for it

    path = os.path.join(tempfile.mkdtemp(prefix="gatekeeper-"), "jobs")
    os.mkfifo(path, 0o600)
    return path
