"""A GNU jobserver of one job: the tool shares so many cores with all that it starts, and the share can change while it runs.

A job of k cores gets k - 1 tokens; the first core needs none. Whoever takes a token gives it back, but a process that is killed takes it along:
so every job has a server of its own, which is thrown away with it. Two styles, because no client knows both: `PIPE` for make before 4.4 (which
aborts at the other), cargo and what cargo starts; `FIFO` for ninja from 1.13. Knows no jobs and no scheduler.

The pipe stays in blocking mode: the mode is shared with the clients, and an old make takes "nothing there now" for an error. So that taking a token
back cannot block us either, we read through a descriptor of our own, which only Linux gives; elsewhere what was lent stays lent.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import assert_never

_TOKEN = b"+"
#: of a folder with a FIFO, below the temporary one, and of the FIFO
_PREFIX, _NAME = "gatekeeper-jobs-", "jobs"


class Style(StrEnum):
    """How clients reach the tokens."""

    PIPE = "pipe"
    FIFO = "fifo"


class Jobserver:
    """Tokens that one process tree shares. Raises OSError where there is no descriptor left; close it when the tree is gone."""

    def __init__(self, style: Style, tokens: int) -> None:
        self._path, self._lock = "", -1
        self._fds: tuple[int, ...] = ()
        match style:
            case Style.PIPE:
                self._fds = os.pipe()
                self._taker = _another(self._fds[0])
            case Style.FIFO:
                self._path, self._lock = _fifo()
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
            os.close(self._lock)
            self._path, self._lock = "", -1


def _another(fd: int) -> int:
    """The same pipe through a description of its own, so that only we do not block; -1 where the system has no way to it."""
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return -1


def _fifo() -> tuple[str, int]:
    """The path of a FIFO in a private folder, and a descriptor that locks the folder while we live. What our dead left is removed on the way."""
    import tempfile  # lazy: only ninja's kind pays for it

    _remove_what_the_dead_left(tempfile.gettempdir())
    made = tempfile.mkdtemp(prefix="gatekeeper-")
    lock = os.open(made, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    folder = os.path.join(os.path.dirname(made), _PREFIX + os.path.basename(made))  # by this name it is known, and locked from the start
    os.rename(made, folder)
    path = os.path.join(folder, _NAME)
    os.mkfifo(path, 0o600)
    return path, lock


def _remove_what_the_dead_left(parent: str) -> None:
    """Folders of ours in `parent` that nobody holds: their Gatekeeper was killed, and its guardian knows of no files."""
    with suppress(OSError), os.scandir(parent) as entries:
        for path in [entry.path for entry in entries if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False)]:
            with suppress(OSError):
                if os.lstat(path).st_uid == os.getuid():
                    _remove_unless_held(path)


def _remove_unless_held(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, _NAME))
        os.rmdir(folder)
    finally:
        os.close(descriptor)
