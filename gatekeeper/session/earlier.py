"""What a run takes over from an earlier one: results that still hold, and, where it is the same run that goes on, its folder, plan and times.

Results are taken over only when `choose` says so, which is asked once the tree has been looked at and before anything starts. Does not know why a
result holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gatekeeper.execute.limits import Spent
from gatekeeper.model.event import Intervened, JobFinished
from gatekeeper.model.plan import Plan
from gatekeeper.model.ports import Toolbox
from gatekeeper.model.result import Intervention, Result
from gatekeeper.model.status import Status
from gatekeeper.model.value import dataclass, field
from gatekeeper.session.beginning import Beginning
from gatekeeper.session.look import Sight
from gatekeeper.store.home import RunFolder
from gatekeeper.tree.snapshot import Snapshot

#: a job that ended so has done its work, or has shown that it cannot: what was not run, stopped or waited in vain is run
REACHED = frozenset({Status.PASSED, Status.FAILED, Status.ERRORED, Status.TIMED_OUT, Status.UNMEASURED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Results by job id, what our own jobs said by job id, sentences for the notes of the run, and what people did while it was under way."""

    results: Mapping[str, Result] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    interventions: tuple[Intervention, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What looking gave: the plan as it would be now, and the content of the tree before anything of it ran. `folder` is that of the new run."""

    sight: Sight
    plan: Plan
    toolbox: Toolbox
    before: Snapshot
    folder: str


#: gives what holds of the earlier run for the plan that will be carried out, in the tree as it is. Raises UsageError where the run cannot be
Choose = Callable[[Looked, Plan, Beginning], Held]


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A run that goes on: its locked folder, its plan as it was recorded, what it began with, and the seconds that it took before it died."""

    folder: RunFolder
    plan: Plan
    began: Beginning
    started_at: str
    #: when it began, in seconds of the day
    wall: float
    seconds: float
    #: which part of the run this is, from 2 on
    sitting: int
    resumed_at: tuple[str, ...] = ()
    #: of its time and that of its batches
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What a run takes over. `going` is None for a run of its own that only holds results; `run_id` is the run that they come from."""

    run_id: str
    choose: Choose
    going: Going | None = None


def reached(events: Iterable[JobFinished]) -> Held:
    """What these ends leave to be taken over; of two ends of one job the earlier, which the later only repeats."""
    kept: dict[str, JobFinished] = {}
    for event in events:
        if event.result.status in REACHED:
            kept.setdefault(event.job, event)
    return Held(results={job: event.result for job, event in kept.items()},
                facts={job: event.facts for job, event in kept.items() if event.facts is not None})


def intervention(event: Intervened, began: float) -> Intervention:
    """What somebody did, as the record of the run tells it; the run `began` then, on the clock of the event."""
    return Intervention(seconds=round(event.at - began, 3), action=event.action, subject=event.subject, value=event.value, reason=event.reason, by=event.by)
