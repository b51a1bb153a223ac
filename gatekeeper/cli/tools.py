"""`gatekeeper tools`: which tools a repository uses, in which version, from where, and what is missing. Runs none of its code."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, show_json
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.model.document import to_document

if TYPE_CHECKING:
    from gatekeeper.provide.inventory import ToolRow
    from gatekeeper.session.equip import Equipment


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="List the tools that a run would use, with versions and places; installs nothing.")
    def tools(
        path: str = typer.Argument(".", metavar="PATH", help="The folder of the repository."),
        *,
        json: bool = typer.Option(False, "--json", help="Write JSON."),
    ) -> int:
        settings = load_settings(Arguments(path=path), here.environment, cwd=here.cwd, names=here.names())
        found = here.session.equipment(settings, here.environment)
        if json:
            show_json(inventory_document(found))
        else:
            show("\n".join(inventory_lines(found)) or "no tools are used here")
        return 0


def inventory_document(found: Equipment) -> dict[str, object]:
    """The inventory as JSON values, schema 1."""
    return {"schema": 1, "tools": [to_document(row) for row in found.tools], "dependencies": [to_document(row) for row in found.dependencies]}


def inventory_lines(found: Equipment) -> Iterator[str]:
    """The inventory for people: what is there, then what is missing and what to do."""
    yield from _table([row for row in found.tools if row.missing is None])
    for row in found.tools:
        if row.missing is not None:
            yield f"{row.tool} is missing for {_listed(row.components)} ({row.status}): {row.missing}"
            yield from [f"    to do: {row.hint}"] if row.hint else []
    for lack in found.dependencies:
        yield f"{lack.component}: its own dependencies are missing: {lack.missing}"
        yield f"    to do: {lack.hint}"


def _table(rows: Sequence[ToolRow]) -> Iterator[str]:
    cells = [(row.tool, row.version or "-", row.source or "-", row.status, _listed(row.components), _place(row)) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(5)] if cells else []
    for row in cells:
        yield "  ".join([*(text.ljust(width) for text, width in zip(row[:5], widths, strict=True)), row[5]]).rstrip()


def _place(row: ToolRow) -> str:
    if row.path is None or os.path.exists(row.path):
        return row.path or ""
    return "(installed when it is first needed)"


def _listed(components: Sequence[str]) -> str:
    return ", ".join(components[:4]) + (f" and {len(components) - 4} more" if len(components) > 4 else "")
