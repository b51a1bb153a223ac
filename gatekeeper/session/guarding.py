"""What the run itself adds to the verdict: files that changed while they were checked, files that are only partly staged.

Names the jobs that ran meanwhile. Does not know how a tree is compared, nor what the jobs found.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress

from gatekeeper.errors import StoreError
from gatekeeper.model.component import Problem
from gatekeeper.model.result import Condition, Result
from gatekeeper.model.settings import Settings
from gatekeeper.model.status import Outcome
from gatekeeper.session.look import Sight
from gatekeeper.tree.changes import Changes

_SHOWN = 5


def run_conditions(sight: Sight, changes: Changes, changed: Sequence[str], results: Sequence[Result]) -> tuple[Condition, ...]:
    """Conditions beside those of the jobs; `changed` is what differs in the tree since the run began."""
    found = (None if sight.settings.fix else tree_condition(sight.tree.root, changed, results), staged_condition(changes.partly_staged),
             None if _is_filtered(sight.settings) else unread_condition(sight.detection.problems, changes.files))
    return tuple(condition for condition in found if condition is not None)


def _is_filtered(settings: Settings) -> bool:
    """Whether the user asked for some jobs only: then the rest of the repository is not the question."""
    return bool(settings.only or settings.batches or settings.languages)


def unread_condition(problems: Sequence[Problem], scope: Sequence[str] | None) -> Condition | None:
    """The condition for files that detection could not read: what they describe was not planned, so it was not measured."""
    unread = sorted({problem.file for problem in problems if not problem.harmless and (scope is None or problem.file in scope)})
    if not unread:
        return None
    return Condition(subject="detection", outcome=Outcome.INCOMPLETE, message=f"what these describe could not be seen: {_names(unread)}",
                     hint="see what is wrong with: gatekeeper detect; or leave them out: exclude: [...] in gatekeeper.yaml")


def staged_condition(partly_staged: Sequence[str]) -> Condition | None:
    """The condition for files whose work-tree content is not what would be committed."""
    if not partly_staged:
        return None
    return Condition(subject="staged", outcome=Outcome.INCOMPLETE,
                     message=f"only partly staged, so what was checked is not what would be committed: {_names(partly_staged)}",
                     hint="stage them whole (git add) or put the rest aside (git stash --keep-index)")


def tree_condition(root: str, changed: Sequence[str], results: Sequence[Result]) -> Condition | None:
    """The condition for a tree that changed while it was checked: what was measured is not what is there now."""
    if not changed:
        return None
    moments = [moment for name in changed if (moment := _changed_at(root, name)) is not None]
    suspects = sorted(result.job for result in results if any(_ran_at(result, moment) for moment in moments))
    while_running = f" while {', '.join(suspects[:_SHOWN])} ran" if suspects else ""
    return Condition(subject="tree", outcome=Outcome.INCOMPLETE, message=f"checking must not write, but these changed{while_running}: {_names(changed)}",
                     hint="if a tool made them, ignore them in .gitignore; if you edited them, run again")


def unwritten_condition(error: StoreError) -> Condition:
    """The condition for reports that could not be written: on a full disk, say."""
    return Condition(subject="reports", outcome=Outcome.INCOMPLETE, message=error.message, hint=error.hint)


def leak_notes(results: Sequence[Result]) -> tuple[str, ...]:
    """A sentence for each job that left processes behind: whatever else it did, that is for somebody to mend."""
    left = {result.job: _names([name for attempt in result.attempts for name in attempt.leaked]) for result in results}
    return tuple(f"{job} left processes behind, which were ended: {names}" for job, names in left.items() if names)


def _names(files: Sequence[str]) -> str:
    return ", ".join(files[:_SHOWN]) + (f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else "")


def _changed_at(root: str, name: str) -> float | None:
    """When a file changed, on the monotonic clock; of one that is gone, when its folder did. None where that cannot be told."""
    if name.startswith("("):  # the index, the refs: no files of the tree
        return None
    for path in (os.path.join(root, name), os.path.dirname(os.path.join(root, name))):
        with suppress(OSError):
            return os.lstat(path).st_mtime - time.time() + time.monotonic()
    return None


def _ran_at(result: Result, moment: float) -> bool:
    # one second of slack: file systems and samples are coarse
    return any(attempt.started - 1 <= moment <= attempt.started + attempt.wall_seconds + 1 for attempt in result.attempts)
