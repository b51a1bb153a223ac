"""What the scripts of a package are, seen from outside: one plain call of a tool, a test runner at the end, or mere delegation.

These become the traits `script:lint=eslint`, `test-runner:vitest`, `placeholder:test`, `delegates:lint` with a `delegates:lint=packages/a` for
each package that it reaches, and `folded:lint` where each of those is one plain call of a tool that the catalogue runs itself.
"""

from __future__ import annotations

from gatekeeper.detect import shell
from gatekeeper.detect.calls import World, follow
from gatekeeper.detect.entries import Entry, Via
from gatekeeper.detect.packages import MANAGERS, Packages, task_runner, understand
from gatekeeper.detect.tools import matched
from gatekeeper.detect.wrappers import unwrap
from gatekeeper.model.component import Component, Language
from gatekeeper.model.pipeline import Catalog

_RUNNERS = ("vitest", "jest", "mocha")
_PLACEHOLDER = "no test specified"
_DEEPEST = 6
#: languages of components that lie where a package.json does
_FOUND_BESIDE = frozenset({Language.JAVASCRIPT, Language.TYPESCRIPT, Language.SOLIDITY})


def script_traits(component: Component, world: World, catalog: Catalog) -> tuple[str, ...]:
    """The traits that follow from the scripts of a package, in the order of its scripts."""
    traits: list[str] = []
    for name, line in component.scripts:
        calls = follow(Entry(text=line, cwd=component.root, file=component.manifest, line=None, via=Via.RECIPE, name=name), world)
        if name == "test" and _PLACEHOLDER in line:
            traits.append("placeholder:test")
            continue
        if targets := delegates(name, component.root, world.packages):
            traits += [f"delegates:{name}", *(f"delegates:{name}={folder}" for folder in targets)]
            if all(_direct(world.packages.scripts.get(folder, {}).get(name), name, folder, world, catalog) for folder in targets):
                traits.append(f"folded:{name}")
            continue
        if len(calls) == 1 and calls[0].plain and calls[0].cwd == component.root:
            traits += [f"script:{name}={tool}"] if (tool := _tool_of(calls[0].words, catalog)) is not None else []
        if name == "test" and calls and calls[-1].plain and calls[-1].cwd == component.root and (runner := _runner(calls[-1].words)):
            traits.append(f"test-runner:{runner}")
    return tuple(traits)


def _runner(words: tuple[str, ...]) -> str | None:
    if words[0] == "node":
        return "node" if "--test" in words[1:] else None
    if words[:2] == ("bun", "test"):
        return "bun" if "--watch" not in words else None
    return words[0] if words[0] in _RUNNERS and "--watch" not in words else None


def _direct(line: str | None, name: str, folder: str, world: World, catalog: Catalog) -> bool:
    """Whether a package's script is one plain call of a tool that the catalogue runs itself."""
    calls = follow(Entry(text=line or "", cwd=folder, file="package.json", line=None, via=Via.RECIPE, name=name), world)
    tool = catalog.tool(_tool_of(calls[0].words, catalog) or "") if len(calls) == 1 and calls[0].plain and calls[0].cwd == folder else None
    return tool is not None and not _FOUND_BESIDE.isdisjoint(tool.languages)


def _tool_of(words: tuple[str, ...], catalog: Catalog) -> str | None:
    """The tool that a call is of; one without a command of its own would stand for the call and never run."""
    return next((tool.id for tool in catalog.tools if tool.commands and matched(tool.traces, words) is not None), None)


def delegates(name: str, folder: str, packages: Packages, depth: int = 0) -> tuple[str, ...]:
    """The folders of the packages whose scripts a script has run; empty where it does anything else, too."""
    line = packages.scripts.get(folder, {}).get(name)
    reached: list[str] = []
    for command in shell.commands(line) if line is not None and depth < _DEEPEST else []:
        targets = _hands_on(unwrap(command.words)[0], (name, folder), packages, depth)
        if not targets:
            return ()
        reached += targets
    return tuple(dict.fromkeys(reached))


def _hands_on(words: tuple[str, ...], script: tuple[str, str], packages: Packages, depth: int) -> tuple[str, ...]:
    """The folders that one command of a script (its name and folder) hands its work to."""
    name, folder = script
    if not words:
        return ()
    if words[0] in MANAGERS:
        call = understand(words, folder, packages)
        runs = [call] if call is not None else []
    else:
        runs = task_runner(words, folder, packages) or []
    reached: list[str] = []
    for run in runs:
        others = tuple(target for target in run.folders if (target, run.script) != (folder, name))  # package managers do not call a script from itself
        targets = others if run.delegates else delegates(run.script, folder, packages, depth + 1) if run.script is not None and run.folders == (folder,) else ()
        if not targets:
            return ()
        reached += targets
    return tuple(reached)
