"""The one stream that display, journal and metrics subscribe to. `at` is seconds on the monotonic clock."""

from __future__ import annotations

from enum import StrEnum

from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Attempt, Result, Verdict
from gatekeeper.model.value import dataclass


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
    """The job has its final status. `facts` is the JSON that a job of our own has printed beside its findings (health, line counts)."""

    at: float
    job: str
    result: Result
    facts: object = None


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


class Stage(StrEnum):
    """How far a run has come; each is told once, in this order."""

    SUBMITTED = "submitted"
    VALIDATED = "validated"
    PLANNED = "planned"
    QUEUED = "queued"
    RUNNING = "running"
    FINISHING = "finishing"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReached:
    at: float
    stage: Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutput:
    """How many bytes a job has written to each stream so far; the bytes are in its log."""

    at: float
    job: str
    stdout: int
    stderr: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDelayed:
    """The job did not pass and is to be tried again, in `seconds` at the earliest: `attempt` is the number of that try, `reason` how the last one ended."""

    at: float
    job: str
    attempt: int
    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPaused:
    """The processes of the job are frozen; its clock stands still."""

    at: float
    job: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResumed:
    at: float
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused:
    """Nothing starts, and what runs is frozen."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervened:
    """Somebody changed the run while it was under way: `action` is a word of `execute.control.Action`, `subject` a job or empty for the run."""

    at: float
    action: str
    subject: str = ""
    value: str = ""
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """The machine has passed a limit, or (`held` False) has come below it again. `resource` is cpu or memory, `value` and `limit` are percent.

    While it is held nothing more starts, as long as anything of the run is under way.
    """

    at: float
    resource: str
    value: float
    limit: float
    held: bool


Event = (RunStarted | JobQueued | JobStarted | JobEnded | JobFinished | Notice | VerdictReached | RunFinished | StageReached | JobOutput | JobDelayed | JobPaused
         | JobResumed | RunPaused | RunResumed | Intervened | Pressure)
