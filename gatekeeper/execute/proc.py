"""Processes as /proc tells of them, each asked for by its number: who they are, what they hold, whose children they have.

Knows no jobs. What is gone, or a stranger's, is answered with nothing; nothing here raises.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from gatekeeper.model.value import dataclass

RUN_COOKIE = "GATEKEEPER_RUN_ID"
JOB_COOKIE = "GATEKEEPER_JOB"
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the process table; `started` tells two owners of one pid apart, memory is the resident set in MB."""

    pid: int
    parent: int
    group: int
    session: int
    started: int
    name: str
    memory_mb: float = 0.0
    zombie: bool = False
    #: run and job that its environment names, where it can be read
    run: str = ""
    job: str = ""

    @property
    def identity(self) -> tuple[int, int]:
        return (self.pid, self.started)


def read_row(pid: int) -> Row | None:
    """The process table's line for `pid` from /proc, or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            line = stat.read()
    except OSError:
        return None
    name, _, rest = line.partition(b"(")[2].rpartition(b")")
    words = rest.split()
    return Row(pid=pid, parent=int(words[1]), group=int(words[2]), session=int(words[3]), started=int(words[19]),
               name=name.decode(errors="replace"), memory_mb=int(words[21]) * PAGE_MB, zombie=words[0] in {b"Z", b"X"})


def open_disk_bytes(pid: int) -> int:
    """A descriptor for `disk_bytes`, -1 where nobody says. Only root may open it once the process is a zombie, so it is opened before."""
    with suppress(OSError):
        return os.open(f"/proc/{pid}/io", os.O_RDONLY | os.O_CLOEXEC)
    return -1


def disk_bytes(descriptor: int) -> tuple[int, int]:
    """Bytes that a process, by now perhaps a zombie, and all that it waited for had from and gave to the disk. (0, 0) where nobody says."""
    with suppress(OSError):
        values = dict(line.split(b": ") for line in os.pread(descriptor, 4096, 0).splitlines())
        return int(values.get(b"read_bytes", 0)), int(values.get(b"write_bytes", 0))
    return 0, 0


def shared_memory_mb(rows: Iterable[Row]) -> float:
    """MB that these processes hold together, what several hold counted once; what cannot be read counts with all that it holds."""
    return sum(_proportional_mb(row) for row in rows)


def _proportional_mb(row: Row) -> float:
    with suppress(OSError, ValueError), open(f"/proc/{row.pid}/smaps_rollup", "rb") as rollup:
        for line in rollup:
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    return row.memory_mb


def children_of(pid: int | str) -> tuple[int, ...]:
    """Pids of the children of `pid` (`self` for ours), from /proc; empty when it is gone."""
    with suppress(OSError):
        return tuple(child for thread in os.listdir(f"/proc/{pid}/task") for child in _children_of_thread(pid, thread))
    return ()


def _children_of_thread(pid: int | str, thread: int | str) -> list[int]:
    with suppress(OSError):
        file = os.open(f"/proc/{pid}/task/{thread}/children", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return pids(file)
        finally:
            os.close(file)
    return []


def pids(file: int) -> list[int]:
    """What an open list of children says now, from its beginning."""
    found = part = os.pread(file, 65536, 0)
    while part and (part := os.pread(file, 65536, len(found))):
        found += part
    return [int(word) for word in found.split()]


def read_cookie(pid: int) -> tuple[str, str]:
    """The run and the job that the environment of `pid` names; empty where there is none or it cannot be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            words = environ.read().split(b"\0")
    except OSError:
        return "", ""
    values = dict(word.partition(b"=")[::2] for word in words)
    return os.fsdecode(values.get(RUN_COOKIE.encode(), b"")), os.fsdecode(values.get(JOB_COOKIE.encode(), b""))


def pipes_of(pid: int) -> frozenset[int]:
    """The numbers of the pipes that a process has open, from /proc; empty where it is gone or does not let us look."""
    found: set[int] = set()
    with suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                name = os.readlink(f"/proc/{pid}/fd/{fd}")
                found |= {int(name[len("pipe:["):-1])} if name.startswith("pipe:[") else set()
    return frozenset(found)


def living(roots: Iterable[int]) -> tuple[Row, ...]:
    """The trees below `roots`, roots included, without the dead."""
    rows: dict[int, Row] = {}
    stack = list(roots)
    while stack:
        pid = stack.pop()
        row = None if pid in rows else read_row(pid)
        if row is not None and not row.zombie:
            rows[pid] = row
            stack += children_of(pid)
    return tuple(rows.values())
