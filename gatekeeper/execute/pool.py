"""ProcessPool: starts process trees and looks after all of them from one thread, the caller's.

Knows no plan and no limits on how many may run: the scheduler decides that. It starts what it is given, records output, samples memory,
keeps deadlines, and gives back each tree once nothing of it is left.

State: `_children` holds every tree that is not gone; each has a phase (see `ending`) and a moment at which it wants to be looked at.
`wait` is the only loop: look after what is due, then sleep until a descriptor speaks or the next moment comes. For a millisecond after a busy read
it sleeps without the output pipes, so that a flood of short lines costs us one read per millisecond and not one per line.
"""

from __future__ import annotations

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
from gatekeeper.execute.ear import Bell, Ear
from gatekeeper.execute.ends import Ends, PidfdEnds, ThreadEnds, bury, own_peak_mb, watch_or_kill
from gatekeeper.execute.guard import Guard
from gatekeeper.execute.inherited import settle_signals
from gatekeeper.execute.intake import Intake
from gatekeeper.execute.kills import MemoryKills
from gatekeeper.execute.lineage import AdoptedLineage, Lineage, TableLineage, members
from gatekeeper.execute.proc import JOB_COOKIE, RUN_COOKIE
from gatekeeper.execute.process import AT_ONCE, Child, Ended, Ladder, Phase, ProcessSpec, conclude, explain, spawn
from gatekeeper.execute.resources import process_table
from gatekeeper.execute.start import keep_descriptors
from gatekeeper.model.result import Attempt

DRAIN_READS = 32
#: what is heard: the end of a main process, output of one, the end of the guardian, a wake
_Heard = Child | tuple[Child, int] | Guard | None


class ProcessPool:
    """Child processes with everything that they start. Not thread-safe but for `wake`; close it, or use it as a context.

    `note` is a file that is touched when we die. `unguarded` is called once where no guardian could be had, or none any more. `portable` forces the variant without pidfds, subreaper and the direct
    start (None: only what the system does not have is done in another way).
    """

    def __init__(self, *, run_id: str, portable: bool | None = None, clock: Callable[[], float] = time.monotonic,
                 kills: MemoryKills | None = None, unguarded: Callable[[], None] = lambda: None, note: str = "") -> None:
        settle_signals()
        keep_descriptors()
        outer = os.environ.get(RUN_COOKIE, "")
        cookie = f"{outer}:{run_id}" if outer else run_id
        self._cookie = cookie
        self._clock = clock
        self._children: dict[str, Child] = {}
        self._ended: list[Ended] = []
        self._woken = False
        self._ear: Ear[_Heard] = Ear()
        self._bell = Bell()
        self._ear.add(self._bell.fd, None)
        self._intake = Intake(clock)
        self._direct = None if portable else Direct()
        self._ends, self._lineage = _ways(cookie, self._bell.ring, portable=portable)
        # a crashing job must not leave a core file in the work tree
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        self._kills = kills or MemoryKills()
        self._guard = Guard(run_id, note)
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
            ending.thaw(child, self._clock())
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
        self._bell.ring()

    def close(self) -> None:
        """Kill what still runs, let the guardian sweep, let go of all descriptors. Can be called twice."""
        if self._bell.fd < 0:
            return
        self.stop_all(AT_ONCE)
        give_up = self._clock() + 2 * ending.GIVE_UP
        while self._children and self._clock() < give_up:
            self.wait(0.05)
        self._guard.close(sweep=not self._lineage.empty())
        self._ends.close()
        self._lineage.close()
        self._bell.close()

    def _register(self, child: Child) -> None:
        for fd in child.pipes:
            self._ear.add(fd, (child, fd), patient=True)
        if child.end_fd is not None:
            self._ear.add(child.end_fd, child)

    def _listen(self, until: float, now: float) -> None:
        """Sleep until a descriptor speaks or `until` comes, and take what there is."""
        rest = self._intake.rest
        resting = now < rest
        until = min(until, rest) if resting else until
        read = False
        for heard in self._ear.heard(max(0.0, until - now), urgent=resting):
            match heard:
                case Child() as child:
                    self._main_ended(child)
                case (Child() as child, int(fd)):
                    read = self._read(child, fd) or read
                case Guard():
                    self._replace_guard()
                case _:
                    self._hear_wake()
        if read:
            self._intake.was_busy()

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
        self._bell.hush()
        exited = self._ends.collect()
        for child in [child for child in self._children.values() if child.pid in exited]:
            self._main_ended(child)

    def _main_ended(self, child: Child) -> None:
        now = self._clock()
        ending.thaw(child, now)
        ending.main_ended(child, now)
        self._unwatch(child)
        if not self._lineage.keeps_zombies:
            bury(child, self._ends, self._kills, self._clock())

    def _unwatch(self, child: Child) -> None:
        if child.end_fd is not None:
            self._ear.remove(child.end_fd)
            child.end_fd = None

    def _look(self, child: Child, now: float) -> None:
        if child.ended_at is not None:
            for fd in list(child.pipes):
                for _ in range(DRAIN_READS):  # a leaked process may go on writing for ever
                    if not self._read(child, fd):
                        break
        gone = ending.advance(child, self._lineage, now)
        for pid, started in child.strays:
            self._guard.add_single(child.pid, pid, started)
        if gone:
            self._finish(child)

    def _finish(self, child: Child) -> None:
        self._unwatch(child)
        for fd in list(child.pipes):
            self._close_pipe(child, fd)
        if child.status is None:
            bury(child, self._ends, self._kills, self._clock())
        self._guard.remove(child.pid)
        self._lineage.end(child)
        del self._children[child.key]
        self._ended.append(Ended(key=child.key, attempt=conclude(child)))

    def _read(self, child: Child, fd: int) -> bool:
        """Take what a pipe holds; whether it was anything. At its end it is closed."""
        if fd not in child.pipes:
            return False
        count = self._intake.read(child, fd)
        if count == 0:
            self._close_pipe(child, fd)
            child.due = self._clock() if child.phase is Phase.LINGERING else child.due
        return count is not None and count > 0

    def _close_pipe(self, child: Child, fd: int) -> None:
        self._ear.remove(fd, patient=True)
        self._intake.close(child, fd)


def _ways(cookie: str, nudge: Callable[[], None], *, portable: bool | None) -> tuple[Ends, Lineage]:
    """How ends are noticed and trees found: the strong way where the system has it, unless the portable one is asked for."""
    if portable is not True and hasattr(os, "pidfd_open"):
        with suppress(OSError):
            os.close(os.pidfd_open(os.getpid()))  # some sandboxes have the function and refuse the call
            return PidfdEnds(), AdoptedLineage(cookie)
    return ThreadEnds(nudge), TableLineage(cookie, process_table)
