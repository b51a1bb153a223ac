"""The lines of `history.jsonl`, one for each run, as they are read back. Does not know who wrote them, nor what is made of them.

    {"schema": 2, "run", "started_at", "seconds", "outcome", "exit_code", "pipeline", "scope", "commit", "tree", "estimated", "cpu", "pool", "jobs":
     [[id, status, seconds, peak_mb, cpu, files, attempts, from_cache, flaky, read_mb, write_mb], ...]}

Lines of schema 1 had the first four values of a job.
"""

from __future__ import annotations

import json
import os

from gatekeeper.model.value import dataclass
from gatekeeper.store.home import Home

SCHEMA = 2
FILE = "history.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastJob:
    """How a job of a past run ended; seconds of wall and CPU time, memory and disk traffic in MB (0 = unknown), `files` that it was given."""

    id: str
    status: str
    seconds: float
    peak_memory_mb: float = 0.0
    cpu_seconds: float = 0.0
    files: int = 0
    attempts: int = 1
    from_cache: bool = False
    flaky: bool = False
    read_mb: float = 0.0
    write_mb: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One run. `tree` is a digest of what it looked at (empty: not known), `estimated_seconds` what its plan had said (0: nothing)."""

    run_id: str
    started_at: str
    seconds: float
    outcome: str
    exit_code: int
    pipeline: str
    scope: str
    commit: str | None = None
    tree: str = ""
    estimated_seconds: float = 0.0
    cpu_seconds: float = 0.0
    pool_size: int = 0
    jobs: tuple[PastJob, ...] = ()


def read_lines(home: Home) -> tuple[list[PastRun], int]:
    """The runs that were not taken over yet, oldest first, and how many lines cannot be read."""
    try:
        with open(os.path.join(home.folder, FILE), "rb") as file:
            lines = [line for line in file.read().split(b"\n") if line]
    except OSError:
        return [], 0
    parsed = [_parsed(line) for line in lines]
    return [run for run in parsed if run is not None], parsed.count(None)


def _parsed(line: bytes) -> PastRun | None:
    try:
        data = json.loads(line)
        if data["schema"] not in {1, SCHEMA}:
            return None
        return PastRun(run_id=str(data["run"]), started_at=str(data["started_at"]), seconds=float(data["seconds"]), outcome=str(data["outcome"]),
                       exit_code=int(data["exit_code"]), pipeline=str(data["pipeline"]), scope=str(data["scope"]), commit=data.get("commit") and str(data["commit"]),
                       tree=str(data.get("tree", "")), estimated_seconds=float(data.get("estimated", 0.0)), cpu_seconds=float(data.get("cpu", 0.0)),
                       pool_size=int(data.get("pool", 0)), jobs=tuple(_parsed_job(*job) for job in data["jobs"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _parsed_job(name: str, status: str, seconds: float, peak: float, *more: float) -> PastJob:
    cpu, files, attempts, from_cache, flaky, read, write = more or (0.0, 0, 1, 0, 0, 0.0, 0.0)
    return PastJob(id=str(name), status=str(status), seconds=float(seconds), peak_memory_mb=float(peak), cpu_seconds=float(cpu), files=int(files),
                   attempts=int(attempts), from_cache=bool(from_cache), flaky=bool(flaky), read_mb=float(read), write_mb=float(write))
