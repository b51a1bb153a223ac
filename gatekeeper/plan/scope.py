"""Which files and components a run looks at. Knows names only, never contents."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from gatekeeper.model.component import Component
from gatekeeper.model.tool import Takes
from gatekeeper.plan.inputs import PlanInputs, family, within, workspace_parent
from gatekeeper.plan.select import Choice

#: what a command line may take: far below ARG_MAX (2 MB) because the environment counts too
ARGV_BYTES = 100_000


def excluded_by(patterns: tuple[str, ...], path: str) -> bool:
    """Whether a glob of the configuration leaves this path out; `dir/**` and `dir` mean all below."""
    return any(fnmatchcase(path, pattern) or within(path, pattern.removesuffix("/**").rstrip("/")) for pattern in patterns)


def files_of(choice: Choice, choices: Sequence[Choice], inputs: PlanInputs) -> tuple[str, ...]:
    """The files that a command is given: below its component, matching its globs, in scope, and nobody else's."""
    command, component = choice.command, choice.component
    others = _inner_roots(choice, choices) if component is not None else ()
    unwanted = tuple(exclusion.root for exclusion in inputs.detection.excluded) if choice.reason.kind == "default" else ()
    root = component.root if component is not None else "."
    wanted = inputs.files if inputs.scope is None else inputs.scope
    return tuple(path for path in wanted
                 if within(path, root) and _matches(path, command.globs)
                 and not any(within(path, other) for other in others) and not any(within(path, other) for other in unwanted)
                 and not excluded_by(inputs.settings.exclude, path))


def _inner_roots(choice: Choice, choices: Sequence[Choice]) -> tuple[str, ...]:
    """Roots of components below this one for which the same command is planned on its own."""
    component = choice.component
    assert component is not None
    return tuple(other.component.root for other in choices
                 if other.component is not None and other.command.id == choice.command.id and other.fix == choice.fix
                 and other.component.root != component.root and within(other.component.root, component.root))


def _matches(path: str, globs: tuple[str, ...]) -> bool:
    name = path.rpartition("/")[2]
    return not globs or any(fnmatchcase(name, glob) for glob in globs)


def below(files: tuple[str, ...], cwd: str, paths: Sequence[str]) -> tuple[str, ...]:
    """The files below one of `paths` (relative to `cwd`, globs allowed): what the project's own call would look at."""
    roots = [_joined(cwd, path) for path in paths]
    return tuple(file for file in files if any(within(file, root) or fnmatchcase(file, root.replace("**/", "*")) for root in roots))


def _joined(cwd: str, path: str) -> str:
    plain = path.removeprefix("./").rstrip("/") or "."
    if plain == ".":
        return cwd
    return plain if cwd == "." else f"{cwd}/{plain}"


def affected(inputs: PlanInputs) -> frozenset[str]:
    """Ids of the components that a scoped run concerns: with a file in scope, or depending on one that has."""
    if inputs.scope is None:
        return frozenset(component.id for component in inputs.detection.components)
    touched = (*inputs.scope, *inputs.deleted)
    owners = {owner for path in touched for owner in _owners(path, inputs.detection.components)}
    dependents: dict[str, set[str]] = {}
    for component in inputs.detection.components:
        for need in component.depends_on:
            dependents.setdefault(need, set()).add(component.id)
        parent = workspace_parent(component, inputs.detection)
        if parent is not None:
            dependents.setdefault(component.id, set()).add(parent.id)
    pending = list(owners)
    while pending:
        for dependent in dependents.get(pending.pop(), ()):
            if dependent not in owners:
                owners.add(dependent)
                pending.append(dependent)
    return frozenset(owners)


def _owners(path: str, components: Sequence[Component]) -> set[str]:
    """The innermost component of each language family that the path lies in."""
    best: dict[str, Component] = {}
    for component in components:
        if within(path, component.root):
            held = best.get(family(component))
            if held is None or len(component.root) > len(held.root) or held.root == ".":
                best[family(component)] = component
    deepest = max((len(component.root) if component.root != "." else 0 for component in best.values()), default=0)
    return {component.id for component in best.values() if (len(component.root) if component.root != "." else 0) == deepest}


def applies(choice: Choice, files: tuple[str, ...], concerned: frozenset[str], inputs: PlanInputs) -> bool:
    """Whether a choice has anything to do in this scope."""
    if choice.command.takes is Takes.FILES:
        return bool(files)
    if not inputs.scoped:
        return True
    if choice.component is None:
        return bool(files)
    return choice.component.id in concerned


def chunks(files: tuple[str, ...], limit: int = ARGV_BYTES) -> tuple[tuple[str, ...], ...]:
    """The files in as few command lines as fit, of about equal length."""
    total = sum(len(name.encode("utf-8", "surrogateescape")) + 1 for name in files)
    count = max(1, -(-total // limit))
    size = -(-len(files) // count) if files else 1
    return tuple(files[start:start + size] for start in range(0, len(files), size)) or ((),)
