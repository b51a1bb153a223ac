"""Which runs of this user are under way, in whatever tree: a folder of links, one to each run's folder, named after the run.

A link lies about nothing: whether the run lives is told by the lock in its folder, which dies with its process. Links of runs that are over
are removed by whoever sees them. Does not know what a run does.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping

from gatekeeper.config.compiled import cache_folder
from gatekeeper.store.home import is_running


def registry_of(environment: Mapping[str, str]) -> str | None:
    """The user's folder of runs under way, None without HOME and XDG_CACHE_HOME. It need not exist."""
    cache = cache_folder(environment)
    return None if cache is None else os.path.join(cache, "running")


def announce(registry: str, run_folder: str) -> str | None:
    """Adds a run; the path of its link, None where it could not be made, which is no reason to fail."""
    link = os.path.join(registry, os.path.basename(run_folder))
    try:
        os.makedirs(registry, mode=0o700, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # of a sitting of the same run that died
            os.unlink(link)
        os.symlink(run_folder, link)
    except OSError:
        return None
    return link


def withdraw(link: str | None) -> None:
    """Takes a run out again."""
    if link is not None:
        with contextlib.suppress(OSError):
            os.unlink(link)


def under_way(registry: str | None) -> tuple[str, ...]:
    """Folders of the runs that are under way, oldest first; links of the others are removed."""
    found = []
    for name in _names(registry):
        link = os.path.join(registry or "", name)
        try:
            folder = os.readlink(link)
        except OSError:
            continue
        if is_running(folder):
            found.append(folder)
        else:
            withdraw(link)
    return tuple(sorted(found, key=os.path.basename))


def _names(registry: str | None) -> list[str]:
    try:
        return os.listdir(registry) if registry else []
    except OSError:
        return []
