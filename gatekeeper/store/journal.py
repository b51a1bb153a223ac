"""The journal of a run: every event as one JSON line, appended as it happens.

First line, the header: `{"journal": "gatekeeper", "schema": 1, "version", "run_id", "wall", "monotonic", ...}`, two clocks at one moment and what the
run starts from (`beginning`: the session says what that is). Then events (`model.document.event_document`). `RunFinished` is the last line of a journal that is whole, and says
that every job that `RunStarted` announced has finished. A run that is resumed goes on in the same file with a header and a `RunStarted` of its
own: each such part is a *sitting*, the last one tells the ends of all jobs of the run.

Everything is written at once, so a killed process loses nothing; what lies in the memory of the machine is synced in groups
(`store.syncing`), asked for at each end of a job and each word of a person: a machine that is turned off loses at most what was told while the last
sync was under way, a few milliseconds, and nothing of a run whose end was told. What jobs printed is not synced; their findings are in the journal.
Recording never fails a run: after the first failure nothing more is written and one notice is given. Does not know what events mean.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from gatekeeper.errors import StoreError
from gatekeeper.model.document import event_document, event_from_document
from gatekeeper.model.event import Event, Intervened, JobFinished, RunFinished, RunStarted, VerdictReached
from gatekeeper.model.value import dataclass, field
from gatekeeper.store.atomic import naming
from gatekeeper.store.syncing import Sync, Syncing, to_disk

SCHEMA = 1
FILE = "journal.jsonl"
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class Journal:
    """Writes the journal of one run; call it with every event (`model.ports.Subscriber`).

    `more` goes into the header. `again`: the run goes on in the journal that it has; what was torn off at its end is cut away first.
    """

    def __init__(self, path: str, *, run_id: str, version: str, on_failure: Callable[[str], None], more: Mapping[str, Any] | None = None,
                 again: bool = False, sync: Sync = to_disk) -> None:
        self._path = path
        self._on_failure = on_failure
        self._descriptor = -1
        self._syncing: Syncing | None = None
        try:
            self._descriptor = os.open(path, _APPENDING if again else _APPENDING | os.O_CREAT | os.O_EXCL, 0o644)
            if again:
                os.ftruncate(self._descriptor, _sound(path))
            self._syncing = Syncing(self._descriptor, sync)
        except OSError as error:
            self._fail(error)
        self._write({"journal": "gatekeeper", "schema": SCHEMA, "version": version, "run_id": run_id,
                     "wall": round(time.time(), 6), "monotonic": round(time.monotonic(), 6), **(more or {})})

    def __call__(self, event: Event) -> None:
        self._write(event_document(event))
        if self._syncing is not None and isinstance(event, RunStarted | JobFinished | Intervened | VerdictReached | RunFinished):
            self._syncing.ask()

    def close(self) -> None:
        """Ends recording once all is on disk; a second call does nothing."""
        if self._syncing is not None:
            syncing, self._syncing = self._syncing, None
            syncing.finish()
            if syncing.error is not None:
                self._fail(syncing.error)
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, document: dict[str, Any]) -> None:
        if self._syncing is None:
            return
        line = memoryview((json.dumps(document, separators=(",", ":"), allow_nan=False) + "\n").encode())
        try:
            if self._syncing.error is not None:
                raise self._syncing.error
            while line:
                line = line[os.write(self._descriptor, line):]
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if self._syncing is not None:
            self._syncing.error = error
            self._syncing.finish()
            self._syncing = None
        self.close()
        self._on_failure(f"{self._path}: the journal cannot be written any more ({error.strerror or error}); this run cannot be resumed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One part of a journal: what one process recorded. `header` is its first line."""

    header: Mapping[str, Any]
    events: tuple[Event, ...] = ()

    @property
    def started(self) -> RunStarted | None:
        """The announcement of its jobs."""
        return next((event for event in self.events if isinstance(event, RunStarted)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A journal as read, up to the first damage. `damaged_line`: 1-based line that could not be read."""

    run_id: str
    version: str
    sittings: tuple[Sitting, ...] = field(default=())
    damaged_line: int | None = None

    @property
    def events(self) -> tuple[Event, ...]:
        """Those of the last sitting that came as far as to announce its jobs (of the last one where none did): they tell the whole run."""
        return next((sitting.events for sitting in reversed(self.sittings) if sitting.started is not None), self.sittings[-1].events)

    @property
    def whole(self) -> bool:
        """Whether the run came to its end: the last line says so, and no job that was announced is missing."""
        last = self.sittings[-1]
        if self.damaged_line is not None or not last.events or not isinstance(last.events[-1], RunFinished):
            return False
        ended = {event.job for event in last.events if isinstance(event, JobFinished)}
        return last.started is not None and all(job.id in ended for job in last.started.plan.jobs)


def read_journal(path: str) -> Recorded:
    """What the journal at `path` says. Raises StoreError when there is none, or it is of a newer Gatekeeper."""
    with naming(path, "read"), open(path, "rb") as file:
        lines = file.read().split(b"\n")
    header = _header(path, lines[0])
    parts: list[tuple[dict[str, Any], list[Event]]] = [(header, [])]
    damaged: int | None = None
    # what follows the last newline was torn off while it was written
    for number, line in enumerate(lines[1:-1], 2):
        try:
            document = json.loads(line)
            if isinstance(document, dict) and "journal" in document:
                parts.append((_header(path, line), []))
            else:
                parts[-1][1].append(event_from_document(document))
        except (ValueError, RecursionError, StoreError):
            damaged = number
            break
    if damaged is None and lines[-1]:
        damaged = len(lines)
    return Recorded(run_id=str(header.get("run_id", "")), version=str(header.get("version", "")), damaged_line=damaged,
                    sittings=tuple(Sitting(header=each, events=tuple(events)) for each, events in parts))


def _header(path: str, line: bytes) -> dict[str, Any]:
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or header.get("journal") != "gatekeeper":
        raise StoreError(f"{path}: line 1: is no journal of Gatekeeper")
    if header.get("schema") != SCHEMA:
        raise StoreError(f"{path}: line 1: schema {header.get('schema')!r} is not known", hint=f"it was written by Gatekeeper {header.get('version', '?')}")
    return header


def _sound(path: str) -> int:
    """How many bytes of a journal can be read: all up to the first line that is damaged."""
    try:
        damaged = read_journal(path).damaged_line
    except StoreError as error:
        raise OSError(error.message) from error
    with open(path, "rb") as file:
        data = file.read()
    if damaged is None:
        return len(data)
    place = 0
    for _ in range(damaged - 1):
        place = data.index(b"\n", place) + 1
    return place
