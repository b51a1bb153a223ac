"""Which executable a component's tool is: the project's own, the version that it pins, the catalogue's pin, or what lies on PATH.

Nothing that the repository brings is run here: versions are read from metadata, and only programs of the machine and managed ones are
asked for theirs. Knows no job; answers are remembered for the whole run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gatekeeper import __version__
from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.pipeline import Catalog
from gatekeeper.model.ports import Runner
from gatekeeper.model.tool import LocatedTool, MissingTool, Tool
from gatekeeper.model.value import dataclass, field, replace
from gatekeeper.provide.dependencies import Absence, missing, node_absence, python_absence, solidity_absence
from gatekeeper.provide.environments import normalise
from gatekeeper.provide.kits import Ecosystem, kit_for, package_of, split_pin
from gatekeeper.provide.managed import ManagedTools, Permission
from gatekeeper.provide.node import (
    bundled_yarn,
    in_modules,
    in_package,
    manager_name,
    manager_pin,
    manager_tool,
    manager_variables,
    manager_version,
    need_node,
    npm_packages,
    plug_and_play,
)
from gatekeeper.provide.pins import Pin, npm_pin, pypi_pin
from gatekeeper.provide.places import Surroundings, usable_home
from gatekeeper.provide.probe import ask, supported
from gatekeeper.provide.pythons import Pythons, console_script

if TYPE_CHECKING:  # most trees have no contracts
    from gatekeeper.provide.compilers import Compilers

_MANAGERS = frozenset({"npm", "pnpm", "yarn", "bun"})
_PYTHONS = frozenset({"python", "python3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """The Toolbox of a run (model.ports): tools, interpreters, compilers and dependencies by component. Make it with `make_locator`."""

    surroundings: Surroundings
    runner: Runner
    catalog: Catalog
    managed: ManagedTools
    pythons: Pythons
    answers: dict[tuple[str, str], LocatedTool | MissingTool] = field(default_factory=dict)
    #: package managers on the search path with their versions, and packages that the catalogue provides: the same for every component
    managers: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    provided: dict[Ecosystem, frozenset[str]] = field(default_factory=dict)
    solidity: list[Compilers] = field(default_factory=list)

    @property
    def compilers(self) -> Compilers:
        """The Solidity compilers, all of whose answers are remembered too."""
        if not self.solidity:
            from gatekeeper.provide.compilers import Compilers  # lazy: only trees with contracts pay

            self.solidity.append(Compilers(surroundings=self.surroundings, runner=self.runner, managed=self.managed, solc=self.catalog.tool("solc")))
        return self.solidity[0]

    def locate(self, tool: Tool, component: Component | None) -> LocatedTool | MissingTool:
        """The program for `tool` in a component (None: the whole repository), or why there is none and what would change that."""
        key = (tool.id, component.id if component else "")
        if key not in self.answers:
            self.answers[key] = _checked(tool, self._locate(tool, component))
        return self.answers[key]

    def known(self, tool: Tool, component: Component | None) -> LocatedTool | MissingTool | None:
        """What `locate` has answered in this run, or None when it was not asked."""
        return self.answers.get((tool.id, component.id if component else ""))

    def dependencies(self, component: Component) -> MissingTool | None:
        """What of the project's own dependencies is missing, or None. Tools that can be provided do not count: they are located one by one."""
        absence = self.absence(component)
        if absence is not None:
            return missing(self.surroundings, component, absence)
        return self._no_compiler(component) if component.language is Language.SOLIDITY else None

    def absence(self, component: Component) -> Absence | None:
        """The same, as what an install must bring."""
        match component.language:
            case Language.PYTHON:
                return python_absence(self.surroundings, component, self.pythons.of(component), self._provided(Ecosystem.PYPI))
            case Language.JAVASCRIPT | Language.TYPESCRIPT:
                return node_absence(self.surroundings, component, self._provided(Ecosystem.NPM))
            case Language.SOLIDITY:
                return solidity_absence(self.surroundings, component, self._provided(Ecosystem.NPM))
            case Language.RUST:
                return None

    def python(self, component: Component) -> str | None:
        """Absolute path of the interpreter of the component's environment, or None."""
        environment = self.pythons.of(component)
        return environment.python if environment else None

    def site_packages(self, component: Component) -> str | None:
        """Absolute path of the packages of the component's own environment, or None."""
        environment = self.pythons.of(component)
        return environment.site[0] if environment and environment.dedicated and environment.site else None

    def solc(self, component: Component) -> str | None:
        """Absolute path of a Solidity compiler that answers `--standard-json` and accepts the component's sources, or None."""
        found = self.compilers.locate(component)
        return found.path if isinstance(found, LocatedTool) else None

    def builtin(self, module: str) -> tuple[str, ...]:
        """The words that start a module of `gatekeeper.builtin` in isolation: nothing of the repository can shadow it."""
        return sys.executable, "-I", "-m", f"gatekeeper.builtin.{module}"

    def with_permission(self, permission: Permission) -> Locator:
        """The same tools under another permission, asked afresh (what was installed meanwhile is found)."""
        return make_locator(root=self.surroundings.root, environment=self.surroundings.environment, runner=self.runner, catalog=self.catalog,
                            home=self.managed.home, locks=self.managed.locks, permission=permission, offline=self.managed.offline)

    def package_manager(self, component: Component | None) -> LocatedTool | MissingTool:
        """npm, pnpm, yarn or bun, as the component uses it."""
        return self.manager(manager_name(self.surroundings, component), component)

    def _locate(self, tool: Tool, component: Component | None) -> LocatedTool | MissingTool:
        if tool.builtin:
            path, *prefix = self.builtin(tool.executable)
            return LocatedTool(path=path, version=__version__, source="builtin", prefix=tuple(prefix))
        if Language.RUST in tool.languages and tool.provide is None:
            from gatekeeper.provide.rust import locate_rust  # lazy: only trees with crates pay

            return locate_rust(self.surroundings, self.runner, tool, component)
        if tool.id == "script":
            return self._scripts(component)
        if tool.executable in _MANAGERS:
            return self.manager(tool.executable, component)
        if tool.executable in _PYTHONS:
            return self._interpreter(component)
        if tool.executable == "uv":
            return self._uv(tool)
        if tool.id == "solc":
            return self.compilers.locate(component)
        if package_of(tool) is None and not tool.traces.pypi and not tool.traces.npm:
            return self._on_path(tool) or MissingTool(reason=f"{tool.executable} is not on PATH", hint=f"install {tool.executable}")
        found = self._python_tool(tool, component) if is_python(tool) else self._npm_tool(tool, component)
        if tool.executable == "slither":
            return self._with_forge(found, component)
        return self._with_compilers(found, component) if tool.executable == "forge" else found

    def _python_tool(self, tool: Tool, component: Component | None) -> LocatedTool | MissingTool:
        environment = self.pythons.of(component)
        there = console_script(self.pythons, environment, tool, _python_names(tool)) if environment else None
        if there and environment and environment.dedicated:
            return there
        pin = next((pin for name in _python_names(tool) if (pin := pypi_pin(self.surroundings, component, tool, name))), None)
        if there and (pin is None or pin.version == there.version or tool.provide is None):
            return there
        return self._provide(tool, component, pin)

    def _npm_tool(self, tool: Tool, component: Component | None) -> LocatedTool | MissingTool:
        if there := in_modules(self.surroundings, component, tool):
            return need_node(self.surroundings) or there
        pin = next((pin for name in npm_packages(tool) if (pin := npm_pin(self.surroundings, component, tool, name))), None)
        if pin and plug_and_play(self.surroundings, component):
            manager = self.manager("yarn", component)
            return manager if isinstance(manager, MissingTool) else _through(manager, ("run", tool.executable), pin.version)
        return self._provide(tool, component, pin)

    def _provide(self, tool: Tool, component: Component | None, pin: Pin | None) -> LocatedTool | MissingTool:
        """The managed tool: at the version that the project pins, else at the catalogue's; without either what lies on PATH."""
        kit = kit_for(tool, self.managed.locks, pin.version if pin else None)
        if kit is None:
            return self._not_provided(tool, component)
        if component and tool.commands and all(command.dependencies for command in tool.commands) and (absent := self.dependencies(component)):
            return absent  # nothing is installed for jobs that could not run
        if component and (plugins := declared_plugins(kit.package, component)):
            reason = f"{tool.id} is not installed in the project's environment, which alone has its plugins ({', '.join(plugins)})"
            return missing(self.surroundings, component, Absence(reason=reason, names=(kit.package, *plugins)))
        found = self.managed.get(kit)
        if isinstance(found, LocatedTool):
            return found
        there = self._on_path(tool)
        if there and (pin is None or there.version == pin.version):
            return there
        return MissingTool(reason=f"{found.reason} ({pin.where} pins it)", hint=found.hint) if pin else found

    def _not_provided(self, tool: Tool, component: Component | None) -> MissingTool:
        """A tool that only makes sense inside the project's environment (pytest, sphinx, hardhat)."""
        if component is None:
            return MissingTool(reason=f"{tool.id} is not installed in the project's environment", hint="gatekeeper setup", dependencies=True)
        environment = self.pythons.of(component) if is_python(tool) else None
        where = "node_modules" if not is_python(tool) else self.surroundings.show(environment.prefix) if environment else "any Python environment"
        names = _python_names(tool) if is_python(tool) else npm_packages(tool)
        return missing(self.surroundings, component, Absence(reason=f"{tool.id} is not installed in {where}", names=names))

    def _scripts(self, component: Component | None) -> LocatedTool | MissingTool:
        """The package manager for the package's own scripts; those need everything that the package declares, tools too."""
        if component and (absent := node_absence(self.surroundings, component, frozenset())):
            return missing(self.surroundings, component, absent)
        return self.package_manager(component)

    def manager(self, name: str, component: Component | None) -> LocatedTool | MissingTool:
        """A package manager by name: the one that the repository brings (yarnPath), on PATH, or managed at the version that `packageManager` pins."""
        if absent := need_node(self.surroundings):
            return absent
        pin = manager_pin(self.surroundings, component)
        version = pin.version if pin and pin.name == name else None
        node = self.surroundings.find("node")
        if name == "yarn" and node and (script := bundled_yarn(self.surroundings, component)):
            return LocatedTool(path=node, version=version, source="project", prefix=(script,), env=manager_variables(self.surroundings, name, component, self.managed.home))
        env = manager_variables(self.surroundings, name, component, self.managed.home)
        if name not in self.managers:
            path = self.surroundings.find(name)
            self.managers[name] = path, manager_version(path) if path else None
        path, found_version = self.managers[name]
        if path:
            return LocatedTool(path=path, version=found_version, source="path", env=env)
        tool = manager_tool(name, pin)
        kit = kit_for(tool, self.managed.locks) if tool else None
        if kit is None:
            return MissingTool(reason=f"{name} is not on PATH", hint=f"install {name}: npm install --global {name}")
        found = self.managed.get(kit)
        if isinstance(found, MissingTool):
            return found
        # scripts call the manager again by its name (`pnpm -r test`)
        path_with_it = os.pathsep.join((os.path.dirname(found.path), self.surroundings.environment.get("PATH", os.defpath)))
        return LocatedTool(path=found.path, version=found.version, source="pinned" if version else found.source, env={**env, "PATH": path_with_it})

    def _interpreter(self, component: Component | None) -> LocatedTool | MissingTool:
        environment = self.pythons.of(component)
        if environment is None:
            return MissingTool(reason="python is not on PATH", hint="install Python 3")
        return LocatedTool(path=environment.python, version=self.pythons.version(environment), source="project" if environment.dedicated else "path",
                           env=self.pythons.variables(environment))

    def _uv(self, tool: Tool) -> LocatedTool | MissingTool:
        from gatekeeper.provide.installers import find_uv  # lazy: only jobs of uv's own pay

        path = find_uv(self.surroundings)
        if path is None:
            return MissingTool(reason="uv is not installed", hint="pip install uv")
        return LocatedTool(path=path, version=ask(self.runner, [path], tool.version_probe, self.surroundings.environment), source="managed")

    def _on_path(self, tool: Tool) -> LocatedTool | None:
        path = self.surroundings.find(tool.executable)
        if path is None or (tool.provide and tool.provide.binary and in_package(path)):
            return None  # an npm wrapper in front of a native program (forge) hides its exit code
        version = ask(self.runner, [path], tool.version_probe, self.surroundings.environment)
        return None if version is None else LocatedTool(path=path, version=version, source="path")

    def _with_compilers(self, found: LocatedTool | MissingTool, component: Component | None) -> LocatedTool | MissingTool:
        """forge finds its compilers by variables; without a compiler it still formats, so that is a matter of `dependencies`."""
        if isinstance(found, MissingTool):
            return found
        from gatekeeper.provide.foundry import output_variables  # lazy: only trees with contracts pay

        compilers = self.compilers.for_forge(component)
        more: Mapping[str, str] = {} if isinstance(compilers, MissingTool) else compilers
        places = output_variables(self.surroundings, component, self.managed.home)
        return replace(found, env={**found.env, "FOUNDRY_OFFLINE": "true", **places, **more})

    def _with_forge(self, found: LocatedTool | MissingTool, component: Component | None) -> LocatedTool | MissingTool:
        """slither has forge build a foundry project, and finds it by its name."""
        forge = self.catalog.tool("forge")
        builder = self.locate(forge, component) if forge is not None and component is not None and component.kind is Kind.FOUNDRY_PROJECT else None
        if isinstance(found, MissingTool) or not isinstance(builder, LocatedTool):
            return found
        path = found.env.get("PATH") or self.surroundings.environment.get("PATH", os.defpath)
        return replace(found, env={**found.env, **builder.env, "PATH": os.pathsep.join((os.path.dirname(builder.path), path))})

    def _no_compiler(self, component: Component) -> MissingTool | None:
        forge = component.use_of("forge") is not None or component.kind.value.startswith("foundry")
        found = self.compilers.for_forge(component) if forge else None
        return found if isinstance(found, MissingTool) else None

    def _provided(self, ecosystem: Ecosystem) -> frozenset[str]:
        """Packages that are tools of the catalogue and come from it when the project's environment lacks them."""
        if ecosystem not in self.provided:
            self.provided[ecosystem] = self._all_provided(ecosystem)
        return self.provided[ecosystem]

    def _all_provided(self, ecosystem: Ecosystem) -> frozenset[str]:
        tools = [tool for tool in self.catalog.tools if (pin := package_of(tool)) and pin[0] is ecosystem]
        if ecosystem is Ecosystem.PYPI:
            return frozenset(name for tool in tools for name in _python_names(tool))
        return frozenset(name for tool in tools for name in npm_packages(tool))


def make_locator(*, root: str, environment: Mapping[str, str], runner: Runner, catalog: Catalog, home: str | None, locks: str,
                 permission: Permission = Permission.INSTALL, offline: bool = False,
                 announce: Callable[[str], None] = lambda _text: None) -> Locator:
    """The Toolbox for the tree at `root` (absolute). `home` is Gatekeeper's cache folder (None, or one that cannot be
    written to: a temporary one), `locks` the folder `pipelines/locks`; `announce` is told before each install."""
    surroundings = Surroundings(root=root, environment=environment)
    managed = ManagedTools(home=usable_home(home), runner=runner, surroundings=surroundings, locks=locks, permission=permission, offline=offline,
                           announce=announce)
    return Locator(surroundings=surroundings, runner=runner, catalog=catalog, managed=managed,
                   pythons=Pythons(surroundings=surroundings, runner=runner))


def is_python(tool: Tool) -> bool:
    """Whether a tool lives in Python environments (pyright lives in both worlds and counts here)."""
    pin = package_of(tool)
    return pin[0] is Ecosystem.PYPI if pin else bool(tool.traces.pypi)


def declared_plugins(package: str, component: Component) -> tuple[str, ...]:
    """Plugins of a tool that the component declares (`flake8-bugbear`): without them the tool would measure something else."""
    names = [normalise(name) for name in component.requires]
    return tuple(name for name in names if name.startswith(f"{package}-") and not name.endswith(("-extensions", "-stubs")))


def _python_names(tool: Tool) -> tuple[str, ...]:
    names = [split_pin(tool.provide.pypi)[0]] if tool.provide and tool.provide.pypi else []
    return tuple(dict.fromkeys(normalise(name) for name in (*names, *tool.traces.pypi)))


def _through(manager: LocatedTool, words: tuple[str, ...], version: str) -> LocatedTool:
    return LocatedTool(path=manager.path, version=version, source="project", prefix=(*manager.prefix, *words), env=manager.env)


def _checked(tool: Tool, found: LocatedTool | MissingTool) -> LocatedTool | MissingTool:
    """A version that the catalogue's commands do not fit is as good as none."""
    if isinstance(found, LocatedTool) and not supported(found.version, tool.version_probe):
        return MissingTool(reason=f"{tool.id} {found.version} ({found.source}) is not supported: {tool.version_probe.supported} is needed",
                           hint=f"let the project use {tool.id} {tool.version_probe.supported}")
    return found
