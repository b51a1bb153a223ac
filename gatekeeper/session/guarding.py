"""Proves after a run that checking did not write: names what changed and the jobs that ran meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from gatekeeper.model.result import Condition, Result
from gatekeeper.model.status import Outcome

_SHOWN = 5


def tree_condition(root: str, changed: Sequence[str], results: Sequence[Result]) -> Condition | None:
    """The condition for a tree that changed while it was checked: what was measured is not what is there now."""
    if not changed:
        return None
    names = ", ".join(changed[:_SHOWN]) + (f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else "")
    suspects = sorted({result.job for name in changed for result in results if _ran_at(result, _changed_at(root, name))})
    while_running = f" while {', '.join(suspects[:_SHOWN])} ran" if suspects else ""
    return Condition(subject="tree", outcome=Outcome.INCOMPLETE, message=f"checking must not write, but these changed{while_running}: {names}",
                     hint="if a tool made them, ignore them in .gitignore; if you edited them, run again")


def _changed_at(root: str, name: str) -> float | None:
    """When a file changed, on the monotonic clock; None where that cannot be told (it is gone, or no file)."""
    try:
        return os.lstat(os.path.join(root, name)).st_mtime - time.time() + time.monotonic()
    except OSError:
        return None


def _ran_at(result: Result, moment: float | None) -> bool:
    # one second of slack: file systems and samples are coarse
    return moment is not None and any(attempt.started - 1 <= moment <= attempt.started + attempt.wall_seconds + 1 for attempt in result.attempts)
