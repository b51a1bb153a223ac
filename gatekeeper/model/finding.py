"""What tools say, in one shape: findings, test cases, and the meaning of a whole output."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from gatekeeper.model.component import Problem
from gatekeeper.model.status import Meaning
from gatekeeper.model.value import dataclass


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Level(StrEnum):
    """The tool's own word for how grave a finding is, before severity; `fails_at` compares with it."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Category(StrEnum):
    BUG = "bug"
    VULNERABILITY = "vulnerability"
    SECRET = "secret"
    DEPENDENCY = "dependency"
    PERFORMANCE = "performance"
    TYPES = "types"
    COMPLEXITY = "complexity"
    STYLE = "style"
    FORMAT = "format"
    DOCUMENTATION = "documentation"
    LINT = "lint"
    TEST = "test"
    BUILD = "build"
    HYGIENE = "hygiene"


class Safety(StrEnum):
    """What applying a fix may change: nothing of what the program does, perhaps something, or it is only there to be read."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY_ONLY = "display-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One replacement: the text from (line, column) to (end_line, end_column), 1-based code points, end exclusive, becomes `content`."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A change that a tool offers. No edits: the tool has a fix but does not say which (then `fixable` alone speaks)."""

    safety: Safety
    message: str | None = None
    edits: tuple[Edit, ...] = ()


class State(StrEnum):
    """Where a finding stands against what was known before; it counts for the verdict only while it is new or was never compared."""

    NEW = "new"
    UNCHANGED = "unchanged"
    MOVED = "moved"
    FIXED = "fixed"
    SUPPRESSED = "suppressed"


class SuppressionKind(StrEnum):
    """Where a suppression was written: beside the finding, in the configuration, or in the tool's own words."""

    INLINE = "inline"
    CONFIGURATION = "configuration"
    TOOL = "tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Why somebody decided that a finding does not count. `expires` is an ISO date, `where` a file with line."""

    kind: SuppressionKind
    reason: str = ""
    owner: str | None = None
    expires: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a tool found.

    `file` is POSIX and relative to the tree's root (None: no place). Lines and columns are 1-based, columns count
    Unicode code points, `end_column` is exclusive. `fixable` means the tool offers a fix, safe or not; `fixes` are those
    that it spells out. `score` is a CVSS-like 0.1 to 10.0 of a vulnerability. Fingerprints, state and suppression are
    filled in after parsing, by `judge`; `fingerprints` are (name/version, value) pairs sorted by name.
    """

    tool: str
    message: str
    level: Level
    severity: Severity
    category: Category
    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    rule: str | None = None
    fixable: bool = False
    cell: int | None = None
    detail: str | None = None
    url: str | None = None
    fixes: tuple[Fix, ...] = ()
    score: float | None = None
    fingerprints: tuple[tuple[str, str], ...] = ()
    state: State | None = None
    suppression: Suppression | None = None
    #: whether it lies on a line that the change under judgement touches; None: nobody looked
    on_changed_line: bool | None = None

    @property
    def counts(self) -> bool:
        """Whether it may make a job fail."""
        return self.state in {None, State.NEW}


class TestOutcome(StrEnum):
    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """The result of one test; `seconds` is None where the runner does not say. `earlier` are the messages of failed tries before the last."""

    __test__ = False

    name: str
    outcome: TestOutcome
    classname: str = ""
    file: str | None = None
    line: int | None = None
    seconds: float | None = None
    message: str | None = None
    detail: str | None = None
    earlier: tuple[str, ...] = ()
    state: State | None = None

    @property
    def flaky(self) -> bool:
        """Whether it passed only after it had failed."""
        return self.outcome is TestOutcome.PASSED and bool(self.earlier)

    @property
    def counts(self) -> bool:
        """Whether it failed and may make a job fail."""
        return self.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} and self.state in {None, State.NEW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number that was measured: `coverage.lines` 87.5 %, `duplication` 2.1 %, `complexity` 14. `file` and `subject` say of what, where it is not all."""

    name: str
    value: float
    unit: str = ""
    file: str | None = None
    line: int | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOutput:
    """What a tool left behind, input of every parser.

    `exit_code` is None when unknown (then the output alone decides). `root` and `cwd` are absolute POSIX paths.
    `read` gives the bytes of a source file by path relative to the root, or None; parsers need it for columns.
    `pattern` is the expression of the `regex` format, empty for every other.
    """

    stdout: bytes = b""
    stderr: bytes = b""
    report: bytes | None = None
    exit_code: int | None = None
    root: str = "/"
    cwd: str = "/"
    tool: str = ""
    read: Callable[[str], bytes | None] = lambda _path: None
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What an output means. `message` says in one line what went wrong when the tool failed to do its work.

    `facts` is the JSON of that name in a `gatekeeper-json` document (health, line counts), None in every other format.
    """

    meaning: Meaning
    findings: tuple[Finding, ...] = ()
    tests: tuple[TestCase, ...] = ()
    problems: tuple[Problem, ...] = ()
    message: str | None = None
    facts: object = None
    metrics: tuple[Metric, ...] = ()
