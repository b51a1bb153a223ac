"""Reads a journal while it is being written: each look gives the events that came since the last one.

Lines that are not finished are left for the next look; those that this version cannot read are passed over, because whoever watches a run is told what
can be told. Does not know what events mean, nor when the run is over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from gatekeeper.model.document import event_from_document
from gatekeeper.model.event import Event
from gatekeeper.store.atomic import naming


class Follower:
    """The journal at `path`, which may not be there yet. `header` is that of the newest sitting, empty before it is written."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._offset = 0
        self.header: Mapping[str, Any] = {}

    def first(self) -> Mapping[str, Any]:
        """The header of the first sitting: what the run started from. Raises StoreError, and ValueError where it is none."""
        with naming(self._path, "read"), open(self._path, "rb") as file:
            header = json.loads(file.readline())
        if not isinstance(header, dict):
            raise ValueError("it is no header")  # noqa: TRY004  # to the caller a line that cannot be read and one that says nothing are the same
        return header

    def new(self) -> tuple[Event, ...]:
        """The events since the last call, in order. Raises StoreError where the journal cannot be read."""
        events: list[Event] = []
        for line in self._lines():
            try:
                document = json.loads(line)
                if isinstance(document, dict) and "journal" in document:
                    self.header = document
                else:
                    events.append(event_from_document(document))
            except (ValueError, RecursionError):
                continue
        return tuple(events)

    def _lines(self) -> list[bytes]:
        if not os.path.exists(self._path):
            return []
        with naming(self._path, "read"), open(self._path, "rb") as file:
            if os.fstat(file.fileno()).st_size < self._offset:  # cut to be gone on with: what was there is told again
                self._offset = 0
            file.seek(self._offset)
            data = file.read()
        end = data.rfind(b"\n") + 1
        self._offset += end
        return data[:end].split(b"\n")[:-1]

    def moment(self, at: float) -> float | None:
        """Seconds since the epoch of a moment on the monotonic clock of the newest sitting; None where its header does not say."""
        match self.header:
            case {"wall": int() | float() as wall, "monotonic": int() | float() as monotonic}:
                return wall + at - monotonic
            case _:
                return None
