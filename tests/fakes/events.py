"""A subscriber that keeps what it is told."""

from __future__ import annotations

from typing import TypeVar

from gatekeeper.model.event import Event

E = TypeVar("E")


class RecordedEvents:
    """Satisfies `Subscriber`."""

    def __init__(self) -> None:
        self.all: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.all.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """Those of one kind, in order."""
        return [event for event in self.all if isinstance(event, kind)]

    def words(self) -> list[str]:
        """`JobStarted B2/x` and the like, in order."""
        return [f"{type(event).__name__} {getattr(event, 'job', None) or ''}".strip() for event in self.all]
