"""The seams: small Protocols between the rooms, each with a fake in `tests/fakes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatekeeper.model.event import Event


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
