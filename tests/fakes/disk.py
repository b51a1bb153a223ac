"""The disk under a simulated run: a real journal on a file that may grow no further, may not be synced, and may lose its end. And the end of the program.

Knows the journal and what the scenario says of the disk; it does not know what is recorded.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator

from gatekeeper.model.event import Event, RunFinished
from gatekeeper.store.journal import Journal
from tests.fakes.scenario import Crash, DiskFull, Scenario, SyncFails
from tests.fakes.world import must

RUN = "20260101T000000Z-abcdef"


class Died(BaseException):
    """The program was killed, or the machine turned off: no error, and nothing of ours may catch it."""


class Record:
    """The journal of one sitting on a disk that may refuse, and the end of the program. Satisfies `Subscriber`."""

    def __init__(self, path: str, scenario: Scenario, sitting: int, *, again: bool) -> None:
        happenings = [one for one in scenario.happenings if isinstance(one, Crash | DiskFull | SyncFails) and one.sitting == sitting]
        self._path = path
        self._full = next((one for one in happenings if isinstance(one, DiskFull)), None)
        self._unsynced = next((one for one in happenings if isinstance(one, SyncFails)), None)
        self.crash = next((one for one in happenings if isinstance(one, Crash)), None)
        self._number = 0
        self._limit: int | None = None
        self.synced = 0
        self.said: list[str] = []
        self._journal = Journal(path, run_id=RUN, version="1", on_failure=self.said.append, again=again, sync=self._sync)

    def __call__(self, event: Event) -> None:
        self._number += 1
        if self._full is not None and self._number > self._full.event and self._limit is None:
            self._limit = os.path.getsize(self._path) + self._full.room
        now = self.crash is not None and (isinstance(event, RunFinished) if self.crash.event < 0 else self._number > self.crash.event)
        if now and self.crash is not None and not self.crash.after:
            raise Died
        with _room(self._limit):
            self._journal(event)
        if now:
            raise Died

    def close(self) -> None:
        """Ends recording, as the program does, or as the system does for one that died."""
        self._journal.close()

    def check(self) -> None:
        """After a run that came to its end: one complaint at most, and only where there was reason; nothing written is not synced."""
        refuses = self._full is not None or self._unsynced is not None
        must(len(self.said) <= refuses, "the journal complained without reason, or twice", self.said)
        if not self.said:
            must(self.synced == os.path.getsize(self._path), "the end of a run was told before it was on disk")

    def _sync(self, descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        if self._unsynced is not None and self._number > self._unsynced.event:
            raise OSError(5, "Input/output error")
        self.synced = size


@contextlib.contextmanager
def _room(limit: int | None) -> Iterator[None]:
    """No file may grow beyond `limit`: what is written comes through in part, as on a full disk."""
    if limit is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def damage(path: str, crash: Crash) -> None:
    """What is left of the journal: all but a torn end where only the program died, any beginning of it where the machine was turned off."""
    with open(path, "rb") as file:
        lines = file.read().splitlines(keepends=True)
    count = int(crash.kept * len(lines)) if crash.power else len(lines) - (crash.torn > 0)
    following = b"".join(lines[count:count + 1])
    torn = bytes(crash.torn) if crash.zeros else following[:crash.torn]
    with open(path, "wb") as file:
        file.write(b"".join(lines[:count]) + torn)
