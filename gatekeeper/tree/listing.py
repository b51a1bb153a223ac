"""One question to git that answers most: what the index holds, what is gone, what git does not track and, if asked, what differs.

Each start of git costs milliseconds that a hook feels, so what one call can tell is not asked twice. Does not know which of the files are
the project's own.
"""

from __future__ import annotations

import hashlib
import os

from gatekeeper.model.value import dataclass
from gatekeeper.tree.git import Git

_QUESTION = ("ls-files", "-z", "-t", "--stage", "--others", "--deleted", "--exclude-standard")
_LINK, _SUBMODULE = b"120000", b"160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Names as git gives them, relative to where it was asked; folders among `others` end with `/`.

    `absent` is the subset of `tracked` that is not on disk (deleted, or outside a sparse checkout), `modified` the one whose content differs
    from the index, `index` the digest of the whole index below that folder; both tell only where contents were compared.
    """

    tracked: tuple[str, ...]
    submodules: tuple[str, ...]
    symlinks: frozenset[str]
    absent: frozenset[str]
    modified: frozenset[str]
    others: tuple[str, ...]
    index: str


def ask_listing(git: Git) -> Listing | None:
    """The listing, or None where git has none to give (no repository, its innards, or a broken one). Compares no contents."""
    answer = git.ask(*_QUESTION)
    return None if answer is None else _read(git, answer, compared=False)


def require_listing(git: Git, *, compared: bool = False) -> Listing:
    """The listing; `compared` fills `modified` and `index`, for which git may start the filters that its configuration names. Raises TreeError."""
    return _read(git, git.require(*_QUESTION, *(("--modified",) if compared else ())), compared=compared)


def _read(git: Git, answer: bytes, *, compared: bool) -> Listing:
    """Lines are `TAG MODE OBJECT STAGE<tab>NAME`, for what is not tracked `? NAME`; a name may stand under several tags and stages."""
    by_tag: dict[bytes, list[str]] = {b"R": [], b"C": [], b"S": []}
    others: list[str] = []
    tracked: dict[str, bytes] = {}
    digest = hashlib.blake2b()
    for line in answer.split(b"\0"):
        tag = line[:1]
        if tag == b"?":
            others.append(os.fsdecode(line[2:]))
        elif tag:
            name = os.fsdecode(line[line.index(b"\t") + 1:])
            if tag in by_tag:
                by_tag[tag].append(name)
            if tag not in (b"R", b"C"):
                tracked[name] = line[2:8]
                if compared:
                    digest.update(line[2:] + b"\0")
    outside = [name for name in by_tag[b"S"] if not git.has(name)]
    return Listing(tracked=tuple(name for name, mode in tracked.items() if mode != _SUBMODULE),
                   submodules=tuple(name for name, mode in tracked.items() if mode == _SUBMODULE),
                   symlinks=frozenset(name for name, mode in tracked.items() if mode == _LINK),
                   absent=frozenset((*by_tag[b"R"], *outside)), modified=frozenset((*by_tag[b"R"], *by_tag[b"C"])), others=tuple(others),
                   index=digest.hexdigest() if compared else "")
