"""Starts processes that are known as ours: in a session of their own, with nothing of ours but three descriptors.

Knows no jobs and reaps nothing. Two ways with one result: `subprocess`, and where the system has it the one of `direct`, which takes half of our
processor time and says nothing when it is refused. Never with `preexec_fn` (14 ms per start in a large process).
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress

from gatekeeper.execute.direct import Direct

#: pids of children that we started and reap ourselves; everything else below us was adopted
OWNED: set[int] = set()
#: held from fork to registration, so that nobody takes a fresh child for an adopted one
SPAWNING = threading.Lock()


def start_tree(direct: Direct | None, argv: tuple[str, ...], *, cwd: str, env: Mapping[str, str], more: Mapping[str, str], stdout: int, stderr: int,
               pass_fds: tuple[int, ...] = ()) -> int:
    """Start a process without stdin whose environment is `env` with `more` laid over it; its pid. The caller waits for it. Raises OSError or ValueError
    (a NUL in argv)."""
    if direct is not None and not pass_fds:
        with SPAWNING:
            pid = direct.start(argv, cwd=cwd, env=env, more=more, stdout=stdout, stderr=stderr)
            if pid:
                OWNED.add(pid)
                return pid
    process = start_process(argv, cwd=cwd, env={**env, **more}, stdout=stdout, stderr=stderr, pass_fds=pass_fds)
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
