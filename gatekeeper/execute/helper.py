"""run_helper: one short helper process (git, a version probe, an installer) run to its end.

Knows no plan, no pool and no events. Its output goes to nameless files, not to pipes: a background process that a helper leaves behind can
then neither block nor outlive it; its whole group is killed when the main process ended, when the time is up, and when we are interrupted.
One that is still under way when the program ends is killed.
Not covered: a process that left the group (unless a pool with a subreaper runs), and a `kill -9` of Gatekeeper while a helper runs.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import IO

from gatekeeper.execute.inherited import settle_signals
from gatekeeper.execute.start import forget, start_process
from gatekeeper.model.ports import Completed

#: helpers under way, in whatever thread
_RUNNING: set[int] = set()


def run_helper(argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"",
               timeout: float = 60.0) -> Completed:
    """Run `argv` in `cwd` for at most `timeout` seconds (`env` None: ours). `exit_code` is None when it could not be started, with the
    reason on `stderr`, or when its time was up; negative for a signal. Never raises for what the process does."""
    return Helper(argv, cwd=cwd, env=env, stdin=stdin).answer(timeout)


class Helper:
    """A process that is under way: whoever started it takes its `answer`, or ends it."""

    def __init__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> None:
        settle_signals()
        self._files = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._why = b""
        try:
            source, self._out, self._err = (self._files.enter_context(_nameless()) for _ in range(3))
            source.write(stdin)
            source.seek(0)
            self._process = start_process(tuple(argv), cwd=cwd, env=os.environ if env is None else env, stdout=self._out.fileno(), stderr=self._err.fileno(),
                                          stdin=source.fileno() if stdin else subprocess.DEVNULL)
            _RUNNING.add(self._process.pid)
        except (OSError, ValueError) as error:
            self._why = os.fsencode(f"cannot start `{argv[0] if argv else ''}`: {error}")
            self._files.close()

    @property
    def started(self) -> bool:
        """False where there is no process, and `answer` only says why."""
        return self._process is not None

    def answer(self, timeout: float) -> Completed:
        """Waits for the process, at most so many seconds from now, and ends what is left of its group. Once."""
        process = self._process
        if process is None:
            return Completed(exit_code=None, stderr=self._why)
        ended = False
        with self._files:
            try:
                ended = _ends_within(process, timeout)
            finally:
                self._process = None
                _end_group(process)
            note = b"" if ended else os.fsencode(f"\ntimed out after {timeout:g} s")
            return Completed(exit_code=process.returncode if ended else None, stdout=_content(self._out), stderr=_content(self._err) + note)

    def end(self) -> None:
        """Ends a process whose answer nobody wants any more. A second call does nothing."""
        if self._process is not None:
            _end_group(self._process)
            self._process = None
        self._files.close()


def _ends_within(process: subprocess.Popen[bytes], timeout: float) -> bool:
    """Wait without reaping, so that the group's number stays taken; a pidfd answers at once where polling would cost milliseconds."""
    if hasattr(os, "pidfd_open"):
        with suppress(OSError):
            fd = os.pidfd_open(process.pid)
            try:
                poll = select.poll()
                poll.register(fd, select.POLLIN)
                return bool(poll.poll(max(0.0, timeout) * 1000))
            finally:
                os.close(fd)
    try:
        process.wait(timeout=timeout)
    except subprocess.TimeoutExpired:
        return False
    return True


@atexit.register
def _end_helpers() -> None:
    for pid in tuple(_RUNNING):
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    _RUNNING.discard(process.pid)
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    forget(process.pid)


def _nameless() -> IO[bytes]:
    """A file that nobody else can open, in memory where the system has such: what it holds is read whole anyway."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("gatekeeper-helper", os.MFD_CLOEXEC), "r+b", buffering=0)
    import tempfile  # lazy: only systems without files in memory

    return tempfile.TemporaryFile(buffering=0)


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
