"""What processes of others take from the machine, read from /proc: for whoever watches a run from outside. Where there is no /proc it says so with None.

The tree of a job is its main process, all that descend from it and all of its session; a process that left both is not counted here (the run itself
finds it, see `lineage`). Knows no jobs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from gatekeeper.model.value import dataclass

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What several processes take together; CPU seconds are those since each of them began."""

    processes: int = 0
    memory_mb: float = 0.0
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    parent: int
    session: int
    cpu_seconds: float
    memory_mb: float


def usage_of(pids: Iterable[int], root: str = "/") -> Usage | None:
    """What the trees of these main processes take now; `root` is where /proc is found."""
    wanted = {pid for pid in pids if pid > 0}
    rows = _table(os.path.join(root, "proc"))
    if not rows:
        return None
    members = [row for pid, row in rows.items() if row.session in wanted or _descends(pid, wanted, rows)]
    return Usage(processes=len(members), memory_mb=round(sum(row.memory_mb for row in members), 1), cpu_seconds=sum(row.cpu_seconds for row in members))


def _descends(pid: int, wanted: set[int], rows: Mapping[int, _Row]) -> bool:
    for _ in range(64):
        if pid in wanted:
            return True
        row = rows.get(pid)
        if row is None:
            return False
        pid = row.parent
    return False


def _table(folder: str) -> dict[int, _Row]:
    try:
        names = [name for name in os.listdir(folder) if name.isdigit()]
    except OSError:
        return {}
    rows = {}
    for name in names:
        try:
            with open(f"{folder}/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
            # fields after the name, see proc(5): state ppid pgrp session ... utime(11) stime(12) ... rss(21)
            rows[int(name)] = _Row(parent=int(fields[1]), session=int(fields[3]), cpu_seconds=(int(fields[11]) + int(fields[12])) / _TICKS,
                                   memory_mb=int(fields[21]) * _PAGE_MB)
        except (OSError, ValueError, IndexError):  # it ended while we looked
            continue
    return rows
