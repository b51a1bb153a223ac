"""Our end of the guardian's pipe: starts the guardian and tells it what lives. What it does with that stands in `guardian`.

A guardian that died is started anew once and told everything again; if that fails too, the run goes on unguarded and says so (`alive`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

from gatekeeper.execute.process import forget, start_process

#: write ends of the pipes to our guardians
PIPES: set[int] = set()
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guardian.py")


def _let_go() -> None:
    """In a forked copy of us (a worker process): it must not keep the pipe open when we die."""
    for pipe in PIPES:
        os.close(pipe)
    PIPES.clear()


os.register_at_fork(after_in_child=_let_go)


class Guard:
    """The guardian of one run. Never raises: without a guardian the jobs still run, they only survive a `kill -9` of Gatekeeper."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._groups: set[int] = set()
        self._singles: set[tuple[int, int]] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._launch()

    @property
    def alive(self) -> bool:
        return self._pipe >= 0

    @property
    def pid(self) -> int:
        """Process id of the guardian, 0 when there is none."""
        return self._process.pid if self._process is not None else 0

    def add(self, group: int) -> None:
        """The process group of a job lives."""
        self._groups.add(group)
        self._tell(f"+G {group}\n")

    def remove(self, group: int) -> None:
        """It is gone."""
        self._groups.discard(group)
        self._tell(f"-G {group}\n")

    def add_single(self, pid: int, started: int) -> None:
        """A process outside the groups belongs to a job; `started` is its start time as /proc says it."""
        if (pid, started) not in self._singles:
            self._singles.add((pid, started))
            self._tell(f"+P {pid} {started}\n")

    def close(self) -> None:
        """Let the guardian sweep and go; at most 3 s."""
        process, self._process = self._process, None
        self._close_pipe()
        if process is None:
            return
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        forget(process.pid)

    def _launch(self) -> None:
        read, write = os.pipe()
        quiet = os.open(os.devnull, os.O_RDWR)
        try:
            # an empty environment: a guardian of an outer run must not take it for a job
            self._process = start_process((sys.executable, "-I", "-S", PROGRAM, self._run_id), cwd="/", env={}, stdin=read, stdout=quiet,
                                          stderr=quiet)
            self._pipe = write
            PIPES.add(write)
        except OSError:
            os.close(write)
        finally:
            os.close(quiet)
            os.close(read)

    def _tell(self, line: str) -> None:
        if self._pipe >= 0 and not self._write(line):
            self._bury()
            self._launch()
            everything = "".join([f"+G {group}\n" for group in self._groups] + [f"+P {pid} {at}\n" for pid, at in self._singles])
            if self._pipe >= 0 and not self._write(everything):
                self._bury()

    def _write(self, text: str) -> bool:
        with suppress(OSError):
            os.write(self._pipe, text.encode("ascii"))
            return True
        return False

    def _bury(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            forget(self._process.pid)
        self._process = None
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self._pipe in PIPES:
            PIPES.remove(self._pipe)
            os.close(self._pipe)
        self._pipe = -1
