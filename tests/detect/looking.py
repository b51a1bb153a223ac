"""Plants small trees for detection and looks at them; every tree is real files in a temporary folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from gatekeeper.catalog.load import load_catalog
from gatekeeper.detect.find import detect
from gatekeeper.model.component import Component, Detection, ToolStatus
from gatekeeper.model.pipeline import Catalog
from gatekeeper.tree.files import Tree


@cache
def catalog() -> Catalog:
    """The shipped catalogue."""
    return load_catalog()


def plant(folder: Path, files: Mapping[str, str | bytes], *, nested: tuple[str, ...] = (), submodules: tuple[str, ...] = ()) -> Tree:
    """Writes files below a folder and gives the tree of exactly these."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Tree(root=str(folder), files=tuple(sorted(files)), git=True, nested=nested, submodules=submodules)


def tree_at(folder: Path) -> Tree:
    """The tree of every file below a folder."""
    files = tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()))
    return Tree(root=str(folder), files=files, git=False)


def look(folder: Path, files: Mapping[str, str | bytes], *, nested: tuple[str, ...] = (), submodules: tuple[str, ...] = ()) -> Detection:
    """What detection finds in these files."""
    return detect(plant(folder, files, nested=nested, submodules=submodules), catalog())


def one(detection: Detection) -> Component:
    """The only component."""
    assert len(detection.components) == 1, [component.root for component in detection.components]
    return detection.components[0]


def at(detection: Detection, root: str, language: str | None = None) -> Component:
    """The component at a folder."""
    found = [component for component in detection.components if component.root == root and language in {None, str(component.language)}]
    assert len(found) == 1, [(component.root, str(component.language)) for component in detection.components]
    return found[0]


def shape(detection: Detection) -> dict[str, str]:
    """Kinds by folder (and language, where a folder holds several)."""
    roots = [component.root for component in detection.components]
    return {component.root if roots.count(component.root) == 1 else f"{component.root} {component.language}": str(component.kind)
            for component in detection.components}


def standing(component: Component, *, defaults: bool = False) -> dict[str, str]:
    """Status by tool, those of the package managers themselves left out."""
    return {use.tool: str(use.status) for use in component.tools
            if use.tool not in {"cargo", "npm", "pip", "script"} and (defaults or use.status is not ToolStatus.DEFAULT)}


def workflow(*commands: str, before: str = "", job: str = "") -> str:
    """A GitHub workflow that runs these commands, one step each."""
    steps = "".join("      - run: |\n" + "".join(f"          {line}\n" for line in command.split("\n")) for command in commands)
    return f"on: [push, pull_request]\n{before}jobs:\n  check:\n    runs-on: ubuntu-latest\n{job}    steps:\n      - uses: actions/checkout@v4\n{steps}"


CI = ".github/workflows/ci.yml"
