"""The seams: small Protocols between the rooms, each with a fake in `tests/fakes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from gatekeeper.model.component import Component
from gatekeeper.model.event import Event
from gatekeeper.model.tool import LocatedTool, MissingTool, Tool
from gatekeeper.model.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A short helper process (git, a version probe, an installer) that has ended; `exit_code` is negative for a signal, None if it could not be started or timed out."""

    exit_code: int | None
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


class Runner(Protocol):
    """Runs one short helper process to its end and gives its whole output. Never raises for what the process does."""

    def __call__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None,
                 stdin: bytes = b"", timeout: float = 60.0) -> Completed: ...


class Clock(Protocol):
    """Seconds that only go forward."""

    def __call__(self) -> float: ...


class Subscriber(Protocol):
    """Receives every event of a run, in order."""

    def __call__(self, event: Event) -> None: ...


class Toolbox(Protocol):
    """Which program a component's tool is. Answers are the same for the whole run; asking changes nothing."""

    def locate(self, tool: Tool, component: Component | None) -> LocatedTool | MissingTool:
        """The program, or why there is none."""

    def dependencies(self, component: Component) -> MissingTool | None:
        """What of the project's own dependencies is missing, or None."""

    def python(self, component: Component) -> str | None:
        """Absolute path of the interpreter of the component's environment, or None."""

    def site_packages(self, component: Component) -> str | None:
        """Absolute path of the packages of the component's environment, or None where it has no environment of its own."""

    def solc(self, component: Component) -> str | None:
        """Absolute path of a Solidity compiler that answers `--standard-json`, or None."""

    def builtin(self, module: str) -> tuple[str, ...]:
        """The words that start a module of `gatekeeper.builtin` in isolation."""
