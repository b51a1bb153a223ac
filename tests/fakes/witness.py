"""Hears every event of one simulated run and checks what must hold at each: the order of a job's events, its needs, the counters, the early verdict.

Knows the events and the plan; it does not know why anything happens.
"""

from __future__ import annotations

from collections import defaultdict

from gatekeeper.judge.counters import counters, total
from gatekeeper.judge.verdict import Deciders, judge
from gatekeeper.model.event import (
    Event,
    Intervened,
    JobEnded,
    JobFinished,
    JobOutput,
    JobPaused,
    JobQueued,
    JobResumed,
    JobStarted,
    Notice,
    Pressure,
    RunPaused,
    RunResumed,
)
from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Counters, Result, Verdict
from gatekeeper.model.status import Cause, Status
from tests.fakes.world import SimulatedPool, must

#: where a job may go on hearing an event, and where it then stands
_STEPS = {
    "waits": {JobQueued: "queued", JobFinished: "finished"},
    "queued": {JobQueued: "queued", JobStarted: "runs", JobFinished: "finished"},
    "runs": {JobPaused: "frozen", JobEnded: "ended"},
    "frozen": {JobResumed: "runs", JobEnded: "ended"},
    # with an errand it can be frozen once more
    "ended": {JobFinished: "finished", JobQueued: "queued", JobPaused: "ended", JobResumed: "ended"},
    "finished": dict[type, str](),
}


#: what notices tell of
_TOLD = {"tried again": ": try ", "fell back": "does it instead", "held": "lets it stand"}


class Witness:
    """Satisfies `Subscriber`. `known` are results that the run began with."""

    def __init__(self, plan: Plan, pool: SimulatedPool, known: frozenset[str]) -> None:
        self._plan, self._pool, self._known = plan, pool, known
        self._jobs = {job.id: job for job in plan.jobs}
        self._place = dict.fromkeys(self._jobs, "waits")
        self._tries: dict[str, int] = defaultdict(int)
        #: jobs in the order of their last start
        self._begun: list[str] = []
        self._deciders = Deciders(plan)
        self._at = pool.clock()
        #: when the growth of a log was last told in this attempt, and its bytes
        self._grown: dict[str, tuple[float, int]] = {}
        pool.ready = lambda: sum(place == "queued" for place in self._place.values())
        self.results: dict[str, Result] = {}
        self.events: list[Event] = []
        self.early: Verdict | None = None
        #: kinds of what happened, for those who want to know what a simulation has seen
        self.seen: set[str] = set()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.seen.add(type(event).__name__)
        must(event.at >= self._at, "an event is older than the one before", event)
        self._at = event.at
        match event:
            case JobQueued() | JobStarted() | JobEnded() | JobFinished() | JobPaused() | JobResumed():
                self._step(event)
            case RunPaused() | RunResumed():
                self._pool.pause(paused=isinstance(event, RunPaused))
            case Intervened(action="cancel", subject=""):
                self._pool.closed = "cancelled"
            case Intervened(action="jobs", value=text):
                self._pool.floor.cores = int(text)
            case Intervened(action="pause", subject=subject) if subject:
                self._pool.frozen_by_people.add(subject)
            case Intervened(action="resume" | "cancel", subject=subject) if subject:
                self.seen.add(f"asked of a job: {event.action}")
                self._pool.frozen_by_people.discard(subject)
            case JobOutput():
                self._grow(event)
            case Notice():
                self.seen |= {kind for kind, words in _TOLD.items() if words in event.message}
            case Pressure():
                self._pool.held_back = event.held
            case _:
                pass

    def _step(self, event: JobQueued | JobStarted | JobEnded | JobFinished | JobPaused | JobResumed) -> None:
        place = self._place[event.job]
        must(type(event) in _STEPS[place], f"{type(event).__name__} of a job that is {place}", event.job)
        self._place[event.job] = _STEPS[place][type(event)]
        match event:
            case JobQueued():
                must(self._is_ready(event.job), "a job is queued whose needs are not met", event.job)
            case JobStarted():
                must(event.job not in self._known, "a job was run again that had finished", event.job)
                must(self._is_ready(event.job), "a job was started whose needs are not met", event.job)
                self._grown.pop(event.job, None)
                self._tries[event.job] += 1
                self._begun = [*(job for job in self._begun if job != event.job), event.job]
                must(event.attempt == self._tries[event.job], "an attempt has a wrong number", (event.job, event.attempt))
            case JobFinished():
                self._finished(event)
            case JobPaused() if event.reason == "the machine is short of memory":
                moving = [job for job in self._begun if self._place[job] in {"runs", "ended"}]
                must(bool(moving) and moving[0] != event.job, "the oldest job stands still for want of memory", (event.job, moving))
            case JobEnded():
                self._pool.frozen_by_people.discard(event.job)
            case _:
                pass

    def _grow(self, event: JobOutput) -> None:
        must(self._place[event.job] in {"runs", "frozen", "ended"}, "the log grows of a job that does not run", event)
        before = self._grown.get(event.job, (-1.0, 0))
        must(event.at >= before[0] + 1.0 - 1e-6 and event.stdout + event.stderr > before[1], "growth of a log is told too often, or there is none", (before, event))
        self._grown[event.job] = event.at, event.stdout + event.stderr

    def _is_ready(self, job_id: str) -> bool:
        job = self._jobs[job_id]
        passed = all(need in self.results and self.results[need].status is Status.PASSED for need in job.needs)
        return passed and all(self._has_ended(name) for name in job.after)

    def _has_ended(self, name: str) -> bool:
        if name in self._plan.barriers:
            return all(self._has_ended(one) for one in self._plan.barriers[name])
        return name in self.results or name not in self._jobs

    def _finished(self, event: JobFinished) -> None:
        result, job = event.result, self._jobs[event.job]
        must(result.job == job.id, "a result is told under another name", event)
        self.results[job.id] = result
        self._pool.floor.leave(job.id)
        self._check_budget(result)
        self.seen |= {f"{result.status}", *({f"{result.cause}"} if result.cause else ()), *(["flaky"] if result.flaky else ()), *(["from cache"] if result.from_cache else ())}
        running = [one for one, place in self._place.items() if place in {"runs", "frozen", "ended"}]
        if len(self.results) % 8 == 0 or len(self.results) == len(self._jobs):
            self._check_counters(total(counters(self._plan, self.results.values(), running).values()))
        if self._deciders.ended(job.id) and len(self.results) < len(self._jobs):
            self.early = judge(self._plan, list(self.results.values()), signal=self._pool.control.signum or None)

    def _check_counters(self, counted: Counters) -> None:
        parts = [getattr(counted, name) for name in Counters.__slots__ if name != "total"]
        must(min(parts) >= 0 and sum(parts) == counted.total == len(self._jobs), "the counters do not add up", counted)

    def _check_budget(self, result: Result) -> None:
        """Time ran out only where there was so little, pauses not counted; who was asked to end may say so too."""
        if result.cause is not Cause.BUDGET or result.job in self._known or any(isinstance(event, Intervened) and event.action == "deadline" for event in self.events):
            return
        shortest = min([self._plan.timeout, *(batch.timeout for batch in self._plan.batches if batch.timeout is not None)])
        must(self._pool.elapsed() >= shortest - 1e-6, "time ran out while the run was paused", (result, self._pool.elapsed(), shortest))
