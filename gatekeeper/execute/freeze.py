"""Jobs that stand still, and the clock that stands still with a run. A job may be held by several (a person, the pause of the whole run, a machine
that is short of memory, other runs that have the cores): it goes on when nobody holds it any more. Does not know who may ask, nor why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from gatekeeper.execute.launch import errand_key
from gatekeeper.execute.notices import Notices
from gatekeeper.execute.ports import Ports
from gatekeeper.execute.schedule import Schedule
from gatekeeper.model.event import JobPaused, JobResumed, RunPaused, RunResumed
from gatekeeper.model.ports import Clock
from gatekeeper.model.status import Status


class Holder(StrEnum):
    """Who keeps a job from running."""

    PERSON = "person"
    RUN = "run"
    TERMINAL = "terminal"
    PRESSURE = "pressure"
    #: other runs have the cores
    SLOTS = "slots"


class RunClock:
    """Seconds of a run: those of `clock`, without those in which the run was paused. What is due on it cannot come due meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lost = 0.0
        self._since: float | None = None

    def __call__(self) -> float:
        return (self._clock() if self._since is None else self._since) - self._lost

    @property
    def stands(self) -> bool:
        return self._since is not None

    def stop(self) -> None:
        """Stand still from now on."""
        self._since = self._clock() if self._since is None else self._since

    def go(self) -> None:
        """Go on where it stopped."""
        if self._since is not None:
            self._lost += self._clock() - self._since
            self._since = None


class Freezer:
    """Freezes and thaws the processes of jobs under way; `now` is the run's clock."""

    def __init__(self, ports: Ports, schedule: Schedule, now: Clock, notices: Notices) -> None:
        self._ports, self._schedule, self._now, self._notices = ports, schedule, now, notices
        self._holders: dict[str, set[Holder]] = {}

    def holds(self, job_id: str, holder: Holder) -> bool:
        return holder in self._holders.get(job_id, ())

    def frozen(self) -> tuple[str, ...]:
        """Ids of the jobs that stand still."""
        return tuple(self._holders)

    def freeze(self, job_id: str, holder: Holder, reason: str) -> None:
        """Let a running job stand still for `holder` too."""
        held = self._holders.get(job_id)
        if held is not None:
            held.add(holder)
            return
        if self._schedule.status(job_id) is not Status.RUNNING:
            return
        self._holders[job_id] = {holder}
        self._notices.stopped(job_id, self._now())
        for key in (job_id, errand_key(job_id)):
            self._ports.pool.suspend(key)
        self._schedule.paused(job_id)
        self._ports.publish(JobPaused(at=self._ports.clock(), job=job_id, reason=reason))

    def thaw(self, job_id: str, holder: Holder) -> None:
        """`holder` does not hold the job any more."""
        held = self._holders.get(job_id, set())
        held.discard(holder)
        if job_id in self._holders and not held:
            for key in (job_id, errand_key(job_id)):
                self._ports.pool.resume(key)
            self.forget(job_id)
            self._ports.publish(JobResumed(at=self._ports.clock(), job=job_id))

    def forget(self, job_id: str) -> None:
        """The processes of the job go on, or are gone."""
        if self._holders.pop(job_id, None) is None:
            return
        self._notices.went_on(job_id, self._now())
        if self._schedule.status(job_id) is Status.PAUSED:
            self._schedule.resumed(job_id)


class Cores(Protocol):
    """What a run shares with others (`relief.Relief`)."""

    def let_go(self) -> None: ...
    def take_again(self, frozen: Sequence[str]) -> None: ...


class Standstill:
    """The run as a whole, paused by one or several: nothing starts, what runs is frozen, the run's clock stands still, and its cores are for other runs
    until all let it go on."""

    def __init__(self, ports: Ports, schedule: Schedule, clock: RunClock, freezer: Freezer, cores: Cores) -> None:
        self._ports, self._schedule, self._clock, self._freezer, self._cores = ports, schedule, clock, freezer, cores
        self._holders: set[Holder] = set()

    @property
    def on(self) -> bool:
        return bool(self._holders)

    def by(self, holder: Holder) -> bool:
        """Whether `holder` pauses the run."""
        return holder in self._holders

    def begin(self, holder: Holder, reason: str) -> None:
        """`holder` pauses the run."""
        if not self._holders:
            self._clock.stop()
            self._ports.publish(RunPaused(at=self._ports.clock(), reason=reason))
        self._holders.add(holder)
        for job_id in self._schedule.running():
            self._freezer.freeze(job_id, Holder.RUN, reason)
        self._cores.let_go()

    def end(self, *holders: Holder) -> None:
        """These (none: all) do not pause the run any more."""
        self._holders -= set(holders or self._holders)
        if self._holders or not self._clock.stands:
            return
        frozen = self._freezer.frozen()
        self._cores.take_again([job_id for job_id in frozen if self._freezer.holds(job_id, Holder.RUN)])
        for job_id in frozen:
            self._freezer.thaw(job_id, Holder.RUN)
        self._clock.go()
        self._ports.publish(RunResumed(at=self._ports.clock()))

    def stop_program(self, stop: Callable[[], None]) -> None:
        """The whole program stops, as a terminal asks it to (Ctrl-Z); it goes on when `stop` returns."""
        self.begin(Holder.TERMINAL, "stopped by the terminal")
        stop()
        self.end(Holder.TERMINAL)
