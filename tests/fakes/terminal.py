"""A program on a pseudo terminal: what it writes there, byte for byte. Knows nothing of Gatekeeper."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence


def run_on_terminal(argv: Sequence[str], *, cwd: str, env: Mapping[str, str], size: tuple[int, int], timeout: float) -> tuple[int, bytes]:
    """Run `argv` with a terminal of `size` (rows, columns) as stdin, stdout and stderr; gives exit code and output.

    A program that runs longer than `timeout` seconds is killed and fails the test.
    """
    master, terminal = os.openpty()
    try:
        termios.tcsetwinsize(terminal, size)
        process = subprocess.Popen(list(argv), cwd=cwd, env=env, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    finally:
        os.close(terminal)
    try:
        output = _drain(master, process, time.monotonic() + timeout)
    finally:
        os.close(master)
    return process.wait(), output


def _drain(master: int, process: subprocess.Popen[bytes], deadline: float) -> bytes:
    chunks: list[bytes] = []
    while True:
        ready, _, _ = select.select([master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"still running at the deadline; it wrote:\n{b''.join(chunks).decode('utf-8', 'replace')}")
        chunk = _read(master)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def _read(master: int) -> bytes:
    """The next bytes; none when the last process has closed the terminal, which Linux tells as EIO."""
    try:
        return os.read(master, 65536)
    except OSError:
        return b""
