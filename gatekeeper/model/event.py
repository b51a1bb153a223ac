"""The one stream that display, journal and metrics subscribe to. `at` is seconds on the monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Attempt, Result, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    at: float
    run_id: str
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQueued:
    """The job's needs are met; it waits for a slot or a lock."""

    at: float
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted:
    at: float
    job: str
    attempt: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """The process tree is gone; the result is not concluded yet."""

    at: float
    job: str
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFinished:
    """The job has its final status."""

    at: float
    job: str
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a person should know while it happens (slow job, target missed, shallow clone)."""

    at: float
    message: str
    job: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictReached:
    """Said as soon as the jobs that decide it have ended."""

    at: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    at: float
    run_id: str
    verdict: Verdict
    wall_seconds: float


Event = RunStarted | JobQueued | JobStarted | JobEnded | JobFinished | Notice | VerdictReached | RunFinished
