"""Which files of a tree a run looks at: all, the staged ones, those that changed since a base, or those named."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from gatekeeper.errors import UsageError
from gatekeeper.model.value import dataclass
from gatekeeper.tree.files import Tree, own_files
from gatekeeper.tree.git import Git, split_names

_STATES = ("diff", "--name-status", "-z", "--no-ext-diff", "--no-renames", "--relative")
#: what git is asked for the staged files
STAGED = (*_STATES, "--cached")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The files in scope. `files` is None for the whole tree; `deleted` counts for what is affected, not for what is checked.

    `added` are those that the base does not have, None where nobody looked. `partly_staged` names files whose work-tree content is not what
    would be committed; told only of a tree whose contents were compared. `note` says what a person must know. `base` is the commit that is
    compared with, None where nothing is.
    """

    scope: str
    files: tuple[str, ...] | None = None
    deleted: tuple[str, ...] = ()
    added: tuple[str, ...] | None = None
    partly_staged: tuple[str, ...] = ()
    note: str | None = None
    base: str | None = None


def everything(note: str | None = None) -> Changes:
    """The whole tree."""
    return Changes(scope="all files", note=note)


def staged(git: Git, modified: Collection[str] | None = None) -> Changes:
    """The files whose staged content differs from HEAD. `modified` are those that differ from the index, where that was looked for."""
    found = _differing(git.names(*STAGED))
    return Changes(scope="staged files", base="HEAD", files=tuple(sorted(found.kept)), deleted=found.deleted, added=found.added,
                   partly_staged=tuple(sorted(set(modified or ()).intersection(found.kept))))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Differing:
    """The names that a diff lists, by what became of them; `kept` are those that are still there, the added ones among them."""

    kept: tuple[str, ...]
    added: tuple[str, ...]
    deleted: tuple[str, ...]


def _differing(answer: Sequence[str]) -> _Differing:
    by_name = dict(zip(answer[1::2], answer[::2], strict=True))
    added, deleted = (tuple(name for name, status in by_name.items() if status == wanted) for wanted in "AD")
    return _Differing(kept=tuple(name for name, status in by_name.items() if status != "D"), added=added, deleted=deleted)


def since(git: Git, ref: str, scope: str | None = None) -> Changes:
    """The files that differ from the merge-base with `ref`, untracked ones included. Raises UsageError for an unknown ref."""
    if ref.startswith("-") or git.line("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") is None:
        raise UsageError(f"--since {ref}: no such commit", hint="name a branch, tag or commit, for example: --since origin/main")
    base = git.line("merge-base", ref, "HEAD")
    if base is None:
        return everything(note=f"no merge-base with {ref} (shallow clone?): all files are checked")
    found = _differing(git.names(*_STATES, base, "--"))
    untracked = own_files(git.names("ls-files", "-z", "--others", "--exclude-standard"))
    return Changes(scope=scope or f"files changed since {ref}", files=tuple(sorted({*found.kept, *untracked})), deleted=found.deleted,
                   added=tuple(sorted({*found.added, *untracked})), base=base)


def changed(git: Git) -> Changes:
    """The files that differ from the upstream, else from the default branch; without either, everything."""
    ref = usual_ref(git)
    if ref is None:
        return everything(note="no upstream and no default branch to compare with: all files are checked")
    return since(git, ref, scope=f"files changed since {ref}")


def usual_ref(git: Git) -> str | None:
    """What a branch is compared with where nobody says: its upstream, else the default branch; None without either."""
    refs = ("@{upstream}", "origin/HEAD", "origin/main", "origin/master", "main", "master")
    return next((ref for ref in refs if git.line("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") is not None), None)


def named(tree: Tree, files: tuple[str, ...], invoked_from: str) -> Changes:
    """The files given by name, relative to the folder the command was started in. Raises UsageError for one outside the tree or missing."""
    inside = tuple(dict.fromkeys(_relative(tree, name, invoked_from) for name in files))
    known = set(tree.files)
    for name in inside:
        if name not in known and not os.path.lexists(os.path.join(tree.root, name)):
            raise UsageError(f"{name}: no such file in {tree.root}")
    return Changes(scope=f"{len(inside)} named file{'s' if len(inside) != 1 else ''}", files=tuple(sorted(name for name in inside if name in known)))


def _relative(tree: Tree, name: str, invoked_from: str) -> str:
    here = os.path.join(os.path.realpath(invoked_from), name)
    folder = os.path.realpath(os.path.dirname(here))
    relative = os.path.relpath(os.path.join(folder, os.path.basename(here)), os.path.realpath(tree.root))
    if relative == ".." or relative.startswith("../"):
        raise UsageError(f"{name}: not below {tree.root}")
    return relative


def added(git: Git, untracked: Collection[str] | None = None) -> tuple[str, ...]:
    """The files that are new since the merge-base with the upstream or default branch, else since HEAD; untracked ones are always new.

    Whoever knows the `untracked` files already saves a call of git.
    """
    if untracked is None:
        untracked = own_files(git.names("ls-files", "-z", "--others", "--exclude-standard"))
    base = next((found for ref in ("@{upstream}", "origin/HEAD") if (found := git.line("merge-base", ref, "HEAD"))), "HEAD")
    new = git.ask("diff", "--name-only", "-z", "--no-ext-diff", "--no-renames", "--relative", "--diff-filter=A", base, "--")
    if new is None:  # no commit yet: everything is new
        return tuple(sorted({*untracked, *git.names("ls-files", "-z", "--cached")}))
    return tuple(sorted({*untracked, *split_names(new)}))
