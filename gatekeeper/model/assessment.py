"""How a run stands beside its verdict: conditions one by one, scores by dimension, what changed against what was known, how it ended."""

from __future__ import annotations

from enum import StrEnum

from gatekeeper.model.finding import Finding, TestCase
from gatekeeper.model.value import dataclass

#: commands of the catalogue that measure what a kind of condition asks for: they run only then, or when asked for by name
MEASURERS = {"duplication": "jscpd.measure", "complexity": "lizard.measure"}


class Enforcement(StrEnum):
    """What a condition that does not hold does: decides the verdict, warns, or only informs."""

    BLOCKING = "blocking"
    WARNING = "warning"
    ADVISORY = "advisory"


class ConditionStatus(StrEnum):
    """Whether a condition holds; `UNMEASURED` is never `PASSED`, `REQUIRES_REVIEW` waits for a person.

    `NOT_JUDGED`: this run was asked for something else, or the change is too small for the condition; it decides nothing.
    """

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    UNMEASURED = "unmeasured"
    REQUIRES_REVIEW = "requires_review"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One condition of the policy as it stands at the end of a run.

    `score` is 0 to 100, None where it cannot be told. `violations` are lines for people, `evidence` job ids and files.
    """

    id: str
    title: str
    enforcement: Enforcement
    status: ConditionStatus
    message: str
    score: float | None = None
    component: str | None = None
    violations: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """How people and the verdict call it: its id, with its component where it has one."""
        return self.id if self.component is None else f"{self.id}@{self.component}"


class Dimension(StrEnum):
    """What a score speaks of."""

    STYLE = "style"
    TYPES = "types"
    TESTS = "tests"
    SECURITY = "security"
    DOCS = "docs"
    DEPENDENCIES = "dependencies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """0 to 100 of one dimension; None: not measured. `basis` says from what, in one line. Scores inform, conditions decide."""

    dimension: Dimension
    value: float | None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What a run is compared with (`against`, one line), and what is no longer there; new and moved findings carry it as their state.

    `notes` are sentences about the comparison itself: versions that changed, jobs that did not run, scopes that were widened.
    """

    against: str
    new: int = 0
    unchanged: int = 0
    moved: int = 0
    fixed: tuple[Finding, ...] = ()
    fixed_tests: tuple[TestCase, ...] = ()
    notes: tuple[str, ...] = ()
    #: ids of baseline entries that are no longer there, and (entry, job, exact fingerprint) of those that stand elsewhere now
    tightening: tuple[str, ...] = ()
    refreshed: tuple[tuple[str, str, str], ...] = ()
    #: findings that are new only because their tool has another version: they do not count
    by_tool_change: int = 0


class EndKind(StrEnum):
    """The five ends of a run."""

    COMPLETED = "completed"
    PARTIALLY_COMPLETED = "partially_completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended: `gaps` are what was not done, `recoverable` whether running again may help."""

    kind: EndKind
    reason: str = ""
    recoverable: bool = False
    gaps: tuple[str, ...] = ()
