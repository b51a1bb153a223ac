"""What is to happen when a job did not pass: further tries and for which troubles, and the steps after them. Values only; who declares them, and what
carries them out, is elsewhere.
"""

from __future__ import annotations

from enum import StrEnum

from gatekeeper.model.value import dataclass


class Trouble(StrEnum):
    """Why an attempt did not pass, as far as another one may help. What a tool found is no trouble: it is found again.

    `FAILURE` is red without findings (tests, a script's exit code), `NETWORK` an output that says so, `SPAWN` a system without a process or
    a descriptor left, `LOST` a process of which nobody knows how it ended.
    """

    SPAWN = "spawn"
    LOST = "lost"
    SIGNAL = "signal"
    OUT_OF_MEMORY = "out_of_memory"
    NETWORK = "network"
    CRASH = "crash"
    TIMEOUT = "timeout"
    FAILURE = "failure"


#: what passes by itself
PASSING = (Trouble.SPAWN, Trouble.LOST, Trouble.SIGNAL, Trouble.OUT_OF_MEMORY, Trouble.NETWORK)
#: what `retries: N` speaks of: all but timeouts
DECLARED = (*PASSING, Trouble.CRASH, Trouble.FAILURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a job is started in all, for which troubles, and how long it waits before each further try: `delay` seconds, times `factor`
    each time, at most `max_delay`."""

    attempts: int = 2
    on: tuple[Trouble, ...] = PASSING
    delay: float = 1.0
    factor: float = 2.0
    max_delay: float = 60.0


#: of every job for which nothing else is said: a system that could not start a process may be able to a second later, and an end that was lost says nothing
UNDECLARED = RetryPolicy(on=(Trouble.SPAWN, Trouble.LOST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What happens when no further try helps, in this order. `rollback`: what the job changed is put back; `fallback`: words of a command that does
    the same work, or the id of a tool; `hold`: seconds that the job waits for a person (0: not at all); `abort`: the run ends."""

    rollback: bool = False
    fallback: tuple[str, ...] = ()
    hold: float = 0.0
    abort: bool = False


NONE = Recovery()


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """After so many `failures` in a row a service is not asked for `recovery` seconds; then one job finds out, and after so many `successes` all is well."""

    failures: int = 3
    recovery: float = 60.0
    successes: int = 1
