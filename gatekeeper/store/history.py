"""The history of a tree: every run with its jobs, their outcomes, times and memory.

A run that ends appends one JSON line to `history.jsonl` (`store.history_lines`) and puts what the plan wants to know into `past.json` (`store.samples`): both cost it
a millisecond, where loading SQLite alone costs nine. Whoever looks back, or a run that finds the file grown large, takes its lines over into
`history.sqlite3` (`store.ledger`), which holds all that was ever recorded until it is too old. A history that cannot be written fails no run.

Does not know plans: it gives expectations by job id, and who asks decides what they mean.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from gatekeeper.errors import StoreError
from gatekeeper.model.past import Past
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result, RunRecord
from gatekeeper.model.status import Status
from gatekeeper.store.atomic import write_bytes
from gatekeeper.store.history_lines import FILE, SCHEMA, PastRun, read_lines
from gatekeeper.store.home import Home
from gatekeeper.store.lock import locked
from gatekeeper.store.samples import REMEMBERED, TELLING, Sample, Samples, added, read_samples, reckoned, today, write_samples

#: bytes of lines after which a run takes them over into the ledger itself
LARGE = 1_000_000
#: where that does not work the file is cut to half of this
LARGEST = 4_000_000


def record(home: Home, run: RunRecord, *, commit: str | None = None, tree: str = "") -> str | None:
    """Adds a run; returns what a person should know when that failed (it never fails a run), else None."""
    path = os.path.join(home.folder, FILE)
    line = json.dumps(_line(run, commit, tree), separators=(",", ":")).encode() + b"\n"
    before = _samples(home)  # without the lock, which the ledger takes where they must be made again
    try:
        with locked(path + ".lock"):
            samples = read_samples(home) or before
            _append(path, line)
            write_samples(home, added(samples, _told(run), today()))
            large = os.path.getsize(path) > LARGE
    except (OSError, StoreError) as error:
        return f"this run is missing from the history: {error}"
    return _taken_over(home, path) if large else None


def _taken_over(home: Home, path: str) -> str | None:
    """Lets the ledger have the lines; where it cannot, the file must not grow for ever."""
    from gatekeeper.store.ledger import ledger  # lazy: one run in hundreds pays for SQLite

    with ledger(home) as taken:
        notice = taken.notice
    try:
        with locked(path + ".lock"):
            if os.path.getsize(path) > LARGEST:
                _halve(path)
    except (OSError, StoreError) as error:
        return str(error)
    return notice


def digest(files: Mapping[str, str], index: str) -> str:
    """What stands for the content of a tree, from the digests of its files and of its index."""
    return hashlib.blake2b(json.dumps([sorted(files.items()), index]).encode(), digest_size=12).hexdigest()


def _line(run: RunRecord, commit: str | None, tree: str) -> dict[str, Any]:
    results = [(job, result) for job, result in run.pairs() if not result.held_from]
    cpu = sum(attempt.cpu_seconds for _, result in results if not result.from_cache for attempt in result.attempts)
    return {"schema": SCHEMA, "run": run.run_id, "started_at": run.started_at, "seconds": round(run.wall_seconds, 3), "outcome": run.verdict.outcome.value,
            "exit_code": run.verdict.exit_code, "pipeline": run.plan.pipeline, "scope": run.plan.scope, "commit": commit, "tree": tree,
            "estimated": round(run.plan.estimated_seconds, 3), "cpu": round(cpu, 3), "pool": run.plan.pool_size,
            "jobs": [_job(job, result) for job, result in results]}


def _job(job: Job, result: Result) -> list[Any]:
    attempts = result.attempts
    return [result.job, result.status.value, round(result.wall_seconds, 3), _peak(result), round(sum(one.cpu_seconds for one in attempts), 3), len(job.files),
            len(attempts), int(result.from_cache), int(result.flaky), round(sum(one.read_mb for one in attempts), 1), round(sum(one.write_mb for one in attempts), 1)]


def _peak(result: Result) -> float:
    return round(max((attempt.peak_memory_mb for attempt in result.attempts), default=0.0), 1)


def _told(run: RunRecord) -> Iterator[tuple[str, Sample]]:
    """What this run tells of its jobs: of several attempts the last, which did the work."""
    for job, result in run.pairs():
        if result.status.value in TELLING and result.attempts and not result.from_cache and not result.held_from:
            yield result.job, (round(result.attempts[-1].wall_seconds, 3), _peak(result), result.status is Status.FAILED, len(job.files))


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


def past(home: Home) -> Mapping[str, Past]:
    """What the plan should know of each job, by job id, from its last five runs in which it passed or failed."""
    return reckoned(_samples(home))


def durations(home: Home) -> Mapping[str, float]:
    """Expected wall seconds by job id."""
    return {job: told.seconds for job, told in past(home).items()}


def _samples(home: Home) -> Samples:
    kept = read_samples(home)
    if kept is not None:
        return kept
    samples: Samples = {}
    for run in _all_runs(home):
        samples = added(samples, ((job.id, (job.seconds, job.peak_memory_mb, job.status == Status.FAILED.value, job.files))
                                  for job in run.jobs if job.status in TELLING and not job.from_cache), today())
    return samples


def _all_runs(home: Home) -> list[PastRun]:
    """The newest runs, oldest first, wherever they are kept."""
    from gatekeeper.store import ledger  # lazy: only where the small file is missing

    if not os.path.exists(os.path.join(home.folder, ledger.FILE)):
        return read_lines(home)[0]
    with ledger.ledger(home) as told:
        return list(reversed(told.recent(20 * REMEMBERED)))
