"""Whether the system kills processes for want of memory: it counts such kills, for the whole machine and for each control group.

Knows no jobs and reads no kernel log. The counters do not say who was killed: a process that ended by SIGKILL which nobody of us sent, while the
count rose, is taken for one of those.
"""

from __future__ import annotations

import os
from collections.abc import Iterator


def memory_kills(root: str = "/") -> int | None:
    """How often the system did so, as far as can be read; None where it does not say. `root` is where /proc and /sys are found."""
    counts = [int(words[1]) for path in _places(root) for words in map(str.split, _lines(os.path.join(root, path)))
              if len(words) == 2 and words[0] == "oom_kill" and words[1].isdigit()]
    return sum(counts) if counts else None


class MemoryKills:
    """Remembers when the count last rose."""

    def __init__(self, root: str = "/") -> None:
        self._root = root
        self._seen = memory_kills(root)
        self._rose = float("-inf")

    def since(self, started: float, now: float) -> bool:
        """Whether the count rose after `started` (then up to now); true as well where it cannot be read, because nothing else kills unasked."""
        count = memory_kills(self._root)
        if count is None or self._seen is None:
            return True
        if count > self._seen:
            self._seen, self._rose = count, now
        return self._rose >= started


def _places(root: str) -> Iterator[str]:
    yield "proc/vmstat"
    for line in _lines(os.path.join(root, "proc/self/cgroup")):
        _, controllers, path = line.rstrip("\n").split(":", 2)
        group = path.lstrip("/")
        if not controllers:
            yield from (os.path.join(mount, group, "memory.events") for mount in ("sys/fs/cgroup", "sys/fs/cgroup/unified"))
        elif "memory" in controllers.split(","):
            yield os.path.join("sys/fs/cgroup/memory", group, "memory.oom_control")


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.readlines()
    except OSError:
        return []
