"""`gatekeeper resume`: makes a run go on, whether it was paused or its process died. Knows neither how, nor what may have changed meanwhile."""

from __future__ import annotations

import os

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.run import finish, watched
from gatekeeper.config.options import Arguments
from gatekeeper.errors import UsageError
from gatekeeper.store.home import Home, is_running, run_ids
from gatekeeper.store.runs import find_run


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command("resume", help="Make a run go on that died; repeats nothing that had finished.")
    def resume_(
        *,
        run: str | None = typer.Option(None, "--run", metavar="RUN", help="The id of a run, or the start of one; the newest if not given."),
        root: str = past.ROOT,
        json: bool = past.JSON,
        verbose: bool = typer.Option(False, "--verbose", "-v", help="Show also what is usually left out."),
    ) -> int:
        given = {name: () for name, wished in (("json", json), ("verbose", verbose)) if wished}
        settings, home = past.place(Arguments(path=root, given=given), here)
        path = newest_or(home, run)
        if is_running(path):
            return resume_living(path)
        return finish(watched(settings, here, lambda subscribers, control: here.session.resume(path, here.environment, subscribers, control)), settings, here)


def newest_or(home: Home, wanted: str | None) -> str:
    """Absolute path of the folder of the run that is meant; without a wish the newest, ended or not. Raises UsageError."""
    known = run_ids(home)
    return os.path.join(home.runs, known[0]) if wanted is None and known else find_run(home, wanted or "latest")


def resume_living(path: str) -> int:
    """What `resume` does with a run whose process lives."""
    raise UsageError(f"run {os.path.basename(path)} is still running")
