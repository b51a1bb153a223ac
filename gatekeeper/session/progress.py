"""How far a run has come, told from its events: the whole, each batch, each job, what is estimated to be left, what went wrong so far.

    overall  = sum of estimates of what has ended + what runs (at most 99 % of its estimate each)  /  sum of all estimates
    left     = the longer of: the longest chain of `needs` and `after` still to go; all that is left, spread over the slots of the run

Estimates are those of the plan (from recorded durations). Pure: the moment is passed in, on the clock that the events' times come from. Does not
know where the events come from, nor how progress is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.display.view import RunningJob, View, advance
from gatekeeper.display.words import FAILED
from gatekeeper.model.event import (
    Event,
    Intervened,
    JobDelayed,
    JobFinished,
    JobOutput,
    JobQueued,
    JobStarted,
    Notice,
    Pressure,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    Stage,
    StageReached,
)
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Counters, Result, Verdict
from gatekeeper.model.status import Status
from gatekeeper.model.value import dataclass, replace

#: what runs is never told to be done before it has ended
_NEARLY = 0.99
_UNDER_WAY = frozenset({Status.RUNNING, Status.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One job: times in seconds on the monotonic clock, None where it has not come that far; `progress` from 0 to 1."""

    job: Job
    status: Status
    progress: float
    started: float | None = None
    ended: float | None = None
    #: seconds that it ran, or has run so far: while it stands still, so does this; None where it never started
    took: float | None = None
    #: estimated seconds until it has ended, 0 when it has
    left: float = 0.0
    attempt: int = 0
    pid: int = 0
    output_bytes: int = 0
    result: Result | None = None
    #: where it waits for its next try: the number of that, why, and its moment at the earliest (None while the run is paused, whose clock stands still)
    next_attempt: int = 0
    next_at: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A batch with its counters and its progress from 0 to 1."""

    id: str
    title: str
    counters: Counters
    progress: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A run at one moment. `state` is starting, running, paused, finishing, ended or died; that it died is what whoever asks knows, not the events."""

    run_id: str
    root: str
    state: str
    overall: float
    counters: Counters
    parts: tuple[Part, ...] = ()
    steps: tuple[Step, ...] = ()
    #: seconds since its start, estimated seconds to its end
    seconds: float = 0.0
    left: float = 0.0
    started: float | None = None
    #: why it is paused
    reason: str = ""
    issues: tuple[str, ...] = ()
    interventions: tuple[Intervened, ...] = ()
    pressure: tuple[Pressure, ...] = ()
    verdict: Verdict | None = None
    #: the jobs that were under way when the process of the run died
    cut_off: tuple[str, ...] = ()

    @property
    def running(self) -> tuple[Step, ...]:
        """What runs, or stands still with its processes frozen."""
        return tuple(step for step in self.steps if step.status in _UNDER_WAY)

    @property
    def waiting(self) -> tuple[Step, ...]:
        """What did not pass and waits for its next try."""
        return tuple(step for step in self.steps if step.next_attempt)


class Story:
    """What the events of a run have told so far; a second `RunStarted` (the run was resumed) begins it anew."""

    def __init__(self) -> None:
        self.view = View()
        self._forget()

    def _forget(self) -> None:
        #: the moment of the last event
        self.latest = 0.0
        self.stage: Stage | None = None
        self.queued: set[str] = set()
        self.started: dict[str, JobStarted] = {}
        self.finished: dict[str, JobFinished] = {}
        self.output: dict[str, int] = {}
        #: jobs that wait for their next try, with its moment
        self.delayed: dict[str, tuple[JobDelayed, float]] = {}
        self.paused_at: float | None = None
        self.notices: list[str] = []
        self.interventions: list[Intervened] = []
        self.pressure: dict[str, Pressure] = {}
        self.finish: RunFinished | None = None

    def hear(self, event: Event) -> None:
        """Takes the next event in."""
        self.view = advance(self.view, event)
        if isinstance(event, RunStarted):
            self._forget()
        self.latest = max(self.latest, event.at)
        match event:
            case StageReached():
                self.stage = event.stage
            case JobQueued():
                self.queued.add(event.job)
            case JobStarted():
                self.started[event.job] = event
                self.delayed.pop(event.job, None)
            case JobFinished():
                self.finished[event.job] = event
                self.delayed.pop(event.job, None)
            case JobDelayed():
                self.delayed[event.job] = event, event.at + event.seconds
                self.queued.discard(event.job)
            case JobOutput():
                self.output[event.job] = event.stdout + event.stderr
            case _:
                self._hear_of_the_run(event)

    def _hear_of_the_run(self, event: Event) -> None:
        match event:
            case Notice():
                self.notices.append(event.message)
            case Intervened():
                self.interventions.append(event)
            case Pressure():
                self.pressure[event.resource] = event
            case RunFinished():
                self.finish = event
            case RunPaused():
                self.paused_at = event.at
            case RunResumed() if self.paused_at is not None:
                lost, self.paused_at = event.at - self.paused_at, None
                self.delayed = {job: (delay, moment + lost) for job, (delay, moment) in self.delayed.items()}
            case _:
                pass


def progress_of(story: Story, now: float, *, alive: bool = True) -> Progress:
    """How far the run has come at `now`; of one that is neither over nor `alive` nothing runs any more, whatever its last event was."""
    progress = _progress(story, now)
    return progress if alive or story.finish is not None else _dead(progress)


def _dead(progress: Progress) -> Progress:
    return replace(progress, state="died", reason="", pressure=(), cut_off=tuple(step.job.id for step in progress.running), counters=_idle(progress.counters),
                   parts=tuple(replace(part, counters=_idle(part.counters)) for part in progress.parts),
                   steps=tuple(replace(step, status=Status.PENDING, next_attempt=0, next_at=None) if step.status in _UNDER_WAY or step.next_attempt else step for step in progress.steps))


def _idle(counters: Counters) -> Counters:
    return replace(counters, pending=counters.pending + counters.running, running=0)


def _progress(story: Story, now: float) -> Progress:
    plan = story.view.plan
    if plan is None:
        return Progress(run_id=story.view.run_id, root="", state="starting", overall=0.0, counters=Counters(), issues=tuple(story.notices))
    running = {entry.job.id: entry for entry in story.view.running}
    steps = tuple(_step(story, job, running.get(job.id), now) for job in plan.jobs)
    seconds = story.finish.wall_seconds if story.finish is not None else max(0.0, now - story.view.started)
    failures = tuple(f"{step.job.id}: {step.status}{f': {step.result.message}' if step.result and step.result.message else ''}"
                     for step in steps if step.status in FAILED)
    return Progress(
        run_id=story.view.run_id, root=plan.root, state=_state(story), overall=1.0 if story.finish is not None else _share(steps),
        counters=story.view.counters, steps=steps, seconds=seconds, left=_left(steps, plan.pool_size), started=story.view.started,
        parts=tuple(Part(id=batch.id, title=batch.title, counters=batch.counters, progress=_share([step for step in steps if step.job.batch == batch.id]))
                    for batch in story.view.batches),
        reason=story.view.paused, issues=(*failures, *story.notices), interventions=tuple(story.interventions),
        pressure=tuple(event for event in story.pressure.values() if event.held and story.finish is None), verdict=story.view.verdict)


def _state(story: Story) -> str:
    if story.finish is not None:
        return "ended"
    if story.view.paused:
        return "paused"
    counters = story.view.counters
    return "running" if counters.pending or counters.running else "finishing"


def _step(story: Story, job: Job, running: RunningJob | None, now: float) -> Step:
    start, end = story.started.get(job.id), story.finished.get(job.id)
    if end is not None:
        return Step(job=job, status=end.result.status, progress=1.0, started=start.at if start else None, ended=end.at,
                    took=end.at - start.at if start else None, attempt=len(end.result.attempts),
                    output_bytes=story.output.get(job.id, 0), result=end.result)
    if job.id in story.delayed:
        delay, moment = story.delayed[job.id]
        return Step(job=job, status=Status.QUEUED if job.id in story.queued else Status.PENDING, progress=0.0, left=job.estimated_seconds, attempt=delay.attempt - 1,
                    next_attempt=delay.attempt, next_at=moment if story.paused_at is None else None, reason=delay.reason)
    if running is None or start is None:
        return Step(job=job, status=Status.QUEUED if job.id in story.queued else Status.PENDING, progress=0.0, left=job.estimated_seconds)
    took = max(0.0, (now if running.stopped is None else running.stopped) - running.started)  # while it is frozen, its clock stands still
    status = Status.PAUSED if job.id in story.view.frozen or story.view.paused else Status.RUNNING
    return Step(job=job, status=status, progress=min(_NEARLY, took / job.estimated_seconds) if job.estimated_seconds > 0 else 0.0, started=running.started,
                took=took, left=max(0.0, job.estimated_seconds - took), attempt=running.attempt, pid=start.pid, output_bytes=story.output.get(job.id, 0))


def _share(steps: tuple[Step, ...] | list[Step]) -> float:
    """Of the estimated time of these jobs, how much is behind us: 1 only when all have ended."""
    whole = sum(_weight(step.job) for step in steps)
    share = sum(step.progress * _weight(step.job) for step in steps) / whole if whole else 1.0
    return share if all(step.status.final for step in steps) else min(share, _NEARLY)


def _weight(job: Job) -> float:
    """Seconds; of what takes no time, a little, so that it counts."""
    return max(0.01, job.estimated_seconds)


def _left(steps: tuple[Step, ...], slots: int) -> float:
    left = {step.job.id: step.left for step in steps}
    return max(sum(left.values()) / max(1, slots), _longest_chain({step.job.id: step.job for step in steps}, left))


def _longest_chain(jobs: Mapping[str, Job], left: Mapping[str, float]) -> float:
    """Seconds of the longest chain of jobs that wait for each other. Without recursion: chains may be thousands long."""
    longest: dict[str, float] = {}
    for first in jobs:
        stack = [first]
        while stack:
            job_id = stack[-1]
            before = [name for name in (*jobs[job_id].needs, *jobs[job_id].after) if name in jobs]
            missing = [name for name in before if name not in longest]
            if missing and job_id not in longest:
                longest[job_id] = left[job_id]  # stands for itself until those before it are known: a circle ends here
                stack += missing
                continue
            stack.pop()
            longest[job_id] = left[job_id] + max((longest[name] for name in before), default=0.0)
    return max(longest.values(), default=0.0)
