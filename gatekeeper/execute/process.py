"""One supervised child process: how it is started, what is known of it while it lives, and the attempt that is left of it.

Knows no plan, no job and no verdict: it takes argv, folder, environment and limits. It does not decide when a process must end either;
`ending` does that, and `pool` looks after many at a time.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

from gatekeeper.execute.direct import Direct
from gatekeeper.execute.spool import CAP, Spool
from gatekeeper.execute.start import start_tree
from gatekeeper.model.result import Attempt
from gatekeeper.model.value import dataclass, field

#: number of the system call ioprio_set, by machine, and what it is told: the group, to read and write only when nobody else does
IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "loongarch64": 30, "ppc64le": 273, "s390x": 282, "armv7l": 314, "i686": 289}
IOPRIO_WHO_PGRP = 2
IOPRIO_IDLE = 3 << 13
#: seconds after which a tree is looked at for the first time
FIRST_SAMPLE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Seconds that a tree is given after SIGINT and after SIGTERM; then SIGKILL, until nothing is left. The whole takes 6 s at most."""

    interrupt: float = 2.5
    terminate: float = 2.5

    def steps(self, *, interrupt: bool) -> tuple[tuple[signal.Signals, float], ...]:
        """Signals in order, each with the seconds to wait before the next."""
        first = ((signal.SIGINT, self.interrupt),) if interrupt and self.interrupt > 0 else ()
        second = ((signal.SIGTERM, self.terminate),) if self.terminate > 0 else ()
        return first + second


AT_ONCE = Ladder(interrupt=0.0, terminate=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """What to start and within which limits; `stdout` and `stderr` are absolute paths, times in seconds, `cap` in bytes per stream."""

    key: str
    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    stdout: str
    stderr: str
    timeout: float | None = None
    #: the program writes its report when interrupted: SIGINT comes first
    interrupt: bool = False
    #: how it is told to end when its time is up
    ladder: Ladder = Ladder()
    #: above 0: stands back by so much behind other programs, and reads and writes the disk only when nobody else does
    niceness: int = 0
    cap: int = CAP
    #: descriptors that it inherits under their own numbers
    pass_fds: tuple[int, ...] = ()
    #: variables that are laid over `env`, which many have in common and nobody changes
    more: Mapping[str, str] = field(default_factory=dict)
    #: its tree is stopped when it holds more than this (0: no limit)
    memory_limit_mb: int = 0


class Ended(NamedTuple):
    """A process tree that is gone."""

    key: str
    attempt: Attempt


class Phase(StrEnum):
    """Where a tree stands: `RUNNING` and `STOPPING` while the main process lives, then `LINGERING` until pipes and members are gone,
    `SWEEPING` when they had to be told."""

    RUNNING = "running"
    STOPPING = "stopping"
    LINGERING = "lingering"
    SWEEPING = "sweeping"


@dataclass(slots=True, kw_only=True)
class Child:
    """A started process and all that is known of its tree; times on the pool's clock. Only `pool` and `ending` change it."""

    spec: ProcessSpec
    pid: int
    started: float
    #: open read ends of its pipes
    pipes: dict[int, Spool]
    #: pidfd while the main process is watched by one
    end_fd: int | None = None
    #: those of its pipes that were made larger
    wide: set[int] = field(default_factory=set)
    phase: Phase = Phase.RUNNING
    #: next moment at which its phase wants to be looked at
    due: float = float("inf")
    deadline: float = float("inf")
    sample_at: float = 0.0
    sample_every: float = FIRST_SAMPLE
    peak_mb: float = 0.0
    #: the most that we ourselves held when it was started: what the system says of the peak of a child begins there
    base_mb: float = 0.0
    #: (pid, start time) of descendants at the last look
    seen: frozenset[tuple[int, int]] = frozenset()
    #: those of them that left its process group
    strays: frozenset[tuple[int, int]] = frozenset()
    steps: list[tuple[signal.Signals, float]] = field(default_factory=list)
    ended_at: float | None = None
    suspended_at: float | None = None
    suspended_seconds: float = 0.0
    #: wait status and CPU seconds, once reaped
    status: int | None = None
    cpu_seconds: float = 0.0
    dropped: int = 0
    timed_out: bool = False
    cancelled: bool = False
    over_memory: bool = False
    out_of_memory: bool = False
    #: it is gone, and somebody else has taken its status
    lost: bool = False
    #: tells of bytes from and to the disk, once the tree was looked at; what it told
    io_fd: int = -1
    disk: tuple[int, int] = (0, 0)
    leaked: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.spec.key

    @property
    def stopped(self) -> bool:
        """We told it to end, so what is left of it is no leak."""
        return self.timed_out or self.cancelled or self.over_memory


def spawn(spec: ProcessSpec, more: Mapping[str, str], direct: Direct | None, now: float) -> Child:
    """Start `spec` with `more` laid over its environment in a session of its own, without stdin and foreign descriptors; raises OSError or ValueError (a NUL in argv)."""
    spools: list[Spool] = []
    ends: list[tuple[int, int]] = []
    try:
        spools += [Spool(spec.stdout, spec.cap)]
        spools += [Spool(spec.stderr, spec.cap)]
        ends += [os.pipe()]
        ends += [os.pipe()]
        pid = start_tree(direct, spec.argv, cwd=spec.cwd, env=spec.env, more=more, stdout=ends[0][1], stderr=ends[1][1], pass_fds=spec.pass_fds)
    except (OSError, ValueError):
        for fd in [fd for pair in ends for fd in pair]:
            os.close(fd)
        for spool in spools:
            spool.close()
        raise
    for read, write in ends:
        os.close(write)
        os.set_blocking(read, False)
    lower_priority(pid, spec.niceness)
    pipes = {ends[0][0]: spools[0], ends[1][0]: spools[1]}
    deadline = float("inf") if spec.timeout is None else now + spec.timeout
    return Child(spec=spec, pid=pid, started=now, pipes=pipes, deadline=deadline, sample_at=now + FIRST_SAMPLE)


def lower_priority(pid: int, niceness: int) -> None:
    """Let the group of `pid` stand back behind other programs, by so much more than we do, and behind all of them at the disk.

    A system that refuses is no reason to fail. Whether the disk heeds it is up to the scheduler of that disk (bfq does, most others do not).
    """
    if niceness > 0:
        with suppress(OSError):
            os.setpriority(os.PRIO_PGRP, pid, os.nice(0) + niceness)
        _be_last_at_the_disk(pid)


def _be_last_at_the_disk(group: int) -> None:
    """What `ionice -c idle` does, without a process for it; the C library has no function for that call."""
    import ctypes  # lazy: only jobs in the background pay

    number = IOPRIO_SET.get(os.uname().machine) if sys.platform == "linux" else None
    if number is not None:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).syscall(number, IOPRIO_WHO_PGRP, group, IOPRIO_IDLE)


def explain(error: OSError | ValueError, spec: ProcessSpec) -> str:
    """One line on why `spec` could not be started."""
    program = spec.argv[0] if spec.argv else ""
    if isinstance(error, OSError):
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else program
        return f"cannot start `{program}`: {error.strerror or error}" + (f" (`{name}`)" if name != program else "")
    return f"cannot start `{program}`: {error}"


def conclude(child: Child) -> Attempt:
    """What is left of a tree that is gone and whose main process was reaped."""
    code = None if child.lost else os.waitstatus_to_exitcode(child.status or 0)
    end = child.started if child.ended_at is None else child.ended_at
    return Attempt(exit_code=code if code is not None and code >= 0 else None, signal=-code if code is not None and code < 0 else None, lost=child.lost, started=child.started,
                   wall_seconds=max(0.0, end - child.started - child.suspended_seconds), cpu_seconds=child.cpu_seconds,
                   peak_memory_mb=round(child.peak_mb, 1), stdout=child.spec.stdout, stderr=child.spec.stderr, dropped=child.dropped,
                   timed_out=child.timed_out, cancelled=child.cancelled, leaked=child.leaked, suspended_seconds=round(child.suspended_seconds, 3),
                   read_mb=round(child.disk[0] / 1e6, 3), write_mb=round(child.disk[1] / 1e6, 3), out_of_memory=child.out_of_memory,
                   over_memory_mb=child.spec.memory_limit_mb if child.over_memory else 0)
