"""Two small subscribers beside the displays: a log with times and commands, and one that says nothing."""

from __future__ import annotations

import datetime as dt
import shlex
from types import TracebackType
from typing import Self

from gatekeeper.cli.output import tell
from gatekeeper.model.event import Event, JobEnded, JobFinished, JobQueued, JobStarted, Notice, RunFinished, RunStarted, VerdictReached
from gatekeeper.model.plan import Job
from gatekeeper.model.sanitize import redact


class Nothing:
    """A display for `--log-level error`."""

    def __call__(self, event: Event) -> None:
        """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """Nothing to restore."""


class EventLog:
    """`--log-level debug`: every event with the time of day, every job with its command and folder."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets
        self._jobs: dict[str, Job] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._jobs = {job.id: job for job in event.plan.jobs}
        now = dt.datetime.now().astimezone().isoformat(timespec="milliseconds")
        tell(f"{now} debug {redact(self._words(event), self._secrets)}")

    def _words(self, event: Event) -> str:
        match event:
            case RunStarted():
                return f"run {event.run_id} starts: {len(event.plan.jobs)} jobs in {event.plan.root}"
            case JobQueued():
                return f"{event.job} waits for a slot"
            case JobStarted():
                job = self._jobs[event.job]
                return f"{event.job} starts as pid {event.pid} (attempt {event.attempt}) in {job.cwd}: {shlex.join(job.argv)}"
            case JobEnded(attempt=attempt):
                end = f"signal {attempt.signal}" if attempt.signal else f"exit code {attempt.exit_code}"
                return f"{event.job} ended with {end} after {attempt.wall_seconds:.3f}s, {attempt.peak_memory_mb:.0f} MB"
            case JobFinished(result=result):
                return f"{event.job} is {result.status}{f' ({result.cause})' if result.cause else ''}"
            case Notice():
                return f"{event.job or 'run'}: {event.message}"
            case VerdictReached():
                return f"verdict {event.verdict.outcome}"
            case RunFinished():
                return f"run {event.run_id} ended: {event.verdict.outcome}, exit code {event.verdict.exit_code}, after {event.wall_seconds:.3f}s"
