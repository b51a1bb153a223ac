"""A clock that stands still until it is told."""

from __future__ import annotations


class ManualClock:
    """Satisfies `Clock`; `advance` moves it."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds
