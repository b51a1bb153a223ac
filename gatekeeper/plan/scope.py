"""Which files and components a run looks at. Knows names only, never contents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from gatekeeper.model.component import Component
from gatekeeper.model.tool import Takes
from gatekeeper.plan.inputs import PlanInputs, within, workspace_parents
from gatekeeper.plan.select import Choice

#: what a command line may take: far below ARG_MAX (2 MB) because the environment counts too
ARGV_BYTES = 100_000


def excluded_by(patterns: tuple[str, ...], path: str) -> bool:
    """Whether a glob of the configuration leaves this path out; `dir/**` and `dir` mean all below."""
    return any(fnmatchcase(path, pattern) or within(path, pattern.removesuffix("/**").rstrip("/")) for pattern in patterns)


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
    owners = _owners((*inputs.scope, *inputs.deleted), inputs.detection.components)
    dependents: dict[str, set[str]] = {}
    for component in inputs.detection.components:
        for need in component.depends_on:
            dependents.setdefault(need, set()).add(component.id)
    for member, parent in workspace_parents(inputs.detection).items():
        dependents.setdefault(member, set()).add(parent.id)
    pending = list(owners)
    while pending:
        for dependent in dependents.get(pending.pop(), ()):
            if dependent not in owners:
                owners.add(dependent)
                pending.append(dependent)
    return frozenset(owners)


def _owners(paths: Sequence[str], components: Sequence[Component]) -> set[str]:
    """The innermost components that the paths lie in: several where one folder holds several languages."""
    at: dict[str, set[str]] = {}
    for component in components:
        at.setdefault(component.root, set()).add(component.id)
    return {owner for path in paths for owner in next((at[folder] for folder in folders(path) if folder in at), ())}


def folders(path: str) -> Iterator[str]:
    """The path itself and every folder that it lies in, from the innermost to the tree itself."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield "."


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
    total = len("\0".join(files).encode("utf-8", "surrogateescape")) + 1
    count = max(1, -(-total // limit))
    size = -(-len(files) // count) if files else 1
    return tuple(files[start:start + size] for start in range(0, len(files), size)) or ((),)
