"""Lists the files that belong to a tree, and reads them. Does not know what any file means."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from gatekeeper.errors import TreeError
from gatekeeper.model.ports import Runner
from gatekeeper.model.value import dataclass
from gatekeeper.tree.git import Git
from gatekeeper.tree.listing import Listing, ask_listing, require_listing
from gatekeeper.tree.plain import open_plain

#: folders that a plain walk never enters; git leaves them out by .gitignore, elsewhere their names must do
WALK_SKIPS = frozenset({".git", ".hg", ".svn", "node_modules", "target", ".venv", "venv", "__pycache__", ".tox", ".nox", ".mypy_cache",
                        ".ruff_cache", ".pytest_cache", ".gatekeeper", ".eggs", ".yarn", ".pnpm-store"})
#: ours; never part of the tree even where .gitignore was not read
_OURS = ".gatekeeper/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files below `root` (absolute): tracked and untracked ones that git does not ignore, POSIX, relative, sorted.

    `submodules` are the folders of submodules, `nested` those of repositories inside this one; neither's files are listed.
    `symlinks` is the subset of `files` that are links, `untracked` the subset git does not track. Only where contents were compared:
    `modified` are the tracked names whose content differs from the index, `index` is the digest of the index.
    `unwatched` are tracked names that git was told not to look at.
    """

    root: str
    files: tuple[str, ...]
    git: bool
    submodules: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    symlinks: frozenset[str] = frozenset()
    untracked: frozenset[str] = frozenset()
    modified: frozenset[str] | None = None
    index: str = ""
    unwatched: frozenset[str] = frozenset()

    def read(self, path: str, limit: int = 8_000_000) -> bytes | None:
        """The first `limit` bytes of a file, or None if it cannot be read, is no plain file, or leads out of the tree."""
        full = os.path.join(self.root, path)
        if not _inside(self.root, full):
            return None
        try:
            with open_plain(full, follow=True) as file:
                return file.read(limit)
        except OSError:
            return None


def _inside(root: str, full: str) -> bool:
    real = os.path.realpath(full)
    if real == full and full.startswith(f"{root}/"):
        return True  # no link on the way, so none in the root
    base = os.path.realpath(root)
    return real == base or real.startswith(base.rstrip("/") + "/")


def read_tree(root: str, runner: Runner, environment: Mapping[str, str], *, compared: bool = False) -> Tree:
    """Lists the tree at `root`; `compared` also tells which contents differ from the index, which is more than looking: git may start the filters
    that its configuration names. Raises TreeError when there is no such folder."""
    absolute = os.path.abspath(root)
    if not os.path.isdir(absolute):
        raise TreeError(f"{root}: no such folder", hint="give the folder of a repository, for example: gatekeeper run .")
    git = Git(runner, absolute, environment)
    listing = ask_listing(git, compared=compared)
    if listing is None and git.line("rev-parse", "--is-inside-work-tree") == "true":
        listing = require_listing(git, compared=compared)  # says what is wrong with the repository
    return _by_git(absolute, listing) if listing else _by_walk(absolute)


def _by_git(root: str, listing: Listing) -> Tree:
    nested = [name.rstrip("/") for name in listing.others if name.endswith("/")]
    untracked = frozenset(own_files(listing.others))
    files = tuple(sorted(name for name in (*listing.tracked, *untracked) if name not in listing.absent))
    links = (listing.symlinks - listing.absent).union(name for name in untracked if os.path.islink(os.path.join(root, name)))
    return Tree(root=root, files=files, git=True, submodules=tuple(sorted(listing.submodules)), nested=tuple(sorted(nested)), symlinks=links,
                untracked=untracked, modified=listing.modified, index=listing.index, unwatched=listing.unwatched)


def own_files(untracked: Sequence[str]) -> list[str]:
    """The untracked files that belong to the project: not ours, not an installed environment that .gitignore forgets."""
    environments = tuple(name.removesuffix("pyvenv.cfg") for name in untracked if name.endswith("/pyvenv.cfg"))
    return [name for name in untracked if not name.endswith("/") and not name.startswith((_OURS, *environments))
            and not name.startswith("node_modules/") and "/node_modules/" not in name]


def _by_walk(root: str) -> Tree:
    files: list[str] = []
    symlinks: set[str] = set()
    nested: list[str] = []
    pending = [""]
    while pending:
        folder = pending.pop()
        for entry in _entries(os.path.join(root, folder)):
            name = f"{folder}{entry.name}"
            if entry.is_symlink():
                files.append(name)
                symlinks.add(name)
            elif entry.is_dir(follow_symlinks=False):
                if entry.name in WALK_SKIPS:
                    continue
                if os.path.exists(os.path.join(root, name, ".git")):
                    nested.append(name)
                else:
                    pending.append(name + "/")
            elif entry.is_file(follow_symlinks=False):
                files.append(name)
    return Tree(root=root, files=tuple(sorted(files)), git=False, nested=tuple(sorted(nested)), symlinks=frozenset(symlinks),
                untracked=frozenset(files))


def _entries(folder: str) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
