"""The catalogue as values: tools and the ways to use them. Filled from `pipelines/tools/*.yaml` by `catalog`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from gatekeeper.model.component import Kind, Language
from gatekeeper.model.recovery import RetryPolicy
from gatekeeper.model.value import dataclass, field


class Role(StrEnum):
    HYGIENE = "hygiene"
    FORMAT = "format"
    LINT = "lint"
    TYPES = "types"
    BUILD = "build"
    TEST = "test"
    DOCS = "docs"
    BACKUP = "backup"
    SECURITY = "security"
    DEPS = "deps"
    METRICS = "metrics"
    BENCH = "bench"
    ANALYSIS = "analysis"
    HEALTH = "health"
    REPORT = "report"


class Takes(StrEnum):
    """What a command is given: a list of files, one component, or the whole repository."""

    FILES = "files"
    COMPONENT = "component"
    REPOSITORY = "repository"


class Effect(StrEnum):
    READS = "reads"
    WRITES = "writes"


class FailsAt(StrEnum):
    """The lowest level of finding with which the command, in the project's own CI, would fail; `EXIT`: its exit code alone tells,

    because the project's configuration sets a limit that no finding shows (`--fail-under`, `--fail-none`).
    """

    ANY = "any"
    WARNING = "warning"
    ERROR = "error"
    EXIT = "exit"
    NEVER = "never"


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSpec:
    """Where a command's report comes from and which parser reads it; `{report}` in argv is its path for FILE.

    `pattern` is the expression of the `regex` parser, empty for every other.
    """

    source: Stream = Stream.STDOUT
    parser: str = "exit-code"
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitSpec:
    """What the exit codes mean; a code in none of the sets is an error."""

    clean: frozenset[int] = frozenset({0})
    findings: frozenset[int] = frozenset({1})
    nothing: frozenset[int] = frozenset()
    #: errors that are not the tool's: it was called wrongly, or its configuration is wrong
    usage: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provide:
    """Where a tool comes from when the project has none: exact pins, never guessed names.

    `binary` is the path of the executable inside the npm package when it is not the one in `node_modules/.bin`.
    """

    pypi: str | None = None
    npm: str | None = None
    binary: str | None = None
    #: further exact pins that belong into the same environment
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionProbe:
    argv: tuple[str, ...] = ("--version",)
    pattern: str = r"(\d+\.\d+(?:\.\d+)?\S*)"
    supported: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """How a project shows that it uses a tool: configuration files, keys in shared files, words in scripts, packages."""

    files: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: keys of its configuration that name what it checks (`files` of mypy): where one stands, no path is given
    targets: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    pypi: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One way to use a tool. `argv` holds placeholders of a closed set (see `plan.expand`)."""

    id: str
    tool: str
    role: Role
    takes: Takes
    argv: tuple[str, ...]
    fix: tuple[str, ...] | None = None
    globs: tuple[str, ...] = ()
    languages: tuple[Language, ...] = ()
    kinds: tuple[Kind, ...] = ()
    #: traits that the component must have, and package scripts of which one must exist
    requires: tuple[str, ...] = ()
    #: traits of which none may be there
    unless: tuple[str, ...] = ()
    #: planned as advice where nobody chose the tool
    default: bool = False
    #: never makes the verdict fail, even where configured (audits, outdated lists, health)
    advisory: bool = False
    #: only planned when asked for by name
    on_demand: bool = False
    #: needs the project's own dependencies to be installed
    dependencies: bool = False
    output: OutputSpec = field(default_factory=OutputSpec)
    exit: ExitSpec = field(default_factory=ExitSpec)
    fails_at: FailsAt = FailsAt.ANY
    #: words of the project's own call with which it fails at any finding (`-Dwarnings`)
    strict_words: tuple[str, ...] = ()
    #: flags that are taken over from the project's own call at `{adopted}`; a trailing `=` marks one with a value, `paths` the positional words
    adopt: tuple[str, ...] = ()
    effect: Effect = Effect.READS
    cache: str = "none"
    threads: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    memory: str = "small"
    timeout: float | None = None
    exclusive: tuple[str, ...] = ()
    #: files that it makes in the tree where they are missing and that belong to nobody: removed after the run
    leaves: tuple[str, ...] = ()
    #: ids of commands of the same component that must pass before this one starts
    after: tuple[str, ...] = ()
    interrupt: bool = False
    #: what it talks to outside this machine
    services: tuple[str, ...] = ()
    #: None: what holds for every job, and for one with services further tries where the network failed
    retry: RetryPolicy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """An external program (or one of ours, `builtin`): how to find it, tell its version, provide it, use it."""

    id: str
    license: str = ""
    languages: tuple[Language, ...] = ()
    #: name of the executable; for tools of ours the module under `gatekeeper.builtin`
    executable: str = ""
    builtin: bool = False
    traces: Traces = field(default_factory=Traces)
    version_probe: VersionProbe = field(default_factory=VersionProbe)
    provide: Provide | None = None
    executes_repository_code: bool = False
    commands: tuple[Command, ...] = ()
    #: ids of tools that do the same work: where one of them is used or configured, this one is no default
    instead_of: tuple[str, ...] = ()
    #: it has no command of its own because jobs of other tools do its work (tox runs what is found behind it, jest runs as the test script)
    represented: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedTool:
    """A tool that was found for a component: absolute path, version (from metadata), and where it comes from.

    `source` is one of project, pinned, managed, path, builtin, toolchain. `prefix` are arguments between the program and the
    command's own (`node SCRIPT`, `python -m NAME`).
    """

    path: str
    version: str | None
    source: str
    prefix: tuple[str, ...] = ()
    #: set in the environment of jobs that use it
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingTool:
    """A tool that was not found: why, and the command that would change that."""

    reason: str
    hint: str
    #: True: the tool is there but the project's own dependencies are not
    dependencies: bool = False
