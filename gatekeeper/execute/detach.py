"""Starts a process that outlives this one: a session of its own, no terminal, its output in a file. Knows no runs."""

from __future__ import annotations

import os
import select
from collections.abc import Mapping, Sequence

from gatekeeper.model.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    """A process that was started, and the end of the pipe on which it tells that it is ready."""

    pid: int
    ready: int

    def wait_ready(self, seconds: float) -> bool | None:
        """True once it said that it is ready, False when it ended without, None where it has done neither in time."""
        poll = select.poll()
        poll.register(self.ready, select.POLLIN)
        return bool(os.read(self.ready, 64)) if poll.poll(1000 * seconds) else None

    def exit_code(self) -> int:
        """How it ended (it has to have ended, or this waits); 128 and the number for a signal, as shells say it."""
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return code if code >= 0 else 128 - code


def detach(argv: Sequence[str], environment: Mapping[str, str], *, output: str, keep: Sequence[int]) -> Detached:
    """Starts `argv`, to which the number of the descriptor for saying that it is ready is added; `keep` are descriptors that it is to have. Raises OSError."""
    ready, tell = os.pipe()
    nothing, log = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    for number in (*keep, tell):
        os.set_inheritable(number, True)
    try:
        pid = os.posix_spawn(argv[0], [*argv, str(tell)], environment, setsid=True,
                             file_actions=[(os.POSIX_SPAWN_DUP2, nothing, 0), (os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)])
    except OSError:
        os.close(ready)
        raise
    finally:
        for number in keep:
            os.set_inheritable(number, False)
        for number in (tell, nothing, log):
            os.close(number)
    return Detached(pid=pid, ready=ready)
