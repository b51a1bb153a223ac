"""What conditions are judged on, as one value, and the answer that each kind gives. Collects nothing itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from gatekeeper.judge.suppress import Ledger, owners
from gatekeeper.model.assessment import ConditionStatus, Delta
from gatekeeper.model.coverage import ChangedLines, Coverage
from gatekeeper.model.finding import Finding, State
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Result
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role
from gatekeeper.model.value import dataclass, field

MEASURED = frozenset({Status.PASSED, Status.FAILED})
#: lines that a person reads of one condition
MOST_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The facts of a run. What is None or missing was not looked at, or could not be told."""

    plan: Plan
    results: tuple[Result, ...]
    #: the run was asked for some jobs only (--only, --batch, --language)
    filtered: bool = False
    #: what the pipeline has a place for
    roles: frozenset[Role] = frozenset(Role)
    wall_seconds: float = 0.0
    batch_seconds: Mapping[str, float] = field(default_factory=dict)
    #: usual seconds of jobs in earlier runs
    past: Mapping[str, float] = field(default_factory=dict)
    #: changes of fewer lines are small; 0: none is
    small_change: int = 0
    changed: ChangedLines | None = None
    #: what the reports say, by the patterns that name them
    coverage: Mapping[tuple[str, ...], Coverage] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    delta: Delta | None = None
    #: bytes of the files that artifact conditions name
    sizes: Mapping[str, int] = field(default_factory=dict)
    #: whether something is there: `program NAME`, `variable NAME`, `file GLOB`
    present: Mapping[str, bool] = field(default_factory=dict)
    #: who approved, by the id of the condition
    approvals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    audit_level: str = "info"

    def pairs(self) -> Iterator[tuple[Job, Result | None]]:
        """Every planned job with its result, None where it has none yet."""
        by_id = {result.job: result for result in self.results}
        return ((job, by_id.get(job.id)) for job in self.plan.jobs)

    def is_small(self) -> bool:
        """Whether the change under judgement is too small for conditions on what is new."""
        return self.small_change > 0 and self.changed is not None and self.changed.lines < self.small_change

    def covers(self, job: Job, component: str | None) -> bool:
        """Whether a job may look at a component: it is its own, its workspace's, or the whole repository's."""
        if component is None or job.component in {None, component}:
            return True
        at = {one.id: one for one in self.plan.components}
        own, other = at[component], at.get(job.component or "")
        return other is not None and other.root in {own.workspace_root, "."} and other.language is own.language

    def owned(self, finding: Finding, job: Job, component: str | None) -> bool:
        """Whether a finding belongs to a component (None: to any)."""
        if component is None:
            return True
        return component in (owners(finding.file, self.plan.components) if finding.file is not None else (job.component,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one kind says of one condition; the rest of an assessment is made from it."""

    status: ConditionStatus
    message: str
    score: float | None = None
    violations: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


def within_limit(count: float, limit: float) -> float:
    """The score of an amount beside its limit: 100 within it, then falling with what is above: 100 * (limit + 1) / (amount + 1)."""
    return 100.0 if count <= limit else round(100 * (limit + 1) / (count + 1), 1)


def unmeasured(message: str, *lines: str, evidence: Iterable[str] = ()) -> Answer:
    """The answer where the fact is missing."""
    return Answer(status=ConditionStatus.UNMEASURED, message=message, recommendations=tuple(lines), evidence=tuple(evidence))


def not_judged(message: str) -> Answer:
    """The answer where the condition is no question of this run."""
    return Answer(status=ConditionStatus.NOT_JUDGED, message=message)


def held(*, holds: bool) -> ConditionStatus:
    """Passed or failed."""
    return ConditionStatus.PASSED if holds else ConditionStatus.FAILED


def cut(lines: Sequence[str]) -> tuple[str, ...]:
    """The first lines, and how many more there are."""
    more = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], f"and {more} more") if more > 0 else tuple(lines)


def any_glob(patterns: Collection[str], name: str) -> bool:
    """Whether one of the globs names it; no globs name everything."""
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def is_left(finding: Finding, on: str) -> bool:
    """Whether a finding is there for a condition: suppressed ones never are; on what is new, known ones neither."""
    return finding.counts if on == "new" else finding.state not in {State.SUPPRESSED, State.FIXED}


def lacking(ground: Ground, jobs: Sequence[tuple[Job, Result | None]], what: str, roles: Collection[Role]) -> Answer | None:
    """Why the jobs that a condition speaks of do not carry it: none was planned, or one did not measure. None where they do."""
    open_ = [(job, result) for job, result in jobs if result is None or result.status not in MEASURED]
    if open_:
        said = [f"{job.id}: {_said(result)}" for job, result in open_]
        return unmeasured(f"{what} could not be measured: {len(open_)} of {len(jobs)} jobs did not do their work", *_hints(open_), evidence=cut(said))
    if jobs:
        return None
    if ground.filtered:
        return not_judged("this run was asked for other jobs")
    if roles and not ground.roles.intersection(roles):
        return not_judged(f"the {ground.plan.pipeline} pipeline has no place for it")
    if ground.plan.scoped:
        return not_judged(f"nothing of its concern is in scope ({ground.plan.scope})")
    return unmeasured(f"{what} could not be measured: no job of the plan does that", "see what is planned, and why not: gatekeeper plan")


def _said(result: Result | None) -> str:
    return "has not ended" if result is None else f"{str(result.status).replace('_', ' ')}{f': {result.message}' if result.message else ''}"


def _hints(jobs: Sequence[tuple[Job, Result | None]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(result.hint for _, result in jobs if result is not None and result.hint))[:5]
