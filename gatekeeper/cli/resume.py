"""`gatekeeper resume`: makes a run go on, whether it was paused or its process died. Knows neither how, nor what may have changed meanwhile."""

from __future__ import annotations

import os

import typer

from gatekeeper.cli import past
from gatekeeper.cli.control import JOB, REASON, question, wish
from gatekeeper.cli.here import Here
from gatekeeper.cli.live import told, under_way
from gatekeeper.cli.run import carried_out
from gatekeeper.config.options import Arguments
from gatekeeper.errors import UsageError
from gatekeeper.model.value import replace
from gatekeeper.store.home import Home, is_running, run_ids
from gatekeeper.store.runs import died, find_run, newest_dead


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command("resume", help="Make a run go on that was paused or died: repeats nothing that had finished.")
    def resume_(
        job: str | None = JOB,
        *,
        reason: str = REASON,
        run: str | None = typer.Option(None, "--run", metavar="RUN", help="The id of a run, or the start of one; the newest if not given."),
        root: str = past.ROOT,
        json: bool = past.JSON,
        verbose: bool = typer.Option(False, "--verbose", "-v", help="Show also what is usually left out."),
    ) -> int:
        given = {name: () for name, wished in (("json", json), ("verbose", verbose)) if wished}
        settings, home = past.place(Arguments(path=root, given=given), here)
        if job is not None:
            return wish(here, root, run, (question("resume", subject=job, reason=reason),))
        path = meant(home, run)
        if is_running(path):
            return wish(here, root, os.path.basename(path), (question("resume", reason=reason),))
        settings = replace(settings, notify=past.notify_of(path))
        return carried_out(settings, here, lambda subscribers, control: here.session.resume(path, here.environment, subscribers, control))


def meant(home: Home, wanted: str | None) -> str:
    """Absolute path of the folder of the run that is meant; without a wish the one that is paused, else the newest. Raises UsageError.

    Where the newest has ended, an older one that died is named and not taken: what was looked at since may have made it pointless.
    """
    known = run_ids(home)
    if wanted is not None or not known:
        return find_run(home, wanted or "latest")
    paused = next((folder for folder in under_way(home) if told(folder)[0].state == "paused"), None)
    newest = os.path.join(home.runs, known[0])
    if paused is None and not is_running(newest) and not died(newest) and (dead := newest_dead(home)) is not None:
        raise UsageError(f"nothing to resume: the newest run, {known[0]}, has ended", hint=f"an older one died before its end: gatekeeper resume --run {dead}")
    return paused or newest
