"""Where things lie on this machine: the search path, the folders of a component, Gatekeeper's own caches. Knows no tool."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Mapping
from functools import lru_cache

from gatekeeper.model.component import Component
from gatekeeper.model.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The tree's root (absolute) and the environment variables that locating may look at."""

    root: str
    environment: Mapping[str, str]

    @property
    def home(self) -> str | None:
        """The user's home folder, or None where there is none."""
        home = self.environment.get("HOME", "")
        return home if os.path.isabs(home) and os.path.isdir(home) else None

    def folder(self, component: Component | None) -> str:
        """Absolute folder of a component; of the tree for None."""
        return self.absolute(component.root if component else ".")

    def absolute(self, relative: str) -> str:
        return self.root if relative in {"", "."} else os.path.join(self.root, relative)

    def folders(self, component: Component | None) -> tuple[str, ...]:
        """Where a component's files may lie: its own folder, its workspace's, the tree's; nearest first, absolute."""
        found = [self.folder(component)]
        if component and component.workspace_root:
            found.append(self.absolute(component.workspace_root))
        return tuple(dict.fromkeys([*found, self.root]))

    def upwards(self, component: Component | None) -> tuple[str, ...]:
        """The component's folder and every parent of it up to the root of the tree, absolute."""
        folder = self.folder(component)
        found = [folder]
        while folder != self.root and folder.startswith(self.root.rstrip("/") + "/"):
            folder = os.path.dirname(folder)
            found.append(folder)
        return tuple(found)

    def inside(self, path: str) -> bool:
        """Whether a path lies in the tree (links resolved)."""
        return _lies_in(os.path.realpath(path), os.path.realpath(self.root))

    def search_path(self) -> tuple[str, ...]:
        """The absolute folders of PATH, without Gatekeeper's own environment and without those that the repository brings."""
        return _usable(self.environment.get("PATH", os.defpath), self.root, own_scripts())

    def find(self, program: str) -> str | None:
        """The first executable of that name on the search path, or None."""
        for folder in self.search_path():
            path = os.path.join(folder, program)
            if executable(path):
                return path
        return None

    def show(self, path: str) -> str:
        """A path as people know it: relative to the tree where it lies in it."""
        return path.removeprefix(self.root.rstrip("/") + "/")


@lru_cache(maxsize=8)  # asked for every tool of every component, and each time it would resolve the links of all folders
def _usable(search_path: str, root: str, own: str | None) -> tuple[str, ...]:
    """The folders of a search path that may be looked in."""
    base = os.path.realpath(root)
    real = {entry: os.path.realpath(entry) for entry in search_path.split(os.pathsep) if os.path.isabs(entry)}
    return tuple(entry for entry, place in real.items() if place != own and not _lies_in(place, base))


def _lies_in(real: str, base: str) -> bool:
    return real == base or real.startswith(base.rstrip("/") + "/")


def executable(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def own_prefix() -> str | None:
    """The virtual environment that Gatekeeper runs in, or None when it runs in none."""
    return _real(sys.prefix) if sys.prefix != sys.base_prefix else None


def own_scripts() -> str | None:
    """The `bin` folder of Gatekeeper's own virtual environment, links resolved."""
    return _real(os.path.join(sys.prefix, "bin")) if sys.prefix != sys.base_prefix else None


@lru_cache(maxsize=8)  # where we lie does not change while we run, and every search asks
def _real(path: str) -> str:
    return os.path.realpath(path)


def usable_home(wanted: str | None) -> str:
    """Gatekeeper's cache folder: the wanted one if it can be written to, else one of the user's own in the temporary folder.

    A folder there that somebody else could have put programs into is not used. Where nothing can be written it is one that cannot be made.
    """
    if wanted and os.path.isabs(wanted) and _writable(wanted):
        return wanted
    import tempfile  # lazy: only users without a cache folder pay

    try:
        path = os.path.join(tempfile.gettempdir(), f"gatekeeper-{os.getuid()}")
    except FileNotFoundError:
        return os.path.join(os.devnull, "gatekeeper")
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    status = os.lstat(path)
    trusted = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022
    return path if trusted else tempfile.mkdtemp(prefix="gatekeeper-")


def _writable(folder: str) -> bool:
    """Whether `folder` can be written to, or be made."""
    while not os.path.exists(folder):
        parent = os.path.dirname(folder)
        if parent == folder:
            return False
        folder = parent
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)


def names_in(folder: str) -> list[str]:
    """The names in a folder, in no order; none where it cannot be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def read_text(path: str, limit: int = 32_000_000) -> str | None:
    """The text of a plain file (UTF-8 with or without a mark, wrong bytes replaced), or None when there is none."""
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return file.read(limit).decode("utf-8-sig", "replace")
    except OSError:
        return None
