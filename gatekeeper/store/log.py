"""The log of a run for people: one line per event in `run.log`, with the seconds since the start. Does not know terminals.

Like the journal it never fails a run.
"""

from __future__ import annotations

import os
from typing import assert_never

from gatekeeper.model.event import (
    Event,
    Intervened,
    JobDelayed,
    JobEnded,
    JobFinished,
    JobOutput,
    JobPaused,
    JobQueued,
    JobResumed,
    JobStarted,
    Notice,
    Pressure,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    StageReached,
    VerdictReached,
)

FILE = "run.log"


class RunLog:
    """Writes the log of one run; call it with every event (`model.ports.Subscriber`)."""

    def __init__(self, path: str) -> None:
        self._start: float | None = None
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError:
            self._descriptor = -1

    def __call__(self, event: Event) -> None:
        if self._start is None:
            self._start = event.at
        if self._descriptor < 0:
            return
        text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in sentence(event))
        try:
            os.write(self._descriptor, f"{event.at - self._start:9.3f}  {text}\n".encode("utf-8", "backslashreplace"))
        except OSError:
            self.close()

    def close(self) -> None:
        """Ends recording; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def sentence(event: Event) -> str:
    """What an event says, in one line."""
    match event:
        case JobQueued() | JobStarted() | JobEnded() | JobFinished() | JobOutput() | JobDelayed() | JobPaused() | JobResumed():
            return f"{event.job}: {_of_a_job(event)}"
        case StageReached() | Pressure() | Intervened() | RunPaused() | RunResumed():
            return _of_the_run(event)
        case RunStarted(run_id=run_id, plan=plan):
            return f"run {run_id}: pipeline {plan.pipeline}, {plan.scope}, {len(plan.jobs)} jobs, {plan.pool_size} at a time"
        case Notice(message=message, job=job_or_none):
            return f"{f'{job_or_none}: ' if job_or_none else ''}notice: {message}"
        case VerdictReached(verdict=verdict):
            return f"verdict: {verdict.outcome}{f': {verdict.message}' if verdict.message else ''}"
        case RunFinished(run_id=run_id, verdict=verdict, wall_seconds=seconds):
            return f"run {run_id}: finished, {verdict.outcome}, exit code {verdict.exit_code}, {seconds:.3f} s"
        case _:
            assert_never(event)


def _of_a_job(event: JobQueued | JobStarted | JobEnded | JobFinished | JobOutput | JobDelayed | JobPaused | JobResumed) -> str:
    match event:
        case JobQueued():
            return "queued"
        case JobStarted(attempt=attempt, pid=pid):
            return f"started (attempt {attempt}, process {pid})"
        case JobEnded(attempt=ended):
            how = ended.spawn_error or (f"signal {ended.signal}" if ended.signal is not None else f"exit code {ended.exit_code}")
            return f"ended, {how}, {ended.wall_seconds:.3f} s, {ended.cpu_seconds:.3f} s cpu, {ended.peak_memory_mb:.0f} MB"
        case JobFinished(result=result):
            return f"{result.status}{f' ({result.cause})' if result.cause else ''}{f': {result.message}' if result.message else ''}"
        case JobOutput(stdout=stdout, stderr=stderr):
            return f"has written {stdout} bytes to standard output, {stderr} to standard error"
        case JobDelayed(attempt=number, seconds=seconds, reason=reason):
            return f"waits {seconds:.3f} s for attempt {number}{f' ({reason})' if reason else ''}"
        case JobPaused(reason=reason):
            return f"paused{f' ({reason})' if reason else ''}"
        case JobResumed():
            return "goes on"
        case _:
            assert_never(event)


def _of_the_run(event: StageReached | Pressure | Intervened | RunPaused | RunResumed) -> str:
    match event:
        case StageReached(stage=stage):
            return f"stage: {stage}"
        case RunPaused(reason=reason):
            return f"paused{f' ({reason})' if reason else ''}"
        case RunResumed():
            return "goes on"
        case Intervened(action=action, subject=subject, value=value, reason=reason, by=by):
            told = " ".join(word for word in (action, subject, value) if word)
            return f"changed{f' by {by}' if by else ''}: {told}{f' ({reason})' if reason else ''}"
        case Pressure(resource=resource, value=value, limit=limit, held=held):
            return f"{resource}: at {value:.0f} %{f', limit {limit:.0f} %: little starts until there is room' if held else ': there is room again'}"
        case _:
            assert_never(event)
