"""`gatekeeper status`: how far a run has come, while it lasts and afterwards. Read from its journal, so it answers whatever the run is doing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.live import any_run, told
from gatekeeper.cli.output import show_bytes, show_json
from gatekeeper.cli.run import data_look
from gatekeeper.config.options import Arguments
from gatekeeper.display.spans import Line, bad, dim, line, padded, strong, text_of, warn
from gatekeeper.display.words import counters_text, standing_still, status_span, verdict_span, wish_text
from gatekeeper.execute.resources import free_memory_mb
from gatekeeper.execute.usage import Usage, usage_of
from gatekeeper.model.document import to_document
from gatekeeper.model.duration import spoken
from gatekeeper.model.redaction import redacted, secret_values
from gatekeeper.model.status import Status
from gatekeeper.model.wording import count_text
from gatekeeper.session.progress import Progress, Step
from gatekeeper.store.follow import Follower

RUN = typer.Option(None, "--run", metavar="RUN", help="The id of a run, or the start of one; else the one under way, else the newest.")
JOBS = typer.Argument(None, metavar="JOB", help="Only these jobs: ids, or parts of them that no other has.")
#: between two looks at the processes, for their share of the processor
_LOOK = 0.15
_MOST = 8
_SETTLED = frozenset({"ended", "died"})


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="Show how far a run has come: progress, what runs, what is left, what went wrong.")
    def status(
        jobs: list[str] = JOBS,
        *,
        run: str | None = RUN,
        verbose: bool = typer.Option(False, "--verbose", "-v", help="List every job."),
        root: str = past.ROOT,
        json: bool = past.JSON,
    ) -> int:
        settings, home = past.place(Arguments(path=root), here)
        folder = any_run(home, run)
        progress, journal = told(folder)
        state = progress.state
        ids = [step.job.id for step in progress.steps]
        wanted = frozenset(past.pick_job(ids, job) for job in jobs or ())
        chosen = tuple(step for step in progress.steps if not wanted or step.job.id in wanted)
        metrics = {} if state in _SETTLED else _metrics(progress)
        secrets = secret_values(here.environment)
        if json:
            show_json(redacted(_document(progress, chosen, journal, state, os.path.basename(folder)) | {"metrics": metrics}, secrets))
        else:
            lines = (*_head(progress, journal, state, os.path.basename(folder)), *_steps(progress, chosen, journal, all_=verbose or bool(wanted)), *_tail(progress, metrics))
            show_bytes(text_of(lines, data_look(settings, here.environment)).encode("utf-8", "backslashreplace"))
        return 0


def _metrics(progress: Progress) -> dict[str, Any]:
    """What the running jobs take of the machine, and what is left of it; nulls where this system does not tell."""
    pids = [step.pid for step in progress.running]
    before, began = usage_of(pids), time.monotonic()
    time.sleep(_LOOK if before is not None and pids else 0.0)
    after = usage_of(pids)
    return {"cpu_percent": _percent(before, after, time.monotonic() - began), "memory_mb": after.memory_mb if after else None,
            "processes": after.processes if after else None, "load": [round(value, 2) for value in os.getloadavg()],
            "memory_available_mb": round(free_memory_mb())}


def _percent(before: Usage | None, after: Usage | None, seconds: float) -> float | None:
    """Of one core: 200 are two cores. A process that ended between the looks counts for nothing."""
    if before is None or after is None:
        return None
    return round(100 * max(0.0, after.cpu_seconds - before.cpu_seconds) / max(seconds, 1e-3))


# --- JSON ------------------------------------------------------------------------------------------------------------


def _document(progress: Progress, chosen: tuple[Step, ...], journal: Follower, state: str, run_id: str) -> dict[str, Any]:
    return {
        "schema": 1, "task_id": run_id, "run_id": run_id, "root": progress.root, "status": state, "overall_progress": round(progress.overall, 4),
        "current_step": [step.job.id for step in progress.running], "start_time": _time(journal, progress.started), "seconds": round(progress.seconds, 3),
        "remaining_seconds": 0.0 if state in _SETTLED else round(progress.left, 3),
        "estimated_completion": None if state in _SETTLED else _time(journal, time.monotonic() + progress.left),
        "reason": progress.reason, "counters": to_document(progress.counters),
        "batches": [{"id": part.id, "title": part.title, "progress": round(part.progress, 4), "counters": to_document(part.counters)} for part in progress.parts],
        "step_progress": [_step_document(step, journal) for step in chosen],
        "issues": list(progress.issues), "interventions": to_document(progress.interventions),
        "verdict": to_document(progress.verdict) if progress.verdict is not None else None,
    }


def _step_document(step: Step, journal: Follower) -> dict[str, Any]:
    """One job; `quality_score` is null: a job is not given one, the dimensions of a run are (`gatekeeper show --json`, scores)."""
    return {
        "id": step.job.id, "batch": step.job.batch, "status": str(step.status), "progress": round(step.progress, 4),
        "start_time": _time(journal, step.started), "end_time": _time(journal, step.ended),
        "estimated_completion": None if step.status.final or step.started is None else _time(journal, time.monotonic() + step.left),
        "remaining_seconds": round(step.left, 3), "attempt": step.attempt, "pid": step.pid or None, "output_size": step.output_bytes, "quality_score": None,
        "message": step.result.message if step.result is not None else step.reason,
        "next_attempt": None if not step.next_attempt else {"attempt": step.next_attempt, "at": _time(journal, step.next_at)},
    }


def _time(journal: Follower, at: float | None) -> str | None:
    moment = journal.moment(at) if at is not None else None
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


# --- text ------------------------------------------------------------------------------------------------------------


def _head(progress: Progress, journal: Follower, state: str, run_id: str) -> Iterator[Line]:
    percent = f"{int(100 * progress.overall):3d}%"
    verdict = ("  verdict ", verdict_span(progress.verdict)) if progress.verdict is not None else ()
    word = bad(state) if state == "died" else warn(state) if state == "paused" else strong(state)
    left = ""
    if state in {"running", "paused"}:
        due = _local(journal, time.monotonic() + progress.left)
        left = f", about {spoken(progress.left)} left{f' (until {due})' if due and state == 'running' else ''}"
    yield line(strong(percent), "  run ", run_id, "  ", word, *verdict, f"  {spoken(progress.seconds)} so far{left}" if state != "ended" else f"  {spoken(progress.seconds)}",
               dim(f"  {progress.root}"))
    if progress.reason:
        yield line("  ", warn(standing_still(progress.reason)))
    if state == "died":
        yield line("  ", dim("to do: "), f"gatekeeper resume --run {run_id}")
    if progress.cut_off:
        yield line("  ", warn(padded("cut off", 12)), _few(progress.cut_off))
    for part in progress.parts:
        yield line("  ", padded(part.id, 8), f"{int(100 * part.progress):3d}%  ", counters_text(part.counters))


def _few(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:_MOST]) + (f" and {len(ids) - _MOST} more" if len(ids) > _MOST else "")


def _local(journal: Follower, at: float) -> str:
    moment = journal.moment(at)
    return "" if moment is None else datetime.fromtimestamp(moment).astimezone().strftime("%H:%M:%S")


def _steps(progress: Progress, chosen: tuple[Step, ...], journal: Follower, *, all_: bool) -> Iterator[Line]:
    for step in chosen if all_ else (*progress.running, *progress.waiting):
        took = "" if step.took is None else spoken(step.took)
        about = dim(_about(step.took, step.job.estimated_seconds)) if step.status in {Status.RUNNING, Status.PAUSED} and step.took is not None else ""
        marks = [text for text, there in ((f"attempt {step.attempt}", step.attempt > 1), (_size(step.output_bytes), step.output_bytes and not step.status.final)) if there]
        said = _said(step, journal)
        yield line("  ", status_span(step.status, blocking=step.job.blocking), f"{took:>8}  {step.job.id}", about, said, dim(f"  ({', '.join(marks)})") if marks else "")


def _said(step: Step, journal: Follower) -> str:
    """What its result says, or for what it waits."""
    if step.next_attempt:
        moment = _local(journal, step.next_at) if step.next_at is not None else ""
        when = "when the run goes on" if step.next_at is None else "when there is room" if step.next_at <= time.monotonic() else \
            f"in {spoken(step.next_at - time.monotonic())}{f' (at {moment})' if moment else ''}"
        return f"  did not pass ({step.reason}): try {step.next_attempt} {when}"
    return f"  {step.result.message.splitlines()[0]}" if step.result is not None and step.result.message else ""


def _about(took: float, estimated: float) -> str:
    return f"  of about {spoken(estimated)}" if took <= estimated else f"  longer than the {spoken(estimated)} that were expected"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB written" if count >= 1e6 else f"{count / 1e3:.1f} KB written"


def _tail(progress: Progress, metrics: dict[str, Any]) -> Iterator[Line]:
    for text in progress.issues[:_MOST]:
        yield line("  ", warn(padded("issue", 12)), text)
    if len(progress.issues) > _MOST:
        yield line(dim(f"  ... and {count_text(len(progress.issues) - _MOST, 'more issue')}; --json has all"))
    for event in progress.interventions:
        yield line("  ", padded("changed", 12), wish_text(event))
    for held in progress.pressure:
        yield line("  ", warn(padded("pressure", 12)), f"{held.resource} at {held.value:.0f} % (limit {held.limit:.0f} %): little starts until there is room")
    if metrics.get("processes"):
        yield line("  ", dim(padded("takes", 12)), dim(f"{count_text(metrics['processes'], 'process')}, {metrics['cpu_percent'] / 100:.1f} cores, "
                                                       f"{metrics['memory_mb']:.0f} MB; load {metrics['load'][0]}, {metrics['memory_available_mb'] / 1000:.1f} GB free"))
