"""Where a command is called: environment, folder, and the session it works through. The seam of the command line's tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gatekeeper.config.file import Names
from gatekeeper.errors import TreeError
from gatekeeper.execute.run import Control
from gatekeeper.model.component import Detection
from gatekeeper.model.plan import Plan
from gatekeeper.model.ports import Subscriber
from gatekeeper.model.result import RunRecord
from gatekeeper.model.settings import Settings

if TYPE_CHECKING:  # what a plain run does not need to load
    from gatekeeper.provide.install import SetupStep
    from gatekeeper.provide.inventory import DependencyRow, ToolRow
    from gatekeeper.provide.locate import Locator


class Session(Protocol):
    """What the command line needs of the composition root."""

    def look(self, settings: Settings, environment: Mapping[str, str]) -> Detection: ...

    def make_plan(self, settings: Settings, environment: Mapping[str, str]) -> Plan: ...

    def run(self, settings: Settings, environment: Mapping[str, str], subscribers: Sequence[Subscriber], control: Control) -> RunRecord: ...

    def inventory(self, settings: Settings, environment: Mapping[str, str]) -> Inventory: ...

    def preparation(self, settings: Settings, environment: Mapping[str, str]) -> Preparation: ...


class Preparation(Protocol):
    """What `setup` would do, and doing it."""

    @property
    def steps(self) -> tuple[SetupStep, ...]: ...

    def perform(self, step: SetupStep) -> str | None:
        """None when the step worked, else one line that says why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The tools of a repository, and the components whose own dependencies are missing."""

    tools: tuple[ToolRow, ...]
    dependencies: tuple[DependencyRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Located:
    """A preparation over what was seen and where tools are."""

    detection: Detection
    locator: Locator

    @property
    def steps(self) -> tuple[SetupStep, ...]:
        from gatekeeper.provide.setup import setup_steps
        return setup_steps(self.detection, self.locator)

    def perform(self, step: SetupStep) -> str | None:
        from gatekeeper.provide.setup import perform
        return perform(step, self.detection, self.locator)


class InstalledSession:
    """The session of the installed program; each method imports what it needs, because `--help` and `config` need none of it."""

    def look(self, settings: Settings, environment: Mapping[str, str]) -> Detection:
        from gatekeeper.session.look import look
        return look(settings, environment)

    def make_plan(self, settings: Settings, environment: Mapping[str, str]) -> Plan:
        from gatekeeper.session.look import make_plan
        return make_plan(settings, environment)

    def run(self, settings: Settings, environment: Mapping[str, str], subscribers: Sequence[Subscriber], control: Control) -> RunRecord:
        from gatekeeper.session.run import run
        return run(settings, environment, subscribers, control)

    def inventory(self, settings: Settings, environment: Mapping[str, str]) -> Inventory:
        from gatekeeper.provide.inventory import dependency_rows, inventory
        from gatekeeper.provide.managed import Permission
        from gatekeeper.session.look import locator, see

        sight = see(settings, environment)
        found = locator(sight, Permission.ANNOUNCE if settings.provision else Permission.NEVER)
        return Inventory(tools=inventory(sight.catalog, sight.detection, found), dependencies=dependency_rows(sight.detection, found))

    def preparation(self, settings: Settings, environment: Mapping[str, str]) -> Preparation:
        from gatekeeper.provide.managed import Permission
        from gatekeeper.session.look import locator, see

        sight = see(settings, environment)
        return _Located(detection=sight.detection, locator=locator(sight, Permission.ANNOUNCE))


def installed_names() -> Names:
    """The names that options and gatekeeper.yaml may use in this installation."""
    from gatekeeper.catalog.load import pipeline_names
    from gatekeeper.catalog.location import document_names, pipelines_folder
    from gatekeeper.parse.formats import FORMATS as PARSERS
    from gatekeeper.report.formats import FORMATS as REPORTS

    tools = tuple(os.path.basename(path).removesuffix(".yaml") for path in document_names(pipelines_folder(), "tools"))
    return Names(pipelines=pipeline_names(), tools=tools, reports=tuple(REPORTS), parsers=tuple(PARSERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The surroundings of one call."""

    environment: Mapping[str, str]
    cwd: str
    session: Session = field(default_factory=InstalledSession)
    names: Callable[[], Names] = installed_names


def here() -> Here:
    """The surroundings of this process. Raises TreeError when its folder is gone."""
    try:
        return Here(environment=dict(os.environ), cwd=os.getcwd())
    except FileNotFoundError as error:
        raise TreeError("the current folder does not exist any more", hint="change to another folder") from error
