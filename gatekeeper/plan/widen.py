"""Where a changed configuration, lockfile or pin makes a tool look again at everything that it governs, though only some files are in scope.

A rule that is switched on in `ruff.toml` finds things in files that nobody touched. Knows names only, never contents: any change of a file
that may decide what a tool says counts. What a tool governs are the files below the folder of its configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from posixpath import basename, dirname

from gatekeeper.model.component import Language
from gatekeeper.model.tool import Tool
from gatekeeper.model.wording import count_text
from gatekeeper.plan.inputs import PlanInputs, family
from gatekeeper.plan.reach import Holdings
from gatekeeper.plan.scope import folders
from gatekeeper.plan.select import Choice

_OURS = ("gatekeeper.yaml", "gatekeeper.local.yaml")
#: decide the version of tools, or what they are built with, for every tool of a language (None: of all)
_SHARED: Mapping[str, Language | None] = {
    ".pre-commit-config.yaml": None, ".tool-versions": None, "mise.toml": None, ".python-version": Language.PYTHON, "requirements*.txt": Language.PYTHON, "requirements/*.txt": Language.PYTHON,
    "constraints*.txt": Language.PYTHON, "setup.py": Language.PYTHON, "setup.cfg": Language.PYTHON, "tox.ini": Language.PYTHON, "Pipfile.lock": Language.PYTHON,
    "uv.lock": Language.PYTHON, "poetry.lock": Language.PYTHON, "pdm.lock": Language.PYTHON, "pyproject.toml": Language.PYTHON,
    "Cargo.toml": Language.RUST, "Cargo.lock": Language.RUST, "rust-toolchain": Language.RUST, "rust-toolchain.toml": Language.RUST, ".cargo/config.toml": Language.RUST,
    "package.json": Language.JAVASCRIPT, "package-lock.json": Language.JAVASCRIPT, "npm-shrinkwrap.json": Language.JAVASCRIPT,
    "yarn.lock": Language.JAVASCRIPT, "pnpm-lock.yaml": Language.JAVASCRIPT, "bun.lock": Language.JAVASCRIPT, "bun.lockb": Language.JAVASCRIPT,
    ".nvmrc": Language.JAVASCRIPT, ".node-version": Language.JAVASCRIPT, ".npmrc": Language.JAVASCRIPT, ".yarnrc.yml": Language.JAVASCRIPT,
    "foundry.toml": Language.SOLIDITY, "remappings.txt": Language.SOLIDITY, "foundry.lock": Language.SOLIDITY, ".gitmodules": Language.SOLIDITY,
}
#: beside what the catalogue names as a tool's own configuration
_FURTHER: Mapping[str, tuple[str, ...]] = {
    "tsc": ("tsconfig*.json", "jsconfig.json"), "eslint": (".eslintignore", "tsconfig*.json"), "prettier": (".prettierignore", ".editorconfig"),
    "solhint": (".solhintignore",), "biome": (".editorconfig",), "typedoc": ("tsconfig*.json",), "oxfmt": (".editorconfig",),
}
#: in a folder of their own, one below what they govern
_HIDDEN = (".cargo", ".config", ".github", "requirements", "docs", "doc")
#: where detection reads what the project runs, and so what blocks: continuous integration, hooks, recipes
_EVIDENCE = (
    ".github/workflows/*", ".github/actions/*", ".gitea/workflows/*", ".forgejo/workflows/*", ".gitlab-ci.y*ml", ".gitlab/*", ".circleci/*", ".buildkite/*", ".travis.yml",
    "azure-pipelines.y*ml", "bitbucket-pipelines.yml", "appveyor.yml", ".husky/*", "*/.husky/*", "*lefthook.y*ml", "prek.yaml", ".pre-commit-config.yml",
    "*Makefile", "*makefile", "*ustfile", "*Taskfile.y*ml", "*noxfile.py",
)


class Widening:
    """Which changed files make which choices look at more; empty in a run that looks at everything anyway."""

    def __init__(self, inputs: PlanInputs) -> None:
        # files that somebody names are not said to have changed
        changed = () if inputs.scope is None or inputs.settings.scope == "files" else (*inputs.scope, *inputs.deleted)
        self._everything = [path for path in changed if path in _OURS or path == inputs.settings.pipeline]
        self._changed = [(path, _tail(path)) for path in changed]
        self._deciding: dict[tuple[str, Language | None], _Deciding] = {}
        self._reasons: dict[tuple[str, str], set[str]] = {}

    @property
    def everything(self) -> bool:
        """Whether our own configuration changed, which decides everything."""
        return bool(self._everything)

    def governed(self, choice: Choice) -> tuple[str, ...]:
        """The folders (`.`: all) below which this choice looks at every file, not only at those in scope. Fixers never do."""
        if choice.fix:
            return ()
        return (".",) if self._everything else tuple(dict.fromkeys(_governs(path) for path in self._relevant(choice)))

    def tell(self, choice: Choice) -> None:
        """Takes note that this choice really looks at more."""
        for path in self._everything[:1] or self._relevant(choice):
            tool = "every tool" if self._everything else choice.tool.id
            self._reasons.setdefault((path, tool), set()).add(choice.component.id if choice.component is not None else "the repository")

    def notes(self) -> tuple[str, ...]:
        """A sentence for each changed file that widened the scope, for plans."""
        by_file: dict[str, set[str]] = {}
        where: dict[str, set[str]] = {}
        for (path, tool), components in self._reasons.items():
            by_file.setdefault(path, set()).add(tool)
            where.setdefault(path, set()).update(components)
        return tuple(f"{path} changed, so {_listed(sorted(tools))} look{'s' if len(tools) == 1 else ''} at everything that it governs in {_listed(sorted(where[path]))}"
                     for path, tools in sorted(by_file.items()))

    def _relevant(self, choice: Choice) -> Sequence[str]:
        """The changed files that decide something in the choice's component."""
        language = family(choice.component) if choice.component is not None else None
        key = (choice.tool.id, language)
        if key not in self._deciding:
            globs = _globs(choice.tool, language)
            self._deciding[key] = _Deciding(path for path, names in self._changed if any(fnmatchcase(name, glob) for glob in globs for name in names))
        return self._deciding[key].around(choice.component.root if choice.component is not None else ".")


class _Deciding:
    """The changed files that decide something for one tool, by the folder that they govern: looked up and not searched for."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_folder: dict[str, list[str]] = {}
        for path in sorted(paths):
            self._by_folder.setdefault(_governs(path), []).append(path)
        self._holdings = Holdings(sorted(self._by_folder))

    def around(self, root: str) -> Sequence[str]:
        """Those that govern `root`, or something below it."""
        if not self._by_folder:
            return ()
        nearby = dict.fromkeys((*(folder for folder in folders(root) if folder in self._by_folder), *self._holdings.below(root)))
        return [path for folder in nearby for path in self._by_folder[folder]]


def decides(path: str, tools: Iterable[Tool]) -> bool:
    """Whether a file may change what one of the tools says, which version of it runs, or whether the project counts as using it."""
    globs = {*_SHARED, *(glob for tool in tools for glob in (*tool.traces.files, *_FURTHER.get(tool.id, ()), *tool.traces.keys))}
    return any(fnmatchcase(name, glob) for glob in globs for name in _tail(path)) or any(fnmatchcase(path, glob) for glob in _EVIDENCE)


def _globs(tool: Tool, language: Language | None) -> Sequence[str]:
    """Names of the files that may change what a tool says of code in this language."""
    shared = [glob for glob, of in _SHARED.items() if of is None or of is language] if not tool.builtin else []
    return (*shared, *tool.traces.files, *_FURTHER.get(tool.id, ()), *tool.traces.keys)


def _tail(path: str) -> tuple[str, str]:
    """The name of a file, and that with the folder that it lies in: what globs are held against."""
    return basename(path), "/".join(path.split("/")[-2:])


def _governs(path: str) -> str:
    """The folder below which a file decides."""
    folder = dirname(path)
    if basename(folder) in _HIDDEN:
        folder = dirname(folder)
    return folder or "."


def _listed(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {count_text(len(names) - most, 'other')}" if len(names) > most else shown
