"""The stage: a unix socket on which fake tools (`fixtures/bin`) report and wait for their word, so that order and kills need no sleeping.

The kernel closes a connection when its process dies, however it dies: `Actor.gone` is told, not guessed.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from types import TracebackType
from typing import Self

BIN = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "fixtures", "bin")
PATIENCE = 20.0


def fake(name: str, *words: str) -> tuple[str, ...]:
    """argv that starts a fake tool with the interpreter of the tests."""
    return (sys.executable, "-S", "-B", os.path.join(BIN, name), *words)


class Actor:
    """One process that reported: its name, its pid, and the line to it."""

    def __init__(self, link: socket.socket) -> None:
        link.settimeout(PATIENCE)
        self._link = link
        name, pid = self._line().split()
        self.name = name
        self.pid = int(pid)

    def tell(self, line: str) -> None:
        """Give it its word: `exit N`, or `print TEXT` (comes back when it is printed)."""
        self._link.sendall(f"{line}\n".encode())
        if line.startswith("print "):
            assert self._line() == "done"

    def says(self) -> str:
        """The next line that it says of itself."""
        return self._line()

    def gone(self, seconds: float = PATIENCE) -> bool:
        """Whether it is dead, or dies within `seconds`."""
        self._link.settimeout(seconds)
        try:
            return self._link.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def _line(self) -> str:
        line = b""
        while not line.endswith(b"\n"):
            part = self._link.recv(1)
            assert part, "the process went away"
            line += part
        return line.decode().rstrip("\n")

    def close(self) -> None:
        self._link.close()


class Stage:
    """Where fake tools report; `environment` is what they need to find it."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="gk-")
        self.path = os.path.join(self._folder, "s")
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(self.path)
        self._door.listen(64)
        self._door.settimeout(PATIENCE)
        self._actors: dict[str, Actor] = {}

    @property
    def environment(self) -> dict[str, str]:
        return {"FAKE_STAGE": self.path, "PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}

    def actor(self, name: str) -> Actor:
        """The process that reports as `name`, once it does."""
        while name not in self._actors:
            actor = Actor(self._door.accept()[0])
            self._actors[actor.name] = actor
        return self._actors[name]

    def whoever(self) -> Actor:
        """The next process that reports, whatever its name."""
        actor = Actor(self._door.accept()[0])
        self._actors[actor.name] = actor
        return actor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        for actor in self._actors.values():
            actor.close()
        self._door.close()
        shutil.rmtree(self._folder)
