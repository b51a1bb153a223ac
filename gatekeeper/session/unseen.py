"""Files that git ignores and checks may read all the same (`inputs`): which of them were touched after a moment. No snapshot holds them, so it is their
times that tell. Does not know who touched them, nor whether their content differs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from gatekeeper.model.value import dataclass
from gatekeeper.session.inputs import TooManyError, every_input
from gatekeeper.session.look import Sight
from gatekeeper.store.home import LOCK
from gatekeeper.store.journal import FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Names relative to the root that were touched; `too_many` names a folder below which there are too many to look at."""

    touched: tuple[str, ...] = ()
    too_many: str = ""


def touched_after(sight: Sight, moment: float) -> Unseen:
    """What of it was touched after `moment` (seconds of the day)."""
    tree = sight.tree
    try:
        names = sorted({*every_input(sight, tree)}.difference(tree.files))
    except TooManyError as error:
        return Unseen(too_many=str(error.args[0]))
    return Unseen(touched=tuple(name for name in names if _touched(os.path.join(tree.root, name)) > moment))


def _touched(path: str) -> float:
    try:
        found = os.lstat(path)
    except OSError:
        return 0.0
    return max(found.st_mtime, found.st_ctime)


def last_seen(path: str) -> float:
    """When the run in folder `path` gave its last sign of life, in seconds of the day: its guardian touches the lock when it dies, its jobs' output grew,
    its journal was told."""
    return max(_times(path), default=0.0)


def _times(path: str) -> Iterator[float]:
    jobs = os.path.join(path, "jobs")
    folders = [os.path.join(jobs, name) for name in os.listdir(jobs)] if os.path.isdir(jobs) else []
    for name in (os.path.join(path, FILE), os.path.join(path, LOCK), *(os.path.join(folder, stream) for folder in folders for stream in ("stdout.log", "stderr.log"))):
        if os.path.exists(name):
            yield os.stat(name).st_mtime
