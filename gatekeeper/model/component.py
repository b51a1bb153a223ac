"""What detection finds: components, the tools they use, what was left out and what could not be read."""

from __future__ import annotations

from enum import StrEnum

from gatekeeper.model.value import dataclass


class Language(StrEnum):
    RUST = "rust"
    PYTHON = "python"
    JAVASCRIPT = "javascript"
    TYPESCRIPT = "typescript"
    SOLIDITY = "solidity"


class Kind(StrEnum):
    """The shape of a component, as its package manager defines it."""

    CARGO_WORKSPACE = "cargo-workspace"
    CARGO_WORKSPACE_MEMBER = "cargo-workspace-member"
    CARGO_CRATE = "cargo-crate"
    PYPROJECT_PACKAGE = "pyproject-package"
    UV_WORKSPACE_MEMBER = "uv-workspace-member"
    NPM_PACKAGE = "npm-package"
    NPM_WORKSPACE_ROOT = "npm-workspace-root"
    NPM_WORKSPACE_MEMBER = "npm-workspace-member"
    FOUNDRY_PROJECT = "foundry-project"
    HARDHAT_PROJECT = "hardhat-project"
    SOLIDITY_CONTRACTS = "solidity-contracts"


class ToolStatus(StrEnum):
    """How a component stands to a tool; `STALE` is never planned, `DEFAULT` only advises."""

    USED = "used"
    CONFIGURED = "configured"
    STALE = "stale"
    DECLARED_ONLY = "declared-only"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A tool as one component uses it; `config` is `FILE` or `FILE#KEY`, `evidence` is for people.

    `invocation` is how the project itself calls it (`cargo clippy --all-features -- -Dwarnings`), as words without the
    wrappers (`uv run`, `npx`, `poetry run`), empty where no plain call was found; plans adopt the flags they know from it.
    """

    tool: str
    config: str | None
    status: ToolStatus
    evidence: str
    invocation: tuple[str, ...] = ()
    #: all plain calls of it, strongest first: a tool with several sub-commands has one for each
    invocations: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCommand:
    """How the project itself runs its tests, with its scope, and where it says so."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    command: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A unit of one language; paths are POSIX and relative to the root of the tree (`.` is the root itself)."""

    id: str
    root: str
    language: Language
    kind: Kind
    name: str
    manifest: str
    workspace_root: str | None = None
    package_manager: str | None = None
    lockfile: str | None = None
    build_backend: str | None = None
    toolchain_pin: str | None = None
    depends_on: tuple[str, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    test: TestCommand | None = None
    reasons: tuple[str, ...] = ()
    #: package scripts that exist (package.json), name and command line, in file order
    scripts: tuple[tuple[str, str], ...] = ()
    #: names of the distributions or packages that its checks need installed, as declared
    requires: tuple[str, ...] = ()
    #: facts that plans ask for: `tests`, `benches`, `sphinx:docs`, `typed`, `sources:contracts`, `script:lint` (a package script of that
    #: name exists), `script:lint=eslint` (and it is one plain call of that tool), `targets:mypy` (its configuration
    #: names what it checks), `test-runner:vitest`, `delegates:lint` (the script only has others run)
    traits: tuple[str, ...] = ()

    def use_of(self, tool: str) -> ToolUse | None:
        """How this component uses `tool`, or None."""
        return next((use for use in self.tools if use.tool == tool), None)

    def holds(self, trait: str) -> bool:
        """Whether it shows a trait, by its name or as `NAME:VALUE`; a few traits are read off its fields."""
        if trait == "locked":
            return self.lockfile is not None
        if trait.startswith("package-manager:"):
            return self.package_manager == trait.partition(":")[2]
        return trait in self.traits or any(own.startswith(f"{trait}:") for own in self.traits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A folder that looks like a component and is none, with the reason."""

    root: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that could not be read; `line` is 1-based or None. `harmless`: it was read all the same."""

    file: str
    line: int | None
    message: str
    harmless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """Everything that was found in one tree."""

    root: str
    components: tuple[Component, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
    problems: tuple[Problem, ...] = ()
