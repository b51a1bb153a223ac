"""The first steps of every call: what is common goes its way without typer, all else is handed to it.

A signal that would end us ends us with its exit code from here on, so that whatever is open is given back; once all is said and done it ends us on
the spot, because nothing can be caught any more while the interpreter takes itself apart. Knows no runs: those end in an order of their own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Never

#: set by the completion scripts of shells; typer answers them
COMPLETION = "_GATEKEEPER_COMPLETE"
_Handler = Callable[[int, FrameType | None], object]


def main() -> int:
    """Runs the command line of this process and gives its exit code."""
    _lead((signal.SIGTERM, signal.SIGHUP), _end)
    words = sys.argv[1:]
    _open_standard_streams()
    try:
        from gatekeeper.cli.boundary import guarded

        return guarded(lambda: start(words), words, os.environ)
    finally:
        _lead((signal.SIGTERM, signal.SIGHUP, signal.SIGINT), _end_at_once)


def _lead(numbers: Sequence[signal.Signals], handler: _Handler) -> None:
    """Has `handler` take these signals, but for those that our caller wants ignored."""
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end(signum: int, _frame: FrameType | None) -> Never:
    raise SystemExit(128 + signum)


def _end_at_once(signum: int, _frame: FrameType | None) -> Never:
    os._exit(128 + signum)


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
