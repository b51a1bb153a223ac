"""Which display a run gets: live on a real terminal, plain lines elsewhere. Reads the environment it is given and the streams, nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self, TextIO

from gatekeeper.display.fence import in_ci
from gatekeeper.display.plain import PlainDisplay
from gatekeeper.display.sink import Sink
from gatekeeper.display.spans import Look
from gatekeeper.model.event import Event
from gatekeeper.model.ports import Clock
from gatekeeper.model.value import dataclass, replace

#: when nobody knows the width
WIDTH = 100
_DUMB = frozenset({"dumb", "unknown"})


class Display(Protocol):
    """Receives every event, inside a `with` block."""

    def __call__(self, event: Event) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user said: `color` auto, always or never; secrets that must not be shown."""

    color: str = "auto"
    verbose: bool = False
    quiet: bool = False
    secrets: tuple[str, ...] = ()


def choose(stream: TextIO | None, wishes: Wishes, environment: Mapping[str, str], clock: Clock) -> Display:
    """The display that fits `stream` (stderr): live on a terminal that can, else plain lines."""
    look = look_for(stream, wishes, environment)
    if not wishes.quiet and can_redraw(stream, wishes, environment):
        from gatekeeper.display.live import LiveDisplay  # rich is 70 ms, and only a terminal needs it
        return LiveDisplay(Sink(stream, look), clock)
    return PlainDisplay(Sink(stream, look))


def can_redraw(stream: TextIO | None, wishes: Wishes, environment: Mapping[str, str]) -> bool:
    """Whether the stream is a terminal that can be redrawn, and nobody asked for plain text."""
    return is_terminal(stream) and not plain_wished(wishes, environment) and not environment.get("CI")


def plain_wished(wishes: Wishes, environment: Mapping[str, str]) -> bool:
    """`--color never`, NO_COLOR (not empty, https://no-color.org) or a dumb terminal; `--color always` overrides the variable."""
    if environment.get("TERM", "dumb") in _DUMB:
        return True
    return wishes.color == "never" or (wishes.color == "auto" and bool(environment.get("NO_COLOR")))


def look_for(stream: TextIO | None, wishes: Wishes, environment: Mapping[str, str]) -> Look:
    """Width, colour and characters for one stream."""
    color = wishes.color == "always" or (wishes.color == "auto" and is_terminal(stream) and not plain_wished(wishes, environment))
    look = Look(width=width_of(stream, environment), color=color, unicode=_writes(stream, "█├"), verbose=wishes.verbose, quiet=wishes.quiet)
    return replace(look, secrets=wishes.secrets, ci=in_ci(environment))


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sits at the other end; a closed stream has none."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def width_of(stream: TextIO | None, environment: Mapping[str, str]) -> int:
    """COLUMNS, else the terminal's own width, else 100."""
    wished = environment.get("COLUMNS", "")
    if wished.isascii() and wished.isdigit() and int(wished) > 0:
        return int(wished)
    if stream is None:
        return WIDTH
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH
    except (OSError, ValueError):
        return WIDTH


def _writes(stream: TextIO | None, sample: str) -> bool:
    try:
        sample.encode((stream.encoding if stream else None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
