"""The one Python environment that a component's jobs use, and the tools in it. Asks the `python` on PATH once, and again only below a folder that may switch it."""

from __future__ import annotations

import os
import re

from gatekeeper.model.component import Component
from gatekeeper.model.ports import Runner
from gatekeeper.model.tool import LocatedTool, Tool
from gatekeeper.model.value import dataclass, field
from gatekeeper.provide.environments import Environment, environments, installed, normalise, read_environment
from gatekeeper.provide.interpreter import path_environment
from gatekeeper.provide.places import Surroundings, executable, own_prefix, own_scripts, read_text

#: files by which pyenv, asdf and mise let `python` mean something else in a folder and all below it
_SWITCHES = (".python-version", ".tool-versions", "mise.toml", ".mise.toml", "mise.local.toml", ".mise.local.toml", os.path.join(".mise", "config.toml"),
             os.path.join(".config", "mise.toml"), os.path.join("mise", "config.toml"), os.path.join(".config", "mise", "config.toml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pythons:
    """Environments by component, remembered."""

    surroundings: Surroundings
    runner: Runner
    known: dict[str, Environment | None] = field(default_factory=dict)

    def of(self, component: Component | None) -> Environment | None:
        """The environment made for the component; else the `python` on PATH; else Gatekeeper's own, if it is active and holds all that the component needs."""
        key = f"{component.root}\0{component.workspace_root}" if component else "."
        if key not in self.known:
            self.known[key] = self._choose(component)
        return self.known[key]

    def _choose(self, component: Component | None) -> Environment | None:
        if found := next(environments(self.surroundings, component), None):
            return found
        plain = self._plain(self.surroundings.folder(component))
        if component and component.requires and (own := self._own()) and not (plain and _has_all(plain, component)) and _has_all(own, component):
            return own
        return plain

    def _own(self) -> Environment | None:
        """Gatekeeper's environment where somebody activated it: installed beside the project's dependencies, as in many CI images."""
        prefix = own_prefix()
        if prefix is None:
            return None
        surroundings = self.surroundings.environment
        active = [surroundings.get("VIRTUAL_ENV", ""), *(os.path.dirname(entry) for entry in surroundings.get("PATH", "").split(os.pathsep))]
        return read_environment(prefix, "Gatekeeper's own") if any(os.path.realpath(folder) == prefix for folder in active if folder) else None

    def _plain(self, folder: str) -> Environment | None:
        key = f"PATH\0{_switch(folder)}"
        if key not in self.known:
            self.known[key] = path_environment(self.surroundings, self.runner, folder)
        return self.known[key]

    def version(self, environment: Environment) -> str | None:
        """The interpreter's version, from `pyvenv.cfg` or the folder of its packages."""
        text = read_text(os.path.join(environment.prefix, "pyvenv.cfg"), 10_000) or ""
        if found := re.search(r"(?m)^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)", text):
            return found[1]
        found = next((match for path in environment.site if (match := re.search(r"python(3\.\d+)", path))), None)
        return found[1] if found else None

    def variables(self, environment: Environment) -> dict[str, str]:
        """What an activated environment sets, so that programs started by a job are found in it first."""
        own = own_scripts()
        entries = [entry for entry in self.surroundings.environment.get("PATH", os.defpath).split(os.pathsep)
                   if own is None or os.path.realpath(entry) != own or os.path.realpath(environment.scripts) == own]
        if not environment.dedicated:
            return {}
        path = os.pathsep.join(dict.fromkeys([environment.scripts, *entries]))
        if environment.library:
            return {"PYTHONPATH": environment.library, "PATH": path}
        return {"VIRTUAL_ENV": environment.prefix, "PATH": path}


def console_script(pythons: Pythons, environment: Environment, tool: Tool, names: tuple[str, ...]) -> LocatedTool | None:
    """A tool that is installed in an environment, with the version from its metadata; `python -m` where its script cannot be started."""
    there = installed(environment)
    version = next((there[name] for name in names if name in there), None)
    if version is None:
        return None
    env = pythons.variables(environment)
    source = "project" if environment.dedicated else "path"
    script = os.path.join(environment.scripts, tool.executable)
    if executable(script) and _shebang_works(script):
        return LocatedTool(path=script, version=version or None, source=source, env=env)
    return LocatedTool(path=environment.python, version=version or None, source=source, prefix=("-m", tool.executable), env=env)


def _shebang_works(script: str) -> bool:
    """False for the scripts of an environment that was moved: they name an interpreter that is gone."""
    with open(script, "rb") as file:
        line = file.readline(4096)
    if not line.startswith(b"#!"):
        return True
    words = line[2:].split()
    return bool(words) and os.path.exists(words[0])


def _switch(folder: str) -> str:
    """The nearest folder, from `folder` upwards, that may say what `python` means; empty where none does."""
    while True:
        if any(os.path.exists(os.path.join(folder, name)) for name in _SWITCHES):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above


def _has_all(environment: Environment, component: Component) -> bool:
    there = installed(environment)
    return all(normalise(name) in there for name in component.requires)
