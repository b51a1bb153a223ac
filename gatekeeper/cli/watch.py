"""`gatekeeper watch`: shows a run of another process as `run` itself shows it, and ends with it and with its exit code.

Leaving (Ctrl-C) leaves the run alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.live import any_run
from gatekeeper.cli.output import command, error_stream, tell
from gatekeeper.cli.run import show_record
from gatekeeper.cli.status import RUN
from gatekeeper.config.options import Arguments
from gatekeeper.display.choose import Wishes, choose
from gatekeeper.display.fence import fenced
from gatekeeper.errors import StoreError
from gatekeeper.judge.verdict import EXIT_CODES
from gatekeeper.model.event import Event, RunFinished
from gatekeeper.model.redaction import secret_values
from gatekeeper.model.status import Outcome
from gatekeeper.store.follow import Follower
from gatekeeper.store.home import is_running
from gatekeeper.store.journal import FILE
from gatekeeper.store.runs import read_record

_PAUSE = 0.1


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="Follow a run of another terminal, to its end and with its exit code.")
    def watch(
        *,
        run: str | None = RUN,
        root: str = past.ROOT,
        json: bool = typer.Option(False, "--json", help="Write the summary as JSON at the end."),
        quiet: bool = typer.Option(False, "--quiet", "-q", help="Show no progress; of the summary only the verdict and what led to it."),
    ) -> int:
        given = {name: () for name, wished in (("json", json), ("quiet", quiet)) if wished}
        settings, home = past.place(Arguments(path=root, given=given), here)
        folder = any_run(home, run)
        wishes = Wishes(color=settings.color, quiet=quiet, secrets=secret_values(here.environment))
        with fenced(command, here.environment), choose(error_stream(), wishes, here.environment, time.monotonic) as display:
            finish = _followed(folder, display)
        if finish is None:
            name = os.path.basename(folder)
            tell(f"gatekeeper: run {name} died before its end")
            tell(f"hint: gatekeeper resume --run {name} goes on where it was")
            return EXIT_CODES[Outcome.INCOMPLETE]
        try:
            show_record(read_record(folder), settings, here.environment)
        except StoreError as error:  # the run could not write it; its verdict was told all the same
            tell(f"gatekeeper: {error.message}")
        return finish.verdict.exit_code


def _followed(folder: str, display: Callable[[Event], None]) -> RunFinished | None:
    """Shows what the journal tells until the run is over; its last event, or None where it died."""
    follower = Follower(os.path.join(folder, FILE))
    finish = None
    while True:
        alive = is_running(folder)  # asked first: what it wrote last is then read below
        for event in follower.new():
            display(event)
            finish = event if isinstance(event, RunFinished) else finish
        if finish is not None or not alive:
            return finish
        time.sleep(_PAUSE)
