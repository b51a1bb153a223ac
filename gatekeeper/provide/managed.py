"""Managed tools: one isolated folder per tool, version and lock below the user's cache, installed once and never changed afterwards.

A folder is built beside its final name, asked for its version, marked and renamed into place, under a lock; a failed install
leaves nothing. Knows no project: which version is wanted is decided in `locate`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from gatekeeper.model.ports import Runner
from gatekeeper.model.tool import LocatedTool, MissingTool
from gatekeeper.model.value import dataclass, field
from gatekeeper.provide.kits import Ecosystem, Kit
from gatekeeper.provide.places import Surroundings, executable, read_text
from gatekeeper.provide.probe import ask

if TYPE_CHECKING:  # most tools are installed
    from gatekeeper.provide.installers import Installer

_MARKER = "gatekeeper-tool.json"
#: completes a folder after the install: writes further files into it, may refuse with a line
Finish = Callable[[str], str | None]


class Permission(StrEnum):
    """What asking for a managed tool may do: install it, only tell where it would be (plans, `--dry-run`), or only use what is there."""

    INSTALL = "install"
    ANNOUNCE = "announce"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedTools:
    """The folder `home`/tools and the right to add to it. Answers are remembered for the whole run, failures too."""

    home: str
    runner: Runner
    surroundings: Surroundings
    locks: str
    permission: Permission = Permission.INSTALL
    offline: bool = False
    answers: dict[str, LocatedTool | MissingTool] = field(default_factory=dict)
    #: filled when an installer reached nobody: from then on only the installers' caches are asked
    unreachable: list[str] = field(default_factory=list)
    #: told before an install, which may take seconds
    announce: Callable[[str], None] = lambda _text: None

    def get(self, kit: Kit, finish: Finish | None = None) -> LocatedTool | MissingTool:
        """The installed tool; installs it first where that is allowed."""
        name = kit.folder_name
        if name not in self.answers:
            self.answers[name] = self._get(kit, name, finish)
        return self.answers[name]

    def folder(self, kit: Kit) -> str:
        """Where a kit is, or would be, installed."""
        return os.path.join(self.home, "tools", kit.folder_name)

    def _get(self, kit: Kit, name: str, finish: Finish | None) -> LocatedTool | MissingTool:
        folder = os.path.join(self.home, "tools", name)
        located = LocatedTool(path=kit.program(folder), version=kit.version, source=kit.source)
        if ready(kit, folder):
            return located
        if self.permission is Permission.NEVER:
            return _missing(kit, "installing tools is switched off")
        if kit.ecosystem is Ecosystem.NPM and self.surroundings.find("node") is None:
            return MissingTool(reason=f"{kit.tool.id} needs Node.js, which is not on PATH", hint="install Node.js 20 or later: https://nodejs.org")
        if self.permission is Permission.ANNOUNCE:
            return located
        try:
            with self._locked():
                problem = None if ready(kit, folder) else self._build(kit, folder, finish)
        except OSError as error:
            problem = f"{error.filename or self.home}: {error.strerror}"
        return located if problem is None else _missing(kit, problem)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Only one process installs at a time; the others wait and then find what it made."""
        os.makedirs(os.path.join(self.home, "tools"), exist_ok=True)
        with open(os.path.join(self.home, "tools", ".lock"), "w", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _build(self, kit: Kit, folder: str, finish: Finish | None) -> str | None:
        self.announce(f"installing {kit.tool.id} {kit.version}")
        parent, name = os.path.split(folder)
        building, old = os.path.join(parent, f".{name}.building"), os.path.join(parent, f".{name}.old")
        for left in (building, old):
            shutil.rmtree(left, ignore_errors=True)
        os.makedirs(building)
        try:
            if problem := self._fill(kit, building, finish):
                return problem
            if os.path.lexists(folder):
                os.replace(folder, old)
            os.replace(building, folder)
        finally:
            for left in (building, old):
                shutil.rmtree(left, ignore_errors=True)
        return None

    def _fill(self, kit: Kit, building: str, finish: Finish | None) -> str | None:
        if problem := self._install(kit, building) or (finish(building) if finish else None):
            return problem
        program = kit.program(building)
        if not executable(program):
            return self._absent(kit, building)
        from gatekeeper.provide.installers import base_environment  # lazy: see _installer

        said = ask(self.runner, [program], kit.tool.version_probe, base_environment(self.surroundings.environment))
        if said is None:
            return f"{kit.package} {kit.version} was installed but does not run"
        if not said.startswith(kit.version):
            return f"{kit.package} {kit.version} was installed but says that it is {said}"
        with open(os.path.join(building, _MARKER), "w", encoding="utf-8") as file:
            json.dump({"schema": 1, "tool": kit.tool.id, "package": kit.package, "version": kit.version, "said": said, "source": kit.source}, file)
        return None


    def _absent(self, kit: Kit, building: str) -> str:
        """Why there is no program after an install that npm called a success: it passes over optional packages that it cannot get."""
        if kit.ecosystem is Ecosystem.NPM and not os.path.isdir(os.path.join(building, "node_modules", kit.package)):
            if self.offline or self.unreachable:
                return f"no network, and not in the caches of uv and npm ({kit.package})"
            return f"{kit.package} {kit.version} could not be fetched, or does not exist for this platform"
        return f"{kit.package} {kit.version} has no {os.path.relpath(kit.program(building), building)}"

    def _install(self, kit: Kit, building: str) -> str | None:
        """Installs; without a network once more from the caches, and from then on only from those."""
        from gatekeeper.provide.installers import no_network  # lazy: see _installer

        offline = self.offline or bool(self.unreachable)
        problem = self._installer(offline=offline).install(kit, building)
        if problem is None or not (offline or no_network(problem)):
            return problem
        if not offline:
            self.unreachable.append(problem)
            if self._installer(offline=True).install(kit, building) is None:
                return None
        return f"no network, and not in the caches of uv and npm ({self.unreachable[0] if self.unreachable else problem})"

    def _installer(self, *, offline: bool) -> Installer:
        from gatekeeper.provide.installers import Installer  # lazy: only what is not installed yet pays

        return Installer(surroundings=self.surroundings, runner=self.runner, home=self.home, offline=offline)


def ready(kit: Kit, folder: str) -> bool:
    """Whether a folder holds the finished kit, and the interpreter it was made with is still there."""
    if not executable(kit.program(folder)):
        return False
    if kit.ecosystem is Ecosystem.PYPI and not executable(os.path.join(folder, "bin", "python")):
        return False
    try:
        marker = json.loads(read_text(os.path.join(folder, _MARKER), 100_000) or "null")
    except ValueError:
        return False
    return isinstance(marker, dict) and marker.get("version") == kit.version


def _missing(kit: Kit, problem: str) -> MissingTool:
    hint = "with a network: gatekeeper setup" if problem.startswith("no network") else "gatekeeper setup"
    return MissingTool(reason=f"{kit.tool.id} {kit.version} is not installed: {problem}", hint=hint)

