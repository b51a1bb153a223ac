"""How many cores a job holds, and how its tool is told: `threads:` of the catalogue. Pure; does not know what else runs.

    env    variables that take the number, separated by spaces; `NAME:2` is never told less than two
    flag   the option of `argv` that takes it, as `{cpus}`
    jobserver  pipe or fifo: what the tool starts shares its cores, and those that nobody uses are lent to it
    where  words of the project's own call without which the tool works alone (pytest without -n): then it holds one core, and is told its part
           all the same, because the project's configuration may have the word where nobody looks

A tool that takes no number (mypy, tsc, prettier) works alone. Benchmarks hold the whole machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import basename

from gatekeeper.model.component import Component
from gatekeeper.model.tool import Command, Role
from gatekeeper.model.value import dataclass, field

_SERVED = {"make": "pipe", "gmake": "pipe", "cargo": "pipe", "ninja": "fifo"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`cores` that a job holds while it runs; `told`: the number for its tool (`{cpus}`), and the variables that say so."""

    cores: int = 1
    told: int = 1
    env: Mapping[str, str] = field(default_factory=dict)
    jobserver: str = ""


def share(command: Command, component: Component | None, pool_size: int) -> Share:
    """Half of the pool for a tool that can use it, so that two of them work at a time."""
    part = max(1, pool_size // 2)
    if command.role is Role.BENCH:
        return Share(cores=max(1, pool_size))
    if not command.threads:
        return Share()
    variables = (word.partition(":") for word in command.threads.get("env", "").split())
    env = {name: str(max(part, int(least or 1))) for name, _, least in variables}
    alone = "where" in command.threads and not _called_with(command, component, command.threads["where"].split())
    return Share(cores=1 if alone else part, told=part, env=env, jobserver=command.threads.get("jobserver", ""))


def jobserver_of(argv: tuple[str, ...], cores: int) -> str:
    """How a program of the project's own shares its cores, where it was said to have several: make would else run alone, and cargo with all there are."""
    return _SERVED.get(basename(argv[0]), "") if cores > 1 else ""


def _called_with(command: Command, component: Component | None, flags: list[str]) -> bool:
    """Whether a call of the project's own has one of the flags, alone or with a value."""
    use = component.use_of(command.tool) if component is not None else None
    words = [word for call in use.invocations for word in call] if use is not None else []
    return any(word == flag or word.startswith((f"{flag}=", flag) if len(flag) == 2 else f"{flag}=") for word in words for flag in flags)
