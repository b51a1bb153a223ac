"""Starts processes that are known as ours: in a session of their own, with nothing of ours but three descriptors.

Knows no jobs and reaps nothing. Two ways with one result: `subprocess`, and where the folder is the one that we are in already the system's own
`posix_spawn`, which cannot change it but takes half of our processor time. Never with `preexec_fn` (14 ms per start in a large process).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress

#: pids of children that we started and reap ourselves; everything else below us was adopted
OWNED: set[int] = set()
#: held from fork to registration, so that nobody takes a fresh child for an adopted one
SPAWNING = threading.Lock()
#: what Python ignores for itself and its children should not
_PYTHONS = (signal.SIGPIPE, signal.SIGXFSZ)
_DIRECT = sys.platform == "linux" and hasattr(os, "posix_spawn")


def start_tree(argv: tuple[str, ...], *, cwd: str, env: Mapping[str, str], stdout: int, stderr: int, pass_fds: tuple[int, ...] = ()) -> int:
    """Start a process without stdin; its pid. The caller waits for it. Raises OSError or ValueError (a NUL in argv)."""
    if _DIRECT and not pass_fds and min(stdout, stderr) > 2 and argv[0][:1] == "/" and cwd == _here():
        return _start_here(argv, env, stdout, stderr)
    process = start_process(argv, cwd=cwd, env=env, stdout=stdout, stderr=stderr, pass_fds=pass_fds)
    process.returncode = 0  # or it would be waited for once more when this object goes
    return process.pid


def start_process(argv: tuple[str, ...], *, cwd: str, env: Mapping[str, str], stdout: int, stderr: int,
                  stdin: int = subprocess.DEVNULL, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
    """Start a process for somebody who wants the object."""
    with SPAWNING:
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr,
                                   start_new_session=True, close_fds=True, pass_fds=pass_fds)
        OWNED.add(process.pid)
    return process


def forget(pid: int) -> None:
    """The process was reaped; its number may come again."""
    OWNED.discard(pid)


def keep_descriptors() -> None:
    """What our caller left open is not passed on either; all that Python opens is not anyway."""
    with suppress(OSError):
        for name in os.listdir("/dev/fd"):
            with suppress(OSError):  # the one of the listing itself is closed by now
                if int(name) > 2:
                    os.set_inheritable(int(name), False)


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _start_here(argv: tuple[str, ...], env: Mapping[str, str], stdout: int, stderr: int) -> int:
    streams = ((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, stdout, 1), (os.POSIX_SPAWN_DUP2, stderr, 2))
    with SPAWNING:
        pid = os.posix_spawn(argv[0], argv, env, file_actions=streams, setsid=True, setsigdef=_PYTHONS)
        OWNED.add(pid)
    return pid
