"""What a run of a plan is given: the seams to pool, clock, judging and listeners, and what is not in the plan. Values and Protocols; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from gatekeeper.execute.inherited import stop_program
from gatekeeper.execute.limits import Spent
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.process import Ended, Ladder, ProcessSpec
from gatekeeper.execute.share import Yielding
from gatekeeper.model.plan import Job
from gatekeeper.model.ports import Clock, Subscriber
from gatekeeper.model.recovery import BreakerPolicy
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.settings import Alerts
from gatekeeper.model.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A program that must run before the result of a job can be told. `folder` (absolute) is its own and is removed when it has ended,
    `timeout` is in seconds, `then` gives the result from how it ended."""

    argv: tuple[str, ...]
    folder: str
    timeout: float
    then: Callable[[Attempt], Result]


Conclude = Callable[[Job, Attempt], Result | Errand]
#: asked when a job may start: its result where it is known already (from the cache), or the job as it has to run now (fewer files), or itself
Lookup = Callable[[Job], Result | Job]


class Pool(Protocol):
    """What runs processes: `pool.ProcessPool`, or a fake."""

    def start(self, spec: ProcessSpec) -> int: ...
    def wait(self, timeout: float | None = None) -> list[Ended]: ...
    def stop(self, key: str, ladder: Ladder | None = None, *, timed_out: bool = False) -> None: ...
    def suspend(self, key: str) -> None: ...
    def resume(self, key: str) -> None: ...
    def wake(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What is not in the plan. None: as many cores as the plan's pool and the free memory of this machine; our own environment, cleaned."""

    capacity: Capacity | None = None
    environment: Mapping[str, str] | None = None
    #: names of secrets that jobs may see
    secrets: tuple[str, ...] = ()
    fail_fast: bool = False
    ladder: Ladder = field(default_factory=Ladder)
    #: results by job id that need not be reached again (of a run that is resumed)
    known: Mapping[str, Result] = field(default_factory=dict)
    #: what it used of its time before it died (of a run that is resumed)
    spent: Spent = field(default_factory=Spent)
    lookup: Lookup | None = None
    #: what a job may change is kept before it starts; the answer puts it back and says what it did (None: nothing can be kept)
    checkpoint: Callable[[Job], Callable[[], str] | None] | None = None
    #: called when no job is under way any more
    ended: Callable[[], None] | None = None
    #: somebody is there who can decide about a job that is held
    person: bool = False
    alerts: Alerts | None = None
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    #: failures in a row and the moment of the last, on `clock`, by service that did not answer in runs before
    services: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    #: told the same when a run has found out more
    learnt: Callable[[Mapping[str, tuple[int, float]]], None] | None = None
    #: whose logs are looked at while they grow (`JobOutput`)
    outputs: bool = False
    #: MB above which a job is stopped (0: none is)
    memory_limit_mb: int = 0
    #: niceness of every job
    niceness: int = 0
    yielding: Yielding = field(default_factory=Yielding)
    #: stops the whole program until somebody sends SIGCONT
    stand_still: Callable[[], None] = stop_program


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside of one run."""

    clock: Clock
    pool: Pool
    conclude: Conclude
    publish: Subscriber
