"""`gatekeeper logs`: what a job wrote, also while it runs. On a terminal control characters are spelled out, into a pipe they are left."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import data_stream, show_bytes, tell
from gatekeeper.config.options import Arguments
from gatekeeper.errors import StoreError, UsageError
from gatekeeper.execute.run import job_folder
from gatekeeper.model.event import JobFinished, RunStarted
from gatekeeper.model.sanitize import redact, secret_values, terminal_text
from gatekeeper.store.home import is_running, run_ids
from gatekeeper.store.journal import FILE, read_journal
from gatekeeper.store.runs import find_run

_PAUSE = 0.2
_NAMES = ("stdout.log", "stderr.log")


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="Show the output of a job of a past or running run.")
    def logs(
        job: str = typer.Argument(..., metavar="JOB", help="The id of a job, or a part of it that no other has."),
        *,
        follow: bool = typer.Option(False, "--follow", "-f", help="Keep showing what is written until the job has ended."),
        run: str = past.RUN,
        root: str = past.ROOT,
    ) -> int:
        _settings, home = past.place(Arguments(path=root), here)
        # what runs now is not yet what `latest` shows
        under_way = next((run_id for run_id in run_ids(home) if is_running(os.path.join(home.runs, run_id))), run)
        folder = find_run(home, under_way if follow and run == "latest" else run)
        job_id = past.pick_job(_jobs(folder), job)
        secrets = secret_values(here.environment)
        if follow:
            _follow(folder, job_id, secrets)
        else:
            for path in _written(folder, job_id):
                _show(path, secrets)
        return 0


def _jobs(folder: str) -> list[str]:
    """The ids of the jobs of a run, from its journal, which is there from the first moment on."""
    events = read_journal(os.path.join(folder, FILE)).events
    return [job.id for event in events if isinstance(event, RunStarted) for job in event.plan.jobs]


def _written(folder: str, job_id: str) -> list[str]:
    found = [path for path in _places(folder, job_id) if os.path.exists(path)]
    if not found:
        raise UsageError(f"{job_id} wrote nothing in run {os.path.basename(folder)}: it never started", hint=f"gatekeeper show '{job_id}' says why")
    return found


def _places(folder: str, job_id: str) -> list[str]:
    return [os.path.join(job_folder(folder, job_id), name) for name in _NAMES]


def _show(path: str, secrets: tuple[str, ...]) -> None:
    try:
        with open(path, "rb") as file:
            _put(file.read(), secrets)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error


def _put(data: bytes, secrets: tuple[str, ...]) -> None:
    text = redact(data.decode("utf-8", "surrogateescape"), secrets)
    if data_stream().isatty():
        text = terminal_text(text)
    show_bytes(text.encode("utf-8", "surrogateescape"))


def _follow(folder: str, job_id: str, secrets: tuple[str, ...]) -> None:
    if not is_running(folder):
        raise UsageError(f"run {os.path.basename(folder)} has ended", hint=f"gatekeeper logs '{job_id}' shows what it wrote")
    places = _places(folder, job_id)
    offsets = dict.fromkeys(places, 0)
    for _ in _while_open(folder, job_id):
        for path in places:
            data = _rest(path, offsets[path])
            offsets[path] += len(data)
            if data:
                _put(data, secrets)
    tell(f"{job_id} has ended")


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
