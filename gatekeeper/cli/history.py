"""`gatekeeper history`: the newest runs of a repository, with their verdicts and times."""

from __future__ import annotations

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, show_json, tell
from gatekeeper.config.options import Arguments
from gatekeeper.errors import UsageError
from gatekeeper.model.document import to_document
from gatekeeper.model.duration import spoken
from gatekeeper.model.status import Status
from gatekeeper.store.history import PastRun, damage, recent

_FAILING = frozenset({Status.FAILED.value, Status.ERRORED.value, Status.TIMED_OUT.value})


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="List the newest runs.")
    def history(
        *,
        count: int = typer.Option(10, "--count", "-n", metavar="N", help="How many."),
        root: str = past.ROOT,
        json: bool = past.JSON,
    ) -> int:
        if count < 1:
            raise UsageError(f"--count: {count} is less than 1")
        _settings, home = past.place(Arguments(path=root), here)
        runs = recent(home, count)
        if (message := damage(home)) is not None:
            tell(f"gatekeeper: {message}")
        if json:
            show_json({"schema": 1, "runs": [to_document(run) for run in runs]})
        elif runs:
            show("\n".join(_row(run) for run in runs))
        else:
            tell("there are no runs yet")
        return 0


def _row(run: PastRun) -> str:
    failing = sum(job.status in _FAILING for job in run.jobs)
    return (f"{run.run_id}  {run.started_at}  {run.outcome:<11}  {spoken(run.seconds):>8}  {run.pipeline}  {run.scope}"
            f"  {len(run.jobs)} jobs, {failing} failed").rstrip()
