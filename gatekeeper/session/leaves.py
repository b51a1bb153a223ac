"""Removes after a run what tools are known to leave in the tree (`leaves` of the catalogue): cargo makes the lock file that a library does not keep.

Only files that were missing before the run and that git would show go; does not know whether anything else changed.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from fnmatch import fnmatchcase

from gatekeeper.model.plan import Job
from gatekeeper.model.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """What jobs may leave (names, or globs of names in one folder, relative to the root), and which files like that were there before."""

    patterns: tuple[str, ...]
    there: frozenset[str]

    def names(self, file: str) -> bool:
        """Whether a file is one that the run may leave, and will go at its end."""
        return file not in self.there and any(_is_like(file, pattern) for pattern in self.patterns)


def missing_leaves(root: str, jobs: Sequence[Job]) -> Leaves:
    """What the jobs of a plan may leave: what is like it and is not there yet, but is after the run, the run has made."""
    patterns = tuple(dict.fromkeys(name for job in jobs for one in (job, job.fallback) if one is not None for name in one.leaves))
    return Leaves(patterns=patterns, there=frozenset(name for pattern in patterns for name in _like(root, pattern)))


def remove_leaves(root: str, leaves: Leaves, shown: Container[str] | None) -> bool:
    """Removes what the run has left; of that only what git shows (`shown`; None: no git). True when something was removed."""
    left = [name for pattern in leaves.patterns for name in _like(root, pattern) if name not in leaves.there and (shown is None or name in shown)]
    for name in dict.fromkeys(left):
        os.unlink(os.path.join(root, name))
    return bool(left)


def _is_like(file: str, pattern: str) -> bool:
    (folder, name), (wanted, glob) = os.path.split(file), os.path.split(pattern)
    return folder == wanted and fnmatchcase(name, glob)


def _like(root: str, pattern: str) -> Iterator[str]:
    """The plain files that a pattern names; only its last part may be a glob."""
    folder, name = os.path.split(pattern)
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            yield from [os.path.join(folder, entry.name) for entry in entries if fnmatchcase(entry.name, name) and entry.is_file(follow_symlinks=False)]
    except OSError:
        return
