"""One run from settings to record: plans, prepares the run directory, executes, judges, reports, records.

Knows in which order the rooms are asked, and none of their answers. Who listens (display, journal, log) gets events and nothing else.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Mapping, Sequence

from gatekeeper import __version__
from gatekeeper.errors import StoreError, TreeError
from gatekeeper.execute.control import Action, Control
from gatekeeper.execute.helper import run_helper
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.run import RunOptions, run_plan
from gatekeeper.judge.counters import batch_seconds
from gatekeeper.judge.difference import delta_of, tight_condition
from gatekeeper.judge.endings import ending
from gatekeeper.judge.scores import scores
from gatekeeper.judge.triage import Triage
from gatekeeper.judge.verdict import Deciders, judge
from gatekeeper.model.assessment import Assessment, Delta
from gatekeeper.model.event import (
    Event,
    Intervened,
    JobFinished,
    JobQueued,
    JobStarted,
    Notice,
    RunFinished,
    RunStarted,
    Stage,
    StageReached,
    VerdictReached,
)
from gatekeeper.model.finding import Parsed
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.ports import Runner, Subscriber
from gatekeeper.model.redaction import redacted, secret_values
from gatekeeper.model.result import Condition, Intervention, Result, RunRecord, Verdict
from gatekeeper.model.settings import Settings
from gatekeeper.model.status import Meaning, Outcome
from gatekeeper.model.tool import Role
from gatekeeper.model.value import dataclass, replace
from gatekeeper.provide.managed import Permission
from gatekeeper.session.beginning import kept
from gatekeeper.session.caching import caching
from gatekeeper.session.compare import Compared, compared, without_own
from gatekeeper.session.door import Door
from gatekeeper.session.earlier import Earlier, Held, Looked, intervention
from gatekeeper.session.guarding import leak_notes, run_conditions, unwritten_condition
from gatekeeper.session.judging import Judging
from gatekeeper.session.leaves import remove_leaves
from gatekeeper.session.logs import clean_logs
from gatekeeper.session.look import Sight, in_scope, locator, new_files, planned, see
from gatekeeper.session.measure import Measure
from gatekeeper.session.opening import begun_or_gone, merge_base, teller, telling_of_death, tools
from gatekeeper.session.outset import Outset, outset
from gatekeeper.session.prepare import prepared, record_path
from gatekeeper.session.recovering import recovering
from gatekeeper.session.sharing import room, yielding
from gatekeeper.session.suppressing import suppressing
from gatekeeper.session.trust import trust_notes
from gatekeeper.store.atomic import write_bytes
from gatekeeper.store.history import digest, durations
from gatekeeper.store.history import record as remember
from gatekeeper.store.home import LOCK, Home, RunFolder, open_home, prune, start_run
from gatekeeper.store.journal import FILE as JOURNAL
from gatekeeper.store.journal import Journal
from gatekeeper.store.log import RunLog
from gatekeeper.store.running import registry_of
from gatekeeper.tree.ahead import Ahead
from gatekeeper.tree.changes import Changes
from gatekeeper.tree.listing import questions
from gatekeeper.tree.snapshot import Snapshot, differences, first, take


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Everything that is fixed before the first job starts."""

    sight: Sight
    changes: Changes
    plan: Plan
    home: Home
    folder: RunFolder
    compared: Compared
    start: Outset
    #: when the run had come how far, before there was anybody to tell
    reached: tuple[tuple[Stage, float], ...] = ()


def run(settings: Settings, environment: Mapping[str, str], subscribers: Sequence[Subscriber] = (), control: Control | None = None,
        runner: Runner = run_helper, *, earlier: Earlier | None = None, folder: RunFolder | None = None) -> RunRecord:
    """Runs the gate, taking over what holds of an `earlier` run, and gives the record of it. `folder` is one that was made for it already.

    Raises GatekeeperError for what the user can mend; a verdict of any kind is no error.
    """
    reached = [(Stage.SUBMITTED, time.monotonic())]
    sight = see(settings, environment, runner, compared=True)
    changes = in_scope(sight)
    reached.append((Stage.VALIDATED, time.monotonic()))
    waited: list[str] = []
    tell = teller(subscribers, waited)
    toolbox = locator(sight, Permission.INSTALL if settings.provision else Permission.NEVER, tell)
    plan = planned(sight, changes, toolbox)
    reached.append((Stage.PLANNED, time.monotonic()))
    if settings.reports:
        from gatekeeper.session.reports import make_room  # lazy: only who asks for reports pays before the first job

        make_room(settings.reports)
    control = control or Control()
    base, notes = merge_base(sight, plan, toolbox, control, tell) if settings.new_since else (None, ())
    against = compared(sight, changes, base, notes)
    home = open_home(sight.tree.root, environment)
    ours = folder is None
    if earlier is not None and earlier.going is not None:
        folder, ours = earlier.going.folder, False
    else:
        home, folder = telling_of_death(home), folder or start_run(home)

    def ready() -> Plan:
        return prepared(plan, folder.path, sight.tree, lambda: new_files(sight, changes), lambda: tools(sight, toolbox))

    try:
        with begun_or_gone(folder, ours=ours):
            before = take(sight.tree, sight.git) if waited or settings.new_since else first(sight.tree, sight.git)
            start = outset(Looked(sight=sight, plan=plan, toolbox=toolbox, before=before, folder=folder.path), ready, earlier)
        opened = Opened(sight=sight, changes=changes, plan=start.plan, home=home, folder=folder, compared=against, start=start, reached=tuple(reached))
        with Door(folder.path, control, registry=registry_of(environment), conditions=settings.conditions) as door:
            return _Run(opened, (*subscribers, door), control).go()
    finally:
        folder.close()
        prune(home)


class _Run:
    """The state of one run: results as they come, and who listens."""

    def __init__(self, opened: Opened, subscribers: Sequence[Subscriber], control: Control) -> None:
        self._opened = opened
        self._control = control
        self._results: list[Result] = []
        self._interventions: list[Intervention] = [*opened.start.held.interventions]
        self._stages: list[Stage] = []
        self._deciders = Deciders(opened.plan, opened.sight.settings.conditions, waits=opened.sight.settings.baseline_tight)
        self._reports = frozenset(job.id for job in opened.plan.jobs if job.role is Role.REPORT)
        past = durations(opened.home)
        self._judging = Judging(sight=opened.sight, changes=opened.changes, suppressing=suppressing(opened.sight, opened.changes), began=opened.start.wall, past=past)
        self._triage = Triage(opened.plan, opened.compared.comparison, opened.sight.tree.read)
        self._secrets = secret_values(opened.sight.environment)
        self._caching = caching(opened.sight, opened.plan, opened.folder.path, self._secrets, again=bool(opened.start.retry_of))
        self._measure = Measure(opened.sight.tree, past, self._triaged, self._caching)
        self._lookup = self._caching.through(self._measure.known) if self._caching else None
        self._subscribers = [*subscribers, RunLog(os.path.join(opened.folder.path, "run.log"))]
        self._notes: list[str] = [*trust_notes(opened.sight.settings), *opened.start.held.notes]
        self._before, self._leaves = opened.start.began.tree, opened.start.began.leaves
        self._journal = Journal(os.path.join(opened.folder.path, JOURNAL), run_id=opened.folder.run_id, version=__version__, on_failure=self._notes.append,
                                more=kept(opened.start.began, self._secrets), again=opened.start.going is not None)

    def go(self) -> RunRecord:
        """The run from its first event to its last."""
        opened = self._opened
        self._announce()
        results, changed = self._carried_out()
        self._notes += (*leak_notes(results), *(self._caching.close() if self._caching else ()), *clean_logs(opened.folder.path, opened.plan.jobs, self._secrets))
        record = self._kept(self._record(results, changed), results, changed)
        self._reach(Stage.DONE)
        self._publish(RunFinished(at=time.monotonic(), run_id=record.run_id, verdict=record.verdict, wall_seconds=record.wall_seconds))
        self._journal.close()
        return record

    def _announce(self) -> None:
        opened = self._opened
        self._publish(RunStarted(at=time.monotonic(), run_id=opened.folder.run_id, plan=opened.plan))
        for stage, at in opened.reached:
            self._reach(stage, at)
        for note in (*opened.plan.notes, *opened.home.notices, *opened.compared.notes, *opened.start.held.notes):
            self._publish(Notice(at=time.monotonic(), message=note))

    def _take_over(self, held: Held) -> None:
        """What was read of jobs that need not run, as if it had been read now: what stands against it is no part of a result."""
        for job in self._opened.plan.jobs:
            if (result := held.results.get(job.id)) is not None:
                self._triage(job, Parsed(meaning=Meaning.CLEAN, findings=result.findings, tests=result.tests))
        self._measure.facts.update(held.facts)

    def _carried_out(self) -> tuple[tuple[Result, ...], tuple[str, ...]]:
        """What the jobs came to, and what differs in the tree since before the first of them."""
        opened, tree, git = self._opened, self._opened.sight.tree, self._opened.sight.git
        _collect_from_now_on()
        self._take_over(opened.start.held)
        with ProcessPool(run_id=opened.start.mark, unguarded=self._unguarded, note=os.path.join(opened.folder.path, LOCK)) as pool:
            results = run_plan(opened.plan, clock=time.monotonic, pool=pool, conclude=self._measure, publish=self._heard, folder=opened.folder.path,
                               control=self._control, options=self._options())
        if tree.git and isinstance(self._opened.sight.runner, Ahead):
            self._opened.sight.runner.put(questions(tree.root, compared=True))
        self._reach(Stage.FINISHING)
        try:
            after = take(tree, git)
            if remove_leaves(tree.root, self._leaves, after.files if tree.git else None):
                after = take(tree, git)
        except TreeError as error:
            return results, _lost(error)
        return results, self._different(after)

    def _unguarded(self) -> None:
        """Said by the pool."""
        said = "this run has no guardian any more: what it starts would outlive a kill -9 of Gatekeeper"
        self._notes.append(said)
        self._publish(Notice(at=time.monotonic(), message=said))

    def _options(self) -> RunOptions:
        opened, settings = self._opened, self._opened.sight.settings
        options = RunOptions(capacity=room(settings, opened.plan.pool_size), lookup=self._lookup, fail_fast=settings.fail_fast, known=opened.start.held.results,
                             memory_limit_mb=settings.limits.job_memory_mb or 0, yielding=yielding(settings, opened.sight.environment))
        if opened.start.going is not None:
            options = replace(options, spent=opened.start.going.spent)
        return recovering(options, opened.sight, opened.plan, opened.folder.path)

    def _kept(self, record: RunRecord, results: Sequence[Result], changed: Sequence[str]) -> RunRecord:
        """The record as it is once history and reports are written."""
        from gatekeeper.session.outcome import published
        from gatekeeper.session.timings import timings  # lazy: loaded while git looks at the tree (`cli.meanwhile`)

        opened = self._opened
        record = replace(record, timings=timings(opened.plan, results, record.wall_seconds))
        if lost := remember(opened.home, record, commit=self._before.commit or None, tree=digest(self._before.files, self._before.index)):
            self._publish(Notice(at=time.monotonic(), message=lost))
        try:
            return published(record, opened.sight.settings, opened.home, opened.folder, opened.sight.environment)
        except StoreError as error:  # what was found is told all the same; a pass it is not, because nothing on disk proves it
            verdict = self._judged(results, changed, record.assessments, unwritten_condition(error))
            return replace(record, verdict=verdict, ending=ending(results, verdict, record.assessments, lost=error.message))

    def _approvals(self) -> tuple[str, ...]:
        """Those that were given while the run was under way, as ID=NAME."""
        return tuple(f"{one.subject}={one.value}" for one in self._interventions if one.action == Action.APPROVE)

    def _publish(self, event: Event) -> None:
        """Tells everybody, without secrets: this is where events leave for disk and terminal."""
        event = redacted(event, self._secrets)
        self._journal(event)
        for subscriber in self._subscribers:
            subscriber(event)

    def _heard(self, event: Event) -> None:
        """Passes an event on; writes what the ecosystem report reads before it starts; says the verdict once it is decided."""
        if isinstance(event, JobQueued | JobStarted):
            self._reach(Stage.QUEUED if isinstance(event, JobQueued) else Stage.RUNNING, event.at)
        if isinstance(event, JobQueued) and event.job in self._reports:
            self._write_results_so_far()
        self._publish(replace(event, facts=self._measure.facts.get(event.job)) if isinstance(event, JobFinished) else event)
        if isinstance(event, Intervened):
            self._interventions.append(intervention(event, self._opened.start.clock))
        if isinstance(event, JobFinished):
            self._results.append(event.result)
            if self._caching is not None:
                self._caching.finished(event.result)
            if self._deciders.ended(event.job) and len(self._results) < len(self._opened.plan.jobs):
                self._say_early(self._judged(self._results, (), ()))

    def _reach(self, stage: Stage, at: float | None = None) -> None:
        """The run has come to `stage`, and through all before it: each is told once."""
        for one in Stage:
            if one not in self._stages:
                self._stages.append(one)
                self._publish(StageReached(at=time.monotonic() if at is None else at, stage=one))
            if one is stage:
                return

    def _say_early(self, verdict: Verdict) -> None:
        """Says the verdict, unless the tree differs by now and would make another of it: that is known only at the end."""
        if verdict.outcome is Outcome.FAIL or self._judged(self._results, self._changed_so_far(), ()).outcome is verdict.outcome:
            self._publish(VerdictReached(at=time.monotonic(), verdict=verdict))

    def _changed_so_far(self) -> tuple[str, ...]:
        """What differs in the tree by now, but for what will be removed at the end."""
        try:
            now = take(self._opened.sight.tree, self._opened.sight.git)
        except TreeError as error:
            return _lost(error)
        return tuple(name for name in self._different(now) if not self._leaves.names(name))

    def _different(self, now: Snapshot) -> tuple[str, ...]:
        """What differs in the tree, but for the file that the user wants our events in."""
        settings = self._opened.sight.settings
        ours = _inside(self._opened.sight.tree.root, settings.invoked_from, settings.events) if settings.events else None
        return tuple(name for name in differences(self._before, now) if name != ours)

    def _triaged(self, job: Job, parsed: Parsed) -> Parsed:
        """What a job found, those findings marked that do not count."""
        parsed = without_own(self._triage(job, parsed), self._opened.sight.settings.baseline)
        return replace(parsed, findings=self._judging.suppressing.apply(parsed.findings))

    def _write_results_so_far(self) -> None:
        """For the ecosystem report, which says itself when it has nothing to read: no reason to lose the run."""
        from gatekeeper.report.formats import render  # lazy: only runs with that report pay

        try:
            write_bytes(record_path(self._opened.folder.path), render("json", self._record(self._results, ()), self._secrets))
        except StoreError as error:
            self._publish(Notice(at=time.monotonic(), message=error.message))

    def _judged(self, results: Sequence[Result], changed: Sequence[str], assessments: Sequence[Assessment], *more: Condition) -> Verdict:
        opened = self._opened
        return judge(opened.plan, results, assessments=assessments, signal=self._control.signum or None, cancelled=self._control.cancelled,
                     extra=(*run_conditions(opened.sight, opened.changes, changed, results), *self._tight(results), *more))

    def _delta(self, results: Sequence[Result]) -> Delta | None:
        return delta_of(self._opened.plan, results, self._triage.comparison, self._triage.standings)

    def _tight(self, results: Sequence[Result]) -> tuple[Condition, ...]:
        """The condition that the baseline holds nothing that is fixed, where that is asked for."""
        loose = tight_condition(self._delta(results)) if self._opened.sight.settings.baseline_tight else None
        return () if loose is None else (loose,)

    def _record(self, results: Sequence[Result], changed: Sequence[str]) -> RunRecord:
        opened = self._opened
        start = opened.start
        seconds = round(time.monotonic() - start.clock, 3)
        delta = self._delta(results)
        judged = self._judging.judged(opened.plan, results, seconds=seconds, delta=delta, approvals=self._approvals())
        assessments = judged.assessments
        verdict = self._judged(results, changed, assessments)
        return RunRecord(
            run_id=opened.folder.run_id, plan=opened.plan, results=tuple(results), started_at=start.started_at, version=__version__,
            verdict=verdict, wall_seconds=seconds, changed_files=tuple(changed) if opened.sight.settings.fix else (),
            notes=(*opened.home.notices, *opened.compared.notes, *self._notes), batch_seconds=batch_seconds(opened.plan, results), problems=opened.sight.detection.problems,
            hostname=os.uname().nodename, facts=tuple(sorted(self._measure.facts.items())),
            assessments=assessments, metrics=judged.metrics, ending=ending(results, verdict, assessments), delta=delta,
            resumed_at=start.going.resumed_at if start.going is not None else (), retry_of=start.retry_of,
            interventions=tuple(self._interventions),
            scores=scores(opened.plan, results, len(opened.sight.tree.files if opened.changes.files is None else opened.changes.files)),
        )


def _collect_from_now_on() -> None:
    """Turns the search for garbage on again where the way in left it off, and leaves what is loaded by now out of it: all of it stays."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _inside(root: str, folder: str, name: str) -> str:
    """A file as the tree names it."""
    return os.path.relpath(os.path.realpath(os.path.join(folder, name)), os.path.realpath(root))


def _lost(error: TreeError) -> tuple[str, ...]:
    """What differs in a tree that cannot be looked at any more, because somebody took it, or its git, away."""
    return (f"(everything: {error.message})",)
