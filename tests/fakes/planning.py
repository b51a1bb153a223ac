"""Inputs of a plan, made up: components, a toolbox that has everything (or lacks what it is told), the shipped catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from gatekeeper.catalog.load import load_catalog
from gatekeeper.model.component import Component, Detection, Kind, Language, ToolStatus, ToolUse
from gatekeeper.model.pipeline import Catalog
from gatekeeper.model.settings import Settings
from gatekeeper.model.tool import LocatedTool, MissingTool, Tool
from gatekeeper.plan.inputs import PlanInputs


class FakeToolbox:
    """Finds every tool but the missing ones; has an interpreter, packages and a compiler where told."""

    def __init__(self, missing: Mapping[str, MissingTool] | None = None, lacking: Mapping[str, MissingTool] | None = None) -> None:
        self._missing = missing or {}
        self._lacking = lacking or {}

    def locate(self, tool: Tool, component: Component | None) -> LocatedTool | MissingTool:
        if tool.builtin:
            return LocatedTool(path="/usr/bin/python3", version="1", source="builtin", prefix=("-I", "-m", f"gatekeeper.builtin.{tool.id}"))
        return self._missing.get(tool.id) or LocatedTool(path=f"/bin/{tool.executable}", version="1.0", source="project")

    def dependencies(self, component: Component) -> MissingTool | None:
        return self._lacking.get(component.id)

    def builtin(self, module: str) -> tuple[str, ...]:
        return ("/usr/bin/python3", "-I", "-m", f"gatekeeper.builtin.{module}")

    def python(self, component: Component) -> str | None:
        return "/venv/bin/python"

    def site_packages(self, component: Component) -> str | None:
        return None

    def solc(self, component: Component) -> str | None:
        return "/bin/solc"


@cache
def catalog(pipeline: str = "default") -> Catalog:
    return load_catalog(pipeline)


def use(tool: str, status: ToolStatus = ToolStatus.USED, *invocation: str) -> ToolUse:
    return ToolUse(tool=tool, config=None, status=status, evidence=f"{tool} in the Makefile", invocations=(invocation,) if invocation else ())


def python_component(*uses: ToolUse, id: str = "api", root: str = ".", traits: tuple[str, ...] = ("tests",), **fields: object) -> Component:  # noqa: A002
    return Component(id=id, root=root, language=Language.PYTHON, kind=Kind.PYPROJECT_PACKAGE, name=id,
                     manifest="pyproject.toml" if root == "." else f"{root}/pyproject.toml", tools=uses, traits=traits, **fields)  # type: ignore[arg-type]


def rust_component(*uses: ToolUse, id: str = "core", root: str = ".", kind: Kind = Kind.CARGO_CRATE, **fields: object) -> Component:  # noqa: A002
    fields = {"traits": ("tests",), **fields}
    return Component(id=id, root=root, language=Language.RUST, kind=kind, name=id,
                     manifest="Cargo.toml" if root == "." else f"{root}/Cargo.toml", package_manager="cargo", tools=uses, **fields)  # type: ignore[arg-type]


def script_component(*traits: str, id: str = "web", root: str = ".", **fields: object) -> Component:  # noqa: A002
    fields = {"package_manager": "npm", "kind": Kind.NPM_PACKAGE, **fields}
    return Component(id=id, root=root, language=Language.JAVASCRIPT, name=id, traits=traits,
                     manifest="package.json" if root == "." else f"{root}/package.json", **fields)  # type: ignore[arg-type]


def inputs(*components: Component, files: tuple[str, ...] = ("app.py", "README.md"), settings: Settings | None = None,
           toolbox: FakeToolbox | None = None, pipeline: str = "default", **fields: object) -> PlanInputs:
    return PlanInputs(detection=Detection(root="/repo", components=components), catalog=catalog(pipeline), settings=settings or Settings(),
                      toolbox=toolbox or FakeToolbox(), files=files, **fields)  # type: ignore[arg-type]
