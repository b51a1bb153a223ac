"""`gatekeeper cache`: how much is kept of earlier results, and removing it. Results belong to the user, not to one repository."""

from __future__ import annotations

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, show_json
from gatekeeper.config.compiled import cache_folder
from gatekeeper.errors import UsageError
from gatekeeper.model.duration import seconds
from gatekeeper.model.wording import count_text, size_text

_UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "B": 1}


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verbs."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Say how much is kept of earlier results, and remove it.")
    app.add_typer(group, name="cache")

    @group.command(help="Say how many results are kept, and how many bytes they take.")
    def size(*, json: bool = past.JSON) -> int:
        from gatekeeper.store.cache import usage

        folder = _folder(here)
        found = usage(folder)
        _tell(folder, found.entries, found.size, "kept", json=json)
        return 0

    @group.command(help="Remove results that were not used for long, then the oldest beyond a size.")
    def prune(
        *,
        older: str = typer.Option("30d", "--older", metavar="TIME", help="Remove what was not used for so long: 30d, 12h."),
        most: str = typer.Option("1GB", "--max", metavar="SIZE", help="Keep at most so much: 500MB, 1GB."),
        json: bool = past.JSON,
    ) -> int:
        from gatekeeper.store.cache import prune as remove

        folder = _folder(here)
        gone = remove(folder, older=_seconds(older), most=_bytes(most))
        _tell(folder, gone.entries, gone.size, "removed", json=json)
        return 0

    @group.command(help="Remove all results.")
    def clear(*, json: bool = past.JSON) -> int:
        from gatekeeper.store.cache import clear as remove

        folder = _folder(here)
        gone = remove(folder)
        _tell(folder, gone.entries, gone.size, "removed", json=json)
        return 0


def _folder(here: Here) -> str:
    folder = cache_folder(here.environment)
    if folder is None:
        raise UsageError("there is no cache folder: neither HOME nor XDG_CACHE_HOME is set")
    return folder


def _tell(folder: str, entries: int, size: int, what: str, *, json: bool) -> None:
    if json:
        show_json({"schema": 1, "folder": f"{folder}/results", "entries": entries, "bytes": size, "what": what})
    else:
        show(f"{folder}/results: {count_text(entries, 'file')}, {size_text(size)} {what}")


def _seconds(text: str) -> float:
    try:
        return seconds(text)
    except ValueError as error:
        raise UsageError(f"--older: {error}") from None


def _bytes(text: str) -> int:
    """`500MB`, `1GB`, `1024` in bytes, in powers of 1024 as sizes are shown."""
    number, factor = text.strip().upper().replace(" ", ""), 1
    for unit, size in _UNITS.items():
        if number.endswith(unit):
            number, factor = number.removesuffix(unit), size
            break
    try:
        found = float(number) * factor
    except ValueError:
        found = -1.0
    if not 0 <= found < 1 << 60:
        raise UsageError(f"--max {text}: not a size (write 500MB or 1GB)")
    return int(found)
