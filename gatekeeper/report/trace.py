"""The journal of a run in the Trace Event Format, for Perfetto (ui.perfetto.dev) and chrome://tracing.

One lane for each place in which a job ran, the run itself with its stages above them. A complete event (`X`) is one attempt of a job, with what came
of it and why it was planned in `args`; behind it, in the same lane, `reading` is the time in which its output was read, and inside it `paused`. Waiting
for a place is an async span (`b`, `e`), because any number of jobs waits at once; so is a pause of the run. Notices, verdict and interventions are instants (`i`), the number of
running jobs is a counter (`C`). An attempt that was lost with its process ends with the last thing that was recorded. Times are microseconds since
the run began; what was recorded by several processes, because the run was resumed, stands at the time of day. Does not know files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, assert_never

from gatekeeper.model.event import (
    Event,
    Intervened,
    JobDelayed,
    JobEnded,
    JobFinished,
    JobOutput,
    JobPaused,
    JobQueued,
    JobResumed,
    JobStarted,
    Notice,
    Pressure,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    StageReached,
    VerdictReached,
)
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.value import dataclass

#: clocks at the beginning of one process's part (`wall`, `monotonic`), and its events
Part = tuple[Mapping[str, Any], Sequence[Event]]
_RUN_LANE = 0
_PROCESS = 1


def trace_document(run_id: str, parts: Sequence[Part]) -> dict[str, object]:
    """The document: events in order of time, behind the names of the lanes."""
    lanes = _Lanes()
    found: list[dict[str, Any]] = []
    origin = min((float(header.get("wall", 0.0)) for header, _ in parts), default=0.0)
    for header, events in parts:
        found += _Reader(float(header.get("wall", 0.0)) - origin - float(header.get("monotonic", 0.0)), lanes).read(events)
    before = min((event["ts"] for event in found), default=0)  # a run is submitted before there is anything to write it into
    found = [event | {"ts": event["ts"] - before} for event in found]
    found.sort(key=lambda event: (event["ts"], -event.get("dur", 0)))
    return {"traceEvents": [*_names(run_id, lanes.count), *found], "displayTimeUnit": "ms", "otherData": {"run_id": run_id}}


def _names(run_id: str, count: int) -> Iterator[dict[str, Any]]:
    yield _meta("process_name", _RUN_LANE, {"name": f"gatekeeper {run_id}"})
    for lane in range(count + 1):
        yield _meta("thread_name", lane, {"name": f"place {lane}" if lane else "run"})
        yield _meta("thread_sort_index", lane, {"sort_index": lane})


def _meta(name: str, lane: int, args: Mapping[str, object]) -> dict[str, Any]:
    return {"ph": "M", "name": name, "pid": _PROCESS, "tid": lane, "ts": 0, "args": args}


class _Lanes:
    """The places: each is given to one job at a time, the first free one to the next."""

    def __init__(self) -> None:
        self._taken: list[bool] = []

    @property
    def count(self) -> int:
        return len(self._taken)

    def take(self) -> int:
        """A free lane, counted from 1."""
        if all(self._taken):
            self._taken.append(True)
            return len(self._taken)
        lane = self._taken.index(False)
        self._taken[lane] = True
        return lane + 1

    def leave(self, lane: int) -> None:
        self._taken[lane - 1] = False


@dataclass(slots=True, kw_only=True)
class _Open:
    """An attempt under way, or one whose output is being read (`ended`)."""

    lane: int
    started: int
    number: int
    pid: int
    ended: int | None = None
    attempt: Attempt | None = None
    paused: tuple[int, str] | None = None


class _Reader:
    """Reads the events of one process; `shift` is added to their times (seconds)."""

    def __init__(self, shift: float, lanes: _Lanes) -> None:
        self._shift, self._lanes = shift, lanes
        self._jobs: dict[str, Job] = {}
        self._queued: dict[str, int] = {}
        self._open: dict[str, _Open] = {}
        self._spans: dict[str, tuple[int, str]] = {}
        self._paused: tuple[int, str] | None = None
        self._found: list[dict[str, Any]] = []

    def read(self, events: Iterable[Event]) -> list[dict[str, Any]]:
        last = 0
        for event in events:
            at = round((event.at + self._shift) * 1_000_000)
            last = max(last, at)
            self._heard(event, at)
        self._lost(last)
        return self._found

    def _heard(self, event: Event, at: int) -> None:
        match event:
            case JobQueued() | JobStarted() | JobEnded() | JobFinished():
                self._of_a_job(event, at)
            case JobPaused() | JobResumed():
                self._of_standing_still(event, at)
            case RunStarted() | RunFinished() | StageReached() | RunPaused() | RunResumed():
                self._of_the_run(event, at)
            case Notice() | VerdictReached() | Intervened() | Pressure():
                self._told_once(event, at)
            case JobOutput() | JobDelayed():  # a wait shows as a gap between two attempts
                pass
            case _:
                assert_never(event)

    def _of_the_run(self, event: RunStarted | RunFinished | StageReached | RunPaused | RunResumed, at: int) -> None:
        match event:
            case RunStarted(plan=plan, run_id=run_id):
                self._jobs = {job.id: job for job in plan.jobs}
                self._spans["run"] = (at, f"run {run_id}")
            case RunFinished(verdict=verdict):
                self._go_on(at)
                self._close("stage", at)
                self._close("run", at, outcome=verdict.outcome, message=verdict.message)
            case StageReached(stage=stage):
                self._close("stage", at)
                self._spans["stage"] = (at, stage.value)
                since, name = self._spans.get("run", (at, "run"))
                self._spans["run"] = (min(since, at), name)
            case RunPaused(reason=reason):
                self._paused = (at, f"paused: {reason}" if reason else "paused")
            case RunResumed():
                self._go_on(at)
            case _:
                assert_never(event)

    def _told_once(self, event: Notice | VerdictReached | Intervened | Pressure, at: int) -> None:
        match event:
            case Notice(message=message, job=job):
                self._instant("notice", at, message=message, **({"job": job} if job else {}))
            case VerdictReached(verdict=verdict):
                self._instant(f"verdict: {verdict.outcome}", at, message=verdict.message)
            case Intervened():
                self._instant(event.action, at, subject=event.subject, value=event.value, reason=event.reason, by=event.by)
            case Pressure():
                self._instant(f"{event.resource} {'over' if event.held else 'under'} the limit", at, value=event.value, limit=event.limit)
            case _:
                assert_never(event)

    def _of_a_job(self, event: JobQueued | JobStarted | JobEnded | JobFinished, at: int) -> None:
        match event:
            case JobQueued():
                self._queued[event.job] = at
            case JobStarted():
                self._read_on(event.job, at)
                self._wait_over(event.job, at)
                self._open[event.job] = _Open(lane=self._lanes.take(), started=at, number=event.attempt, pid=event.pid)
                self._count(at)
            case JobEnded():
                if (open_ := self._open.get(event.job)) is not None:
                    self._unpause(event.job, open_, at)
                    open_.ended, open_.attempt = at, event.attempt
            case JobFinished():
                self._wait_over(event.job, at)
                self._read_on(event.job, at, event.result)
            case _:
                assert_never(event)

    def _of_standing_still(self, event: JobPaused | JobResumed, at: int) -> None:
        open_ = self._open.get(event.job)
        if open_ is None:
            return
        self._unpause(event.job, open_, at)
        if isinstance(event, JobPaused):
            open_.paused = (at, event.reason)

    def _read_on(self, job_id: str, at: int, result: Result | None = None) -> None:
        """The attempt and what followed it in its lane are over: with its result, or because the next try begins."""
        open_ = self._open.pop(job_id, None)
        if open_ is None:
            return
        ended = at if open_.ended is None else open_.ended
        self._span(job_id, "job", open_.lane, open_.started, ended, **self._told(job_id, open_, result))
        if result is not None and at > ended:  # a job that waits for its next try holds no place
            self._span("reading", "reading", open_.lane, ended, at, job=job_id)
        self._lanes.leave(open_.lane)
        self._count(at)

    def _told(self, job_id: str, open_: _Open, result: Result | None) -> dict[str, object]:
        job, attempt = self._jobs.get(job_id), open_.attempt
        told: dict[str, object] = {"attempt": open_.number, "pid": open_.pid}
        if job is not None:
            told |= {"batch": job.batch, "task": job.task, "reason": f"{job.reason.kind}: {job.reason.detail}", "blocking": job.blocking}
        if attempt is not None:
            told |= {"exit_code": attempt.exit_code, "signal": attempt.signal, "cpu_seconds": attempt.cpu_seconds, "peak_memory_mb": attempt.peak_memory_mb}
        if result is not None:
            told |= {"status": result.status, "message": result.message}
        return told

    def _wait_over(self, job_id: str, at: int) -> None:
        since = self._queued.pop(job_id, None)
        if since is not None:
            self._beside(f"{job_id} waits", "queued", since, at)

    def _go_on(self, at: int) -> None:
        if self._paused is not None:
            (since, name), self._paused = self._paused, None
            self._beside(name, "paused", since, at)

    def _beside(self, name: str, kind: str, since: int, until: int) -> None:
        """A span that others may overlap."""
        if until > since:
            told = {"cat": kind, "name": name, "id": f"{name} {since}", "pid": _PROCESS, "tid": _RUN_LANE}
            self._found += [{"ph": "b", "ts": since, **told}, {"ph": "e", "ts": until, **told}]

    def _unpause(self, job_id: str, open_: _Open, at: int) -> None:
        if open_.paused is not None:
            since, reason = open_.paused
            open_.paused = None
            self._span("paused", "paused", open_.lane, since, at, job=job_id, reason=reason)

    def _close(self, kind: str, at: int, **args: object) -> None:
        if kind in self._spans:
            since, name = self._spans.pop(kind)
            self._span(name, kind, _RUN_LANE, since, at, **args)

    def _span(self, name: str, kind: str, lane: int, since: int, until: int, **args: object) -> None:
        self._found.append({"ph": "X", "name": name, "cat": kind, "pid": _PROCESS, "tid": lane, "ts": since, "dur": max(0, until - since), "args": args})

    def _instant(self, name: str, at: int, **args: object) -> None:
        self._found.append({"ph": "i", "name": name, "cat": "told", "pid": _PROCESS, "tid": _RUN_LANE, "ts": at, "s": "p", "args": args})

    def _count(self, at: int) -> None:
        self._found.append({"ph": "C", "name": "running jobs", "pid": _PROCESS, "tid": _RUN_LANE, "ts": at, "args": {"running": len(self._open)}})

    def _lost(self, at: int) -> None:
        """What the process did not live to see the end of."""
        for job_id in list(self._open):
            open_ = self._open.pop(job_id)
            self._unpause(job_id, open_, at)
            self._span(job_id, "job", open_.lane, open_.started, at if open_.ended is None else open_.ended, lost=open_.ended is None, **self._told(job_id, open_, None))
            self._lanes.leave(open_.lane)
        for job_id in list(self._queued):
            self._wait_over(job_id, at)
        self._go_on(at)
        for kind in ("stage", "run"):
            self._close(kind, at)
