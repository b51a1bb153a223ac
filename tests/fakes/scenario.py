"""Everything that one simulated run is made of, drawn from one seed: a plan, how each of its jobs goes, and what happens meanwhile.

A scenario is a value: the same seed gives the same one, and what happens can be left out piece by piece, so that a failure shrinks.
Knows the nouns of the model, and nothing of the engine.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from gatekeeper.execute.control import Action, Request
from gatekeeper.model import value
from gatekeeper.model.pipeline import JobClass, Priority
from gatekeeper.model.plan import Job, Plan, PlannedBatch, Reason, Resources, Unavailable
from gatekeeper.model.recovery import Recovery, RetryPolicy, Trouble
from gatekeeper.model.status import Cause
from gatekeeper.model.tool import OutputSpec, Role

BATCHES = ("alpha", "beta", "gamma", "delta")
BARRIER = "barrier:half"
NAMES = ("target", "database", "port")


class Way(StrEnum):
    """How one execution of a job goes, left to itself."""

    CLEAN = "clean"
    FINDINGS = "findings"
    TOOL_ERROR = "tool_error"
    NOTHING = "nothing"
    SIGNAL = "signal"
    OUT_OF_MEMORY = "out_of_memory"
    HANG = "hang"
    #: red without a finding, as a test runner's or a script's exit code
    RED = "red"
    #: an error whose last words speak of the network
    NETWORK = "network"
    #: the system has no process to spare
    SPAWN = "spawn"
    #: there is no such program
    NO_PROGRAM = "no_program"
    LEAK = "leak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """The reading of an output that needs a process of its own."""

    seconds: float
    dies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """One execution: how it goes, how long it takes, how long it goes on after it was told to end."""

    way: Way = Way.CLEAN
    seconds: float = 1.0
    grace: float = 0.0
    errand: Errand | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Somebody asks something of the run, `at` seconds after it began; below zero: during the wait of that number, when something may just have ended."""

    at: float
    request: Request
    sitting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupt:
    """A signal that is to end the run; `while_starting`: it comes between two starts, not while the loop waits."""

    at: float
    while_starting: bool = False
    sitting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The terminal stops the program, which goes on `seconds` later."""

    at: float
    seconds: float
    sitting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """The program dies at its nth event (-1: the one that says that the run has ended), before or after that is written. `power`: the machine, too: of the lines so many parts are kept, then
    `torn` bytes of the next, and what follows them may be zeros."""

    event: int
    sitting: int
    after: bool = True
    power: bool = False
    kept: float = 1.0
    torn: int = 0
    zeros: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFull:
    """From the nth event on there is room for `room` more bytes."""

    event: int
    room: int
    sitting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFails:
    """From the nth event on nothing can be synced."""

    event: int
    sitting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The machine is busy for a while: percent of its cores, of which `ours` are used by our jobs; percent of its memory, and of time stalled for it."""

    at: float
    until: float
    cpu: float
    ours: float
    memory: float
    stalls: float | None = None


Happening = Wish | Load | Interrupt | Stop | Crash | DiskFull | SyncFails


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The next run: these jobs look at something else by now and go otherwise, and some of what was kept has rotted, as `rot` draws."""

    goes: Mapping[str, tuple[Go, ...]]
    rot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One simulated run. `goes` are the executions of each job, in order; the last one stands for all that follow."""

    seed: int
    plan: Plan
    goes: Mapping[str, tuple[Go, ...]]
    cores: int
    memory_mb: int
    fail_fast: bool = False
    #: somebody is there who could decide about a job that is held
    person: bool = False
    #: somebody follows how logs grow
    followed: bool = False
    #: jobs whose result is in the cache
    cached: frozenset[str] = frozenset()
    happenings: tuple[Happening, ...] = ()
    then: Next | None = None
    #: every job takes one core and nothing else: no order can take longer than twice the bound
    plain: bool = False

    def go(self, job_id: str, attempt: int) -> Go:
        """How the attempt, counted from 1, of a job goes."""
        goes = self.goes[job_id]
        return goes[min(attempt, len(goes)) - 1]

    def without(self, job_id: str) -> Scenario:
        """The same run without one job."""
        jobs = tuple(_apart(job, job_id) for job in self.plan.jobs if job.id != job_id)
        barriers = {name: tuple(one for one in others if one != job_id) for name, others in self.plan.barriers.items()}
        return replace(self, plan=value.replace(self.plan, jobs=jobs, barriers=barriers),
                       happenings=tuple(one for one in self.happenings if not (isinstance(one, Wish) and one.request.subject == job_id)))


def _apart(job: Job, other: str) -> Job:
    return value.replace(job, needs=tuple(one for one in job.needs if one != other), after=tuple(one for one in job.after if one != other))


def scenario(seed: int) -> Scenario:
    """The scenario of a seed."""
    draw = random.Random(seed)
    cores, memory, plain = draw.randint(1, 8), draw.choice([300, 1000, 4000]), draw.random() < 0.3
    jobs = _jobs(draw, draw.choice([5, 8, 12, 20, 30, 60]), cores, memory, plain=plain)
    if not plain and draw.random() < 0.1:
        jobs = tuple(value.replace(job, services=("registry",)) if draw.random() < 0.5 else job for job in jobs)
    goes = {job.id: _goes(draw, job, plain=plain) for job in jobs}
    jobs = tuple(_guessed(draw, job, goes[job.id]) for job in jobs)
    batches = tuple(PlannedBatch(id=name, title=name, target=draw.choice([None, 5.0]), timeout=_timeout(draw, plain)) for name in BATCHES)
    barriers = {BARRIER: tuple(job.id for job in jobs if _number(job) < len(jobs) // 2)} if any(BARRIER in job.after for job in jobs) else {}
    plan = Plan(root="/tree", pipeline="default", batches=batches, jobs=jobs, pool_size=cores, barriers=barriers,
                timeout=1e7 if plain or draw.random() < 0.85 else draw.uniform(1, 200))
    return Scenario(seed=seed, plan=plan, goes=goes, cores=cores, memory_mb=memory, plain=plain, fail_fast=not plain and draw.random() < 0.15,
                    person=draw.random() < 0.5, followed=draw.random() < 0.1, cached=frozenset(job.id for job in jobs if not plain and draw.random() < 0.05),
                    happenings=_happenings(draw, plan, plain=plain), then=_next(draw, plan) if draw.random() < 0.2 else None)


def _next(draw: random.Random, plan: Plan) -> Next:
    share = draw.choice([0.0, 0.1, 0.5])
    return Next(goes={job.id: _goes(draw, job, plain=False) for job in plan.jobs if draw.random() < share}, rot=draw.choice([None, draw.randrange(1 << 30)]))


def _number(job: Job) -> int:
    return int(job.id.rpartition("-")[2])


def _timeout(draw: random.Random, plain: bool) -> float | None:
    return draw.uniform(1, 60) if not plain and draw.random() < 0.08 else None


def _jobs(draw: random.Random, count: int, cores: int, memory: int, *, plain: bool) -> tuple[Job, ...]:
    jobs: list[Job] = []
    density = draw.choice([0.0, 0.3, 0.7])
    for number in range(count):
        before = [job.id for job in jobs[-12:]]
        barred = number >= count // 2 and density == 0.3
        needs = tuple(draw.sample(before, min(len(before), draw.randint(1, 2)))) if draw.random() < density else ()
        after = (*(draw.sample(before, 1) if before and draw.random() < density / 2 else ()), *((BARRIER,) if barred else ()))
        jobs.append(Job(
            id=f"T{number % 7}/job-{number}", task=f"T{number % 7}", batch=BATCHES[min(3, 4 * number // count)], command="c", tool_id="tool",
            role=draw.choice([Role.LINT, Role.TEST]), component=None, argv=("tool",), cwd=".", needs=needs, after=after,
            timeout=draw.choice([20.0, 60.0, 600.0]), blocking=draw.random() < 0.7, priority=draw.choice(list(Priority)),
            job_class=draw.choice(list(JobClass)), unavailable=_lack(draw), failure_odds=draw.choice([0.0, 0.1, 0.9]),
            resources=Resources(memory_mb=0) if plain else _resources(draw, cores, memory), output=OutputSpec(parser="ruff-json"),
            reason=Reason(kind="asked", detail="")))
        jobs[-1] = jobs[-1] if plain else _recovering(draw, jobs[-1])
    if not plain and draw.random() < 0.05:
        jobs[0] = value.replace(jobs[0], needs=("T0/lost",))
    order = list(jobs)
    draw.shuffle(order)
    return tuple(order)


def _recovering(draw: random.Random, job: Job) -> Job:
    """What is declared for the case that it does not pass."""
    if draw.random() < 0.4:
        policy = RetryPolicy(attempts=draw.randint(1, 4), on=tuple(draw.sample(list(Trouble), draw.randint(0, 7))), delay=draw.choice([0.0, 1.0, 30.0]),
                             factor=draw.choice([1.0, 2.0]), max_delay=draw.choice([0.0, 60.0]))
        job = value.replace(job, retry=policy)
    if draw.random() < 0.15:
        job = value.replace(job, recovery=Recovery(rollback=draw.random() < 0.5, hold=draw.choice([0.0, 20.0, 500.0]), abort=draw.random() < 0.2))
    if draw.random() < 0.08:
        job = value.replace(job, recovery=value.replace(job.recovery, fallback=("other",)), fallback=value.replace(job, command="other", timeout=60.0))
    return value.replace(job, services=("registry",)) if draw.random() < 0.05 else job


def _lack(draw: random.Random) -> Unavailable | None:
    return Unavailable(cause=Cause.MISSING_TOOL, detail="tool is not installed", hint="gatekeeper setup") if draw.random() < 0.03 else None


def _resources(draw: random.Random, cores: int, memory: int) -> Resources:
    names = tuple(draw.sample(NAMES, draw.choice([0, 0, 0, 1, 2])))
    return Resources(cpu=draw.choice([1, 1, 1, 2, cores, cores + 1]), memory_mb=draw.choice([0, 100, memory // 2, memory + 200]), exclusive=names)


#: how jobs go, with the odds of it
_WAYS = {Way.CLEAN: 70, Way.FINDINGS: 8, Way.TOOL_ERROR: 4, Way.NOTHING: 2, Way.SIGNAL: 4, Way.OUT_OF_MEMORY: 3, Way.HANG: 2, Way.SPAWN: 3, Way.NO_PROGRAM: 1,
         Way.LEAK: 3, Way.RED: 3, Way.NETWORK: 3}


def _goes(draw: random.Random, job: Job, *, plain: bool) -> tuple[Go, ...]:
    if plain:
        return (Go(seconds=_seconds(draw)),)
    if job.services and draw.random() < 0.6:
        return (*(Go(way=Way.NETWORK, seconds=_seconds(draw)) for _ in range(draw.randint(1, 4))), _go(draw))
    return tuple(_go(draw) for _ in range(draw.choice([1, 2, 3, 4, 8]))) if draw.random() < 0.8 else (_go(draw),)


def _go(draw: random.Random) -> Go:
    way = draw.choices(list(_WAYS), list(_WAYS.values()))[0]
    errand = Errand(seconds=draw.uniform(0.1, 40), dies=draw.random() < 0.2) if draw.random() < 0.1 else None
    return Go(way=way, seconds=math.inf if way is Way.HANG else _seconds(draw), grace=draw.choice([0.0, 0.0, 0.3, 5.0]), errand=errand)


def _seconds(draw: random.Random) -> float:
    """Heavy-tailed, as the durations of real jobs are."""
    return min(500.0, 0.2 * draw.paretovariate(0.9))


def _guessed(draw: random.Random, job: Job, goes: tuple[Go, ...]) -> Job:
    """What history says of its duration: about right, or nothing of the kind."""
    seconds = goes[0].seconds if goes[0].seconds < math.inf else job.timeout
    return value.replace(job, estimated_seconds=draw.choice([seconds, seconds * draw.uniform(0.5, 2), 1.0]))


def _happenings(draw: random.Random, plan: Plan, *, plain: bool) -> tuple[Happening, ...]:
    found: list[Happening] = []
    if not plain:
        for sitting in (0, 0, 0, 1):
            found += _asked(draw, plan, sitting) if draw.random() < 0.35 else ()
        for job in (job for job in plan.jobs if job.recovery.hold and draw.random() < 0.5):
            action = draw.choice([Action.RESUME, Action.RESUME, Action.CANCEL])
            found.append(Wish(at=_moment(draw), request=Request(action=action, subject=job.id, by="somebody"), sitting=draw.choice([0, 0, 1])))
        if draw.random() < 0.08:
            found += [Interrupt(at=_moment(draw), while_starting=draw.random() < 0.3, sitting=draw.choice([0, 0, 1])) for _ in range(draw.randint(1, 2))]
        if draw.random() < 0.1:
            found.append(Stop(at=_moment(draw), seconds=draw.uniform(1, 10_000)))
        if draw.random() < 0.2:
            found += [_load(draw) for _ in range(draw.randint(1, 3))]
    events = 4 * len(plan.jobs)
    crashes = draw.choices([0, 1, 2, 4], [40, 35, 15, 10])[0]
    found += [_crash(draw, sitting, events) for sitting in range(crashes)]
    if draw.random() < 0.08:
        found.append(DiskFull(event=draw.randint(0, events), room=draw.randint(0, 400), sitting=draw.choice([0, 0, 1])))
    if draw.random() < 0.05:
        found.append(SyncFails(event=draw.randint(0, events), sitting=draw.choice([0, 0, 1])))
    return tuple(found)


def _load(draw: random.Random) -> Load:
    at = abs(_moment(draw))
    return Load(at=at, until=at + draw.uniform(1, 300), cpu=draw.choice([30.0, 99.0]), ours=draw.choice([0.1, 8.0]), memory=draw.choice([30.0, 85.0, 97.0]),
                stalls=draw.choice([None, 0.0, 5.0, 40.0]))


def _crash(draw: random.Random, sitting: int, events: int) -> Crash:
    power = draw.random() < 0.4
    return Crash(event=-1 if draw.random() < 0.05 else draw.randint(0, events), sitting=sitting, after=draw.random() < 0.6, power=power, kept=draw.choice([1.0, draw.random(), draw.random()]),
                 torn=draw.choice([0, 1, 30, 200]) if power else draw.choice([0, 0, 40]), zeros=power and draw.random() < 0.3)


def _moment(draw: random.Random) -> float:
    return -float(draw.randint(1, 40)) if draw.random() < 0.4 else draw.choice([0.0, draw.uniform(0, 3), draw.uniform(0, 60), draw.uniform(0, 600)])


def _asked(draw: random.Random, plan: Plan, sitting: int) -> list[Happening]:
    """A wish, and where it makes something stand still, another that lets it go on."""
    at, job = _moment(draw), draw.choice([*(job.id for job in plan.jobs), "T0/nobody"])

    def wish(action: Action, at: float, subject: str = "", text: str = "") -> Wish:
        return Wish(at=at, request=Request(action=action, subject=subject, value=text, reason="why not", by="somebody"), sitting=sitting)

    match draw.choice(list(Action)):
        case Action.PAUSE | Action.RESUME:
            subject = draw.choice(["", "", job])
            until = at + draw.choice([0.0, draw.uniform(0, 100), draw.uniform(0, 100_000)]) if at >= 0 else at - draw.randint(1, 5)
            nested = [wish(Action.PAUSE, at + math.copysign(1, at), "" if subject else job),
                      wish(Action.RESUME, at + math.copysign(draw.randint(2, 100 if at >= 0 else 4), at), "" if subject else job)]
            return [wish(Action.PAUSE, at, subject), *(nested if draw.random() < 0.4 else []),
                    wish(draw.choice([Action.RESUME] * 4 + [Action.CANCEL]), until, subject)]
        case Action.CANCEL:
            return [wish(Action.CANCEL, at, draw.choice(["", job, job, job]))]
        case Action.JOBS:
            return [wish(Action.JOBS, at, text=draw.choice(["1", "2", "16", "0", "many"]))]
        case Action.PRIORITY:
            return [wish(Action.PRIORITY, at, job, draw.choice([*Priority, "urgent"]))]
        case Action.DEADLINE:
            return [wish(Action.DEADLINE, at, text=draw.choice(["1000000", f"{draw.uniform(0, 100)}", "-1", "soon"]))]
        case Action.APPROVE:
            return [wish(Action.APPROVE, at, "nobodys-condition", "ann")]
