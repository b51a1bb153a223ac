"""The settings of one run, resolved: every value knows where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """What the configuration says of one tool; None = nothing."""

    enabled: bool | None = None
    blocking: bool | None = None
    timeout: float | None = None
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomTask:
    """A task of the repository's own: a script with its argv, run in the repository (or in one component)."""

    id: str
    batch: str
    argv: tuple[str, ...]
    takes: str = "repository"
    parser: str = "exit-code"
    timeout: float | None = None
    blocking: bool = True
    role: str = "analysis"
    #: ids of jobs or tasks to wait for
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCondition:
    """`max` findings of at least `severity`, of those `on` (all: which are new nobody knows without a baseline)."""

    on: str = "all"
    severity: str = "info"
    max: int = 0


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
    #: auto | strict | dry-run
    mode: str = "auto"
    #: every planned job blocks, also those that only advise
    strict: bool = False
    yes: bool = False
    fix: bool = False
    fail_fast: bool = False
    provision: bool = True
    backup: bool = True
    json: bool = False
    color: str = "auto"
    log_level: str = "info"
    #: more words in plans and summaries; no progress
    verbose: bool = False
    quiet: bool = False
    #: the folder that relative file names of the command line start from (absolute)
    invoked_from: str = "."
    reports: tuple[str, ...] = ()
    audit_level: str = "moderate"
    exclude: tuple[str, ...] = ()
    tools: Mapping[str, ToolSettings] = field(default_factory=dict)
    tasks: tuple[CustomTask, ...] = ()
    conditions: tuple[PolicyCondition, ...] = ()
    #: origin of each value that is not a default, by field name: `gatekeeper.yaml:3`, `--jobs`, `GATEKEEPER_JOBS`
    origins: Mapping[str, str] = field(default_factory=dict)
