"""The world of one simulated run: a pool whose processes are numbers on a virtual clock, and a time line of what people and the machine do meanwhile.

The pool refuses what a real one must never be asked: to start what runs, to start while nothing may, to take more than there is, to wait for nothing.
Knows the scenario, the seams of `execute.ports`, and nothing of what is behind them.
"""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from gatekeeper.execute.control import Control
from gatekeeper.execute.launch import errand_key
from gatekeeper.execute.process import Ended, Ladder, ProcessSpec
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Attempt
from gatekeeper.model.value import replace
from tests.fakes.clock import ManualClock
from tests.fakes.scenario import Errand, Go, Interrupt, Scenario, Stop, Way, Wish

#: rounds of the loop in which nothing happens and no time passes: it spins
MOST_IDLE = 40
#: seconds in which jobs that the run froze by itself may all stand still: between two looks at the machine
STILL = 1.5
#: seconds after which a run has lost its way: no scenario has so much to do, or to wait for
ENDLESS = 2e6
#: seconds that every wait takes, as on a machine: what is due in less than that is due then
LEAST = 1e-6


class BrokenError(AssertionError):
    """Something that must always hold does not: `args[0]` says what, without names, `args[1]` of whom."""

    def __init__(self, what: str, detail: object = "") -> None:
        super().__init__(what, detail)


def must(holds: bool, what: str, detail: object = "") -> None:
    """Raise where an invariant does not hold."""
    if not holds:
        raise BrokenError(what, detail)


@dataclass(slots=True, kw_only=True)
class Process:
    """A process tree: when it will be gone by itself, when its time is up, since when it is frozen, what was done to it."""

    spec: ProcessSpec
    started: float
    ends: float
    deadline: float
    grace: float
    attempt: Attempt
    frozen_at: float | None = None
    suspended: float = 0.0
    told: bool = False

    def next(self) -> float:
        """When something becomes of it; never while it is frozen."""
        return math.inf if self.frozen_at is not None else self.ends if self.told else min(self.ends, self.deadline)


@dataclass(slots=True)
class Floor:
    """What of the machine is taken, as the promises of the scheduler count it."""

    scenario: Scenario
    cores: int
    taken: dict[str, tuple[int, int]] = field(default_factory=dict)

    def take(self, job: Job) -> None:
        """A job starts; it must not take more than there is, unless it is alone."""
        cpu, memory = min(job.resources.cpu, self.cores), min(job.resources.memory_mb, self.scenario.memory_mb)
        must(job.id not in self.taken, "a job was started before its last try had ended", job.id)
        if self.taken:
            cores, megabytes = (sum(part) for part in zip(*self.taken.values(), strict=True))
            must(cores + cpu <= self.cores, "more cores were taken than there are", (job.id, cores, cpu, self.cores))
            must(megabytes + memory <= self.scenario.memory_mb, "more memory was taken than there is", job.id)
            names = {name for one in self.scenario.plan.jobs if one.id in self.taken for name in one.resources.exclusive}
            must(names.isdisjoint(job.resources.exclusive), "an exclusive name was held twice", (job.id, names))
        self.taken[job.id] = max(1, cpu), memory

    def leave(self, job_id: str) -> None:
        """A job has ended, and with it what had to be done before its result could be told."""
        self.taken.pop(job_id, None)


class SimulatedPool:
    """Satisfies `ports.Pool`. `attempts` are the starts of each job in this sitting."""

    def __init__(self, scenario: Scenario, sitting: int, clock: ManualClock, control: Control) -> None:
        self.scenario, self.clock, self.control = scenario, clock, control
        self.began = clock()
        self._line = sorted((one for one in scenario.happenings if isinstance(one, Wish | Interrupt | Stop) and one.sitting == sitting),
                            key=lambda one: abs(one.at))
        self._jobs = {job.id: job for job in scenario.plan.jobs}
        self._errands = {errand_key(job_id): job_id for job_id in self._jobs}
        self._running: dict[str, Process] = {}
        self._dead_at_once: list[Ended] = []
        self._woken = False
        self._waits = self._idle = 0
        self.floor = Floor(scenario, scenario.cores)
        self.attempts: dict[str, int] = {}
        #: the errand that the next start is
        self.errands: dict[str, Errand] = {}
        self.paused = False
        #: seconds in which nothing ran although the run was not paused
        self.idle = 0.0
        #: jobs that people have frozen
        self.frozen_by_people: set[str] = set()
        #: asked before each wait: who is ready
        self.ready: Callable[[], int] = lambda: 0
        #: why nothing may start any more
        self.closed = ""
        self.paused_seconds = self._paused_at = 0.0
        self._still_since = math.inf
        #: the machine is loaded, and the run yields
        self.held_back = False

    # --- the seam ---------------------------------------------------------------------------------------------------

    def start(self, spec: ProcessSpec) -> int:
        must(spec.key not in self._running, "a job was started while it runs", spec.key)
        if spec.key in self._errands:
            errand = self.errands[self._errands[spec.key]]
            self._add(spec, Go(way=Way.SIGNAL if errand.dies else Way.CLEAN, seconds=errand.seconds))
            return 1
        job = self._jobs[spec.key]
        must(not self.paused, "a job was started while the run is paused", job.id)
        must(not self.closed, "a job was started after the run was to end", (job.id, self.closed))
        self.attempts[job.id] = self.attempts.get(job.id, 0) + 1
        self.floor.take(job)
        self._interrupt_while_starting()
        go = self.scenario.go(job.id, self.attempts[job.id])
        if go.way in {Way.SPAWN, Way.NO_PROGRAM}:
            self._dead_at_once.append(Ended(key=job.id, attempt=replace(attempt_of(go), started=self.clock())))
            return 0
        if go.way is Way.NETWORK:
            os.makedirs(os.path.dirname(spec.stderr), exist_ok=True)
            with open(spec.stderr, "w", encoding="utf-8") as words:
                words.write("npm error code ECONNRESET\n")
        self._add(spec, go)
        return 1 + len(self.attempts)

    def wait(self, timeout: float | None = None) -> list[Ended]:
        if self.control.interrupts:
            self.closed = "interrupted"
        self._check_stillness()
        self._waits += 1
        limit = math.inf if timeout is None else self.clock() + max(0.0, timeout)
        self._look()
        if not self._dead_at_once and not self._woken:
            until = min(limit, *(process.next() for process in self._running.values()), self._next_happening())
            until = self._hurry() if until == math.inf else until
            self._check_progress(until)
            self.idle += until - self.clock() if not self._running and not self.paused else 0.0
            self.clock.advance(max(LEAST, until - self.clock()))
            self._look()
            self._happen()
        self._woken = False
        ended, self._dead_at_once = self._dead_at_once, []
        return ended

    def stop(self, key: str, ladder: Ladder | None = None, *, timed_out: bool = False) -> None:
        self._look()
        process = self._running.get(key)
        if process is None:
            return
        self._thaw(process)
        if not process.told:
            process.attempt = replace(process.attempt, timed_out=timed_out, cancelled=not timed_out)
            self._tell(process)
        if ladder is not None and ladder.terminate == 0.0:
            process.ends = min(process.ends, self.clock())

    def suspend(self, key: str) -> None:
        process = self._running.get(key)
        if process is not None and not process.told and process.frozen_at is None:
            process.frozen_at = self.clock()

    def resume(self, key: str) -> None:
        process = self._running.get(key)
        if process is not None:
            self._thaw(process)

    def wake(self) -> None:
        self._woken = True

    # --- what the run says of itself ----------------------------------------------------------------------------------

    def pause(self, *, paused: bool) -> None:
        """The run says that it stands still, or goes on."""
        must(paused is not self.paused, "the run said twice that it is paused, or that it goes on")
        if paused:
            self._paused_at = self.clock()
        else:
            self.paused_seconds += self.clock() - self._paused_at
        self.paused = paused

    def elapsed(self) -> float:
        """Seconds of this sitting in which the run was not paused."""
        return self.clock() - self.began - self.paused_seconds

    def stand_still(self) -> None:
        """The program stops until it is told to go on."""
        must(all(process.frozen_at is not None or process.told for process in self._running.values()), "the program stopped while a job runs")
        self.clock.advance(self._standing)

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(self._running)

    # --- processes ----------------------------------------------------------------------------------------------------

    def _add(self, spec: ProcessSpec, go: Go) -> None:
        if self.scenario.followed:
            os.makedirs(os.path.dirname(spec.stdout), exist_ok=True)
            with open(spec.stdout, "w", encoding="utf-8") as words:
                words.write("said at once\n")
        now = self.clock()
        self._running[spec.key] = Process(spec=spec, started=now, ends=now + go.seconds, grace=go.grace, attempt=attempt_of(go),
                                          deadline=math.inf if spec.timeout is None else now + spec.timeout)

    def _look(self) -> None:
        """Whose time is up is told to end; who is gone is handed out at the next wait."""
        now = self.clock()
        for key, process in list(self._running.items()):
            if process.frozen_at is None and not process.told and process.deadline < process.ends and process.deadline <= now:
                process.attempt = replace(process.attempt, timed_out=True)
                self._tell(process)
            if process.frozen_at is None and process.ends <= now:
                del self._running[key]
                wall = now - process.started - process.suspended
                attempt = replace(process.attempt, started=process.started, wall_seconds=wall, suspended_seconds=process.suspended,
                                  stdout=process.spec.stdout, stderr=process.spec.stderr)
                self._dead_at_once.append(Ended(key=key, attempt=attempt))

    def _tell(self, process: Process) -> None:
        """It is told to end, and takes its time."""
        process.told = True
        if process.ends > self.clock() + process.grace:
            process.ends = self.clock() + process.grace
            process.attempt = replace(process.attempt, exit_code=None, signal=15)

    def _thaw(self, process: Process) -> None:
        if process.frozen_at is not None:
            still = self.clock() - process.frozen_at
            process.ends, process.deadline, process.suspended = process.ends + still, process.deadline + still, process.suspended + still
            process.frozen_at = None

    # --- the time line ------------------------------------------------------------------------------------------------

    _standing = 0.0

    def _next_happening(self) -> float:
        """When the world does something by itself."""
        moments = [max(self.clock(), self.began + one.at) for one in self._line if one.at >= 0 and not self._is_while_starting(one)]
        return min(moments, default=math.inf)

    def _hurry(self) -> float:
        """Nothing else will happen: what was to come at a later wait comes now."""
        waits = [-int(one.at) for one in self._line if one.at < 0 and not self._is_while_starting(one)]
        must(bool(waits), "the loop waits for nothing", tuple(self._running))
        self._waits = min(waits)
        return self.clock()

    def _is_due(self, one: Wish | Interrupt | Stop) -> bool:
        return self._waits >= -one.at if one.at < 0 else self.began + one.at <= self.clock()

    def _happen(self) -> None:
        for one in [one for one in self._line if self._is_due(one) and not self._is_while_starting(one)]:
            self._line.remove(one)
            self._idle = 0
            if isinstance(one, Wish):
                self.control.ask(one.request)
            elif isinstance(one, Interrupt):
                self.control.interrupt(2)
            else:
                self._standing = one.seconds
                self.control.request_stop()

    def _interrupt_while_starting(self) -> None:
        for one in [one for one in self._line if self._is_while_starting(one) and self._is_due(one)]:
            self._line.remove(one)
            self.control.interrupt(15)

    @staticmethod
    def _is_while_starting(one: object) -> bool:
        return isinstance(one, Interrupt) and one.while_starting

    # --- invariants of waiting ----------------------------------------------------------------------------------------

    def _check_stillness(self) -> None:
        stuck = bool(self._running) and not self.paused and not any(key in self._running for job in self.frozen_by_people for key in (job, errand_key(job))) \
            and all(process.frozen_at is not None for process in self._running.values())
        self._still_since = min(self._still_since, self.clock()) if stuck else math.inf
        must(self.clock() - self._still_since < STILL, "all jobs stand still although nobody paused them", tuple(self._running))
        if self.scenario.plain and not self.paused and not self.control.interrupts and not self.held_back:
            free = self.floor.cores - len(self.floor.taken)
            must(free <= 0 or not self.ready(), "a job waits although there is room", (free, self.ready()))
        by_people = (self._running.get(key) for job in self.frozen_by_people for key in (job, errand_key(job)))
        thawed = [process.spec.key for process in by_people if process is not None and process.frozen_at is None and not process.told]
        must(not thawed, "a job goes on that somebody paused", thawed)
        if self.paused:
            moving = [key for key, process in self._running.items() if process.frozen_at is None and not process.told and key not in self._errands]
            must(not moving, "a job goes on while the run is paused", moving)

    def _check_progress(self, until: float) -> None:
        self._idle = 0 if until > self.clock() or any(process.ends <= until for process in self._running.values()) else self._idle + 1
        must(self.clock() - self.began < ENDLESS, "the run does not end", tuple(self._running))
        must(self._idle < MOST_IDLE, "the loop spins: no time passes and nothing ends", tuple(self._running))


def attempt_of(go: Go) -> Attempt:
    """What is left of an execution that nobody disturbs."""
    match go.way:
        case Way.CLEAN | Way.HANG:
            return Attempt(exit_code=0)
        case Way.FINDINGS | Way.RED:
            return Attempt(exit_code=1)
        case Way.TOOL_ERROR | Way.NETWORK:
            return Attempt(exit_code=2)
        case Way.NOTHING:
            return Attempt(exit_code=0)
        case Way.SIGNAL:
            return Attempt(signal=11)
        case Way.OUT_OF_MEMORY:
            return Attempt(exit_code=137)
        case Way.LEAK:
            return Attempt(exit_code=0, leaked=("sleep (pid 7)",))
        case Way.SPAWN:
            return Attempt(spawn_error=os.strerror(errno.EAGAIN))
        case Way.NO_PROGRAM:
            return Attempt(spawn_error="tool: no such program")
