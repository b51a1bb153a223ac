"""What `gatekeeper setup` does: install the managed tools that the plan would use, and the project's own dependencies by its lockfiles.

The steps are made first and shown; `perform` does one. Knows no terminal and asks nobody.
"""

from __future__ import annotations

import contextlib
import os
import re

from gatekeeper.model.component import Component, Detection, ToolStatus
from gatekeeper.model.tool import LocatedTool, MissingTool
from gatekeeper.provide.install import SetupStep, install_steps
from gatekeeper.provide.installers import base_environment, find_uv
from gatekeeper.provide.locate import Locator
from gatekeeper.provide.managed import Permission
from gatekeeper.provide.places import own_prefix

_PLANNED = frozenset({ToolStatus.USED, ToolStatus.CONFIGURED, ToolStatus.DEFAULT})
_TIMEOUT = 3600.0


def setup_steps(detection: Detection, locator: Locator) -> tuple[SetupStep, ...]:
    """Everything that is missing and that can be installed, tools first; empty when nothing is. Installs nothing."""
    looking = locator.with_permission(Permission.ANNOUNCE)
    tools: dict[str, SetupStep] = {}
    for component in detection.components:
        for step in _tool_steps(component, looking):
            tools.setdefault(step.argv[-1], step)
    project = [step for component in detection.components for step in _dependency_steps(component, looking)]
    once = {(step.argv, step.cwd): step for step in reversed(project)}
    return (*tools.values(), *sorted(once.values(), key=project.index))


def _tool_steps(component: Component, looking: Locator) -> list[SetupStep]:
    steps = []
    for use in component.tools:
        tool = looking.catalog.tool(use.tool)
        if tool is None or not tool.commands or use.status not in _PLANNED:
            continue
        found = looking.locate(tool, component)
        if isinstance(found, LocatedTool) and found.source in {"managed", "pinned"} and not os.path.exists(found.path):
            steps.append(SetupStep(argv=("install", f"{tool.id} {found.version}"), cwd=".", why=f"{tool.id} for {component.name} ({use.evidence})",
                                   tool=tool.id, component=component.id))
    return steps


def _dependency_steps(component: Component, looking: Locator) -> tuple[SetupStep, ...]:
    """Steps for what is declared and for the tools that only the project's own environment can have; one install brings both."""
    absence = looking.absence(component)
    tools = _project_tools(component, looking)
    return install_steps(looking.surroundings, component, [*(absence.names if absence else ()), *tools]) if absence or tools else ()


def _project_tools(component: Component, looking: Locator) -> list[str]:
    """Packages of tools that the project itself uses, that nobody else provides, and that are not there."""
    names: list[str] = []
    for use in component.tools:
        tool = looking.catalog.tool(use.tool)
        if tool is None or not tool.commands or tool.provide is not None or use.status is ToolStatus.DEFAULT or use.status not in _PLANNED:
            continue
        found = looking.locate(tool, component)
        if isinstance(found, MissingTool) and found.dependencies:
            names += [*tool.traces.pypi, *tool.traces.npm]
    return names


def perform(step: SetupStep, detection: Detection, locator: Locator) -> str | None:
    """Does one step; None when it worked, else one line that says why not."""
    if step.tool is not None:
        return _install_tool(step, detection, locator)
    surroundings = locator.surroundings
    folder = surroundings.absolute(step.cwd)
    argv = _resolved(step, folder, locator)
    if argv is None:
        return f"{step.argv[0]} is not on PATH"
    environment = base_environment(surroundings.environment)
    own = own_prefix()
    if own and os.path.realpath(environment.get("VIRTUAL_ENV", "/")) == own:
        environment.pop("VIRTUAL_ENV")
    completed = locator.runner(argv, cwd=folder, env=environment, timeout=_TIMEOUT)
    if completed.ok:
        if step.argv[1:3] == ("-m", "venv"):
            _hide(os.path.join(folder, step.argv[-1]))
        return None
    lines = [line for raw in (completed.stdout + b"\n" + completed.stderr).decode("utf-8", "replace").splitlines() if (line := _ESCAPES.sub("", raw).strip())]
    telling = [line for line in lines if _TELLING.search(line)] or lines[-1:]
    return f"{' '.join(step.argv)}: {telling[0] if telling else f'exit code {completed.exit_code}'}"


#: colours, which yarn writes also where no terminal is
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
#: the line that names the cause, among those that sum up or give hints: yarn numbers its causes, YN0000 is none
_TELLING = re.compile(r"\berror\b|\bERR!|YN(?!0000)(?!0013|0085)\d{4}", re.IGNORECASE)


def _hide(environment: str) -> None:
    """A new environment keeps itself out of git, as `venv` itself does from Python 3.13 on."""
    with contextlib.suppress(OSError), open(os.path.join(environment, ".gitignore"), "x", encoding="utf-8") as file:
        file.write("*\n")


def _install_tool(step: SetupStep, detection: Detection, locator: Locator) -> str | None:
    tool = locator.catalog.tool(step.tool or "")
    component = next((component for component in detection.components if component.id == step.component), None)
    found = locator.with_permission(Permission.INSTALL).locate(tool, component) if tool else None
    return found.reason if isinstance(found, MissingTool) else None


def _resolved(step: SetupStep, folder: str, locator: Locator) -> list[str] | None:
    """The step with an absolute program: uv is Gatekeeper's own where there is no other, package managers may be managed ones."""
    name, *rest = step.argv
    if "/" in name:
        return [os.path.join(folder, name), *rest]
    if found := locator.surroundings.find(name):
        return [found, *rest]
    if name == "uv" and (own := find_uv(locator.surroundings)):
        return [own, *rest]
    if name in {"pnpm", "yarn"}:
        managed = locator.with_permission(Permission.INSTALL).manager(name, None)
        return [managed.path, *managed.prefix, *rest] if isinstance(managed, LocatedTool) else None
    return None
