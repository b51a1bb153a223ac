"""Gatekeeper that is killed at a moment of our choosing: started as `python -P dying.py MOMENT COUNTER ARG...`.

Every step by which a program changes what is on disk (opening a file for writing, making a folder or a link, renaming, deleting) is counted by an
audit hook, without touching the program itself. At step MOMENT the process kills itself as `kill -9` would; MOMENT 0 lets it live.
The number of steps is kept in the file COUNTER. It knows nothing of Gatekeeper but its entry point.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

_CHANGES = frozenset({"os.rename", "os.mkdir", "os.symlink", "os.link", "os.remove", "os.rmdir", "os.truncate"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def main(moment: int, counter: str, argv: list[str]) -> int:
    board = os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    steps, owner = 0, os.getpid()

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal steps
        if (event not in _CHANGES and not (event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING)) or os.getpid() != owner:
            return
        steps += 1
        os.pwrite(board, f"{steps}\n".encode(), 0)
        if steps == moment:
            os.kill(owner, signal.SIGKILL)

    from gatekeeper.cli.start import main as start

    sys.argv = ["gatekeeper", *argv]
    sys.addaudithook(heard)
    return start()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
