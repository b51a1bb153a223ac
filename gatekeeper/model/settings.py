"""The settings of one run, resolved: every value knows where it came from."""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.model.assessment import Enforcement
from gatekeeper.model.recovery import NONE, BreakerPolicy, Recovery, RetryPolicy
from gatekeeper.model.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """What the configuration says of one tool; None = nothing."""

    enabled: bool | None = None
    blocking: bool | None = None
    timeout: float | None = None
    args: tuple[str, ...] = ()
    #: what its results depend on, where the catalogue does not know better: none, component or tree
    cache: str | None = None
    #: its timeout as a multiple of the median of earlier runs, where there were any
    timeout_factor: float | None = None
    retry: RetryPolicy | None = None
    recovery: Recovery | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomTask:
    """A task of the repository's own: a script with its argv, run in the repository (or in one component)."""

    id: str
    batch: str
    argv: tuple[str, ...]
    takes: str = "repository"
    parser: str = "exit-code"
    #: for the `regex` parser
    pattern: str = ""
    timeout: float | None = None
    blocking: bool = True
    role: str = "analysis"
    #: cores that it uses
    cpu: int = 1
    #: what its result depends on, if it may be kept: none, component or tree
    cache: str = "none"
    #: ids of jobs or tasks to wait for
    needs: tuple[str, ...] = ()
    timeout_factor: float | None = None
    retry: RetryPolicy | None = None
    recovery: Recovery = NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """From where on a person is told: seconds that a job has run, percent of the machine's memory that a job held, percent of the jobs that ended which
    did not do their work. None: never."""

    duration: float | None = None
    memory_percent: float | None = None
    error_rate_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What holds for every job for which nothing else is said."""

    #: seconds, and the multiple of the median of earlier runs; None: the catalogue's
    job_timeout: float | None = None
    job_timeout_factor: float | None = None
    retry: RetryPolicy | None = None
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    alerts: Alerts = field(default_factory=Alerts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCondition:
    """What must hold for a run to pass, of one `kind`; each kind reads its own fields (`config.policy.KINDS`) and the first six.

    `max` counts findings, tests, jobs; of a duration it is seconds, of artifacts bytes. Empty texts and tuples select everything.
    """

    kind: str = "findings"
    id: str = ""
    title: str = ""
    enforcement: Enforcement = Enforcement.BLOCKING
    #: all, or new: what was not known before (where nothing was compared, all)
    on: str = "all"
    #: globs of component ids; each that matches is judged by itself
    components: tuple[str, ...] = ()
    severity: str = "info"
    categories: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    #: of tests: failed, skipped or flaky
    outcome: str = "failed"
    #: globs of job ids
    suite: tuple[str, ...] = ()
    #: what is measured: total or changed (coverage), run, batch:ID or job:GLOB (duration)
    of: str = ""
    max: float = 0
    min: float | None = None
    max_percent: float | None = None
    max_lines: int | None = None
    max_files: int | None = None
    #: reports of coverage, artifacts, or files that must be there: globs, relative to the root
    files: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    #: who may approve (globs; empty: anybody), and what they look at
    reviewers: tuple[str, ...] = ()
    criteria: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionRule:
    """Findings that do not count, as gatekeeper.yaml names them: globs, where empty means any. `expires` is an ISO date, its day included."""

    reason: str
    rules: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    owner: str | None = None
    expires: str | None = None
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where news of a run is posted to, and which (start, pass, fail, incomplete). Names that end with `_env` are variables that hold secrets."""

    url: str = ""
    url_env: str = ""
    #: a bearer token; a secret that the body is signed with
    token_env: str = ""
    secret_env: str = ""
    on: tuple[str, ...] = ("fail", "incomplete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Who is told how a run went."""

    webhooks: tuple[Webhook, ...] = ()
    desktop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceLimits:
    """From where on a run holds back. Percent of the machine: `cpu_percent` counts where others use it, `memory_percent` where it is waited for.

    `memory_mb`: what the jobs of a run may plan with together (None: four fifths of what is free). `cores`: how many all runs of a user take together
    (None: as many as there are). `job_memory_mb`: a job whose processes hold more is stopped (None: it is not).
    """

    cpu_percent: float = 95.0
    memory_percent: float = 80.0
    memory_mb: int | None = None
    cores: int | None = None
    job_memory_mb: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that decides a run, from defaults, gatekeeper.yaml, gatekeeper.local.yaml, environment and command line."""

    root: str = "."
    pipeline: str = "default"
    #: scope: all | staged | changed | since | files
    scope: str = "all"
    since: str | None = None
    files: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    #: those of `skip` that may match nothing: from files and variables, which speak to other runs and programs too
    lenient: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    jobs: int = 0
    timeout: float | None = None
    limits: ResourceLimits = field(default_factory=ResourceLimits)
    #: auto | strict | dry-run
    mode: str = "auto"
    #: every planned job blocks, also those that only advise
    strict: bool = False
    yes: bool = False
    fix: bool = False
    fail_fast: bool = False
    #: whether results of earlier runs may stand for jobs, and are kept; whether some of them are run again and compared
    cache: bool = True
    verify_cache: bool = False
    provision: bool = True
    backup: bool = True
    json: bool = False
    #: where every event is written to as JSON lines while it happens: a file, or `-` for standard output
    events: str | None = None
    color: str = "auto"
    log_level: str = "info"
    #: more words in plans and summaries; no progress
    verbose: bool = False
    quiet: bool = False
    #: the folder that relative file names of the command line start from (absolute)
    invoked_from: str = "."
    reports: tuple[str, ...] = ()
    #: auto | github | gitlab | off: whose reports are written where `reports` names none
    ci: str = "auto"
    audit_level: str = "moderate"
    exclude: tuple[str, ...] = ()
    tools: Mapping[str, ToolSettings] = field(default_factory=dict)
    tasks: tuple[CustomTask, ...] = ()
    conditions: tuple[PolicyCondition, ...] = ()
    #: changes of fewer lines are not judged by the conditions on the coverage and duplication of what is new; 0: all are
    small_change: int = 0
    suppressions: tuple[SuppressionRule, ...] = ()
    notify: Notify | None = None
    #: approvals of this run: ID=NAME
    approvals: tuple[str, ...] = ()
    #: tree: the configuration of the tree holds; base: that of the merge-base, for proposals that are not trusted
    trust: str = "tree"
    #: the commit whose configuration, baseline, suppressions and approvals hold; empty: those of the tree
    trusted: str = ""
    #: the file of known findings, relative to the root; `none`: no file
    baseline: str = "gatekeeper-baseline.jsonl"
    #: a baseline that holds what is fixed already fails
    baseline_tight: bool = False
    #: exempt | count: what only another version of a tool finds on lines that nobody changed
    tool_change: str = "exempt"
    #: count only what a run on the merge-base with this ref does not find
    new_since: str | None = None
    #: count only what lies on lines that changed since the base
    changed_lines: bool = False
    execution: Execution = field(default_factory=Execution)
    #: niceness of every job, from 0 to 19
    nice: int = 0
    #: origin of each value that is not a default, by field name: `gatekeeper.yaml:3`, `--jobs`, `GATEKEEPER_JOBS`
    origins: Mapping[str, str] = field(default_factory=dict)
