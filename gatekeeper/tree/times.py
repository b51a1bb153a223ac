"""Tells by the times of its folders whether files of a tree may have come or gone: cheaper than to list it again.

A folder's times change with every name in it. As with contents, they prove nothing where the folder was touched shortly before they were taken: what
came in the same instant would not be seen. Knows neither git nor what files mean.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

#: seconds between the last touch of a folder and the taking of its times that make later changes visible, whatever the file system
_SETTLED = 2.0
#: folders of a tree that are looked at; larger trees are listed again
_MOST = 5_000


class FolderTimes:
    """The times of all folders below `root` (absolute), as they are now. `skip` tells by its name which folder is never looked into."""

    def __init__(self, root: str, skip: Callable[[str], bool], clock: Callable[[], float] = time.time) -> None:
        self._taken = clock()
        self._times: dict[str, tuple[int, int, int] | None] | None = {}
        for folder in _folders(root, skip):
            if len(self._times) == _MOST:
                self._times = None
                break
            self._times[folder] = _times(folder)

    def prove(self) -> bool:
        """Whether it is certain that every folder holds the names that it held."""
        return self._times is not None and all(self._is_settled(times) and _times(folder) == times for folder, times in self._times.items())

    def _is_settled(self, times: tuple[int, int, int] | None) -> bool:
        return times is not None and max(times[:2]) / 1e9 < self._taken - _SETTLED


def _folders(root: str, skip: Callable[[str], bool]) -> Iterator[str]:
    """All folders, links not followed; one that cannot be read has nothing below it."""
    for place, folders, _names in os.walk(root):
        yield place
        folders[:] = [name for name in folders if not skip(name)]


def _times(folder: str) -> tuple[int, int, int] | None:
    try:
        found = os.lstat(folder)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino
