"""Who descends from whom on this machine: finds every living process of a job, whatever it did to get away.

Knows no phases and sends no signals. Two ways with one face (`Lineage`):

- `AdoptedLineage` (Linux) makes this process the *subreaper* of all it starts: whoever loses its parent becomes our child and shows up in
  `/proc/self/task/*/children`. A job cannot leave by setsid, double fork or a cleared environment. Which job an adopted process belongs to
  is told by its session or group, by what was seen at the last look, by its cookie, by the pipes that it holds, by jobs that began after it;
  failing all of them it is in doubt (`doubtful`): it may belong to any job that ran when it was adopted, and falls to the last of them.
  Processes of our own session are ours (workers), never a job's: no process can join a session.
- `TableLineage` (portable, no subreaper) looks through the process table for the group, the known descendants and the cookie. It misses a
  process that left its group, lost its parent between two looks and cleared its environment. Where there is no table either (a Linux without
  /proc) it knows whether the group lives, and nothing else.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from gatekeeper.execute.proc import Row, living, pids, pipes_of, read_cookie, read_row
from gatekeeper.execute.process import Child
from gatekeeper.execute.start import OWNED, SPAWNING

PR_SET_CHILD_SUBREAPER = 36
PR_GET_CHILD_SUBREAPER = 37


class Lineage(Protocol):
    """Finds the living members of a tree."""

    #: the main process stays a zombie until its tree is gone, so that its number, and with it the group's, cannot come again
    keeps_zombies: bool

    def begin(self, child: Child) -> None:
        """From now on processes may belong to `child`."""

    def end(self, child: Child) -> None:
        """The tree is gone."""

    def tree(self, child: Child) -> tuple[Row, ...]:
        """All living processes of the tree, its main process among them while it lives."""

    def doubtful(self, child: Child) -> tuple[tuple[Row, frozenset[str]], ...]:
        """Living processes that belong to this tree or to another one, as last looked at, each with the keys of all that it may belong to."""

    def empty(self) -> bool:
        """Whether it is certain that nothing is left of any tree."""

    def close(self) -> None:
        """No tree is left; let the process be as it was."""


def members(lineage: Lineage, child: Child) -> tuple[Row, ...]:
    """Living processes of the tree other than its main process."""
    return tuple(row for row in lineage.tree(child) if row.pid != child.pid)


def remember(child: Child, rows: Iterable[Row]) -> None:
    """Keep who was seen, so that a process is known again when its parents are gone."""
    child.seen = frozenset(row.identity for row in rows)
    child.strays = frozenset(row.identity for row in rows if row.group != child.pid)


def is_subreaper() -> bool | None:
    """Whether we adopt orphaned descendants; None where the system has no such thing."""
    answer = ctypes.c_int(0)
    try:
        refused = ctypes.CDLL(None, use_errno=True).prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    except (OSError, AttributeError):
        return None
    return None if refused else bool(answer.value)


def set_subreaper(*, on: bool) -> bool | None:
    """Adopt orphaned descendants from now on, or no more; whether we did before, None where the system cannot."""
    before = is_subreaper()
    if before is None or ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0):
        return None
    return before


class AdoptedLineage:
    """The strong way: we are the subreaper, nothing below us can get away. Raises OSError where the system has no such thing."""

    keeps_zombies = True

    def __init__(self, cookie: str) -> None:
        #: orphans come to the first thread; kept open, because it is read at the end of each job
        self._children = os.open(f"/proc/self/task/{os.getpid()}/children", os.O_RDONLY | os.O_CLOEXEC)
        before = set_subreaper(on=True)
        if before is None:
            os.close(self._children)
            raise OSError("no subreaper on this system")
        self._was_subreaper = before
        self._cookie = cookie
        self._session = os.getsid(0)
        self._running: dict[str, Child] = {}
        #: adopted pid -> keys of the jobs that it may belong to
        self._owners: dict[int, frozenset[str]] = {}

    def begin(self, child: Child) -> None:
        self._running[child.key] = child

    def end(self, child: Child) -> None:
        self._running.pop(child.key, None)
        self._owners = {pid: keys - {child.key} for pid, keys in self._owners.items()}

    def empty(self) -> bool:
        self._adopt()
        return not self._running and not self._owners

    def close(self) -> None:
        set_subreaper(on=self._was_subreaper)
        os.close(self._children)

    def tree(self, child: Child) -> tuple[Row, ...]:
        self._adopt()
        roots = [pid for pid, keys in self._owners.items() if keys == {child.key}]
        rows = living(roots) if child.ended_at is not None else living([child.pid, *roots])
        remember(child, rows)
        child.strays |= {row.identity for row, _ in self.doubtful(child)}  # whosever they are: they must not survive us
        return rows

    def doubtful(self, child: Child) -> tuple[tuple[Row, frozenset[str]], ...]:
        shared = [(pid, keys) for pid, keys in self._owners.items() if len(keys) > 1 and child.key in keys]
        return tuple((row, keys) for pid, keys in shared for row in living([pid]))

    def _adopt(self) -> None:
        """Look at our children: bury the adopted dead, find out whose the living are."""
        with SPAWNING:
            adopted = [pid for pid in pids(self._children) if pid not in OWNED]
        known, self._owners = self._owners, {}
        for pid in adopted:
            row = read_row(pid)
            if row is None or row.session == self._session:
                continue
            if row.zombie:
                with suppress(OSError):
                    os.waitpid(pid, os.WNOHANG)
                continue
            self._owners[pid] = known[pid] if pid in known else self._owners_of(row)

    def _owners_of(self, row: Row) -> frozenset[str]:
        for child in self._running.values():
            if child.pid in {row.session, row.group} or row.identity in child.seen:
                return frozenset({child.key})
        run, job = read_cookie(row.pid)
        if run == self._cookie and job in self._running:
            return frozenset({job})
        if run and not f"{run}:".startswith(f"{self._cookie}:"):
            return frozenset()  # of another pool in this process
        return _candidates(row, tuple(self._running.values()))


def _candidates(row: Row, running: tuple[Child, ...]) -> frozenset[str]:
    """Whose a process may be that says nothing of itself: of the one into whose pipes it can write, else of those that it is not older than."""
    if len(running) > 1 and (pipes := pipes_of(row.pid)):
        holders = tuple(child for child in running if any(os.fstat(fd).st_ino in pipes for fd in child.pipes))
        running = holders if len(holders) == 1 else running
    if len(running) > 1:
        older = tuple(child for child in running if (main := read_row(child.pid)) is None or main.started <= row.started)
        running = older or running
    return frozenset(child.key for child in running)


class TableLineage:
    """The portable way: the process table, as `table` gives it (a `Row` by pid, cookies filled in)."""

    keeps_zombies = False

    def __init__(self, cookie: str, table: Callable[[], Mapping[int, Row]]) -> None:
        self._cookie = cookie
        self._table = table

    def begin(self, child: Child) -> None:
        """Nothing to prepare."""

    def end(self, child: Child) -> None:
        """Nothing to forget."""

    def doubtful(self, child: Child) -> tuple[tuple[Row, frozenset[str]], ...]:
        del child  # the table says of each whose it is, or nothing
        return ()

    def empty(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing to restore."""

    def tree(self, child: Child) -> tuple[Row, ...]:
        table = {pid: row for pid, row in self._table().items() if not row.zombie} or _group_alone(child)
        found = {pid for pid, row in table.items() if self._belongs(row, child)}
        grown = True
        while grown:
            below = {pid for pid, row in table.items() if row.parent in found and pid not in found}
            found |= below
            grown = bool(below)
        rows = tuple(table[pid] for pid in sorted(found))
        remember(child, rows)
        return rows

    def _belongs(self, row: Row, child: Child) -> bool:
        if row.identity in child.seen or (row.run == self._cookie and row.job == child.key):
            return True
        return row.group == child.pid and (child.ended_at is None or row.pid != child.pid)


def _group_alone(child: Child) -> Mapping[int, Row]:
    """The group of a tree as one row, while it lives: the system takes its number, negated, for all that are in it."""
    try:
        os.killpg(child.pid, 0)
    except OSError:
        return {}
    return {-child.pid: Row(pid=-child.pid, parent=0, group=child.pid, session=child.pid, started=0, name="its process group")}
