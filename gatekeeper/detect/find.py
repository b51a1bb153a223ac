"""Finds the components of a tree and how they are checked: `detect(tree, catalog)`. Reads files only, through `tree.read`.

Languages find components (`LANGUAGES`), `evidence` collects what the project runs, `tools` holds both against the catalogue's traces.
Ids: the folder with `-` for `/`; a root takes the slug of its declared name, else `root`. Where several components share a folder, the
first in the order of LANGUAGES keeps the plain id and each later one gets its language behind (`-python`, `-js`, `-solidity`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from gatekeeper.detect import javascript, python, rust, solidity
from gatekeeper.detect.documents import Documents
from gatekeeper.detect.entries import Call, Via
from gatekeeper.detect.evidence import Evidence, collect, folder_of
from gatekeeper.detect.exclusion import Exclusions
from gatekeeper.detect.index import Index, inside, join, parent, resolve
from gatekeeper.detect.language import Found, LanguageModule, Scene, slug
from gatekeeper.detect.owners import Owners
from gatekeeper.detect.scripts import script_traits
from gatekeeper.detect.testing import member_test, test_of
from gatekeeper.detect.tools import Use, defaults_for, uses_of
from gatekeeper.model.component import Component, Detection, Kind, Language, Problem
from gatekeeper.model.late import late
from gatekeeper.model.pipeline import Catalog
from gatekeeper.model.value import replace
from gatekeeper.tree.files import Tree
from gatekeeper.tree.kept import Remembered

#: one module per language, in the order in which components that share a folder are listed
LANGUAGES: tuple[LanguageModule, ...] = (rust, python, javascript, solidity)
_ORDER = {Language.RUST: 0, Language.PYTHON: 1, Language.JAVASCRIPT: 2, Language.TYPESCRIPT: 2, Language.SOLIDITY: 3}
_SUFFIX = {Language.RUST: "rust", Language.PYTHON: "python", Language.JAVASCRIPT: "js", Language.TYPESCRIPT: "js", Language.SOLIDITY: "solidity"}
_INSTALLS = late(r"\b(pnpm|yarn|bun)\s+(?:install|i)\b|\b(uv)\s+(?:sync|run|pip)\b|\b(poetry|pdm|hatch)\s+(?:install|run|env)\b")


def detect(tree: Tree, catalog: Catalog, folder: str | None = None) -> Detection:
    """Everything that can be told about the components of a tree from its files. What takes long to read is remembered in the cache `folder`."""
    remembered = Remembered(folder, tree.root)
    scene = _scene(tree, remembered)
    found = _sorted(item for module in LANGUAGES for item in module.find(scene))
    evidence = collect(scene, found)
    found = tuple(_managed(item, evidence, alone=_is_alone(item, found)) for item in found)
    ids = _ids(found)
    components = _components(scene, found, evidence, catalog, ids)
    roots = {component.root for component in components}
    remembered.close()
    return Detection(root=tree.root, components=components, excluded=scene.exclusions.listed(roots), problems=_problems(scene, roots))


def _scene(tree: Tree, remembered: Remembered) -> Scene:
    index = Index(tree.files)
    documents = Documents(tree.read, remembered.of)
    name = os.path.basename(tree.root.rstrip("/")) or "root"
    scene = Scene(name=name, index=index, documents=documents, exclusions=Exclusions(), read=tree.read)
    submodules = tree.submodules if tree.git else _listed_submodules(documents, index)
    separate = [*((folder, "nested repository: checked on its own") for folder in tree.nested), *((folder, _submodule(tree, folder)) for folder in submodules)]
    return replace(scene, exclusions=Exclusions(vendored=solidity.vendored(scene), separate=separate))


def _listed_submodules(documents: Documents, index: Index) -> tuple[str, ...]:
    """The folders that .gitmodules names; only where git itself could not be asked."""
    text = documents.text(".gitmodules") if ".gitmodules" in index else None
    named = re.findall(r"^[ \t]*path[ \t]*=(.+)$", text or "", re.MULTILINE)
    return tuple(sorted({folder for name in named if (folder := resolve(".", name.strip())) is not None and folder != "."}))


def _submodule(tree: Tree, folder: str) -> str:
    there = any(tree.read(join(folder, name), 1) is not None for name in (".git", "README.md", "package.json", "Cargo.toml", "foundry.toml"))
    return "submodule: a repository of its own" if there else "submodule that is not initialised"


def _sorted(found: Iterable[Found]) -> tuple[Found, ...]:
    return tuple(sorted(found, key=lambda item: (item.component.root != ".", item.component.root, _ORDER[item.component.language])))


def _ids(found: tuple[Found, ...]) -> dict[tuple[str, Language], str]:
    """A short, stable, unique id for every component."""
    ids: dict[tuple[str, Language], str] = {}
    taken: set[str] = set()
    shared: dict[str, str] = {}
    named = next((slug(item.component.name) for item in found if item.component.root == "." and item.named), "")
    for item in found:
        component = item.component
        plain = shared.get(component.root) or (named if component.root == "." else slug(component.root.replace("/", "-"))) or "root"
        wanted = f"{plain}-{_SUFFIX[component.language]}" if component.root in shared else plain
        shared.setdefault(component.root, plain)
        unique = next(name for name in (wanted, f"{wanted}-{_SUFFIX[component.language]}", *(f"{wanted}-{number}" for number in range(2, len(found) + 3))) if name not in taken)
        taken.add(unique)
        ids[component.root, component.language] = unique
    return ids


def _is_alone(item: Found, found: tuple[Found, ...]) -> bool:
    """Whether no other component has its language."""
    return sum(_ORDER[other.component.language] == _ORDER[item.component.language] for other in found) == 1


def _managed(item: Found, evidence: Evidence, *, alone: bool) -> Found:
    """With the package manager that CI uses in its folder (or above, if nothing else can be meant), where its files name none."""
    component = item.component
    if component.lockfile is not None or component.package_manager not in {"npm", "pip"} or not any("named: " in reason for reason in component.reasons):
        return item
    for entry in evidence.entries:
        if entry.via in {Via.CI, Via.OTHER_CI} and (component.root == entry.cwd or (alone and inside(component.root, entry.cwd))):
            for match in _INSTALLS.finditer(entry.text):
                manager = next(group for group in match.groups() if group)
                if (manager in {"pnpm", "yarn", "bun"}) == (component.package_manager == "npm"):
                    reasons = (*component.reasons[:-1], f"CI calls {match.group()} ({entry.file})")
                    return replace(item, component=replace(component, package_manager=manager, reasons=reasons))
    return item


def _components(scene: Scene, found: tuple[Found, ...], evidence: Evidence, catalog: Catalog, ids: Mapping[tuple[str, Language], str]) -> tuple[Component, ...]:
    uses = uses_of(scene, found, evidence, catalog)
    owned = _owned(scene, found, evidence)
    finished: list[Component] = []
    for position, item in enumerate(found):
        component = replace(item.component, id=ids[item.component.root, item.component.language], depends_on=_dependencies(item, found, ids),
                            traits=_traits(item.component, found, uses[position], evidence, catalog))
        component = replace(component, tools=tuple(use.use for use in uses[position]))
        component = replace(component, test=test_of(component, owned[position], scene.index), tools=(*component.tools, *defaults_for(component, uses[position], catalog)))
        finished.append(component)
    tests = {component.root: component.test for component in finished if component.kind is Kind.CARGO_WORKSPACE}
    return tuple(replace(component, test=component.test or member_test(component, tests.get(component.workspace_root or ".")))
                 if component.kind is Kind.CARGO_WORKSPACE_MEMBER else component for component in finished)


def _owned(scene: Scene, found: tuple[Found, ...], evidence: Evidence) -> dict[int, tuple[Call, ...]]:
    """The calls about each component, by its position."""
    owners = Owners(found, scene)
    owned: dict[int, list[Call]] = {position: [] for position in range(len(found))}
    for call in (folder_of(call) for call in evidence.calls):
        for position in owners.of_call(call, tuple(Language)):
            owned[position].append(call)
    return {position: tuple(calls) for position, calls in owned.items()}


def _traits(component: Component, found: tuple[Found, ...], uses: tuple[Use, ...], evidence: Evidence, catalog: Catalog) -> tuple[str, ...]:
    """What the language found, what its scripts are, which sub-commands were seen, which other languages share the folder."""
    seen = [f"used:{word}" for use in uses for word in use.words] + [f"targets:{use.use.tool}" for use in uses if use.targeted]
    others = sorted({f"languages:{item.component.language}" for item in found if item.component.root == component.root and item.component.language is not component.language})
    return tuple(dict.fromkeys((*component.traits, *script_traits(component, evidence.world, catalog), *seen, *others)))


def _dependencies(item: Found, found: tuple[Found, ...], ids: Mapping[tuple[str, Language], str]) -> tuple[str, ...]:
    """Ids of the components it needs: those its manifest names, and the code of another language that it is built from."""
    order = _ORDER[item.component.language]
    needed = {ids[other.component.root, other.component.language] for other in found
              if other.component.root in item.needs and _ORDER[other.component.language] == order}
    needed |= {ids[other.component.root, other.component.language] for other in found if _is_built_from(item, other.component)}
    return tuple(sorted(needed - {ids[item.component.root, item.component.language]}))


def _is_built_from(item: Found, other: Component) -> bool:
    """A Python package from its crate, a napi package from the crate beside it, a Hardhat package from its contracts."""
    component = item.component
    match component.language, other.language:
        case Language.PYTHON, Language.RUST:
            return other.root in item.crates
        case (Language.JAVASCRIPT | Language.TYPESCRIPT), Language.RUST:
            return component.root == other.root and any(name in item.declared for name in ("@napi-rs/cli", "neon-cli", "wasm-pack", "@neon-rs/cli", "cargo-cp-artifact"))
        case (Language.JAVASCRIPT | Language.TYPESCRIPT), Language.SOLIDITY:
            return component.root == other.root and "hardhat" in item.declared
    return False


def _problems(scene: Scene, roots: set[str]) -> tuple[Problem, ...]:
    """Problems in files of the project; broken documents among fixtures are there on purpose."""
    return tuple(problem for problem in scene.documents.problems if parent(problem.file) in roots or not scene.exclusions.holds(parent(problem.file)))


