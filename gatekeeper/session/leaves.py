"""Removes after a run what tools are known to leave in the tree (`leaves` of the catalogue): cargo makes the lock file that a library does not keep.

Only files that were missing before the run and that git would show go; does not know whether anything else changed.
"""

from __future__ import annotations

import os
from collections.abc import Container, Sequence

from gatekeeper.model.plan import Job


def missing_leaves(root: str, jobs: Sequence[Job]) -> tuple[str, ...]:
    """The files that jobs may leave behind and that are not there yet: should they be there after the run, the run made them."""
    return tuple(dict.fromkeys(name for job in jobs for name in job.leaves if not os.path.lexists(os.path.join(root, name))))


def remove_leaves(root: str, names: Sequence[str], shown: Container[str] | None) -> bool:
    """Removes those of `names` that are there now; of those only what git shows (`shown`; None: no git). True when something was removed."""
    removed = False
    for name in names:
        path = os.path.join(root, name)
        if (shown is None or name in shown) and os.path.isfile(path) and not os.path.islink(path):
            os.unlink(path)
            removed = True
    return removed
