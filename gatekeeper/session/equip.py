"""What a repository's checks need: which tools are there, what is missing, and the steps that install it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gatekeeper.execute.helper import run_helper
from gatekeeper.model.ports import Runner
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import dataclass
from gatekeeper.provide.install import SetupStep
from gatekeeper.provide.inventory import DependencyRow, ToolRow, dependency_rows, inventory
from gatekeeper.provide.managed import Permission
from gatekeeper.provide.setup import perform, setup_steps
from gatekeeper.session.look import locator, see


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """Tools as they are found, and components whose own dependencies are missing."""

    tools: tuple[ToolRow, ...]
    dependencies: tuple[DependencyRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The steps that install what is missing; `perform` does one and gives None, or one line that says why not."""

    steps: tuple[SetupStep, ...]
    perform: Callable[[SetupStep], str | None]


def equipment(settings: Settings, environment: Mapping[str, str], runner: Runner = run_helper) -> Equipment:
    """What is there and what is missing; installs nothing."""
    sight = see(settings, environment, runner)
    looking = locator(sight, Permission.ANNOUNCE)
    return Equipment(tools=inventory(sight.catalog, sight.detection, looking), dependencies=dependency_rows(sight.detection, looking))


def setup(settings: Settings, environment: Mapping[str, str], runner: Runner = run_helper) -> Setup:
    """The steps towards a complete equipment; nothing is installed until a step is performed."""
    sight = see(settings, environment, runner)
    looking = locator(sight, Permission.ANNOUNCE)
    return Setup(steps=setup_steps(sight.detection, looking), perform=lambda step: perform(step, sight.detection, looking))
