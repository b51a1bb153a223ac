"""Our side of the guardian: starts it, and keeps the table of what lives for it. What it does with that stands in `guardian`.

The table is a nameless file that both hold open; the guardian reads it only when we are gone. So a job costs it nothing: no line to write, no
process to wake. Two pipes beside it: one that ends when we do, one that ends when the guardian does, for the caller's selector (`fd`).
A guardian that died is started anew and finds the table as it was; when that has failed too often, the run goes on unguarded, and the pool says so.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import suppress

from gatekeeper.execute.start import forget, start_process

#: write ends of the pipes to our guardians
PIPES: set[int] = set()
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guardian.py")
#: how often a guardian that dies is replaced
REPLACED_AT_MOST = 3
#: bytes of a number in the table; a row is a process and its start time as /proc says it, or a group and -1; all zero is a free row
WORD = 8
GONE_WITHIN = 3.0


def _let_go() -> None:
    """In a forked copy of us (a worker process): it must not keep the pipe open when we die."""
    for pipe in PIPES:
        os.close(pipe)
    PIPES.clear()


os.register_at_fork(after_in_child=_let_go)


class Guard:
    """The guardian of one run. Never raises: without a guardian the jobs still run, they only survive a `kill -9` of Gatekeeper."""

    def __init__(self, run_id: str, note: str = "") -> None:
        self._run_id = run_id
        #: a file whose time is to tell when we died
        self._note = (note,) if note else ()
        self._rows: dict[tuple[int, int], int] = {}
        self._free: list[int] = []
        self._strays: dict[int, set[tuple[int, int]]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = self._end = -1
        self._starts = 0
        self._table = -1
        with suppress(OSError):
            self._table = _nameless_file()
        self._launch()

    @property
    def alive(self) -> bool:
        return self._pipe >= 0

    @property
    def pid(self) -> int:
        """Process id of the guardian, 0 when there is none."""
        return self._process.pid if self._process is not None else 0

    @property
    def fd(self) -> int:
        """A descriptor that becomes readable when the guardian dies, -1 when there is none; then `replace` it."""
        return self._end

    def add(self, group: int) -> None:
        """The process group of a job lives."""
        self._put((group, -1))

    def remove(self, group: int) -> None:
        """It is gone, and so is every process outside of it that belonged to its job alone."""
        strays = self._strays.pop(group, set())
        for row in ((group, -1), *strays.difference(*self._strays.values())):
            self._drop(row)

    def add_single(self, group: int, pid: int, started: int) -> None:
        """A process outside the group belongs to its job, or may (then to another, too); `started` is its start time as /proc says it."""
        self._strays.setdefault(group, set()).add((pid, started))
        if (pid, started) not in self._rows:
            self._put((pid, started))

    def replace(self) -> None:
        """The guardian died: start another."""
        self._bury()
        self._launch()

    def close(self, *, sweep: bool = True) -> None:
        """Let the guardian sweep and go, at most 3 s; or, where nothing is left to sweep, just go: it may not even have come up yet."""
        if sweep:
            self._close_pipe()
        if self._process is not None:
            if sweep and not _ends_within(self._end, GONE_WITHIN):
                self._process.kill()
            self._bury()
        if self._table >= 0:
            os.close(self._table)
            self._table = -1

    def _launch(self) -> None:
        if self._table < 0 or self._starts > REPLACED_AT_MOST:
            return
        self._starts += 1
        fds: list[int] = []
        try:
            for _ in range(2):
                fds += os.pipe()
            fds.append(os.open(os.devnull, os.O_RDWR))
            read, write, end, dying, quiet = fds
            # an empty environment: a guardian of an outer run must not take it for a job
            self._process = start_process((sys.executable, "-I", "-S", PROGRAM, self._run_id, str(self._table), *self._note), cwd="/", env={}, stdin=read, stdout=quiet,
                                          stderr=quiet, pass_fds=(self._table, dying))
        except OSError:
            kept: tuple[int, ...] = ()
        else:
            self._pipe, self._end = kept = (write, end)
            PIPES.add(write)
        for fd in fds:
            if fd not in kept:
                os.close(fd)

    def _put(self, row: tuple[int, int]) -> None:
        number = self._rows[row] = self._free.pop() if self._free else len(self._rows)
        self._write(number, row)

    def _drop(self, row: tuple[int, int]) -> None:
        number = self._rows.pop(row, None)
        if number is not None:
            self._free.append(number)
            self._write(number, (0, 0))

    def _write(self, number: int, row: tuple[int, int]) -> None:
        if self._table >= 0:
            try:
                os.pwrite(self._table, row[0].to_bytes(WORD, sys.byteorder, signed=True) + row[1].to_bytes(WORD, sys.byteorder, signed=True), number * 2 * WORD)
            except OSError:
                return

    def _bury(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            forget(process.pid)
        self._close_pipe()
        if self._end >= 0:
            os.close(self._end)
            self._end = -1

    def _close_pipe(self) -> None:
        if self._pipe in PIPES:
            PIPES.remove(self._pipe)
            os.close(self._pipe)
        self._pipe = -1


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gatekeeper-guard", os.MFD_CLOEXEC)
    import tempfile  # lazy: only systems without files in memory

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _ends_within(fd: int, seconds: float) -> bool:
    """Whether the other side of the pipe lets go of it in time."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
