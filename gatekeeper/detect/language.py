"""What a language module gets and gives. One module per language satisfies `LanguageModule`; `find.LANGUAGES` lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from gatekeeper.detect.documents import Document, Documents
from gatekeeper.detect.exclusion import Exclusions
from gatekeeper.detect.index import Index, parent
from gatekeeper.model.component import Component
from gatekeeper.model.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One tree, as every language module sees it; `name` is the name of its folder."""

    name: str
    index: Index
    documents: Documents
    exclusions: Exclusions
    read: Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A component before its tools are known.

    `needs` are folders of components of the same language that it depends on. `declared` are the names of the packages it declares for
    any purpose, with the place that says so; `named` tells whether `component.name` was declared or derived from a folder.
    """

    component: Component
    needs: tuple[str, ...] = ()
    declared: Mapping[str, str] = field(default_factory=dict)
    named: bool = True
    #: folders of its language's workspace members (the root of a workspace only)
    members: tuple[str, ...] = ()
    #: folders of crates that it is built from, whatever its own language
    crates: tuple[str, ...] = ()


class LanguageModule(Protocol):
    """A module that finds the components of one language (JavaScript and TypeScript are one here)."""

    def find(self, scene: Scene) -> tuple[Found, ...]:
        """All components, sorted by folder; what looks like one and is none goes to `scene.exclusions`."""
        ...


def manifests(scene: Scene, name: str) -> dict[str, Document]:
    """The readable manifests of a name by folder; unreadable ones in folders that are left out are remembered as such."""
    reader = scene.documents.json if name.endswith(".json") else scene.documents.toml
    found: dict[str, Document] = {}
    for path in scene.index.named(name):
        folder = parent(path)
        installed = f"/{path}".find("/node_modules/")
        if installed >= 0:
            scene.exclusions.covers(path[:installed + len("node_modules")])
        elif (document := reader(path)) is not None:
            found[folder] = document
        else:
            scene.exclusions.covers(folder)
    return found


def slug(name: str) -> str:
    """A name as an id: lower-case letters, digits and dashes; scopes (`@org/`) fall away."""
    return re.sub(r"[^a-z0-9]+", "-", name.rsplit("/", 1)[-1].lower()).strip("-")


def pin(scene: Scene, folder: str, *names: str) -> str | None:
    """The first line of the nearest of the files `names` in or above `folder`, if it says a version."""
    path = scene.index.upwards(folder, *names)
    lines = (scene.documents.text(path) or "").split("\n") if path else []
    return next((line.strip()[:60] for line in lines if line.strip() and not line.strip().startswith("#")), None)
