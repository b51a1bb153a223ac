"""Runs jobs of an earlier run again, on the tree as it is now, and merges what they come to with those results that still hold: a run of its own.

A result holds where the job would do the same with the same tool, nothing that is installed changed, no file that it is affected by did, and no job
that it needs runs again: what a changed file affects is what a run over these files alone would plan (`gatekeeper run -- FILE...`). Where that cannot be
told every job runs. So the verdict is the one that a whole run would reach now. Does not know how a run is carried out.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from gatekeeper.errors import StoreError, UsageError
from gatekeeper.execute.control import Control
from gatekeeper.execute.folders import job_folder
from gatekeeper.execute.helper import run_helper
from gatekeeper.model.document import DocumentError, to_document
from gatekeeper.model.event import JobFinished
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.ports import Runner, Subscriber
from gatekeeper.model.result import Attempt, Result, RunRecord
from gatekeeper.model.settings import Settings
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role
from gatekeeper.model.value import dataclass, replace
from gatekeeper.model.wording import count_text
from gatekeeper.session.beginning import Beginning, programs, read_beginning
from gatekeeper.session.earlier import REACHED, Earlier, Held, Looked
from gatekeeper.session.inputs import TooManyError, every_input
from gatekeeper.session.look import planned
from gatekeeper.session.resume import absolute
from gatekeeper.session.run import run
from gatekeeper.store.journal import FILE, read_journal
from gatekeeper.store.runs import read_record
from gatekeeper.tree.changes import Changes
from gatekeeper.tree.git import split_names
from gatekeeper.tree.snapshot import differences

_PASSED = frozenset({Status.PASSED, Status.SKIPPED})
#: fields of a job that only say when and with how much it runs
_BY_THE_WAY = ("estimated_seconds", "failure_odds", "resources", "needs", "after", "priority", "job_class", "timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to run again: these jobs (ids) of the run in folder `path`; none means all that did not pass."""

    path: str
    jobs: tuple[str, ...] = ()


def retry(wish: Wish, environment: Mapping[str, str], subscribers: Sequence[Subscriber] = (), control: Control | None = None,
          runner: Runner = run_helper) -> RunRecord:
    """Runs them and gives the record of the new run. Raises UsageError where there is nothing to try again, or nobody knows how the run was made."""
    record = read_record(wish.path)
    again = frozenset(wish.jobs or (result.job for result in record.results if result.status not in _PASSED))
    if not again:
        raise UsageError(f"every job of run {record.run_id} passed: there is nothing to try again", hint=f"name a job: gatekeeper retry JOB --run {record.run_id}")
    before = _Before(record=record, path=wish.path, **_journalled(wish.path, record.run_id))
    earlier = Earlier(run_id=record.run_id, choose=lambda looked, plan, now: _held(before, again, looked, plan, now))
    return run(_settings(before), environment, subscribers, control, runner, earlier=earlier)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """The earlier run: its record, its folder, what it started from, and what our own jobs said in it."""

    record: RunRecord
    path: str
    began: Beginning
    facts: Mapping[str, object]


def _journalled(path: str, run_id: str) -> dict[str, Any]:
    try:
        recorded = read_journal(os.path.join(path, FILE))
        facts = {event.job: event.facts for event in recorded.events if isinstance(event, JobFinished) and event.facts is not None}
        return {"began": read_beginning(recorded.sittings[0].header), "facts": facts}
    except (StoreError, DocumentError) as error:
        raise UsageError(f"run {run_id} does not say what it started from: {error}", hint="gatekeeper run --only JOB runs single jobs") from error


def _settings(before: _Before) -> Settings:
    """The settings of the earlier run, for a call from anywhere."""
    settings = before.began.settings
    if settings is None:
        raise UsageError(f"the settings of run {before.record.run_id} hold a secret, which is kept nowhere", hint="gatekeeper run --only JOB runs single jobs")
    return replace(settings, root=before.record.plan.root, reports=tuple(absolute(report, settings.invoked_from) for report in settings.reports))


def _held(before: _Before, again: frozenset[str], looked: Looked, plan: Plan, now: Beginning) -> Held:
    """The results that hold, their output brought along, and a sentence about the others."""
    run_id = before.record.run_id
    if before.began.configuration != now.configuration:  # the settings are those of the earlier run
        raise UsageError(f"the configuration is not that of run {run_id} any more", hint="gatekeeper run")
    unknown = sorted(again - {job.id for job in plan.jobs})
    if unknown and not again - set(unknown):
        raise UsageError(f"{', '.join(unknown[:5])}: nothing of the kind is planned any more", hint="gatekeeper run")
    holding = _holding(before, looked, plan, now)
    results = {job.id: result for job in plan.jobs if job.id not in again and job.role is not Role.REPORT and (result := holding.get(job.id)) is not None}
    others = [job.id for job in plan.jobs if job.id not in results and job.id not in again and job.role is not Role.REPORT]
    because, unfinished = _parted(others, before.record)
    behind = _behind(plan, results)
    results = {job_id: result for job_id, result in results.items() if job_id not in behind}
    more = f"; these run too, because something that they look at changed: {_listed(because)}" if because else ""
    more += f"; these run too, because they had come to no result: {_listed(unfinished)}" if unfinished else ""
    more += f"; these run too, because they need one that does: {_listed(sorted(behind))}" if behind else ""
    note = f"{count_text(len(plan.jobs) - len(results), 'job')} of run {run_id} tried again, {count_text(len(results), 'result')} of it still hold{'s' if len(results) == 1 else ''}{more}"
    return Held(results={job: _brought(result, before.path, looked.folder, run_id) for job, result in results.items()},
                facts={job: before.facts[job] for job in results if job in before.facts}, notes=(note,))


def _behind(plan: Plan, results: Mapping[str, Result]) -> frozenset[str]:
    """Those with a result that need, directly or not, a job that runs again: it may not pass this time, and then a whole run would not run them."""
    found: set[str] = set()
    while more := {job.id for job in plan.jobs if job.id in results and job.id not in found and any(need in found or need not in results for need in job.needs)}:
        found |= more
    return frozenset(found)


def _parted(ids: Sequence[str], record: RunRecord) -> tuple[list[str], list[str]]:
    """Those whose result does not hold, and those that had none which could."""
    unfinished = {job for job in ids if (result := record.result(job)) is None or result.status not in REACHED}
    return sorted({*ids} - unfinished), sorted(unfinished)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _holding(before: _Before, looked: Looked, plan: Plan, now: Beginning) -> dict[str, Result]:
    """By job the results of the earlier run that a new one could not but repeat."""
    changed = _changed_files(before.began, looked, now)
    if changed is None or _touched_unseen(before.path, looked):
        return {}
    affected = _affected(looked, changed) if changed else frozenset[_Kind]()
    then = {job.id: job for job in before.record.plan.jobs}
    return {job.id: result for job in plan.jobs
            if (result := before.record.result(job.id)) is not None and result.status in REACHED and _kind(job) not in affected
            and _same(then[job.id], before.path, job, looked.folder) and _same_program(job, before.began, now)}


def _changed_files(then: Beginning, looked: Looked, now: Beginning) -> tuple[str, ...] | None:
    """Names of all files that changed since, and perhaps of some that did not; None where anything may be different."""
    settings = looked.sight.settings
    if (then.packages, then.variables, then.around) != (now.packages, now.variables, now.around):
        return None
    names = differences(then.tree, now.tree)
    files = {name for name in names if not name.startswith("(")}
    if len(files) < len(names):
        listed = looked.sight.git.ask("diff", "--name-only", "-z", "--no-ext-diff", "--no-renames", "--relative", then.tree.commit, "--") if then.tree.commit else None
        if listed is None or settings.scope != "all" or settings.new_since or settings.changed_lines:
            return None
        files |= {*split_names(listed), *then.tree.files, *now.tree.files}
    return None if settings.baseline in files else tuple(sorted(name for name in files if not then.leaves.names(name)))


def _touched_unseen(path: str, looked: Looked) -> bool:
    """Whether something that git ignores was touched since the run in folder `path` ended: checks read that, too, and no snapshot holds it."""
    tree = looked.sight.tree
    try:
        ended = os.stat(os.path.join(path, FILE)).st_mtime
        unseen = {*every_input(looked.sight, tree)}.difference(tree.files)
    except (OSError, TooManyError):
        return True
    return any(_touched(os.path.join(tree.root, name)) > ended for name in unseen)


def _touched(path: str) -> float:
    try:
        found = os.lstat(path)
    except OSError:
        return 0.0
    return max(found.st_mtime, found.st_ctime)


_Kind = tuple[str, str | None]


def _kind(job: Job) -> _Kind:
    return job.command, job.component


def _affected(looked: Looked, changed: tuple[str, ...]) -> frozenset[_Kind]:
    """What a run over these files alone would do."""
    there = set(looked.sight.tree.files)
    scope = Changes(scope="changed files", files=tuple(name for name in changed if name in there), deleted=tuple(name for name in changed if name not in there))
    try:
        return frozenset(_kind(job) for job in planned(looked.sight, scope, looked.toolbox).jobs)
    except UsageError:  # a filter that matches nothing in these files: nothing that was asked for looks at them
        return frozenset()


def _same(then: Job, folder_then: str, now: Job, folder_now: str) -> bool:
    """Whether a job would do the same: all but when and where it does it."""
    return _document(then, folder_then) == _document(now, folder_now)


def _document(job: Job, folder: str) -> str:
    document = _lasting(to_document(job))
    return json.dumps(document, sort_keys=True).replace(json.dumps(folder)[1:-1], "{run}")


def _lasting(document: dict[str, Any]) -> dict[str, Any]:
    """What a job is, without when and with how much it runs; so of what does its work when it cannot."""
    kept = {name: value for name, value in document.items() if name not in _BY_THE_WAY}
    return kept | {"fallback": _lasting(kept["fallback"])} if kept.get("fallback") else kept


def _same_program(job: Job, then: Beginning, now: Beginning) -> bool:
    return all(then.tools.get(path) == now.tools.get(path) for path in programs(job))


def _brought(result: Result, then: str, now: str, run_id: str) -> Result:
    """The result with its output in the folder of the new run."""
    with suppress(OSError, shutil.Error):  # without its output it holds all the same
        shutil.copytree(job_folder(then, result.job), job_folder(now, result.job), symlinks=True, dirs_exist_ok=True)
    return replace(result, held_from=result.held_from or run_id, attempts=tuple(_moved(attempt, then, now) for attempt in result.attempts))


def _moved(attempt: Attempt, then: str, now: str) -> Attempt:
    def path(old: str) -> str:
        return now + old.removeprefix(then) if old.startswith(then + os.sep) else old

    return replace(attempt, stdout=path(attempt.stdout), stderr=path(attempt.stderr), report=path(attempt.report) if attempt.report else attempt.report)
