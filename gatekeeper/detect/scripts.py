"""What the scripts of a package are, seen from outside: one plain call of a tool, a test runner at the end, or mere delegation.

These become the traits `script:lint=eslint`, `test-runner:vitest`, `delegates:lint` and `placeholder:test`.
"""

from __future__ import annotations

from gatekeeper.detect import shell
from gatekeeper.detect.calls import World, follow
from gatekeeper.detect.entries import Entry, Via
from gatekeeper.detect.packages import MANAGERS, Packages, task_runner, understand
from gatekeeper.detect.tools import matched
from gatekeeper.detect.wrappers import unwrap
from gatekeeper.model.component import Component
from gatekeeper.model.pipeline import Catalog

_RUNNERS = ("vitest", "jest", "mocha")
_PLACEHOLDER = "no test specified"
_DEEPEST = 6


def script_traits(component: Component, world: World, catalog: Catalog) -> tuple[str, ...]:
    """The traits that follow from the scripts of a package, in the order of its scripts."""
    traits: list[str] = []
    for name, line in component.scripts:
        calls = follow(Entry(text=line, cwd=component.root, file=component.manifest, line=None, via=Via.RECIPE, name=name), world)
        if name == "test" and _PLACEHOLDER in line:
            traits.append("placeholder:test")
            continue
        if delegates(name, component.root, world.packages):
            traits.append(f"delegates:{name}")
            continue
        if len(calls) == 1 and calls[0].plain and calls[0].cwd == component.root:
            # a tool without a command of its own would stand for the script and never run
            traits += [f"script:{name}={tool.id}" for tool in catalog.tools if tool.commands and matched(tool.traces, calls[0].words) is not None][:1]
        if name == "test" and calls and calls[-1].plain and calls[-1].cwd == component.root and (runner := _runner(calls[-1].words)):
            traits.append(f"test-runner:{runner}")
    return tuple(traits)


def _runner(words: tuple[str, ...]) -> str | None:
    if words[0] == "node":
        return "node" if "--test" in words[1:] else None
    return words[0] if words[0] in _RUNNERS and "--watch" not in words else None


def delegates(name: str, folder: str, packages: Packages, depth: int = 0) -> bool:
    """Whether a script does nothing but have scripts of other packages run."""
    line = packages.scripts.get(folder, {}).get(name)
    simple = shell.commands(line) if line is not None and depth < _DEEPEST else []
    return bool(simple) and all(_hands_on(unwrap(command.words)[0], folder, packages, depth) for command in simple)


def _hands_on(words: tuple[str, ...], folder: str, packages: Packages, depth: int) -> bool:
    if not words:
        return False
    if words[0] in MANAGERS:
        call = understand(words, folder, packages)
        if call is None:
            return False
        return call.delegates or (call.script is not None and call.folders == (folder,) and delegates(call.script, folder, packages, depth + 1))
    runs = task_runner(words, folder, packages)
    return runs is not None and all(run.delegates or (run.script is not None and delegates(run.script, folder, packages, depth + 1)) for run in runs) and bool(runs)
