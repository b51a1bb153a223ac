"""The first steps of every call: what is common goes its way without typer, all else is handed to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

#: set by the completion scripts of shells; typer answers them
COMPLETION = "_GATEKEEPER_COMPLETE"


def main() -> int:
    """Runs the command line of this process and gives its exit code."""
    words = sys.argv[1:]
    _open_standard_streams()
    from gatekeeper.cli.boundary import guarded

    return guarded(lambda: start(words), words, os.environ)


def start(words: Sequence[str]) -> int:
    """Does what the words say. Raises GatekeeperError for what people can mend."""
    match list(words):
        case ["run" | "plan" as verb, *rest] if COMPLETION not in os.environ:
            return _lean(verb, rest)
        case _:
            return _typer(words)


def _open_standard_streams() -> None:
    """Gives streams that the caller closed a place: else the next file we open would take their number, and be written into."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _lean(verb: str, rest: Sequence[str]) -> int:
    from gatekeeper.config.lean import parse

    arguments = parse(verb, rest)
    if arguments is None:
        return _typer((verb, *rest))
    from gatekeeper.cli.here import here
    from gatekeeper.cli.run import perform

    return perform(verb, arguments, here())


def _typer(words: Sequence[str]) -> int:
    from gatekeeper.cli.app import call
    from gatekeeper.cli.here import here

    return call(words, here())
