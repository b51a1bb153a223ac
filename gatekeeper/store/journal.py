"""The journal of a run: every event as one JSON line, appended as it happens.

First line: `{"journal": "gatekeeper", "schema": 1, "version", "run_id"}`. Then events (`model.document.event_document`).
`RunFinished` is the last line of a journal that is whole. Synced to disk whenever a job has finished. Recording never
fails a run: after the first failure nothing more is written and one notice is given. Does not know what events mean.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gatekeeper.errors import StoreError
from gatekeeper.model.document import event_document, event_from_document
from gatekeeper.model.event import Event, JobFinished, RunFinished, RunStarted, VerdictReached
from gatekeeper.store.atomic import naming

SCHEMA = 1
FILE = "journal.jsonl"


class Journal:
    """Writes the journal of one run; call it with every event (`model.ports.Subscriber`)."""

    def __init__(self, path: str, *, run_id: str, version: str, on_failure: Callable[[str], None]) -> None:
        self._path = path
        self._on_failure = on_failure
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError as error:
            self._fail(error)
        self._write({"journal": "gatekeeper", "schema": SCHEMA, "version": version, "run_id": run_id})

    def __call__(self, event: Event) -> None:
        self._write(event_document(event))
        if isinstance(event, RunStarted | JobFinished | VerdictReached | RunFinished):
            self._sync()

    def close(self) -> None:
        """Ends recording; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, document: dict[str, Any]) -> None:
        if self._descriptor < 0:
            return
        line = memoryview((json.dumps(document, separators=(",", ":"), allow_nan=False) + "\n").encode())
        try:
            while line:
                line = line[os.write(self._descriptor, line):]
        except OSError as error:
            self._fail(error)

    def _sync(self) -> None:
        if self._descriptor < 0:
            return
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.close()
        self._on_failure(f"{self._path}: the journal cannot be written any more ({error.strerror or error}); this run cannot be resumed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A journal as read: the events up to the first damage. `whole`: it ends with RunFinished; `damaged_line`: 1-based line that could not be read."""

    run_id: str
    version: str
    events: tuple[Event, ...]
    whole: bool
    damaged_line: int | None = None


def read_journal(path: str) -> Recorded:
    """What the journal at `path` says. Raises StoreError when there is none, or it is of a newer Gatekeeper."""
    with naming(path, "read"), open(path, "rb") as file:
        lines = file.read().split(b"\n")
    header = _header(path, lines[0])
    events: list[Event] = []
    damaged: int | None = None
    # what follows the last newline was torn off while it was written
    for number, line in enumerate(lines[1:-1], 2):
        try:
            events.append(event_from_document(json.loads(line)))
        except (ValueError, RecursionError):
            damaged = number
            break
    if damaged is None and lines[-1]:
        damaged = len(lines)
    return Recorded(run_id=str(header.get("run_id", "")), version=str(header.get("version", "")), events=tuple(events),
                    whole=damaged is None and bool(events) and isinstance(events[-1], RunFinished), damaged_line=damaged)


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


