"""The plan: a frozen, printable value with a reason for every job, in or out. The executor gets nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import join, normpath

from gatekeeper.model.component import Component
from gatekeeper.model.pipeline import JobClass, Priority
from gatekeeper.model.recovery import NONE, UNDECLARED, Recovery, RetryPolicy
from gatekeeper.model.status import Cause
from gatekeeper.model.tool import Effect, ExitSpec, FailsAt, LocatedTool, OutputSpec, Role
from gatekeeper.model.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why: `kind` is a word of a closed set (used, configured, default, asked, builtin, ...), `detail` is for people."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a job takes while it runs: cores, memory in MB, and names that only one job may hold at a time."""

    cpu: int = 1
    memory_mb: int = 100
    exclusive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Why a planned job cannot run, and the command that would change that."""

    cause: Cause
    detail: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A command bound to a component (or to files of it): the thing that runs.

    `argv` is complete but for `{report}` (the file that the tool writes its report to) and `{work}` (a private folder
    outside the tree), which the session fills in when the run directory is known. `cwd` is relative to the root of the tree. `timeout` in seconds.
    """

    id: str
    task: str
    batch: str
    command: str
    tool_id: str
    role: Role
    component: str | None
    argv: tuple[str, ...]
    cwd: str
    files: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    timeout: float = 600.0
    blocking: bool = True
    priority: Priority = Priority.MEDIUM
    job_class: JobClass = JobClass.PARALLEL
    resources: Resources = field(default_factory=Resources)
    effect: Effect = Effect.READS
    estimated_seconds: float = 1.0
    #: from 0 to 1: how probable a red end is, from history (0 = unknown)
    failure_odds: float = 0.0
    tool: LocatedTool | None = None
    unavailable: Unavailable | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    output: OutputSpec = field(default_factory=OutputSpec)
    exit: ExitSpec = field(default_factory=ExitSpec)
    fails_at: FailsAt = FailsAt.ANY
    interrupt: bool = False
    #: files, relative to the root of the tree, that it makes where they are missing: the session removes those that git would show
    leaves: tuple[str, ...] = ()
    #: ids of jobs that must have ended, however they ended, before this one starts (writers, barriers, reports)
    after: tuple[str, ...] = ()
    retry: RetryPolicy = UNDECLARED
    recovery: Recovery = NONE
    #: what does its work when it cannot; it is given the id of this one
    fallback: Job | None = None
    #: what it talks to outside this machine (`npm`, `pypi`, ...)
    services: tuple[str, ...] = ()
    #: how its tool shares its cores with what it starts: pipe, fifo, or empty where it cannot
    jobserver: str = ""
    #: it was given only some of the files that its command governs (a scope, or one of several lists)
    partial: bool = False
    reason: Reason

    def is_file(self, word: str) -> bool:
        """Whether a word of `argv` is one of the files, as seen from `cwd`: whatever it looks like, it is no placeholder."""
        return normpath(join(self.cwd, word)) in self.files


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedJob:
    """A job that was considered and left out."""

    id: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBatch:
    """A batch as planned: title, target and timeout in seconds."""

    id: str
    title: str
    target: float | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a run will do. `scope` says in words which files it looks at; `scoped` is True for less than all."""

    root: str
    pipeline: str
    batches: tuple[PlannedBatch, ...]
    jobs: tuple[Job, ...]
    skipped: tuple[SkippedJob, ...] = ()
    components: tuple[Component, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    #: by name: what must have ended (jobs, other barriers) for it to be reached; jobs name it in `after`. Few where nobody waits for many
    barriers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    critical_path: tuple[str, ...] = ()
    estimated_seconds: float = 0.0
    pool_size: int = 1
    timeout: float = 3600.0
    scope: str = "all files"
    scoped: bool = False
    notes: tuple[str, ...] = ()

    def job(self, job_id: str) -> Job | None:
        return next((job for job in self.jobs if job.id == job_id), None)
