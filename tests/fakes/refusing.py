"""Gatekeeper on a machine that refuses to start something: `python -P refusing.py NUMBER|NUMBER- ARG...` in the place of `python -P -m gatekeeper`.

Every start of a process or a thread by the program itself is counted from 1; that number (with a `-` all from there on) is refused as a system does that has
no more of them. How many there were is the last line on stderr. Knows nothing of Gatekeeper but its entry point.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from typing import Any

_STARTS = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork"})
#: what a start through the C library needs, of which nobody hears: without it Python itself starts the process
_UNHEARD = "posix_spawn_file_actions_addchdir_np"


def main(which: str, words: list[str]) -> int:
    starts, owner, first = 0, os.getpid(), int(which.rstrip("-"))

    def refused() -> bool:
        nonlocal starts
        if os.getpid() != owner:
            return False
        starts += 1
        return starts >= first if which.endswith("-") else starts == first

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "ctypes.dlsym" and arguments[1] == _UNHEARD:
            raise AttributeError(_UNHEARD)
        if event in _STARTS and refused():
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    class Refusing(threading.Thread):
        def start(self) -> None:
            if refused():
                raise RuntimeError("can't start new thread")
            super().start()

    threading.Thread = Refusing  # type: ignore[misc]  # before anybody imports it by name
    from gatekeeper.__main__ import main as start

    sys.argv = ["gatekeeper", *words]
    sys.addaudithook(heard)
    try:
        return start()
    finally:
        os.write(2, f"\n{starts}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
