"""ProcessPool: starts process trees and looks after all of them from one thread, the caller's.

Knows no plan and no limits on how many may run: the scheduler decides that. It starts what it is given, records output, samples memory,
keeps deadlines, and gives back each tree once nothing of it is left.

State: `_children` holds every tree that is not gone; each has a phase (see `ending`) and a moment at which it wants to be looked at.
`wait` is the only loop: look after what is due, then sleep until a descriptor speaks or the next moment comes. For a millisecond after a busy read
it sleeps without the output pipes, so that a flood of short lines costs us one read per millisecond and not one per line.
"""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from gatekeeper.execute import ending
from gatekeeper.execute.direct import Direct
from gatekeeper.execute.ear import Ear
from gatekeeper.execute.ends import Ends, PidfdEnds, ThreadEnds, own_peak_mb
from gatekeeper.execute.guard import Guard
from gatekeeper.execute.inherited import settle_signals
from gatekeeper.execute.kills import MemoryKills
from gatekeeper.execute.lineage import JOB_COOKIE, RUN_COOKIE, AdoptedLineage, Lineage, TableLineage, disk_bytes, members
from gatekeeper.execute.process import AT_ONCE, Child, Ended, Ladder, Phase, ProcessSpec, conclude, explain, spawn
from gatekeeper.execute.resources import process_table
from gatekeeper.execute.start import forget, keep_descriptors
from gatekeeper.model.result import Attempt

PIPE_SIZE = 1024 * 1024
BUSY_REST = 0.001
DRAIN_READS = 32
#: bytes that a pipe of the usual size holds when it is about half full
FLOOD = 32768
#: what is heard: the end of a main process, output of one, the end of the guardian, a wake
_Heard = Child | tuple[Child, int] | Guard | None


class ProcessPool:
    """Child processes with everything that they start. Not thread-safe but for `wake`; close it, or use it as a context.

    `unguarded` is called once where no guardian could be had, or none any more. `portable` forces the variant without pidfds, subreaper and the direct
    start (None: only what the system does not have is done in another way).
    """

    def __init__(self, *, run_id: str, portable: bool | None = None, clock: Callable[[], float] = time.monotonic,
                 kills: MemoryKills | None = None, unguarded: Callable[[], None] = lambda: None) -> None:
        settle_signals()
        keep_descriptors()
        outer = os.environ.get(RUN_COOKIE, "")
        cookie = f"{outer}:{run_id}" if outer else run_id
        self._cookie = cookie
        self._clock = clock
        self._children: dict[str, Child] = {}
        self._ended: list[Ended] = []
        self._buffer = bytearray(PIPE_SIZE)
        self._busy_at = 0.0
        self._rest_until = 0.0
        self._woken = False
        self._wake_read, self._wake_write = _quiet_pipe()
        self._ear: Ear[_Heard] = Ear()
        self._ear.add(self._wake_read, None)
        self._direct = None if portable else Direct()
        self._ends, self._lineage = _ways(cookie, self._nudge, portable=portable)
        # a crashing job must not leave a core file in the work tree
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        self._kills = kills or MemoryKills()
        self._guard = Guard(run_id)
        self._unguarded = unguarded
        self._watch_guard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def running(self) -> tuple[str, ...]:
        """Keys of the trees that are not gone."""
        return tuple(self._children)

    @property
    def guardian_pid(self) -> int:
        """Process id of the guardian, 0 when the run is unguarded."""
        return self._guard.pid

    def start(self, spec: ProcessSpec) -> int:
        """Start a process tree; its pid, or 0 when it could not be started (`wait` then gives the attempt with `spawn_error`)."""
        now = self._clock()
        if spec.key in self._children:
            raise ValueError(f"BUG: `{spec.key}` is running")
        try:
            child = spawn(spec, {**spec.more, RUN_COOKIE: self._cookie, JOB_COOKIE: spec.key}, self._direct, now)
            child.base_mb = own_peak_mb() * 1.01
            child.end_fd = watch_or_kill(self._ends, child)
        except (OSError, ValueError) as error:
            attempt = Attempt(spawn_error=explain(error, spec), started=now, stdout=spec.stdout, stderr=spec.stderr)
            self._ended.append(Ended(key=spec.key, attempt=attempt))
            return 0
        self._children[spec.key] = child
        self._lineage.begin(child)
        self._guard.add(child.pid)
        self._register(child)
        ending.plan_next(child)
        return child.pid

    def wait(self, timeout: float | None = None) -> list[Ended]:
        """Look after the trees until at least one is gone, `timeout` seconds passed or `wake` was called; the trees that are gone."""
        now = self._clock()
        limit = float("inf") if timeout is None else now + timeout
        until = now  # first hear what happened meanwhile: who ended in time did not time out
        while True:
            self._listen(until, now)
            now = self._clock()
            for child in [child for child in self._children.values() if now >= child.due]:
                self._look(child, now)
            if self._ended or self._woken or now >= limit or (timeout is None and not self._children):
                self._woken = False
                ended, self._ended = self._ended, []
                return ended
            until = min([limit, *(child.due for child in self._children.values())])

    def stop(self, key: str, ladder: Ladder | None = None, *, timed_out: bool = False) -> None:
        """Tell a tree to end, step by step (`AT_ONCE`: kill); its attempt says cancelled, or timed out. Unknown keys are passed over."""
        self._listen(0.0, 0.0)  # who has ended already is not stopped by us
        child = self._children.get(key)
        if child is None:
            return
        if child.phase is Phase.RUNNING:
            child.timed_out, child.cancelled = timed_out, not timed_out
        ending.stop(child, child.spec.ladder if ladder is None else ladder, self._clock())

    def stop_all(self, ladder: Ladder | None = None) -> None:
        """Tell every tree to end."""
        for key in self.running:
            self.stop(key, ladder)

    def suspend(self, key: str) -> None:
        """Freeze a running tree; its clock stands still."""
        child = self._children.get(key)
        if child is not None and child.phase is Phase.RUNNING and child.suspended_at is None:
            ending.signal_tree(child, members(self._lineage, child), signal.SIGSTOP)
            child.suspended_at = self._clock()
            self._signal_doubtful(child, signal.SIGSTOP)
            ending.plan_next(child)

    def resume(self, key: str) -> None:
        """Let a frozen tree go on."""
        child = self._children.get(key)
        if child is not None and child.suspended_at is not None:
            self._thaw(child, self._clock())
            ending.signal_tree(child, members(self._lineage, child), signal.SIGCONT)
            self._signal_doubtful(child, signal.SIGCONT)
            ending.plan_next(child)

    def _signal_doubtful(self, child: Child, signum: signal.Signals) -> None:
        """What may be of several jobs stands still when all of them do, and goes on when one of them does."""
        for row, keys in self._lineage.doubtful(child):
            if signum is signal.SIGCONT or all(self._children[key].suspended_at is not None for key in keys):
                with suppress(OSError):
                    os.kill(row.pid, signum)

    def wake(self) -> None:
        """Make `wait` return soon; may be called from a signal handler or another thread."""
        self._woken = True
        self._nudge()

    def close(self) -> None:
        """Kill what still runs, let the guardian sweep, let go of all descriptors. Can be called twice."""
        if self._wake_read < 0:
            return
        self.stop_all(AT_ONCE)
        give_up = self._clock() + 2 * ending.GIVE_UP
        while self._children and self._clock() < give_up:
            self.wait(0.05)
        self._guard.close(sweep=not self._lineage.empty())
        self._ends.close()
        self._lineage.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._wake_read = self._wake_write = -1

    def _register(self, child: Child) -> None:
        for fd in child.pipes:
            self._ear.add(fd, (child, fd), patient=True)
        if child.end_fd is not None:
            self._ear.add(child.end_fd, child)

    def _listen(self, until: float, now: float) -> None:
        """Sleep until a descriptor speaks or `until` comes, and take what there is."""
        resting = now < self._rest_until
        until = min(until, self._rest_until) if resting else until
        read = False
        for heard in self._ear.heard(max(0.0, until - now), urgent=resting):
            match heard:
                case Child() as child:
                    self._main_ended(child)
                case (Child() as child, int(fd)):
                    read = self._read(child, fd) > 0 or read
                case Guard():
                    self._replace_guard()
                case _:
                    self._hear_wake()
        if read:
            now = self._clock()
            self._rest_until = now + BUSY_REST if now - self._busy_at < 2 * BUSY_REST else 0.0
            self._busy_at = now

    def _watch_guard(self) -> None:
        if self._guard.fd >= 0:
            self._ear.add(self._guard.fd, self._guard)
        else:
            self._unguarded()

    def _replace_guard(self) -> None:
        self._ear.remove(self._guard.fd)
        self._guard.replace()
        self._watch_guard()

    def _hear_wake(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        exited = self._ends.collect()
        for child in [child for child in self._children.values() if child.pid in exited]:
            self._main_ended(child)

    def _nudge(self) -> None:
        with suppress(OSError):
            os.write(self._wake_write, b"w")

    def _main_ended(self, child: Child) -> None:
        now = self._clock()
        self._thaw(child, now)
        ending.main_ended(child, now)
        self._unwatch(child)
        if not self._lineage.keeps_zombies:
            self._reap(child)

    def _unwatch(self, child: Child) -> None:
        if child.end_fd is not None:
            self._ear.remove(child.end_fd)
            child.end_fd = None

    def _look(self, child: Child, now: float) -> None:
        if child.ended_at is not None:
            for fd in list(child.pipes):
                self._drain(child, fd)
        gone = ending.advance(child, self._lineage, now)
        for pid, started in child.strays:
            self._guard.add_single(child.pid, pid, started)
        if gone:
            self._finish(child)

    def _drain(self, child: Child, fd: int) -> None:
        """Take what is left in a pipe, but not for ever: a leaked process may go on writing."""
        for _ in range(DRAIN_READS):
            if self._read(child, fd) == 0:
                return

    def _finish(self, child: Child) -> None:
        self._unwatch(child)
        for fd in list(child.pipes):
            self._close_pipe(child, fd)
        if child.status is None:
            self._reap(child)
        self._guard.remove(child.pid)
        self._lineage.end(child)
        del self._children[child.key]
        self._ended.append(Ended(key=child.key, attempt=conclude(child)))

    def _reap(self, child: Child) -> None:
        if child.io_fd >= 0:
            child.disk = disk_bytes(child.io_fd)
            os.close(child.io_fd)
            child.io_fd = -1
        reaped = self._ends.reap(child.pid)
        if reaped is None:
            child.status = signal.SIGKILL.value
            child.leaked = child.leaked or (f"{child.spec.argv[0]} (pid {child.pid}), which cannot be killed",)
        else:
            child.status, child.cpu_seconds, child.lost = reaped.status, reaped.cpu_seconds, reaped.lost
            if reaped.peak_mb > child.base_mb:
                child.peak_mb = max(child.peak_mb, reaped.peak_mb)
            if not child.stopped and _killed(reaped.status):
                child.out_of_memory = self._kills.since(child.started, self._clock())
            forget(child.pid)

    def _read(self, child: Child, fd: int) -> int:
        """Take what a pipe holds, at most one buffer; 0 at its end (then it is closed) and when it is empty."""
        if fd not in child.pipes:
            return 0
        try:
            count = os.readv(fd, [self._buffer])
        except BlockingIOError:
            return 0
        except OSError:
            count = 0
        if count == 0:
            self._close_pipe(child, fd)
            child.due = self._clock() if child.phase is Phase.LINGERING else child.due
            return 0
        child.pipes[fd].write(memoryview(self._buffer)[:count])
        if count >= FLOOD and fd not in child.wide:
            child.wide.add(fd)
            _enlarge(fd)
        return count

    def _close_pipe(self, child: Child, fd: int) -> None:
        self._ear.remove(fd, patient=True)
        os.close(fd)
        child.dropped += child.pipes.pop(fd).close()

    @staticmethod
    def _thaw(child: Child, now: float) -> None:
        if child.suspended_at is not None:
            pause = now - child.suspended_at
            child.suspended_seconds += pause
            child.deadline += pause
            child.suspended_at = None


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


def _ways(cookie: str, nudge: Callable[[], None], *, portable: bool | None) -> tuple[Ends, Lineage]:
    """How ends are noticed and trees found: the strong way where the system has it, unless the portable one is asked for."""
    if portable is not True and hasattr(os, "pidfd_open"):
        with suppress(OSError):
            os.close(os.pidfd_open(os.getpid()))  # some sandboxes have the function and refuse the call
            return PidfdEnds(), AdoptedLineage(cookie)
    return ThreadEnds(nudge), TableLineage(cookie, process_table)


def _killed(status: int) -> bool:
    """Ended by SIGKILL, or says that what it started was: shells and container runtimes report it as 128 and the signal."""
    return os.waitstatus_to_exitcode(status) in {-signal.SIGKILL, 128 + signal.SIGKILL}


def _quiet_pipe() -> tuple[int, int]:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    return read, write


def _enlarge(fd: int) -> None:
    """A flood: fewer and larger reads (the system may refuse a large pipe to a user who has many)."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
