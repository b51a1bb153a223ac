"""`gatekeeper retry`: runs jobs of a past run again and merges what they come to with what still holds of it. Does not know what holds."""

from __future__ import annotations

import os

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import tell
from gatekeeper.cli.run import carried_out
from gatekeeper.config.options import Arguments
from gatekeeper.errors import UsageError
from gatekeeper.model.value import replace
from gatekeeper.store.runs import LATEST, find_run, newest_dead, read_record

_JOBS = typer.Argument(None, metavar="JOB", help="Ids of jobs, or parts of them that no other has; none: all that did not pass.")


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command("retry", help="Run jobs of a past run again, and merge them with the results that still hold.")
    def retry_(
        jobs: list[str] | None = _JOBS,
        *,
        failed: bool = typer.Option(False, "--failed", help="All jobs that did not pass; so it is, too, when no job is named."),
        run: str = past.RUN,
        root: str = past.ROOT,
        json: bool = past.JSON,
        verbose: bool = typer.Option(False, "--verbose", "-v", help="Show also what is usually left out."),
    ) -> int:
        if failed and jobs:
            raise UsageError("--failed means all jobs that did not pass: name jobs or give --failed, not both")
        given = {name: () for name, wished in (("json", json), ("verbose", verbose)) if wished}
        settings, home = past.place(Arguments(path=root, given=given), here)
        path = find_run(home, run)
        dead = newest_dead(home) if run == LATEST else None
        if dead is not None and dead > os.path.basename(path):  # names of runs sort by their start
            tell(f"gatekeeper: run {dead}, which is newer, died before its end: gatekeeper resume --run {dead} makes that go on")
        wanted = _picked(path, jobs) if jobs else ()
        settings = replace(settings, notify=past.notify_of(path))
        return carried_out(settings, here, lambda subscribers, control: here.session.retry(path, wanted, here.environment, subscribers, control))


def _picked(path: str, jobs: list[str]) -> tuple[str, ...]:
    ids = [job.id for job in read_record(path).plan.jobs]
    return tuple(past.pick_job(ids, job) for job in jobs)

