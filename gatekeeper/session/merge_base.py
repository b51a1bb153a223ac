"""Runs the plan of the merge-base in a clean checkout, so that only what is not found there counts; keeps what it found by commit and tools.

What could not be measured there is named, and counts as new here. Tests of components whose environment is the work tree's are not run
there: they would test the code of now. Does not know how findings are compared.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from gatekeeper import __version__
from gatekeeper.config.compiled import cache_folder
from gatekeeper.errors import GatekeeperError, StoreError
from gatekeeper.execute.control import Control
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.run import run_plan
from gatekeeper.judge.accept import accepted
from gatekeeper.judge.known import KnownSet
from gatekeeper.judge.triage import Comparison, Reference, Triage, is_broken
from gatekeeper.model.component import Language
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.ports import Toolbox
from gatekeeper.model.result import Result
from gatekeeper.model.settings import Settings
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Effect, Role
from gatekeeper.model.value import dataclass, field, replace
from gatekeeper.session.borrowed import Borrowed
from gatekeeper.session.compare import terrain, wanted_base
from gatekeeper.session.look import NO_BASELINE, Sight, new_files, planned, see
from gatekeeper.session.measure import Measure
from gatekeeper.session.prepare import prepared
from gatekeeper.store.atomic import write_bytes
from gatekeeper.store.baseline import parse_baseline, render_baseline
from gatekeeper.tree.changes import everything
from gatekeeper.tree.checkout import lay_out, prefix_of
from gatekeeper.tree.touched import renames

Tell = Callable[[str], None]
#: jobs of these roles say something about the code that can be compared; builds are never known
_COMPARED = frozenset({Role.HYGIENE, Role.FORMAT, Role.LINT, Role.TYPES, Role.TEST, Role.DOCS, Role.SECURITY, Role.DEPS, Role.ANALYSIS})
#: their tests need nothing that is installed into the work tree
_SELF_CONTAINED = frozenset({Language.RUST, Language.SOLIDITY})
#: ends that another try may change: not kept
_PASSING = frozenset({Status.ERRORED, Status.TIMED_OUT, Status.CANCELLED, Status.NOT_RUN, Status.BLOCKED})
_MEASURED = frozenset({Status.PASSED, Status.FAILED})
_KEPT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was found at a base; `gaps` say by `COMMAND|COMPONENT` why a job of it says nothing."""

    known: KnownSet
    gaps: Mapping[str, str] = field(default_factory=dict)
    lasting: bool = True


def base_reference(sight: Sight, plan: Plan, toolbox: Toolbox, control: Control, tell: Tell) -> tuple[Reference | None, tuple[str, ...]]:
    """The merge-base of --new-since as something to compare with, and notes. None where nobody asks, and where history is missing.

    Raises UsageError for a ref that does not exist.
    """
    if not sight.settings.new_since:
        return None, ()
    commit = wanted_base(sight)
    if commit is None:
        return None, (f"no merge-base with {sight.settings.new_since} (shallow clone?): all findings count",)
    folder = _folder(sight)
    kept = os.path.join(folder, f"{_key(sight, plan, commit)}.json") if folder is not None else None
    found = _recall(kept)
    if found is None:
        tell(f"running the merge-base {commit[:12]} first; what it finds is kept")
        found = _run(sight, plan, toolbox, control, commit)
        if found.lasting and kept is not None and not control.interrupts:
            _keep(kept, found)
    gaps = {job.id: found.gaps[_name(job)] for job in plan.jobs if _name(job) in found.gaps}
    return Reference(name=f"the merge-base {commit[:12]}", known=found.known, terrain=terrain(sight, dict(renames(sight.git, commit))), incomparable=gaps), ()


def _name(job: Job) -> str:
    return f"{job.command}|{job.component or ''}"


# --- running ---------------------------------------------------------------------------------------------------------


def _run(sight: Sight, plan: Plan, toolbox: Toolbox, control: Control, commit: str) -> _Found:
    """Checks the commit out, plans and runs it, and removes everything again but what was found."""
    parent = _folder(sight) or tempfile.gettempdir()
    with suppress(OSError):
        os.makedirs(parent, mode=0o700, exist_ok=True)
    try:
        place = tempfile.mkdtemp(prefix="work-", dir=parent)
    except OSError as error:
        return _nothing(plan, f"it cannot be checked out: {error.strerror}")
    try:
        tree, runs = os.path.join(place, "tree"), os.path.join(place, "run")
        os.mkdir(tree)
        os.mkdir(runs)
        failure = lay_out(sight.git, commit, tree, sight.runner, sight.environment)
        if failure is not None:
            return _nothing(plan, f"it cannot be checked out: {failure}")
        root = os.path.normpath(os.path.join(tree, prefix_of(sight.git)))
        if not os.path.isdir(root):
            return _Found(known=KnownSet())  # the folder is new: so is everything in it
        return _measured(sight, plan, Borrowing(toolbox=toolbox, control=control, root=root, runs=runs))
    except GatekeeperError as error:
        return _nothing(plan, error.message)
    except OSError as error:
        return _nothing(plan, f"it cannot be checked out: {error.strerror}")
    finally:
        shutil.rmtree(place, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowing:
    """What a run at the base works with: tools of the work tree, its own folders."""

    toolbox: Toolbox
    control: Control
    root: str
    runs: str


def _measured(sight: Sight, plan: Plan, work: Borrowing) -> _Found:
    there = see(_settings(sight.settings, work.root), sight.environment, sight.runner)
    borrowed = Borrowed(work.toolbox, sight, there)
    planned_there = planned(there, everything(), borrowed)
    base = _comparable(planned_there, plan, there)
    borrowed.link_modules()
    base = prepared(base, work.runs, there.tree, lambda: new_files(there, everything()), list)
    triage = Triage(base, Comparison(), there.tree.read)
    with ProcessPool(run_id=f"base-{os.path.basename(os.path.dirname(work.runs))}") as pool:
        results = run_plan(base, clock=time.monotonic, pool=pool, conclude=Measure(there.tree, {}, triage), publish=lambda _event: None,
                           folder=work.runs, control=work.control)
    return _Found(known=accepted(base, results), gaps={**_left_out(planned_there, base), **_gaps(base, results)},
                  lasting=not any(result.status in _PASSING for result in results))


def _settings(settings: Settings, root: str) -> Settings:
    """The settings of this run for the whole tree of the base: it changes nothing, and is compared with nothing."""
    return replace(settings, root=root, scope="all", since=None, files=(), fix=False, backup=False, reports=(), baseline=NO_BASELINE, new_since=None,
                   changed_lines=False, lenient=(*settings.lenient, *settings.skip), invoked_from=root)


def _comparable(there: Plan, here: Plan, sight: Sight) -> Plan:
    """The jobs of the base's plan that this run plans, too, and that can be compared; they wait for nothing else."""
    wanted = {_name(job) for job in here.jobs}
    contained = {component.id for component in sight.detection.components if component.language in _SELF_CONTAINED}
    jobs = [job for job in there.jobs if _name(job) in wanted and job.effect is Effect.READS and job.role in _COMPARED
            and (job.role is not Role.TEST or job.component in contained)]
    ids = {job.id for job in jobs}
    barriers = {name: tuple(one for one in waits if one in ids or one in there.barriers) for name, waits in there.barriers.items()}
    return replace(there, barriers=barriers, jobs=tuple(
        replace(job, needs=tuple(need for need in job.needs if need in ids), after=tuple(one for one in job.after if one in ids or one in barriers))
        for job in jobs))


def _left_out(there: Plan, base: Plan) -> Mapping[str, str]:
    """Jobs that are planned there and were not run."""
    ran = {job.id for job in base.jobs}
    words = {Role.TEST: "tests are not run there, because they would test the code of the work tree", Role.BUILD: "a failed build is never known"}
    return {_name(job): words.get(job.role, "it is not run there") for job in there.jobs if job.id not in ran}


def _gaps(base: Plan, results: Sequence[Result]) -> Mapping[str, str]:
    status = {result.job: result for result in results}
    broken = {_name(job): "its code is broken there, so nothing else was found" for job in base.jobs
              if (said := status[job.id].findings) and all(is_broken(job, finding) for finding in said)}
    return broken | {_name(job): f"{str(found.status).replace('_', ' ')} there{f': {found.message}' if found.message else ''}" for job in base.jobs
            if (found := status[job.id]).status not in _MEASURED}


def _nothing(plan: Plan, reason: str) -> _Found:
    """Nothing is known, and every job says so."""
    return _Found(known=KnownSet(), gaps={_name(job): reason for job in plan.jobs}, lasting=False)


# --- keeping ---------------------------------------------------------------------------------------------------------


def _folder(sight: Sight) -> str | None:
    """Where results are kept, for each repository apart."""
    cache = cache_folder(sight.environment)
    name = hashlib.blake2b(os.fsencode(os.path.realpath(sight.tree.root)), digest_size=8).hexdigest()
    return os.path.join(cache, "bases", name) if cache is not None else None


def _key(sight: Sight, plan: Plan, commit: str) -> str:
    """The commit, ourselves, what decides the plan, and every tool with its version: whatever of it changes, the base is run again."""
    settings = sight.settings
    jobs = sorted({(_name(job), job.tool.path if job.tool else "", (job.tool.version or "") if job.tool else "",
                    job.unavailable.detail if job.unavailable else "") for job in plan.jobs})
    manifests = sorted((component.id, hashlib.blake2b(b"\0".join(sight.tree.read(name) or b"" for name in (component.manifest, component.lockfile) if name)).hexdigest())
                       for component in sight.detection.components)
    said = (commit, __version__, settings.pipeline, repr(sorted(settings.tools.items())), repr(settings.tasks), settings.exclude, settings.audit_level,
            settings.only, settings.skip, settings.batches, settings.languages, settings.provision, jobs, manifests)
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=16).hexdigest()


def _recall(path: str | None) -> _Found | None:
    try:
        with open(path or "", encoding="utf-8") as file:
            kept = json.load(file)
        found = _Found(known=parse_baseline(kept["known"].encode(), "base"), gaps={str(name): str(why) for name, why in kept["gaps"].items()})
        os.utime(path or "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, GatekeeperError):
        return None
    return found


def _keep(path: str, found: _Found) -> None:
    """Keeps the result and throws the oldest away; a failure to do so only costs time later."""
    with suppress(OSError, StoreError):
        write_bytes(path, json.dumps({"known": render_baseline(found.known).decode(), "gaps": dict(found.gaps)}).encode(), mode=0o600)
        folder = os.path.dirname(path)
        kept = sorted((os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".json")), key=os.path.getmtime, reverse=True)
        for old in kept[_KEPT:]:
            os.unlink(old)
