"""A run that is killed at an event of our choosing: `python -P dying_at.py NUMBER[:KIND] ROOT ARG...` as `gatekeeper run ROOT ARG...`.

A subscriber counts the events of the run (of that kind) and ends the process as `kill -9` would when the event with that number (from 1; 0: never) was told. The
journal comes before all others, so that event is recorded. Knows nothing but the seam through which everybody listens.
"""

from __future__ import annotations

import os
import signal
import sys

from gatekeeper.cli.here import installed_names
from gatekeeper.config.lean import parse
from gatekeeper.config.load import load_settings
from gatekeeper.model.event import Event
from gatekeeper.session.run import run


def main(moment: str, words: list[str]) -> int:
    told, (number, _, kind) = 0, moment.partition(":")

    def heard(event: Event) -> None:
        nonlocal told
        told += kind in {"", type(event).__name__}
        if told == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    arguments = parse("run", words)
    assert arguments is not None
    settings = load_settings(arguments, os.environ, cwd=os.getcwd(), names=installed_names())
    record = run(settings, dict(os.environ), [heard])
    sys.stdout.write(f"{told}\n")
    return record.verdict.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
