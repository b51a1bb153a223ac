"""Makes a run go on whose process died: in its own folder, under its own id, with the settings and the plan that it had.

Nothing that had finished is repeated, and nothing is taken over that may have become wrong: where the tree, the configuration, a tool, what is
installed or a decisive variable is not as it was when the run began, it is refused, with the names of what changed. So the verdict is the one that
the run would have reached. What was under way when it died runs again. Batches and the run have the time that they had not
used by then (`spent`); how long the run lay there counts for nothing.

What a fixer with `on_failure: rollback` had under way is put back before anything is compared, also where the run is refused after that.

Refused, too: runs with --fix, which change what they look at; runs of another version of Gatekeeper; runs whose settings or commands hold a secret,
because no secret is kept. Does not know how a run is carried out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from gatekeeper import __version__
from gatekeeper.errors import StoreError, UsageError
from gatekeeper.execute.control import Control
from gatekeeper.execute.helper import run_helper
from gatekeeper.execute.proc import read_cookie
from gatekeeper.model.document import DocumentError
from gatekeeper.model.event import Intervened, JobFinished
from gatekeeper.model.plan import Plan
from gatekeeper.model.ports import Runner, Subscriber
from gatekeeper.model.redaction import REDACTED
from gatekeeper.model.result import Intervention, RunRecord
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import replace
from gatekeeper.session.beginning import Beginning, changes, read_beginning
from gatekeeper.session.earlier import Earlier, Going, Held, Looked, intervention, reached
from gatekeeper.session.halfway import put_back
from gatekeeper.session.run import run
from gatekeeper.session.spent import spent
from gatekeeper.session.unseen import last_seen, touched_after
from gatekeeper.store.home import RunFolder, reopen_run
from gatekeeper.store.journal import FILE, Recorded, Sitting, read_journal

_SHOWN = 5
#: seconds that what the dead run left has to go; its guardian ends it within six
_PATIENCE = 10.0
_PAUSE = 0.05
#: seconds after its last sign of life in which a run's own jobs may still write: until its guardian has ended them
_DEATH = 2.0
_AGAIN = "run it again: gatekeeper run"


def resume(path: str, environment: Mapping[str, str], subscribers: Sequence[Subscriber] = (), control: Control | None = None,
           runner: Runner = run_helper) -> RunRecord:
    """Carries the run in folder `path` to its end and gives its record. Raises UsageError where that cannot be done truthfully."""
    run_id = os.path.basename(path)
    folder = reopen_run(path)
    if folder is None:
        raise UsageError(f"run {run_id} is still running")
    undone: tuple[str, ...] = ()
    seen = last_seen(path)
    try:
        recorded = _recorded(path, run_id)
        await_end_of_jobs(run_id)
        undone = put_back(path)
        going = _going(recorded, folder)
        settings = _settings(going)
        earlier = Earlier(run_id=run_id, going=going, choose=lambda looked, _plan, now: _as_it_was(_held(recorded, going, looked.plan, now, undone), looked, seen))
        return run(settings, environment, subscribers, control, runner, earlier=earlier)
    except UsageError as error:
        if undone:
            raise UsageError("; ".join((*undone, error.message)), hint=error.hint) from error
        raise
    finally:
        folder.close()


def _recorded(path: str, run_id: str) -> Recorded:
    try:
        recorded = read_journal(os.path.join(path, FILE))
    except StoreError as error:
        raise UsageError(f"run {run_id} left no journal to go on from: {error.message}", hint=_AGAIN) from error
    if recorded.whole:
        raise UsageError(f"nothing to resume: run {run_id} has ended", hint=f"gatekeeper show --run {run_id} shows it; gatekeeper retry runs jobs of it again")
    if recorded.version != __version__:
        raise UsageError(f"run {run_id} is of Gatekeeper {recorded.version}, this is {__version__}", hint=_AGAIN)
    return recorded


def _going(recorded: Recorded, folder: RunFolder) -> Going:
    first = recorded.sittings[0]
    plan = next((sitting.started.plan for sitting in recorded.sittings if sitting.started is not None), None)
    try:
        began = read_beginning(first.header)
    except DocumentError as error:
        raise UsageError(f"run {recorded.run_id} does not say what it started from: {error}", hint=_AGAIN) from error
    if plan is None:
        raise UsageError(f"run {recorded.run_id} died before any job was announced", hint=_AGAIN)
    if any(_holds_secret(word) for job in plan.jobs for word in (*job.argv, *job.env.values())):
        raise UsageError(f"a command of run {recorded.run_id} holds a secret, which is kept nowhere", hint=_AGAIN)
    return Going(folder=folder, plan=plan, spent=spent(recorded.sittings), began=began, started_at=_iso(first), wall=_wall(first), seconds=sum(map(_seconds, recorded.sittings)),
                 sitting=len(recorded.sittings) + 1, resumed_at=(*map(_iso, recorded.sittings[1:]), datetime.now(UTC).isoformat(timespec="seconds")))


def _holds_secret(word: str) -> bool:
    return REDACTED in word


def _wall(sitting: Sitting) -> float:
    return float(sitting.header.get("wall", 0.0))


def _iso(sitting: Sitting) -> str:
    return datetime.fromtimestamp(_wall(sitting), UTC).isoformat(timespec="seconds")


def _seconds(sitting: Sitting) -> float:
    """How long one part of a run went on, to its last event."""
    return max(0.0, max((event.at for event in sitting.events), default=0.0) - float(sitting.header.get("monotonic", 0.0)))


def _settings(going: Going) -> Settings:
    """The settings of the run, for a call from anywhere."""
    settings, run_id = going.began.settings, going.folder.run_id
    if settings is None:
        raise UsageError(f"the settings of run {run_id} hold a secret, which is kept nowhere", hint=_AGAIN)
    if settings.fix:
        raise UsageError(f"run {run_id} was to fix: it changes what it looks at, so what it found does not hold any more", hint="run it again: gatekeeper run --fix")
    if not os.path.isdir(going.plan.root):
        raise UsageError(f"run {run_id} was a run of {going.plan.root}, which is not there any more", hint="move it back; or check it where it is now: gatekeeper run")
    return replace(settings, root=going.plan.root, reports=tuple(absolute(report, settings.invoked_from) for report in settings.reports))


def absolute(report: str, folder: str) -> str:
    name, equals, path = report.partition("=")
    return f"{name}={os.path.join(folder, path)}" if equals and path else report


def await_end_of_jobs(run_id: str, patience: float = _PATIENCE) -> None:
    """Waits until what the dead run had started is gone: its guardian ends it. Raises UsageError when something stays for `patience` seconds."""
    end = time.monotonic() + patience
    while left := _living(run_id):
        if time.monotonic() > end:
            raise UsageError(f"processes that run {run_id} started still run: {', '.join(map(str, left[:_SHOWN]))}", hint="end them, then resume")
        time.sleep(_PAUSE)


def _living(run_id: str) -> list[int]:
    """Processes that carry the mark of a run, where the system shows such marks."""
    if not os.path.isdir("/proc/self"):
        return []
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid() and _is_of(int(name), run_id)]


def _is_of(pid: int, run_id: str) -> bool:
    return any(part.partition("+")[0] == run_id for part in read_cookie(pid)[0].split(":"))


def _held(recorded: Recorded, going: Going, plan: Plan, now: Beginning, said: tuple[str, ...]) -> Held:
    """All that had finished, if everything is as it was. `plan` is what a run would do now. Raises UsageError with what changed."""
    run_id = recorded.run_id
    changed = (*changes(going.began, now), *_replanned(going.plan, plan))
    if changed:
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise UsageError(f"run {run_id} cannot go on, because this is not as it was: {', '.join(changed[:_SHOWN])}{more}",
                         hint="check it as it is now: gatekeeper run")
    held = reached(_ends(recorded.sittings, time.monotonic()))
    return replace(held, notes=(f"resumed: {len(held.results)} of {len(going.plan.jobs)} jobs had finished when the run died", *said),
                   interventions=tuple(_interventions(recorded.sittings)))


def _as_it_was(held: Held, looked: Looked, seen: float) -> Held:
    """What is held, with a sentence where what git ignores could not be looked at. Raises UsageError where something of it was touched since the run died."""
    if not held.results:
        return held
    unseen = touched_after(looked.sight, seen + _DEATH)
    if unseen.touched:
        more = f" and {len(unseen.touched) - _SHOWN} more" if len(unseen.touched) > _SHOWN else ""
        raise UsageError(f"run {os.path.basename(looked.folder)} cannot go on, because this was touched since it died, and git, which ignores it, does not "
                         f"say whether it is as it was: {', '.join(unseen.touched[:_SHOWN])}{more}", hint="check it as it is now: gatekeeper run")
    told = (f"{unseen.too_many} holds more ignored files than were looked at: run again where checks read them and they changed",) if unseen.too_many else ()
    return replace(held, notes=(*held.notes, *told))


def _ends(sittings: Sequence[Sitting], now: float) -> Iterator[JobFinished]:
    """All ends of jobs, their times as if the parts of the run followed one another without a break until `now`: a clock does not outlive its machine."""
    for place, sitting in enumerate(sittings):
        after = sum(_seconds(later) for later in sittings[place:])
        shift = now - after - float(sitting.header.get("monotonic", 0.0))
        for event in sitting.events:
            if isinstance(event, JobFinished):
                yield replace(event, result=replace(event.result, attempts=tuple(
                    replace(attempt, started=attempt.started + shift) for attempt in event.result.attempts)))


def _interventions(sittings: Sequence[Sitting]) -> Iterator[Intervention]:
    """What people did to the run before it died: who approved something need not do so again."""
    before = 0.0
    for sitting in sittings:
        began = float(sitting.header.get("monotonic", 0.0)) - before
        yield from (intervention(event, began) for event in sitting.events if isinstance(event, Intervened))
        before += _seconds(sitting)


def _replanned(then: Plan, now: Plan) -> tuple[str, ...]:
    """What a plan would do otherwise now: commands by component with their tools. How files are cut into lists depends on history, and says nothing."""
    before, after = _shape(then), _shape(now)
    return tuple(f"the plan of {name}" for name in sorted({*before, *after}) if before.get(name) != after.get(name))


def _shape(plan: Plan) -> dict[str, object]:
    shape: dict[str, set[object]] = {}
    for job in plan.jobs:
        tool = (job.tool.path, job.tool.version, job.tool.source) if job.tool is not None else None
        lack = job.unavailable.detail if job.unavailable is not None else ""
        shape.setdefault(f"{job.task}/{job.command}@{job.component or 'repository'}", set()).update((("is", tool, lack, job.blocking), *job.files))
    return {name: frozenset(facts) for name, facts in shape.items()}
