"""What tools say, in one shape: findings, test cases, and the meaning of a whole output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.model.component import Problem
from gatekeeper.model.status import Meaning


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a tool found.

    `file` is POSIX and relative to the tree's root (None: no place). Lines and columns are 1-based, columns count
    Unicode code points, `end_column` is exclusive. `fixable` means the tool offers a fix, safe or not.
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


class TestOutcome(StrEnum):
    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """The result of one test; `seconds` is None where the runner does not say."""

    __test__ = False

    name: str
    outcome: TestOutcome
    classname: str = ""
    file: str | None = None
    line: int | None = None
    seconds: float | None = None
    message: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOutput:
    """What a tool left behind, input of every parser.

    `exit_code` is None when unknown (then the output alone decides). `root` and `cwd` are absolute POSIX paths.
    `read` gives the bytes of a source file by path relative to the root, or None; parsers need it for columns.
    """

    stdout: bytes = b""
    stderr: bytes = b""
    report: bytes | None = None
    exit_code: int | None = None
    root: str = "/"
    cwd: str = "/"
    tool: str = ""
    read: Callable[[str], bytes | None] = lambda _path: None


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
