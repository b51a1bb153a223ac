"""`gatekeeper logs`: what a job wrote, also while it runs. On a terminal control characters are spelled out, into a pipe they are left.

In CI the reader of the pipe is a log that obeys commands: there the output is made harmless line by line, and stands inside a fence.
Secrets are looked for in whole lines, and in a key of several lines as a whole: while following, a line is shown when it has ended.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import data_stream, harmless, show_bytes, tell
from gatekeeper.config.options import Arguments
from gatekeeper.display.fence import fenced, in_ci
from gatekeeper.errors import StoreError, UsageError
from gatekeeper.execute.folders import earlier_folders, job_folder
from gatekeeper.model.event import JobFinished, JobStarted, RunStarted
from gatekeeper.model.redaction import redact, secret_values
from gatekeeper.store.home import is_running, run_ids
from gatekeeper.store.journal import FILE, read_journal
from gatekeeper.store.runs import find_run

_PAUSE = 0.2
#: bytes of an unfinished line or key that are held back while following
_MOST_HELD = 65_536
_NAMES = ("stdout.log", "stderr.log")


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="Show the output of a job of a past or running run.")
    def logs(
        job: str = typer.Argument(..., metavar="JOB", help="The id of a job, or a part of it that no other has."),
        *,
        follow: bool = typer.Option(False, "--follow", "-f", help="Keep showing what is written until the job has ended."),
        attempt: int = typer.Option(0, "--attempt", metavar="N", min=0, help="Of a job that was tried several times: its attempt N, from 1; 0 is the last."),
        run: str = past.RUN,
        root: str = past.ROOT,
    ) -> int:
        _settings, home = past.place(Arguments(path=root), here)
        # what runs now is not yet what `latest` shows
        under_way = next((run_id for run_id in run_ids(home) if is_running(os.path.join(home.runs, run_id))), run)
        folder = find_run(home, under_way if follow and run == "latest" else run)
        job_id = past.pick_job(_jobs(folder), job)
        secrets = secret_values(here.environment)
        put = Put(secrets, here.environment)
        if follow:
            _follow(folder, job_id, put, here.environment)
        else:
            paths = _written(folder, job_id, attempt)
            with fenced(_to_output, here.environment):
                for path in paths:
                    _show(path, put)
        return 0


def _started(folder: str, job_id: str) -> bool:
    """Also in a part of the run that died, or in the run whose result still holds."""
    events = (event for sitting in read_journal(os.path.join(folder, FILE)).sittings for event in sitting.events)
    return any((isinstance(event, JobStarted) and event.job == job_id and event.pid) or
               (isinstance(event, JobFinished) and event.job == job_id and event.result.attempts) for event in events)


def _jobs(folder: str) -> list[str]:
    """The ids of the jobs of a run, from its journal, which is there from the first moment on."""
    events = read_journal(os.path.join(folder, FILE)).events
    return [job.id for event in events if isinstance(event, RunStarted) for job in event.plan.jobs]


def _written(folder: str, job_id: str, attempt: int) -> list[str]:
    place = job_folder(folder, job_id)
    earlier = earlier_folders(place)
    if attempt > len(earlier) + 1:
        tries = "only once" if not earlier else f"{len(earlier) + 1} times"
        raise UsageError(f"{job_id} was tried {tries}", hint=f"gatekeeper logs '{job_id}' shows the last attempt")
    if 0 < attempt <= len(earlier):
        place = earlier[attempt - 1]
    found = [path for path in (os.path.join(place, name) for name in _NAMES) if os.path.exists(path)]
    if not found and not _started(folder, job_id):
        raise UsageError(f"{job_id} wrote nothing in run {os.path.basename(folder)}: it never started", hint=f"gatekeeper show '{job_id}' says why")
    return found


def _places(folder: str, job_id: str) -> list[str]:
    return [os.path.join(job_folder(folder, job_id), name) for name in _NAMES]


def _show(path: str, put: Put) -> None:
    try:
        with open(path, "rb") as file:
            put(path, file.read(), last=True)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error


class Put:
    """Shows what comes in pieces, whole lines at a time: half of a secret is not recognised, nor a command that begins in the middle of a line."""

    def __init__(self, secrets: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._secrets = secrets
        self._environment = environment
        self._spelled = data_stream().isatty() or in_ci(environment)
        self._held: dict[str, bytes] = {}

    def __call__(self, path: str, data: bytes, *, last: bool = False) -> None:
        data = self._held.pop(path, b"") + data
        end = len(data) if last else _complete(data)
        self._held[path] = data[end:]
        text = redact(data[:end].decode("utf-8", "surrogateescape"), self._secrets)
        if self._spelled and text:
            text = harmless(text if text.endswith("\n") else f"{text}\n", self._environment)
        show_bytes(text.encode("utf-8", "surrogateescape"))

    def rest(self) -> None:
        """Shows what is still held back, when nothing more will come."""
        for path in tuple(self._held):
            self(path, b"", last=True)


def _complete(data: bytes) -> int:
    """How many bytes may be shown: whole lines, and no key of which the end is missing; everything where that would be too much to hold."""
    end = data.rfind(b"\n") + 1
    key = data.rfind(b"-----BEGIN", 0, end)
    if key >= 0 and b"-----END" not in data[key:end]:
        end = key
    return end if len(data) - end <= _MOST_HELD else len(data)


def _follow(folder: str, job_id: str, put: Put, environment: Mapping[str, str]) -> None:
    if not is_running(folder):
        raise UsageError(f"run {os.path.basename(folder)} has ended", hint=f"gatekeeper logs '{job_id}' shows what it wrote")
    places = _places(folder, job_id)
    offsets = dict.fromkeys(places, 0)
    with fenced(_to_output, environment):
        for _ in _while_open(folder, job_id):
            for path in places:
                data = _rest(path, offsets[path])
                offsets[path] += len(data)
                if data:
                    put(path, data)
        put.rest()
    tell(f"{job_id} has ended")


def _to_output(text: str) -> None:
    show_bytes(text.encode())


def _while_open(folder: str, job_id: str) -> Iterator[None]:
    """Yields while the job may still write, and once more afterwards, for what it wrote last."""
    journal = os.path.join(folder, FILE)
    over = False
    size = -1
    while not over:
        if not is_running(folder):
            over = True
        elif os.path.getsize(journal) != size:  # it is read again only when something happened
            size = os.path.getsize(journal)
            over = any(isinstance(event, JobFinished) and event.job == job_id for event in read_journal(journal).events)
        yield
        if not over:
            time.sleep(_PAUSE)


def _rest(path: str, offset: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read()
    except FileNotFoundError:  # the job has not started
        return b""
