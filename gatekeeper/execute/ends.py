"""How we learn that a main process exited: by a pidfd (Linux), or by one waiting thread per process (everywhere else).

Knows nothing of what a main process leaves behind; it is buried here, with what it used. A pidfd leaves the process unreaped, so its number stays taken until its tree is gone; a thread reaps at
once. Nobody here waits for *any* child: a second waiter would turn another's exit 7 into 0.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from gatekeeper.execute.kills import MemoryKills
from gatekeeper.execute.proc import disk_bytes
from gatekeeper.execute.process import Child
from gatekeeper.execute.start import forget

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Reaped(NamedTuple):
    """What the system says of a process that exited, and of the children that it waited for: wait status, CPU seconds, MB that the largest held."""

    pid: int
    status: int
    cpu_seconds: float
    peak_mb: float = 0.0
    #: somebody else has taken its status
    lost: bool = False


class Ends(Protocol):
    """Tells which main processes exited."""

    def watch(self, pid: int) -> int | None:
        """Look after `pid`; the descriptor that becomes readable when it exits, or None when `collect` will tell. Raises OSError where there is no
        descriptor, or no thread, left."""

    def collect(self) -> tuple[int, ...]:
        """Pids that exited since the last call, of those without a descriptor."""

    def reap(self, pid: int) -> Reaped | None:
        """Take the status of a process that exited; None when it did not (it cannot be killed)."""

    def close(self) -> None:
        """Let go of all descriptors."""


class PidfdEnds:
    """One pidfd per process, for the caller's selector."""

    def __init__(self) -> None:
        self._fds: dict[int, int] = {}

    def watch(self, pid: int) -> int | None:
        fd = self._fds[pid] = os.pidfd_open(pid)
        return fd

    def collect(self) -> tuple[int, ...]:
        return ()

    def reap(self, pid: int) -> Reaped | None:
        os.close(self._fds.pop(pid))
        return _reap(pid, os.WNOHANG)

    def close(self) -> None:
        for fd in self._fds.values():
            os.close(fd)
        self._fds.clear()


class ThreadEnds:
    """One thread per process, blocked in wait4; `wake` is called from it."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._news: deque[int] = deque()
        self._reaped: dict[int, Reaped] = {}

    def watch(self, pid: int) -> int | None:
        try:
            threading.Thread(target=self._wait, args=(pid,), name=f"wait-{pid}", daemon=True).start()
        except RuntimeError as error:  # how Python says that the system gives no more threads
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
        return None

    def collect(self) -> tuple[int, ...]:
        news = []
        while self._news:
            news.append(self._news.popleft())
        return tuple(news)

    def reap(self, pid: int) -> Reaped | None:
        return self._reaped.pop(pid, None)

    def close(self) -> None:
        """Nothing is held; threads end with their processes."""

    def _wait(self, pid: int) -> None:
        reaped = _reap(pid, 0)
        if reaped is not None:
            self._reaped[pid] = reaped
        self._news.append(pid)
        self._wake()


def watch_or_kill(ends: Ends, child: Child) -> int | None:
    """Have `ends` look after a fresh child; when that fails (no descriptor left) the child must not run unseen, so it is killed."""
    try:
        return ends.watch(child.pid)
    except OSError:
        os.kill(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
        forget(child.pid)
        for fd, spool in child.pipes.items():
            os.close(fd)
            spool.close()
        raise


def bury(child: Child, ends: Ends, kills: MemoryKills, now: float) -> None:
    """Take the status of a main process that exited, and what it used; one that cannot be killed is left and named."""
    if child.io_fd >= 0:
        child.disk = disk_bytes(child.io_fd)
        os.close(child.io_fd)
        child.io_fd = -1
    reaped = ends.reap(child.pid)
    if reaped is None:
        child.status = signal.SIGKILL.value
        child.leaked = child.leaked or (f"{child.spec.argv[0]} (pid {child.pid}), which cannot be killed",)
        return
    child.status, child.cpu_seconds, child.lost = reaped.status, reaped.cpu_seconds, reaped.lost
    if reaped.peak_mb > child.base_mb:
        child.peak_mb = max(child.peak_mb, reaped.peak_mb)
    if not child.stopped and _killed(reaped.status):
        child.out_of_memory = kills.since(child.started, now)
    forget(child.pid)


def _killed(status: int) -> bool:
    """Ended by SIGKILL, or says that what it started was: shells and container runtimes report it as 128 and the signal."""
    return os.waitstatus_to_exitcode(status) in {-signal.SIGKILL, 128 + signal.SIGKILL}


def own_peak_mb() -> float:
    """MB that we ourselves held at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT / 1e6


def _reap(pid: int, options: int) -> Reaped | None:
    try:
        found, status, usage = os.wait4(pid, options)
    except ChildProcessError:
        return Reaped(pid=pid, status=0, cpu_seconds=0.0, lost=True)
    if found != pid:
        return None
    return Reaped(pid=pid, status=status, cpu_seconds=usage.ru_utime + usage.ru_stime, peak_mb=usage.ru_maxrss * _MAXRSS_UNIT / 1e6)
