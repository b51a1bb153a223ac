"""What a run yields to the rest of the machine: the cores that other runs hold, and what foreign load and short memory ask of it.

Glue between the schedule and `slots` and `pressure`, which it loads only when they are needed: a run that is over within a second never looks at
the load, one that starts no process holds no slot. A run that is paused holds none either: when it goes on, one of its jobs does so at once, each
other when there is a core for it. Decides nothing by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatekeeper.execute.freeze import Freezer, Holder
from gatekeeper.execute.schedule import Schedule
from gatekeeper.execute.share import Gauge, Yielding
from gatekeeper.model.event import Notice
from gatekeeper.model.ports import Clock, Subscriber
from gatekeeper.model.status import Status
from gatekeeper.model.value import replace
from gatekeeper.model.wording import count_text

if TYPE_CHECKING:
    from gatekeeper.execute.pressure import Monitor
    from gatekeeper.execute.slots import Slots

#: seconds between two looks at the load
LOOK = 1.0
_WITHOUT = "cannot go on yet: other runs took the cores while it was paused"


class Relief:
    """The yielding of one run. `clock` is that of the machine: load does not stand still with a run."""

    def __init__(self, how: Yielding, schedule: Schedule, freezer: Freezer, clock: Clock, publish: Subscriber) -> None:
        self._how, self._schedule, self._freezer, self._clock, self._publish = how, schedule, freezer, clock, publish
        self._slots: Slots | None = None
        self._alone = not how.folder
        self._monitor: tuple[Monitor, Gauge] | None = None
        self._looks = how.cpu_percent is not None or how.memory_percent is not None
        self._looked: float | None = None
        self._hold = False
        #: jobs run that can use whatever is left
        self.lends = False
        self._frozen: list[str] = []
        #: jobs that stand still since a pause because other runs have taken the cores meanwhile
        self._without: list[str] = []

    def cores(self) -> float:
        """How many more cores jobs may take now than they hold; one job may start anyway where nothing moves."""
        held = self._schedule.held()
        if self._slots is None and not held:
            return 0  # whatever is known already starts no process: no slot is looked for
        free = math.inf if self._alone else self._ask(held, held if self._hold else self._wanted(held)) - held
        return 0 if self._hold else free

    def _wanted(self, held: int) -> int:
        return held + self._schedule.idle() if self.lends else self._schedule.wanted()

    def next(self) -> float:
        """Seconds until the run should look again; infinite where it need not."""
        if not self._schedule.running():
            self._looked = None
            return math.inf
        if self._looks and self._looked is None:
            self._looked = self._clock()
        look = self._looked + LOOK - self._clock() if self._looks and self._looked is not None else math.inf
        return max(0.0, min(look, self._slots.next() if self._slots is not None and not self._hold else math.inf))

    def heed(self) -> None:
        """Look at the load, at most every `LOOK` seconds and only while jobs are under way; freeze or thaw one job, tell what changed."""
        if self._without:
            self._thaw_some()
        now = self._clock()
        if not self._looks or self._looked is None or now - self._looked < LOOK or not self._schedule.running():
            return
        monitor, gauge = self._watch()
        sample = gauge(now - self._looked)
        self._looked = now
        running = self._schedule.running()
        self._frozen = [job_id for job_id in self._frozen if job_id in running and self._freezer.holds(job_id, Holder.PRESSURE)]
        moving = [job_id for job_id in running if self._schedule.status(job_id) is Status.RUNNING]
        step = monitor.heed(sample, now=now, cores=self._schedule.held(), moving=moving, frozen=self._frozen)
        self._hold = step.hold
        for event in step.told:
            self._publish(event)
        if step.thaw is not None:
            self._frozen.remove(step.thaw)
            self._freezer.thaw(step.thaw, Holder.PRESSURE)
        if step.freeze is not None:
            self._frozen.insert(0, step.freeze)
            self._freezer.freeze(step.freeze, Holder.PRESSURE, "the machine is short of memory")

    def widen(self, cores: int) -> None:
        """Somebody wants so many at once: as at the start of a run, that is believed also where the machine has fewer cores."""
        self._how = replace(self._how, cores=max(self._how.cores, cores))
        if self._slots is not None:
            self._slots.widen(self._how.cores)

    def let_go(self) -> None:
        """The run stands still: its cores are for other runs."""
        self.close()

    def take_again(self, frozen: Sequence[str]) -> None:
        """The run goes on with the jobs that it froze (ids): those for which others left no core stay frozen for now, the last started first."""
        before, self._without = self._without, [] if self._alone else [job_id for job_id in self._schedule.running() if job_id in frozen]
        for job_id in before:
            self._freezer.thaw(job_id, Holder.SLOTS)
        for job_id in self._without:
            self._freezer.freeze(job_id, Holder.SLOTS, _WITHOUT)
        self._thaw_some(told=True)

    def _thaw_some(self, *, told: bool = False) -> None:
        """Let go on for whom there are cores: one where nothing else moves, whatever others hold."""
        self._without = [job_id for job_id in self._without if self._freezer.holds(job_id, Holder.SLOTS)]
        waiting = sum(map(self._schedule.cores_of, self._without))
        held = self._schedule.held()
        used = held - waiting
        free = self._ask(used, held) - used if self._without else 0
        while self._without and (free >= (cores := self._schedule.cores_of(self._without[0])) or not used):
            self._freezer.thaw(self._without.pop(0), Holder.SLOTS)
            free, used = free - cores, used + cores
        if told and self._without:
            self._publish(Notice(at=self._clock(), message=f"{count_text(len(self._without), 'job')} of this run {_WITHOUT}"))

    def close(self) -> None:
        """Give all slots back."""
        if self._slots is not None:
            self._slots.close()
            self._slots = None

    def _ask(self, used: int, wanted: int) -> int:
        try:
            if self._slots is None:
                from gatekeeper.execute.slots import Slots  # lazy: only runs that start a process pay

                self._slots = Slots(self._how.folder, self._how.cores)
            return self._slots.ask(used, wanted, self._clock())
        except OSError as error:
            self.close()
            self._alone = True
            self._publish(Notice(at=self._clock(), message=f"this run does not share cores with other runs: {error}"))
            return wanted

    def _watch(self) -> tuple[Monitor, Gauge]:
        if self._monitor is None:
            from gatekeeper.execute.pressure import Gauge as Machine  # lazy: only runs of more than a second pay
            from gatekeeper.execute.pressure import Monitor, PressureLimits

            never = math.inf
            cpu, memory = self._how.cpu_percent, self._how.memory_percent
            limits = PressureLimits(cpu_percent=never if cpu is None else cpu, memory_percent=never if memory is None else memory)
            self._monitor = Monitor(limits), self._how.gauge() if self._how.gauge is not None else Machine().look
        return self._monitor
