"""Reads where HEAD, branches, tags and stashes stand, from git's own files: asked before and after each run, it saves two starts of git.

Says nothing (None) where it does not know the storage for sure; git is asked then. Does not know what a ref is for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from gatekeeper.tree.plain import open_plain


def read_refs(root: str) -> dict[str, bytes] | None:
    """What each ref of the repository around `root` holds, wherever it is kept; None where only git can tell."""
    folder = git_folder(os.path.realpath(root))
    if folder is None:
        return None
    common = common_folder(folder)
    if os.path.lexists(os.path.join(common, "reftable")):
        return None
    try:
        loose = {name: value for place in (common, folder) for name, value in _loose(place, "refs")}  # a work tree has some of its own
        packed = dict(_packed(os.path.join(common, "packed-refs")))  # after the loose ones: packing writes here before it takes them away
        return {**packed, **loose, "HEAD": _content(os.path.join(folder, "HEAD"))}
    except OSError:
        return None


def git_folder(root: str) -> str | None:
    """The folder of the innermost repository, as git finds it; None where there is none. Raises OSError."""
    folder = root
    while True:
        inner = os.path.join(folder, ".git")
        if os.path.isfile(inner):  # of a linked work tree or a submodule
            content = os.fsdecode(_content(inner))
            return os.path.normpath(os.path.join(folder, content.removeprefix("gitdir: "))) if content.startswith("gitdir: ") else None
        if os.path.lexists(os.path.join(inner, "HEAD")) and os.path.isdir(os.path.join(inner, "objects")):
            return inner
        if os.path.dirname(folder) == folder:
            return None
        folder = os.path.dirname(folder)


def common_folder(folder: str) -> str:
    """Where the refs are that all work trees share, and what else is theirs. Raises OSError."""
    try:
        return os.path.normpath(os.path.join(folder, os.fsdecode(_content(os.path.join(folder, "commondir")))))
    except FileNotFoundError:
        return folder


def _packed(path: str) -> Iterator[tuple[str, bytes]]:
    try:
        lines = _content(path).split(b"\n")
    except FileNotFoundError:
        return
    for line in lines:
        if line and line[:1] not in (b"#", b"^"):
            value, _, name = line.partition(b" ")
            yield os.fsdecode(name), value


def _loose(folder: str, name: str) -> Iterator[tuple[str, bytes]]:
    try:
        entries = list(os.scandir(os.path.join(folder, name)))
    except FileNotFoundError:
        return
    for entry in entries:
        inner = f"{name}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _loose(folder, inner)
        elif not inner.endswith(".lock"):
            try:
                yield inner, _content(entry.path)
            except FileNotFoundError:  # packed in this moment: the next look finds it there
                continue


def _content(path: str) -> bytes:
    with open_plain(path) as file:
        return file.read().strip()
