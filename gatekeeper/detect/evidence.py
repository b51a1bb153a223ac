"""Collects what a project runs, from CI, hooks, recipes and scripts, as simple commands with their folders. Knows no tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gatekeeper.detect import hooks, workflows
from gatekeeper.detect.calls import World, calls
from gatekeeper.detect.documents import find_line
from gatekeeper.detect.entries import Call, Entry, HookUse, Via
from gatekeeper.detect.index import inside, parent, resolve
from gatekeeper.detect.language import Found, Scene
from gatekeeper.detect.packages import Packages
from gatekeeper.detect.recipes import Recipe, recipes
from gatekeeper.model.component import Language
from gatekeeper.model.value import dataclass, replace

_SCRIPTED = (Language.JAVASCRIPT, Language.TYPESCRIPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All calls, strongest first, the named hooks and actions, and the world they were followed in."""

    calls: tuple[Call, ...]
    hooks: tuple[HookUse, ...]
    entries: tuple[Entry, ...]
    world: World


def collect(scene: Scene, found: Iterable[Found]) -> Evidence:
    """Everything that speaks of how the components are checked; files in folders that are left out do not count."""
    components = list(found)
    roots = {item.component.root for item in components}
    own = [recipe for recipe in recipes(scene.index, scene.documents) if (recipe.entries and _counts(scene, recipe.entries[0].file, roots)) or recipe.first]
    world = World(index=scene.index, documents=scene.documents, packages=_packages(components), recipes=_grouped(own), cargo_aliases=_aliases(scene))
    entries: list[Entry] = []
    named: list[HookUse] = []
    for item in (*workflows.entries(scene.index, scene.documents), *hooks.entries(scene.index, scene.documents)):
        if _counts(scene, item.file, roots):
            (entries if isinstance(item, Entry) else named).append(item)  # type: ignore[arg-type]
    entries += _scripts(scene, components)
    entries += [entry for recipe in own for entry in recipe.entries]
    return Evidence(calls=tuple(calls(entries, world)), hooks=tuple(named), entries=tuple(entries), world=world)


def _counts(scene: Scene, file: str, roots: set[str]) -> bool:
    """Whether a file belongs to the project: not below what was left out, unless a component lies there."""
    cause = scene.exclusions.cause(parent(file))
    return cause is None or any(root != "." and inside(parent(file), root) and inside(root, cause[0]) for root in roots)


def _packages(components: list[Found]) -> Packages:
    scripted = [item for item in components if item.component.language in _SCRIPTED]
    return Packages(scripts={item.component.root: dict(item.component.scripts) for item in scripted},
                    names={item.component.name: item.component.root for item in scripted},
                    members={item.component.root: (item.component.root, *item.members) for item in scripted if item.members})


def _grouped(listed: list[Recipe]) -> Mapping[tuple[str, str], tuple[Recipe, ...]]:
    groups: dict[tuple[str, str], list[Recipe]] = {}
    for recipe in listed:
        groups.setdefault((recipe.runner, recipe.folder), []).append(recipe)
    return {key: tuple(group) for key, group in groups.items()}


def _scripts(scene: Scene, components: list[Found]) -> list[Entry]:
    entries = []
    for item in components:
        text = scene.documents.text(item.component.manifest) or ""
        for name, line in item.component.scripts:
            entries.append(Entry(text=line, cwd=item.component.root, file=item.component.manifest, line=find_line(text, ("scripts", name)), via=Via.RECIPE, name=name))
    return entries


def _aliases(scene: Scene) -> dict[str, str]:
    """cargo's aliases of .cargo/config.toml at the root of the tree."""
    path = scene.index.first_in(".cargo", "config.toml", "config")
    document = scene.documents.toml(path) if path else None
    table = document.table("alias") if document is not None else {}
    joined = {name: " ".join(str(word) for word in value) if isinstance(value, list) else value for name, value in table.items()}
    return {name: value for name, value in joined.items() if isinstance(value, str)}


def folder_of(call: Call) -> Call:
    """A call with the folder it is really about: `--manifest-path x/Cargo.toml` of cargo, `--root x` of forge."""
    for position, word in enumerate(call.words):
        option, _, value = word.partition("=")
        if option in {"--manifest-path", "--root", "--project-dir", "--directory"} and call.words[0] in {"cargo", "forge", "hardhat"}:
            named = value or (call.words[position + 1] if position + 1 < len(call.words) else "")
            target = resolve(call.cwd, named)
            if target is not None and named:
                rest = call.words[:position] + call.words[position + (1 if value else 2):]
                return replace(call, cwd=parent(target) if target.endswith(".toml") else target, words=rest)
    return call
