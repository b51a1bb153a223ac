"""What running gives: attempts, results, counters, the verdict, and the record of a whole run."""

from __future__ import annotations

from gatekeeper.model.assessment import Assessment, Delta, Ending, Score
from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Finding, Metric, TestCase
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.status import Cause, Outcome, Status
from gatekeeper.model.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One execution of a process tree.

    `exit_code` is None when it ended by `signal` (or never started: then `spawn_error` says why). Times in seconds, `started`
    on the monotonic clock, memory in MB (peak of the tree, sampled; 0 = unknown). `stdout` and `stderr` are absolute paths of the recorded output,
    `dropped` the bytes that the cap left out. `leaked` names processes that outlived the main one. `read_mb` and `write_mb` came from and went to the
    disk (0 = unknown, or too short to be looked at). `over_memory_mb` is the limit that it was stopped for exceeding (0: it was not), `out_of_memory` says that the system killed
    it for want of memory. `lost`: nobody knows how it ended, its exit code went to somebody else. `suspended_seconds` are not part of the wall seconds.
    """

    exit_code: int | None = None
    signal: int | None = None
    spawn_error: str | None = None
    started: float = 0.0
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    stdout: str = ""
    stderr: str = ""
    report: str | None = None
    dropped: int = 0
    timed_out: bool = False
    cancelled: bool = False
    leaked: tuple[str, ...] = ()
    read_mb: float = 0.0
    write_mb: float = 0.0
    suspended_seconds: float = 0.0
    out_of_memory: bool = False
    over_memory_mb: int = 0
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The end of a job. `message` is one line; `hint` is the command that would help; `log` is relative to the run directory."""

    job: str
    status: Status
    cause: Cause | None = None
    message: str = ""
    hint: str | None = None
    attempts: tuple[Attempt, ...] = ()
    findings: tuple[Finding, ...] = ()
    tests: tuple[TestCase, ...] = ()
    problems: tuple[Problem, ...] = ()
    metrics: tuple[Metric, ...] = ()
    log: str | None = None
    #: the last lines (at most 20) of what the tool said, kept when it did not do its work
    tail: str = ""
    from_cache: bool = False
    flaky: bool = False
    leaky: bool = False
    #: the run that reached it, where that is an earlier one whose result still holds
    held_from: str = ""

    @property
    def wall_seconds(self) -> float:
        return sum(attempt.wall_seconds for attempt in self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """The six counters of a batch, and the four states that are listed apart; the sum equals `total`."""

    total: int = 0
    completed: int = 0
    running: int = 0
    failed: int = 0
    blocked: int = 0
    pending: int = 0
    unmeasured: int = 0
    unavailable: int = 0
    cancelled: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One reason for the verdict: a blocking job that did not pass, or a rule of the run itself (tree changed, nothing to check)."""

    subject: str
    outcome: Outcome
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """fail > incomplete > pass, interrupted above all; `conditions` are what decided, worst first."""

    outcome: Outcome
    exit_code: int
    conditions: tuple[Condition, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that a run wrote: what it is, absolute path, size in bytes; `empty` where it only says that there is nothing to tell."""

    kind: str
    path: str
    size: int
    empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """What somebody asked of the run while it was under way, and got; `seconds` since its start, `subject` a job or empty for the run."""

    seconds: float
    action: str
    subject: str = ""
    value: str = ""
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One job of the chain that a run waited for: `after` says for what it waited itself (`need`, `room`, nothing), `waited` how long beyond that."""

    job: str
    seconds: float
    after: str = ""
    waited: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """About how many seconds less the run would have taken, had this job taken no time."""

    job: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Where the time of a run went. `path` is the chain of jobs that it waited for as it was, `longest_chain_seconds` the longest one of needs: with any

    number of cores the run takes that long. `speed_up` is the jobs' time one after the other over the run's, `cores_used` their CPU seconds over it.
    """

    job_seconds: float = 0.0
    cpu_seconds: float = 0.0
    longest_chain_seconds: float = 0.0
    path: tuple[Step, ...] = ()
    slowest: tuple[tuple[str, float], ...] = ()
    savings: tuple[Saving, ...] = ()
    speed_up: float | None = None
    cores_used: float | None = None
    jobs_per_minute: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Everything about one run, input of every report. Times are ISO 8601 with zone; seconds are wall time."""

    run_id: str
    plan: Plan
    results: tuple[Result, ...]
    verdict: Verdict
    started_at: str
    wall_seconds: float
    version: str
    changed_files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    #: wall seconds of each batch, by id
    batch_seconds: tuple[tuple[str, float], ...] = ()
    #: what Gatekeeper itself could not read while detecting
    problems: tuple[Problem, ...] = ()
    hostname: str = "localhost"
    #: facts by builtin job id, as parsed from its JSON (health, line counts), ready for reports
    facts: tuple[tuple[str, object], ...] = field(default=())
    #: what the run has written so far, for the reports that list it
    artifacts: tuple[Artifact, ...] = ()
    #: the conditions of the policy, one by one; the verdict holds those that decided
    assessments: tuple[Assessment, ...] = ()
    scores: tuple[Score, ...] = ()
    #: what the findings were compared with; None: with nothing
    delta: Delta | None = None
    ending: Ending | None = None
    #: numbers of the whole run: coverage, duplication
    metrics: tuple[Metric, ...] = ()
    #: what people changed while it was under way, in order
    interventions: tuple[Intervention, ...] = ()
    #: when it was made to go on after its process had died; `wall_seconds` leaves out the time between
    resumed_at: tuple[str, ...] = ()
    #: the run whose results hold where a job says so
    retry_of: str = ""
    timings: Timings | None = None

    def result(self, job_id: str) -> Result | None:
        return next((result for result in self.results if result.job == job_id), None)

    def pairs(self) -> tuple[tuple[Job, Result], ...]:
        """Jobs with their results, in plan order."""
        by_id = {result.job: result for result in self.results}
        return tuple((job, by_id[job.id]) for job in self.plan.jobs if job.id in by_id)
