"""One question to git that answers most: what the index holds, what is gone, what git does not track and, if asked, what differs.

Each start of git costs milliseconds that a hook feels, so what one call can tell is not asked twice. In a large tree it is the work that costs, on one
core: there two calls share it, which a runner that asks ahead has done at the same time. Does not know which of the files are the project's own.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping

from gatekeeper.model.value import dataclass
from gatekeeper.tree.git import Git

_NAMES = ("ls-files", "-z", "-v", "--stage", "--others", "--exclude-standard")
_STATES = ("ls-files", "-z", "-v", "--deleted")
#: bytes of an index from which on two calls of git cost less than one: about 20,000 files
_LARGE = 2_000_000
_LINK, _SUBMODULE = "120000", "160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Names as git gives them, relative to where it was asked; folders among `others` end with `/`.

    `absent` is the subset of `tracked` that is not on disk (deleted, or outside a sparse checkout). Only where contents were compared:
    `modified` are the tracked names whose content differs from the index (submodules too), `index` is the digest of the index below that folder.
    `unwatched` are those that git was told not to look at (assume-unchanged, skip-worktree): they may differ, and it would not say so.
    """

    tracked: tuple[str, ...]
    submodules: tuple[str, ...]
    symlinks: frozenset[str]
    absent: frozenset[str]
    others: tuple[str, ...]
    modified: frozenset[str] | None = None
    index: str = ""
    unwatched: frozenset[str] = frozenset()


def ask_listing(git: Git, *, compared: bool = False) -> Listing | None:
    """The listing, or None where git has none to give (no repository, its innards, or a broken one). `compared` fills `modified` and `index`;
    for that git may start the filters that its configuration names."""
    answers = [git.ask(*words) for words in questions(git.root, compared=compared)]
    return None if None in answers else _read(git, [answer for answer in answers if answer is not None], compared=compared)


def require_listing(git: Git, *, compared: bool = False) -> Listing:
    """The listing. Raises TreeError where git has none to give."""
    return _read(git, [git.require(*words) for words in questions(git.root, compared=compared)], compared=compared)


def questions(root: str, *, compared: bool) -> tuple[tuple[str, ...], ...]:
    """What git is asked for a listing of the tree at `root`: all at once, or in a large one names and states each by themselves."""
    states = ("--modified",) if compared else ()
    try:
        large = os.stat(os.path.join(root, ".git", "index")).st_size > _LARGE
    except OSError:
        large = False
    return (_NAMES, (*_STATES, *states)) if large else ((*_NAMES, "--deleted", *states),)


def _read(git: Git, answers: list[bytes], *, compared: bool) -> Listing:
    """Lines are `TAG MODE OBJECT STAGE<tab>NAME`, for what is not tracked `? NAME`; a name may stand under several tags and stages. A tag in small
    letters is that of a file which is assumed to be unchanged. Lines of a second answer are `TAG NAME`.

    They are sorted by tag and mode first: of a hundred thousand there are a handful, and no step after this one looks at single lines.
    """
    others, heads = _by_head(os.fsdecode(answers[0]).split("\0"))
    tracked = {head: lines for head, lines in heads.items() if head[0] not in "RCrc"}
    submodules = _once(_named(tracked, lambda head: head[2:] == _SUBMODULE), tracked)
    states = [line for answer in answers[1:] for line in os.fsdecode(answer).split("\0") if line]
    gone = [*_named(heads, lambda head: head[0] in "Rr"), *(line[2:] for line in states if line[0] in "Rr")]
    outside = [name for name in _named(heads, lambda head: head[0] in "Ss") if not git.has(name)]
    unwatched = frozenset(_named(tracked, lambda head: head[0] == "S" or head[0].islower())).difference(gone, outside)
    modified = {*gone, *_named(heads, lambda head: head[0] in "Cc"), *(line[2:] for line in states if line[0] in "Cc")} if compared else None
    if modified is not None and submodules:  # only a diff looks into them
        modified.update(git.names("diff", "--name-only", "-z", "--no-ext-diff", "--relative"))
    return Listing(tracked=_once(_named(tracked, lambda head: head[2:] != _SUBMODULE), tracked), submodules=submodules,
                   symlinks=frozenset(_named(tracked, lambda head: head[2:] == _LINK)), absent=frozenset((*gone, *outside)), others=tuple(others),
                   modified=None if modified is None else frozenset(modified), index=_digest(tracked) if compared else "", unwatched=unwatched)


def _by_head(lines: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The names that are not tracked, and all other lines by their tag and mode."""
    first = next((number for number, line in enumerate(lines) if line[:1] != "?"), len(lines))  # git tells what is not tracked first
    others, tracked = lines[:first], [line for line in lines[first:] if line]
    heads: dict[str, list[str]] = {}
    usual = tracked[0][:8] if tracked else ""
    rest = [line for line in tracked if line[:8] != usual]
    if tracked:
        heads[usual] = [line for line in tracked if line[:8] == usual] if rest else tracked
    for line in rest:
        heads.setdefault(line[:8], []).append(line)
    for head in [head for head in heads if head[0] == "?"]:
        others += heads.pop(head)
    return [line[2:] for line in others], heads


def _named(heads: Mapping[str, list[str]], wanted: Callable[[str], bool]) -> list[str]:
    """The names of the lines with such heads. Names start at one place in all of them: ids have one length, stages one digit."""
    names: list[str] = []
    for head, lines in heads.items():
        if wanted(head):
            start = lines[0].index("\t") + 1
            names += [line[start:] for line in lines]
    return names


def _once(names: list[str], tracked: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Names in conflict stand there once for each side."""
    return tuple(dict.fromkeys(names)) if any(head[0] in "Mm" for head in tracked) else tuple(names)


def _digest(tracked: Mapping[str, list[str]]) -> str:
    digest = hashlib.blake2b()
    for head in sorted(tracked):
        digest.update("\0".join((*tracked[head], "")).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
