"""The display for programs: every event as one line of JSON. Knows no terminal."""

from __future__ import annotations

import json
from typing import Self

from gatekeeper.display.sink import Sink
from gatekeeper.model.document import event_document
from gatekeeper.model.event import Event
from gatekeeper.model.redaction import redacted
from gatekeeper.model.sanitize import json_inert, json_value


class LinesDisplay:
    """Subscriber that writes JSON lines with the event's class name under `event`, as the journal keeps them."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def __call__(self, event: Event) -> None:
        self._sink.text(event_line(event, self._sink.look.secrets))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to restore."""


def event_line(event: Event, secrets: tuple[str, ...] = ()) -> str:
    """One event as JSON with a newline at its end and none inside, without secrets."""
    document = json_value(event_document(redacted(event, secrets)))
    return json_inert(json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))) + "\n"
