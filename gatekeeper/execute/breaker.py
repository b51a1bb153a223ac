"""Circuit breakers: services outside that did not answer are not asked again at once. Pure: time is a parameter, on any clock that only goes forward.

    CLOSED --`failures` in a row--> OPEN --`recovery` seconds--> HALF_OPEN --`successes` in a row--> CLOSED
                                      ^                             |
                                      +----------one failure--------+

While HALF_OPEN one job at a time finds out. Knows neither jobs nor what counts as a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from gatekeeper.model.recovery import BreakerPolicy


class State(StrEnum):
    """Whether a service is asked."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """One service. `since` is the moment of the last failure, `failures` how many there were in a row."""

    def __init__(self, policy: BreakerPolicy, *, failures: int = 0, since: float = 0.0) -> None:
        self._policy = policy
        self.failures, self.since = failures, since
        self._opened = failures >= policy.failures
        self._successes = 0
        self._probing = False

    def state(self, now: float) -> State:
        if not self._opened:
            return State.CLOSED
        return State.OPEN if now < self.since + self._policy.recovery else State.HALF_OPEN

    def busy(self, now: float) -> bool:
        """Whether a job is finding out at this moment what others had better wait for."""
        return self._probing and self.state(now) is State.HALF_OPEN

    def refusal(self, service: str, now: float) -> str | None:
        """Why the service is not asked now, in words; None where it may be."""
        if self.state(now) is not State.OPEN:
            return None
        left = self.since + self._policy.recovery - now
        return f"{service} did not answer {self.failures} times in a row: its circuit is open, it is asked again in {left:.0f} s"

    def asked(self, now: float) -> None:
        """A job that asks the service starts."""
        self._probing = self.state(now) is State.HALF_OPEN

    def ended(self, now: float, *, answered: bool | None) -> None:
        """A job that asked the service has ended; None: nothing can be told from it."""
        self._probing = False
        if answered is None:
            return
        if not answered:
            self.failures, self.since, self._successes = self.failures + 1, now, 0
            self._opened = self._opened or self.failures >= self._policy.failures
            return
        self._successes += 1
        if not self._opened or self._successes >= self._policy.successes:
            self._opened, self.failures, self._successes = False, 0, 0


class Breakers:
    """Those of all services of a run. `known` are failures in a row and the moment of the last, by service, from runs before."""

    def __init__(self, policy: BreakerPolicy, known: Mapping[str, tuple[int, float]] | None = None) -> None:
        self._policy = policy
        self._by_service = {service: Breaker(policy, failures=failures, since=since) for service, (failures, since) in (known or {}).items()}

    def refusal(self, services: Iterable[str], now: float) -> str | None:
        """Why one of the services is not asked now; None where all may be."""
        return next((said for service in services if (said := self._of(service).refusal(service, now)) is not None), None)

    def busy(self, services: Iterable[str], now: float) -> bool:
        """Whether another job is finding out about one of them."""
        return any(self._of(service).busy(now) for service in services)

    def asked(self, services: Iterable[str], now: float) -> None:
        """A job that asks them starts."""
        for service in services:
            self._of(service).asked(now)

    def ended(self, services: Iterable[str], now: float, *, answered: bool | None) -> None:
        """A job that asked them has ended."""
        for service in services:
            self._of(service).ended(now, answered=answered)

    def known(self) -> Mapping[str, tuple[int, float]]:
        """What another run should know: failures in a row and the moment of the last, by service that does not answer."""
        return {service: (breaker.failures, breaker.since) for service, breaker in self._by_service.items() if breaker.failures}

    def _of(self, service: str) -> Breaker:
        return self._by_service.setdefault(service, Breaker(self._policy))
