"""The reports that were asked for (`--report FORMAT[=PATH]`): read and made room for before anything runs. Writes none of them."""

from __future__ import annotations

import os

from gatekeeper.errors import UsageError
from gatekeeper.report.formats import format_of


def requested(reports: tuple[str, ...]) -> tuple[tuple[str, str | None], ...]:
    """`FORMAT[=PATH]` as pairs. Raises UsageError for an unknown format, before anything ran."""
    pairs = []
    for text in reports:
        name, equals, path = text.partition("=")
        format_of(name)
        if equals and not path:
            raise UsageError(f"--report {text}: a path is missing after `=`")
        pairs.append((name, path or None))
    return tuple(pairs)


def make_room(reports: tuple[str, ...]) -> None:
    """Makes the folders that reports are to be written to. Raises UsageError where that cannot be, before anything ran."""
    for name, path in requested(reports):
        if path is None:
            continue
        place, full = f"--report {name}={path}", os.path.abspath(path)
        if os.path.isdir(full):
            raise UsageError(f"{place}: is a folder", hint=f"name a file in it: {os.path.join(path, format_of(name).file)}")
        if os.path.exists(full) and not os.path.isfile(full):  # the file is replaced, which a device or pipe would not survive
            raise UsageError(f"{place}: is no plain file", hint=f"{'--json writes the summary' if name == 'json' else 'only --json writes'} to standard output")
        folder = os.path.dirname(full)
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{place}: its folder cannot be made: {error.strerror}") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UsageError(f"{place}: its folder cannot be written", hint="check the permissions of that folder")
