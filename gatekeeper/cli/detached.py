"""The process of a detached run: carries it out in the folder that was made for it, and says when it has begun. Started by `cli.detach`, never imported.

    python -P -m gatekeeper.cli.detached FOLDER LOCK COUNT WORD... READY

LOCK and READY are descriptors that it was given: the lock of the folder, and the pipe to say on that the run has begun.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence

from gatekeeper.cli.boundary import guarded
from gatekeeper.cli.here import InstalledSession, here
from gatekeeper.cli.run import perform
from gatekeeper.config.lean import parse
from gatekeeper.errors import UsageError
from gatekeeper.execute.control import Control
from gatekeeper.model.event import Event, RunStarted
from gatekeeper.model.ports import Subscriber
from gatekeeper.model.result import RunRecord
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import replace
from gatekeeper.store.home import RunFolder


class DetachedSession(InstalledSession):
    """The session of the installed program, whose runs go into a folder that is there already."""

    def __init__(self, folder: RunFolder, ready: int) -> None:
        self._folder, self._ready = folder, ready

    def run(self, settings: Settings, environment: Mapping[str, str], subscribers: Sequence[Subscriber], control: Control) -> RunRecord:
        from gatekeeper.session.run import run

        return run(settings, environment, (*subscribers, self._announce), control, folder=self._folder)

    def _announce(self, event: Event) -> None:
        """From the first event on there is a run to watch: whoever started us may leave."""
        if isinstance(event, RunStarted) and self._ready >= 0:
            with contextlib.suppress(OSError):  # it has left already
                os.write(self._ready, b"begun\n")
            os.close(self._ready)
            self._ready = -1


def main() -> int:
    """Carries the run out and gives its exit code."""
    path, lock, count, *rest = sys.argv[1:]
    words, ready = rest[:int(count)], int(rest[int(count)])
    for number in (int(lock), ready):
        os.set_inheritable(number, False)
    folder = RunFolder.taken_over(path, int(lock))
    return guarded(lambda: _run(words, folder, ready), words, os.environ)


def _run(words: Sequence[str], folder: RunFolder, ready: int) -> int:
    arguments = parse("run", words)
    if arguments is None:
        raise UsageError(f"the words of a detached run make no sense: {words}")
    return perform("run", arguments, replace(here(), session=DetachedSession(folder, ready)))


if __name__ == "__main__":
    sys.exit(main())
