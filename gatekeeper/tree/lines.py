"""The lines that a change added, and how large it is: what conditions on new code ask for. Does not know coverage nor findings."""

from __future__ import annotations

from gatekeeper.model.coverage import ChangedLines
from gatekeeper.tree.files import Tree
from gatekeeper.tree.git import Git
from gatekeeper.tree.touched import hunks


def changed_lines(tree: Tree, git: Git, base: str, *, staged: bool = False, name: str | None = None) -> ChangedLines | None:
    """What differs from the commit `base`, in the work tree (untracked files too) or, `staged`, in the index; None where git cannot tell."""
    found = hunks(git, base, staged=staged)
    if found is None:
        return None
    untracked = frozenset() if staged else tree.untracked
    new = {file: len((tree.read(file) or b"").splitlines()) for file in untracked}
    return ChangedLines(
        base=name or f"commit {base[:12]}",
        added={**{file: frozenset(line for hunk in several for line in range(hunk.start, hunk.start + hunk.added)) for file, several in found.items()},
               **dict.fromkeys(new)},
        lines=sum(hunk.added + hunk.removed for several in found.values() for hunk in several) + sum(new.values()), files=len(found.keys() | new.keys()))
