"""Proves that checking did not write: the state of a tree before and after, compared by content.

Git vouches for the tracked files that it calls clean; hashed here are only dirty and untracked files, and those that git was told not to look at.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping

from gatekeeper.model.value import dataclass
from gatekeeper.tree.files import Tree, own_files
from gatekeeper.tree.git import Git
from gatekeeper.tree.listing import require_listing
from gatekeeper.tree.plain import open_plain
from gatekeeper.tree.refs import read_refs


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Content digests of the files that differ from the index, the index itself, and all refs (stashes among them).

    `commit` is the id of the one that is checked out, empty where there is none or it is not known.
    """

    files: Mapping[str, str]
    index: str
    refs: str
    commit: str = ""


def take(tree: Tree, git: Git) -> Snapshot:
    """The state of the tree now. Without git, every file of `tree` is hashed; new ones are not looked for, as nothing says which are caches."""
    if not tree.git:
        return Snapshot(files={name: _digest(tree.root, name) for name in tree.files}, index="", refs="")
    # like `git diff`, and unlike diff-files, this leaves out files that were only touched: their content is what counts
    listing = require_listing(git, compared=True)
    return _snapshot(tree.root, git, (*(listing.modified or ()), *own_files(listing.others), *listing.unwatched), listing.index)


def first(tree: Tree, git: Git) -> Snapshot:
    """The state of the tree when it was read: where contents were compared then, git is not asked again. What changed since is a difference."""
    if tree.modified is None:
        return take(tree, git)
    return _snapshot(tree.root, git, (*tree.modified, *tree.untracked, *tree.unwatched), tree.index)


def _snapshot(root: str, git: Git, names: Iterable[str], index: str) -> Snapshot:
    refs = read_refs(root)
    if refs is None:
        answer = git.ask("show-ref", "--head") or b""  # refused where there is no commit yet
        told, commit = hashlib.blake2b(answer).hexdigest(), answer.partition(b" HEAD")[0]
    else:
        told, commit = hashlib.blake2b(repr(sorted(refs.items())).encode()).hexdigest(), _head(refs)
    return Snapshot(files={name: _digest(root, name) for name in names}, index=index, refs=told, commit=os.fsdecode(commit))


def _head(refs: Mapping[str, bytes]) -> bytes:
    """The commit that HEAD stands for, directly or by the name of a branch; empty before the first commit."""
    head = refs.get("HEAD", b"")
    return refs.get(os.fsdecode(head.removeprefix(b"ref: ")), b"") if head.startswith(b"ref: ") else head


def differences(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """What changed between two snapshots: file names, and the words `(index)` and `(refs)`."""
    names = sorted(name for name in {*before.files, *after.files} if before.files.get(name) != after.files.get(name))
    if before.index != after.index:
        names.append("(index)")
    if before.refs != after.refs:
        names.append("(refs)")
    return tuple(names)


def _digest(root: str, name: str) -> str:
    full = os.path.join(root, name)
    try:
        if os.path.islink(full):
            return "link:" + os.readlink(full)
        with open_plain(full) as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()
    except OSError as error:
        return f"unreadable: {error.errno}"
