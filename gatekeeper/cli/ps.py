"""`gatekeeper ps`: the runs that are under way, in this tree or in all of the user's."""

from __future__ import annotations

import os
from typing import Any

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.live import told, under_way
from gatekeeper.cli.output import show, show_json, tell
from gatekeeper.config.options import Arguments
from gatekeeper.errors import StoreError
from gatekeeper.model.duration import spoken
from gatekeeper.model.redaction import redacted, secret_values
from gatekeeper.store import running


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="List the runs that are under way.")
    def ps(
        *,
        every: bool = typer.Option(False, "--all", "-a", help="Those of all your trees, not only of this one."),
        root: str = past.ROOT,
        json: bool = past.JSON,
    ) -> int:
        _settings, home = past.place(Arguments(path=root), here)
        folders = under_way(home)
        if every:
            folders = tuple(dict.fromkeys((*folders, *reversed(running.under_way(running.registry_of(here.environment))))))
        runs = redacted([_run(folder) for folder in folders], secret_values(here.environment))
        if json:
            show_json({"schema": 1, "runs": runs})
        elif runs:
            show("\n".join(_row(run) for run in runs))
        else:
            tell("no run is under way")
        return 0


def _run(folder: str) -> dict[str, Any]:
    """One run as JSON; of one whose journal cannot be read its id and place alone."""
    run_id = os.path.basename(folder)
    known = {"run_id": run_id, "folder": folder, "root": "", "state": "starting", "overall_progress": 0.0, "seconds": 0.0, "running": [], "waiting": [], "jobs": 0}
    try:
        progress, _ = told(folder)
    except StoreError:
        return known
    return known | {"root": progress.root, "state": progress.state, "overall_progress": round(progress.overall, 3),
                    "seconds": round(progress.seconds, 1), "running": [step.job.id for step in progress.running],
                    "waiting": [step.job.id for step in progress.waiting], "jobs": len(progress.steps)}


def _row(run: dict[str, Any]) -> str:
    jobs = ", ".join(run["running"][:3]) + (f" and {len(run['running']) - 3} more" if len(run["running"]) > 3 else "")
    if not jobs and run["waiting"]:
        jobs = f"to be tried again: {', '.join(run['waiting'][:3])}"
    return f"{run['run_id']}  {run['state']:<9}  {100 * run['overall_progress']:3.0f}%  {spoken(run['seconds']):>7}  {run['root']}  {jobs}".rstrip()
