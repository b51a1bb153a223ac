"""`gatekeeper trace`: the journal of a run as a trace for Perfetto or chrome://tracing."""

from __future__ import annotations

import os

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show_bytes, tell
from gatekeeper.config.options import Arguments
from gatekeeper.model.redaction import redacted, secret_values
from gatekeeper.model.sanitize import json_bytes
from gatekeeper.report.trace import trace_document
from gatekeeper.store.atomic import write_bytes
from gatekeeper.store.journal import FILE, read_journal
from gatekeeper.store.runs import find_run


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="Write a run as a trace for Perfetto, also one that runs or died.")
    def trace(
        *,
        run: str = past.RUN,
        root: str = past.ROOT,
        output: str | None = typer.Option(None, "--output", "-o", metavar="FILE", help="Where to; standard output if not given."),
    ) -> int:
        _settings, home = past.place(Arguments(path=root), here)
        recorded = read_journal(os.path.join(find_run(home, run), FILE))
        document = trace_document(recorded.run_id, [(sitting.header, sitting.events) for sitting in recorded.sittings])
        data = json_bytes(redacted(document, secret_values(here.environment)), indent=1)
        if output is None:
            show_bytes(data)
        else:
            path = os.path.join(here.cwd, output)
            write_bytes(path, data)
            tell(f"{path}: open it in ui.perfetto.dev or chrome://tracing")
        return 0
