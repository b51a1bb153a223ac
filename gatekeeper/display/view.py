"""The state of a run as a display sees it: an immutable value, and one function that takes an event to the next.

Pure: no clock, no terminal. Times are those of the events, in seconds on the monotonic clock.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.judge.counters import BUCKETS, counters, total
from gatekeeper.model.event import (
    Event,
    JobDelayed,
    JobFinished,
    JobPaused,
    JobResumed,
    JobStarted,
    Pressure,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    VerdictReached,
)
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Counters, Result, Verdict
from gatekeeper.model.status import Status
from gatekeeper.model.value import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob:
    """A job that has started and not ended; `attempt` counts from 1."""

    job: Job
    started: float
    attempt: int = 1
    #: since when its processes are frozen, or it waits for a person
    stopped: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """A batch with its counters; its jobs ran from `started` to `ended`, None where none of them did: as `judge.counters.batch_seconds` has it."""

    id: str
    title: str
    target: float | None
    counters: Counters
    started: float | None = None
    ended: float | None = None

    @property
    def finished(self) -> int:
        """How many of its jobs have ended, however they ended."""
        return self.counters.total - self.counters.pending - self.counters.running

    @property
    def over(self) -> bool:
        return self.finished == self.counters.total

    @property
    def seconds(self) -> float | None:
        return None if self.started is None or self.ended is None else self.ended - self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that a display shows of a run at one moment."""

    run_id: str = ""
    plan: Plan | None = None
    jobs: Mapping[str, Job] = field(default_factory=dict)
    started: float = 0.0
    batches: tuple[BatchView, ...] = ()
    running: tuple[RunningJob, ...] = ()
    verdict: Verdict | None = None
    over: bool = False
    #: why the run is paused; empty while it is not
    paused: str = ""
    #: jobs whose processes are frozen
    frozen: frozenset[str] = frozenset()
    #: resources of which it was told that they are short, and that there is room again
    short: frozenset[str] = frozenset()
    eased: frozenset[str] = frozenset()

    @property
    def counters(self) -> Counters:
        """Of all batches together."""
        return total(batch.counters for batch in self.batches)

    @property
    def percent(self) -> int:
        """Jobs that have ended, of all; rounded down, so that 100 means all."""
        whole = self.counters
        return 100 * (whole.total - whole.pending - whole.running) // whole.total if whole.total else 100

    def batch(self, batch_id: str) -> BatchView | None:
        return next((batch for batch in self.batches if batch.id == batch_id), None)


def advance(view: View, event: Event) -> View:
    """The view after `event`; events of jobs that the plan does not have change nothing."""
    match event:
        case RunStarted():
            return _opened(event)
        case JobStarted() if event.job in view.jobs:
            return _started(view, event)
        case JobFinished() if event.job in view.jobs:
            return _finished(view, event)
        case JobDelayed() if event.job in view.jobs:
            return _delayed(view, event)
        case VerdictReached():
            return replace(view, verdict=event.verdict)
        case RunFinished():
            return replace(view, verdict=event.verdict, running=(), over=True)
        case RunPaused() | RunResumed() | Pressure():
            return _held_back(view, event)
        case JobPaused() | JobResumed():
            running = tuple(_stopped(entry, event) if entry.job.id == event.job else entry for entry in view.running)
            frozen = view.frozen - {event.job}
            return replace(view, running=running, frozen=frozen | {event.job} if isinstance(event, JobPaused) else frozen)
        case _:
            return view


def _held_back(view: View, event: RunPaused | RunResumed | Pressure) -> View:
    match event:
        case RunPaused():
            return replace(view, paused=event.reason or "paused")
        case RunResumed():
            return replace(view, paused="")
        case Pressure():
            return replace(view, short=view.short | {event.resource}) if event.held else replace(view, eased=view.eased | view.short & {event.resource})


def _stopped(entry: RunningJob, event: JobPaused | JobResumed) -> RunningJob:
    """The job with its clock standing still, or going on where it stood."""
    if isinstance(event, JobPaused):
        return replace(entry, stopped=event.at)
    return entry if entry.stopped is None else replace(entry, stopped=None, started=entry.started + event.at - entry.stopped)


def _opened(event: RunStarted) -> View:
    parts = counters(event.plan, ())
    batches = tuple(BatchView(id=batch.id, title=batch.title, target=batch.target, counters=parts[batch.id])
                    for batch in event.plan.batches if parts[batch.id].total)
    return View(run_id=event.run_id, plan=event.plan, jobs={job.id: job for job in event.plan.jobs}, started=event.at, batches=batches)


def _started(view: View, event: JobStarted) -> View:
    job = view.jobs[event.job]
    others = tuple(entry for entry in view.running if entry.job.id != job.id)
    again = len(others) < len(view.running)
    running = (*others, RunningJob(job=job, started=event.at, attempt=event.attempt))
    view = replace(view, frozen=view.frozen - {job.id})  # what was frozen of it before is gone
    if again:  # a further attempt: it was and is counted as running
        return replace(view, running=running)
    batches = tuple(_moved(batch, "pending", "running") if batch.id == job.batch else batch for batch in view.batches)
    return replace(view, running=running, batches=batches)


def _delayed(view: View, event: JobDelayed) -> View:
    job = view.jobs[event.job]
    others = tuple(entry for entry in view.running if entry.job.id != job.id)
    if len(others) == len(view.running):
        return view
    batches = tuple(_moved(batch, "running", "pending") if batch.id == job.batch else batch for batch in view.batches)
    return replace(view, running=others, batches=batches, frozen=view.frozen - {job.id})


def _finished(view: View, event: JobFinished) -> View:
    job = view.jobs[event.job]
    others = tuple(entry for entry in view.running if entry.job.id != job.id)
    origin = "running" if len(others) < len(view.running) else "pending"
    status = event.result.status if event.result.status.final else Status.ERRORED
    batches = tuple(_spanned(_moved(batch, origin, BUCKETS[status]), event.result) if batch.id == job.batch else batch for batch in view.batches)
    return replace(view, running=others, batches=batches, frozen=view.frozen - {job.id})


def _moved(batch: BatchView, origin: str, target: str) -> BatchView:
    """One job of the batch goes from one counter to another."""
    part = batch.counters
    part = replace(part, **{origin: getattr(part, origin) - 1})
    return replace(batch, counters=replace(part, **{target: getattr(part, target) + 1}))


def _spanned(batch: BatchView, result: Result) -> BatchView:
    """The batch from its first start to its last end; what an earlier run did is not counted."""
    attempts = result.attempts if not result.held_from else ()
    starts = [attempt.started for attempt in attempts] + ([] if batch.started is None else [batch.started])
    ends = [attempt.started + attempt.wall_seconds for attempt in attempts] + ([] if batch.ended is None else [batch.ended])
    return replace(batch, started=min(starts), ended=max(ends)) if starts and ends else batch
