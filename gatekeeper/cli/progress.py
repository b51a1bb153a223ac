"""Two small subscribers beside the displays: a log with times and commands, and one that says nothing."""

from __future__ import annotations

import datetime as dt
import shlex
from types import TracebackType
from typing import Self

from gatekeeper.cli.output import tell
from gatekeeper.model.event import Event, JobStarted, RunStarted
from gatekeeper.model.plan import Job
from gatekeeper.model.redaction import redact
from gatekeeper.store.log import sentence


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
        job = self._jobs.get(event.job) if isinstance(event, JobStarted) else None
        return sentence(event) + (f" in {job.cwd}: {shlex.join(job.argv)}" if job is not None else "")
