"""Finds npm tools in `node_modules` and the package manager of a component, from files alone. Runs nothing and knows no tool."""

from __future__ import annotations

import hashlib
import os
import re

from gatekeeper.model.component import Component
from gatekeeper.model.tool import LocatedTool, MissingTool, Provide, Tool
from gatekeeper.model.value import dataclass
from gatekeeper.provide.kits import for_this_platform, split_pin
from gatekeeper.provide.pins import package_json
from gatekeeper.provide.places import Surroundings, executable, read_text

_NODE = MissingTool(reason="Node.js is not on PATH", hint="install Node.js 20 or later: https://nodejs.org")
#: what provides a package manager that is not installed: its npm package, and its version where the project pins none
_MANAGERS = {"pnpm": ("pnpm", "10.34.9"), "yarn": ("yarn", "1.22.22")}
#: yarn from 2 on lies in another package than the classic one
_BERRY = "@yarnpkg/cli-dist"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerPin:
    """The package manager that `packageManager` in package.json names; version None where it names none."""

    name: str
    version: str | None


def npm_packages(tool: Tool) -> tuple[str, ...]:
    """The npm packages that bring a tool, the catalogue's own first."""
    names = [split_pin(tool.provide.npm)[0]] if tool.provide and tool.provide.npm else []
    return tuple(dict.fromkeys([*names, *tool.traces.npm]))


def in_modules(surroundings: Surroundings, component: Component | None, tool: Tool) -> LocatedTool | None:
    """The tool in the nearest `node_modules` from the component up to the root of the tree."""
    for folder in surroundings.upwards(component):
        modules = os.path.join(folder, "node_modules")
        for package in npm_packages(tool):
            name = for_this_platform(package)
            version = installed_version(modules, name)
            if tool.provide and tool.provide.binary:
                path = os.path.join(modules, name, tool.provide.binary)
            else:
                path = os.path.join(modules, ".bin", tool.executable)
            if version is not None and executable(path):
                return LocatedTool(path=path, version=version, source="project")
    return None


def installed_version(modules: str, package: str) -> str | None:
    """The version of a package in a `node_modules` folder, or None when it is not there."""
    version = package_json(os.path.join(modules, package)).get("version")
    return version if isinstance(version, str) else None


def plug_and_play(surroundings: Surroundings, component: Component | None) -> str | None:
    """The folder with yarn's `.pnp.cjs` (no `node_modules` at all), or None."""
    return next((folder for folder in surroundings.upwards(component)
                 if os.path.isfile(os.path.join(folder, ".pnp.cjs")) or os.path.isfile(os.path.join(folder, ".pnp.js"))), None)


def need_node(surroundings: Surroundings) -> MissingTool | None:
    return None if surroundings.find("node") else _NODE


def manager_name(surroundings: Surroundings, component: Component | None) -> str:
    """npm, pnpm, yarn or bun: what detection says, else what `packageManager` names, else npm."""
    if component and component.package_manager in {"npm", "pnpm", "yarn", "bun"}:
        return component.package_manager
    pin = manager_pin(surroundings, component)
    return pin.name if pin else "npm"


def manager_pin(surroundings: Surroundings, component: Component | None) -> ManagerPin | None:
    """`packageManager` of the nearest package.json that has it: `pnpm@9.1.0+sha512.abc` is pnpm 9.1.0."""
    for folder in surroundings.upwards(component):
        value = package_json(folder).get("packageManager")
        if isinstance(value, str) and (found := re.fullmatch(r"(npm|pnpm|yarn|bun)(?:@(\d+\.\d+\.\d+[0-9A-Za-z.-]*)(?:\+\S*)?)?", value.strip())):
            return ManagerPin(name=found[1], version=found[2])
    return None


def bundled_yarn(surroundings: Surroundings, component: Component | None) -> str | None:
    """The yarn that the repository itself brings (`yarnPath` in `.yarnrc.yml`), absolute. It is project code: only jobs start it."""
    for folder in surroundings.upwards(component):
        found = re.search(r"(?m)^yarnPath:\s*['\"]?([^\s'\"#]+)", read_text(os.path.join(folder, ".yarnrc.yml"), 100_000) or "")
        if found and os.path.isfile(path := os.path.normpath(os.path.join(folder, found[1]))) and surroundings.inside(path):
            return path
    return None


def manager_tool(name: str, pin: ManagerPin | None) -> Tool | None:
    """A catalogue entry for a package manager that must be provided; None for those that come with Node.js or that we do not provide."""
    if name not in _MANAGERS:
        return None
    package, version = _MANAGERS[name]
    if pin and pin.name == name and pin.version:
        version = pin.version
    if name == "yarn" and not version.startswith("1."):
        package = _BERRY
    return Tool(id=name, executable=name, provide=Provide(npm=f"{package}@{version}"))


def manager_variables(surroundings: Surroundings, name: str, component: Component | None, home: str) -> dict[str, str]:
    """What keeps a package manager from fetching another version of itself, from phoning home, and from writing into the tree."""
    if name == "pnpm":
        return {"npm_config_manage_package_manager_versions": "false"}
    if name != "yarn":
        return {}
    state = any(os.path.isfile(os.path.join(folder, ".yarn", "install-state.gz")) for folder in surroundings.upwards(component))
    digest = hashlib.blake2b(os.fsencode(os.path.realpath(surroundings.folder(component))), digest_size=8).hexdigest()
    return {"YARN_ENABLE_TELEMETRY": "0"} | ({} if state else {"YARN_INSTALL_STATE_PATH": os.path.join(home, "yarn", f"{digest}.gz")})


def manager_version(program: str) -> str | None:
    """The version of a package manager, from the package.json of the package that it is part of; None for shims of others (corepack)."""
    name = os.path.basename(program)
    folder = os.path.dirname(os.path.realpath(program))
    for _ in range(3):
        document = package_json(folder)
        if document.get("name") in {name, _BERRY if name == "yarn" else name}:
            return version if isinstance(version := document.get("version"), str) else None
        folder = os.path.dirname(folder)
    return None


def in_package(program: str) -> bool:
    """Whether a program on PATH is a file of a globally installed npm package."""
    return f"{os.sep}node_modules{os.sep}" in os.path.realpath(program)
