"""From a plan to the moment before its first job: the plan with all its paths, what the run starts from, what holds of an earlier one.

Does not know how the earlier run was found, nor how the plan is carried out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from gatekeeper.model.plan import Plan
from gatekeeper.model.value import dataclass
from gatekeeper.session.beginning import Beginning, beginning
from gatekeeper.session.earlier import Earlier, Going, Held, Looked
from gatekeeper.session.leaves import missing_leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class Outset:
    """What a run sets out with. `clock` and `wall` are the moments, on the monotonic clock and in seconds of the day, from which its time is counted.

    `mark` is what its processes carry: of a run that goes on another than before, because the guardian of what died ends whoever has the old one.
    """

    plan: Plan
    began: Beginning
    held: Held
    going: Going | None
    retry_of: str
    clock: float
    wall: float
    started_at: str
    mark: str


def outset(looked: Looked, prepare: Callable[[], Plan], earlier: Earlier | None) -> Outset:
    """Everything that is fixed before the first job; `prepare` makes the plan ready for the folder of the run.

    Raises UsageError where the run that is to go on, or be tried again, cannot be.
    """
    plan, run_id = looked.plan, os.path.basename(looked.folder)
    going = earlier.going if earlier is not None else None
    ready = going.plan if going is not None else prepare()
    began = beginning(looked.sight, ready, looked.toolbox, looked.before, missing_leaves(plan.root, ready.jobs))
    held = earlier.choose(looked, ready, began) if earlier is not None else Held()
    retry_of = earlier.run_id if earlier is not None and going is None else ""
    if going is None:
        return Outset(plan=ready, began=began, held=held, going=None, retry_of=retry_of, clock=time.monotonic(), wall=time.time(),
                      started_at=datetime.now(UTC).isoformat(timespec="seconds"), mark=run_id)
    return Outset(plan=ready, began=going.began, held=held, going=going, retry_of="", clock=time.monotonic() - going.seconds, wall=going.wall,
                  started_at=going.started_at, mark=f"{run_id}+{going.sitting}")
