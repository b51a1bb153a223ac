"""A whole engine without processes: the run loop, the scheduler, the journal and what goes on after a crash, on a virtual clock, from one scenario.

Real are `execute.run.run_plan` with all behind it, `store.journal` on a file, `session.earlier.reached`, `judge`. Not real are processes, time, and the
end of the program, which is an exception that nothing catches; what the disk then holds is drawn. `world`, `witness` and `oracle` hold the promises.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from gatekeeper.errors import StoreError
from gatekeeper.execute.control import Action, Control
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.ports import Errand, RunOptions
from gatekeeper.execute.pressure import Sample
from gatekeeper.execute.run import run_plan
from gatekeeper.execute.share import Gauge, Yielding
from gatekeeper.judge.conclude import conclude
from gatekeeper.judge.verdict import judge
from gatekeeper.model.event import Event, Intervened, JobFinished, RunFinished, RunStarted
from gatekeeper.model.finding import Category, Finding, Level, Parsed, Severity
from gatekeeper.model.plan import Job
from gatekeeper.model.ports import Subscriber
from gatekeeper.model.result import Attempt, Result, Verdict
from gatekeeper.model.status import Cause, Meaning, Status
from gatekeeper.session.earlier import reached
from gatekeeper.store.journal import Recorded, read_journal
from tests.fakes.clock import ManualClock
from tests.fakes.disk import RUN, Died, Record, damage
from tests.fakes.oracle import bound, check_results, outcome_of
from tests.fakes.scenario import Go, Load, Next, Scenario, Way, Wish
from tests.fakes.shelf import Shelf
from tests.fakes.witness import Witness
from tests.fakes.world import SimulatedPool, must

FINDING = Finding(tool="tool", rule="R1", message="not so", level=Level.ERROR, severity=Severity.HIGH, category=Category.LINT, file="a.py", line=1)
MEANINGS = {Way.FINDINGS: Meaning.FINDINGS, Way.RED: Meaning.FINDINGS, Way.TOOL_ERROR: Meaning.TOOL_ERROR, Way.NETWORK: Meaning.TOOL_ERROR,
            Way.NOTHING: Meaning.NOTHING_CHECKED}


def conclusion(job: Job, go: Go, attempt: Attempt) -> Result:
    """As the session does it: a job whose output is read, and judged."""
    if attempt.spawn_error is not None:
        return conclude(job, attempt, None)
    meaning = MEANINGS.get(go.way, Meaning.CLEAN)
    return conclude(job, attempt, Parsed(meaning=meaning, findings=(FINDING,) if go.way is Way.FINDINGS else ()))


def weather(loads: list[Load], pool: SimulatedPool) -> Gauge:
    """The load of the machine at each moment."""
    def look(seconds: float) -> Sample:
        over = next((one for one in loads if one.at <= pool.clock() - pool.began < one.until), None)
        return Sample(cpu=20.0, ours=1.0, memory=30.0) if over is None else Sample(cpu=over.cpu, ours=over.ours, memory=over.memory, some=over.stalls, full=over.stalls)

    return look


@dataclass(slots=True)
class Simulation:
    """One scenario from its first sitting to its last, in a folder of its own."""

    scenario: Scenario
    folder: str
    known: Mapping[str, Result] = field(default_factory=dict)
    verdict: Verdict | None = None
    sittings: int = 0
    seen: set[str] = field(default_factory=set)
    told: list[Event] = field(default_factory=list)
    results: tuple[Result, ...] = ()
    #: what runs before have kept
    shelf: Shelf | None = None
    #: jobs that have changed something which can be put back, and was not
    changed: set[str] = field(default_factory=set)

    @property
    def path(self) -> str:
        return os.path.join(self.folder, "journal.jsonl")

    def run(self) -> None:
        """From the first sitting to the verdict. Raises BrokenError where something does not hold, and whatever the engine raises."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        while self.verdict is None:
            must(self.sittings < 12, "a run that is resumed does not end")
            self._sit()
        if self.scenario.then is not None and self.results:
            self._run_again(self.scenario.then)

    def _run_again(self, then: Next) -> None:
        """The next run, which finds in the cache what holds: all that was kept of jobs that look at the same as before, but for what has rotted."""
        shelf = self.shelf or Shelf(os.path.join(self.folder, "shelf"))
        shelf.keep(self.results)
        shelf.change(then.goes)
        kept = {job.id for job in self.scenario.plan.jobs if job.id not in then.goes and shelf.find(job) is not None}
        if then.rot is not None:
            shelf.rot(random.Random(then.rot))
        one = replace(self.scenario, goes={**self.scenario.goes, **then.goes}, happenings=(), cached=frozenset(kept), then=None, plain=False)
        again = Simulation(one, os.path.join(self.folder, "again"), shelf=shelf)
        again.run()
        self.seen |= {f"again: {kind}" for kind in again.seen}
        missed = [result.job for result in again.results if result.job in kept and not result.from_cache and result.attempts]
        must(then.rot is not None or not missed, "what was kept was not found", missed)

    def _sit(self) -> None:
        sitting, self.sittings = self.sittings, self.sittings + 1
        clock, control = ManualClock(1000.0 * sitting), Control()
        pool = SimulatedPool(self.scenario, sitting, clock, control)
        witness = Witness(self.scenario.plan, pool, frozenset(self.known))
        record = Record(self.path, self.scenario, sitting, again=os.path.exists(self.path))
        published: list[Event] = []
        self.told = published

        def publish(event: Event) -> None:
            published.append(event)
            witness(event)
            record(event)

        try:
            verdict = self._carry_out(pool, witness, publish)
        except Died:
            record.close()
            assert record.crash is not None
            damage(self.path, record.crash)
            self.seen.add("crash")
            self.changed.clear()  # what a job changed that was under way stays, as it does for who is killed without Gatekeeper
            self._recover(published)
        else:
            record.close()
            record.check()
            self.seen |= {"journal lost"} if record.said else set()
            self.verdict = verdict
            must(bool(record.said) or self._recorded_whole(published), "the journal of a run that ended is not whole")
        finally:
            self.seen |= witness.seen

    def _carry_out(self, pool: SimulatedPool, witness: Witness, publish: Subscriber) -> Verdict:
        scenario, control, known = self.scenario, pool.control, dict(self.known)
        loads = [one for one in scenario.happenings if isinstance(one, Load)]
        options = RunOptions(capacity=Capacity(cpu=scenario.cores, memory_mb=scenario.memory_mb), environment={}, fail_fast=scenario.fail_fast,
                             known=known, stand_still=pool.stand_still, person=scenario.person, outputs=scenario.followed, checkpoint=self._keeping, lookup=self._looking_up(witness),
                             yielding=Yielding(cpu_percent=95.0, memory_percent=80.0, gauge=lambda: weather(loads, pool)) if loads else Yielding())
        publish(RunStarted(at=pool.clock(), run_id=RUN, plan=scenario.plan))
        began = pool.clock()
        results = run_plan(scenario.plan, clock=pool.clock, pool=pool, conclude=self._concluding(pool), publish=publish, folder=self.folder, control=control,
                           options=options)
        self.results = results
        verdict = judge(scenario.plan, results, signal=control.signum or None)
        self._check_end(pool, witness, results, verdict)
        if scenario.plain and not known and "Intervened" not in witness.seen:
            must(pool.clock() - began <= 2 * bound(scenario) + 1e-6, "it took more than twice as long as it must", (pool.clock() - began, bound(scenario)))
        publish(RunFinished(at=pool.clock(), run_id=RUN, verdict=verdict, wall_seconds=pool.clock()))
        return verdict

    def _keeping(self, job: Job) -> Callable[[], str]:
        """Keeps what a job may change; it has changed something as soon as it has started."""
        self.changed.add(job.id)

        def put_back() -> str:
            self.changed.discard(job.id)
            return "what it changed was put back"

        return put_back

    def _looking_up(self, witness: Witness) -> Callable[[Job], Result | Job]:
        def look_up(job: Job) -> Result | Job:
            must(all(witness.results[need].status is Status.PASSED for need in job.needs), "the cache is asked for a job whose needs are not met", job.id)
            if self.shelf is not None:
                return self.shelf.find(job) or job
            return Result(job=job.id, status=Status.FAILED, from_cache=True) if job.id in self.scenario.cached else job

        return look_up

    def _concluding(self, pool: SimulatedPool) -> Callable[[Job, Attempt], Result | Errand]:
        def concluded(job: Job, attempt: Attempt) -> Result | Errand:
            go = self.scenario.go(job.id, pool.attempts[job.id])
            if go.errand is None or attempt.spawn_error is not None:
                pool.floor.leave(job.id)
                return conclusion(job, go, attempt)
            pool.errands[job.id] = go.errand

            def then(ended: Attempt) -> Result:
                pool.floor.leave(job.id)
                read = conclusion(job, go, attempt)
                return read if ended.exit_code == 0 else conclude(job, attempt, Parsed(meaning=Meaning.TOOL_ERROR, message="the reader died"))

            return Errand(argv=("reader",), folder=os.path.join(self.folder, "reading"), timeout=60.0, then=then)

        return concluded

    def _check_end(self, pool: SimulatedPool, witness: Witness, results: tuple[Result, ...], verdict: Verdict) -> None:
        control = pool.control
        must(not pool.running, "the run ended while something runs", pool.running)
        must(pool.idle <= 1e-3 or self._may_idle(), "nothing ran although something could", pool.idle)
        must({result.job: result for result in results} == witness.results, "what was told of a job is not its result")
        for job_id, result in self.known.items():
            must(witness.results[job_id] == result, "a result that was on disk was lost", (result, witness.results[job_id]))
        check_results(self.scenario, results, may_step_in=self._may_step_in(control))
        for job in self.scenario.plan.jobs:
            must(job.id not in self.changed or witness.results[job.id].status is Status.PASSED or job.id in self.known, "what a job changed was not put back", job.id)
        outcome = outcome_of(self.scenario.plan, results, interrupted=bool(control.interrupts))
        must(verdict.outcome is outcome, f"the verdict is {verdict.outcome}, and should be {outcome}", verdict)
        if witness.early is not None and not control.interrupts:
            must(witness.early.outcome is verdict.outcome, "the verdict that was said early was another one", (witness.early, verdict))

    def _may_idle(self) -> bool:
        """Whether a job waits for its next try, for a person or for a service, or the run for the machine."""
        jobs = self.scenario.plan.jobs
        return any(job.retry.delay or job.recovery.hold or job.services for job in jobs if job.retry.attempts > 1) or any(job.recovery.hold for job in jobs)

    def _may_step_in(self, control: Control) -> frozenset[Cause]:
        """What could end jobs before their time."""
        may: set[Cause] = set()
        plan, happenings = self.scenario.plan, self.scenario.happenings
        wishes = {one.request.action for one in happenings if isinstance(one, Wish)}
        if any(batch.timeout is not None for batch in plan.batches) or plan.timeout < 1e6 or Action.DEADLINE in wishes:
            may.add(Cause.BUDGET)
        if control.interrupts or any(isinstance(event, Intervened) and event.action == Action.CANCEL for event in self.told):
            may.add(Cause.INTERRUPT)  # what was cancelled in a sitting before is run
        if any(job.recovery.abort for job in plan.jobs):
            may.add(Cause.ABORT)
        if any(job.services for job in plan.jobs):
            may.add(Cause.SERVICE)
        if self.scenario.fail_fast:
            may.add(Cause.FAIL_FAST)
        return frozenset(may)

    def _recorded_whole(self, published: list[Event]) -> bool:
        recorded = read_journal(self.path)
        must(recorded.events == tuple(published), "the journal does not say what was told")
        return recorded.whole

    def _recover(self, published: list[Event]) -> None:
        """What `gatekeeper resume` makes of the journal; where it refuses, a fresh run."""
        try:
            recorded = read_journal(self.path)
        except StoreError:
            self._start_anew()
            return
        last = recorded.sittings[-1].events
        if len(recorded.sittings) == self.sittings:
            must(last == tuple(published[:len(last)]), "the journal does not say what was told")
        plans = [sitting.started.plan for sitting in recorded.sittings if sitting.started is not None]
        if recorded.whole:
            self._ended_before(recorded)
        elif not plans:
            self._start_anew()
        else:
            must(all(plan == self.scenario.plan for plan in plans), "the plan in the journal is another one")
            self.known = reached(event for sitting in recorded.sittings for event in sitting.events if isinstance(event, JobFinished)).results
            self.seen.add("resumed")

    def _ended_before(self, recorded: Recorded) -> None:
        end = recorded.events[-1]
        assert isinstance(end, RunFinished)
        self.verdict = end.verdict

    def _start_anew(self) -> None:
        os.unlink(self.path)
        self.known = {}
        self.seen.add("no journal")
