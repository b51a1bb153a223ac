"""The history of a tree: one JSON line per finished run with its jobs, their outcomes and durations.

    {"schema": 1, "run", "started_at", "seconds", "outcome", "exit_code", "pipeline", "scope", "commit", "jobs": [[id, status, seconds, peak_mb], ...]}

Lines that cannot be read are passed over and told once; the file is cut to its newer half when it has grown large. Does
not know plans: it gives durations by job id, and who asks decides what they mean.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from gatekeeper.errors import StoreError
from gatekeeper.model.past import Past
from gatekeeper.model.result import RunRecord
from gatekeeper.model.status import Status
from gatekeeper.model.value import dataclass
from gatekeeper.store.atomic import write_bytes
from gatekeeper.store.home import Home
from gatekeeper.store.lock import locked

SCHEMA = 1
FILE = "history.jsonl"
LARGEST = 4_000_000
#: how many runs of a job its expected duration comes from
REMEMBERED = 5
#: only a job that did its work tells how long it takes
_TELLING = frozenset({Status.PASSED.value, Status.FAILED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class PastJob:
    """How a job of a past run ended; seconds of wall time, peak memory in MB (0 = unknown)."""

    id: str
    status: str
    seconds: float
    peak_memory_mb: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One line of the history."""

    run_id: str
    started_at: str
    seconds: float
    outcome: str
    exit_code: int
    pipeline: str
    scope: str
    commit: str | None = None
    jobs: tuple[PastJob, ...] = ()


def record(home: Home, run: RunRecord, *, commit: str | None = None) -> str | None:
    """Appends a run; returns what a person should know when that failed (it never fails a run), else None."""
    path = os.path.join(home.folder, FILE)
    line = json.dumps(_line(run, commit), separators=(",", ":")).encode() + b"\n"
    try:
        with locked(path + ".lock"):
            _append(path, line)
            if os.path.getsize(path) > LARGEST:
                _halve(path)
    except (OSError, StoreError) as error:
        return f"this run is missing from the history: {error}"
    return None


def _line(run: RunRecord, commit: str | None) -> dict[str, Any]:
    jobs = [[result.job, result.status.value, round(result.wall_seconds, 3), round(max((attempt.peak_memory_mb for attempt in result.attempts), default=0.0), 1)]
            for result in run.results if not result.from_cache]
    return {"schema": SCHEMA, "run": run.run_id, "started_at": run.started_at, "seconds": round(run.wall_seconds, 3), "outcome": run.verdict.outcome.value,
            "exit_code": run.verdict.exit_code, "pipeline": run.plan.pipeline, "scope": run.plan.scope, "commit": commit, "jobs": jobs}


def _append(path: str, line: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        # a line that was torn off by a crash must not swallow the next one
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        written = os.write(descriptor, line)
        if written < len(line):
            os.ftruncate(descriptor, size)
            raise StoreError(f"{path}: no space left")
    finally:
        os.close(descriptor)


def _halve(path: str) -> None:
    with open(path, "rb") as file:
        file.seek(-(LARGEST // 2), os.SEEK_END)
        file.readline()
        newer = file.read()
    write_bytes(path, newer)


def recent(home: Home, count: int = 10) -> tuple[PastRun, ...]:
    """The newest `count` runs, newest first; none when nothing can be read."""
    runs = tuple(_runs(home))
    return tuple(reversed(runs[-count:])) if count > 0 else ()


def durations(home: Home) -> Mapping[str, float]:
    """Expected wall seconds by job id: the median of its last five runs in which it passed or failed."""
    told: dict[str, list[float]] = {}
    for run in _runs(home):
        for job in run.jobs:
            if job.status in _TELLING:
                told.setdefault(job.id, []).append(job.seconds)
    return {job: _median(seconds[-REMEMBERED:]) for job, seconds in told.items()}


def past(home: Home) -> Mapping[str, Past]:
    """What the plan should know of each job, by job id, from its last five runs in which it passed or failed."""
    told: dict[str, list[PastJob]] = {}
    for run in _runs(home):
        for job in run.jobs:
            if job.status in _TELLING:
                told.setdefault(job.id, []).append(job)
    return {job: _told(jobs[-REMEMBERED:]) for job, jobs in told.items()}


def _told(jobs: list[PastJob]) -> Past:
    red = sum(1 for job in jobs if job.status == Status.FAILED.value)
    return Past(seconds=_median([job.seconds for job in jobs]), peak_mb=max(job.peak_memory_mb for job in jobs), failure_odds=red / len(jobs))


def _median(seconds: list[float]) -> float:
    """The library's own costs each start 5 ms of imports."""
    ordered = sorted(seconds)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def damage(home: Home) -> str | None:
    """What a person should know about lines that cannot be read, or None."""
    lines = _lines(home)
    bad = sum(1 for line in lines if _parsed(line) is None)
    return f"{os.path.join(home.folder, FILE)}: {bad} of {len(lines)} lines cannot be read and are passed over" if bad else None


def _lines(home: Home) -> list[bytes]:
    try:
        with open(os.path.join(home.folder, FILE), "rb") as file:
            return [line for line in file.read().split(b"\n") if line]
    except OSError:
        return []


def _runs(home: Home) -> Iterator[PastRun]:
    return (run for line in _lines(home) if (run := _parsed(line)) is not None)


def _parsed(line: bytes) -> PastRun | None:
    try:
        data = json.loads(line)
        if data["schema"] != SCHEMA:
            return None
        jobs = tuple(PastJob(id=str(name), status=str(status), seconds=float(seconds), peak_memory_mb=float(peak))
                     for name, status, seconds, peak in data["jobs"])
        return PastRun(run_id=str(data["run"]), started_at=str(data["started_at"]), seconds=float(data["seconds"]), outcome=str(data["outcome"]),
                       exit_code=int(data["exit_code"]), pipeline=str(data["pipeline"]), scope=str(data["scope"]), commit=data.get("commit"), jobs=jobs)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
