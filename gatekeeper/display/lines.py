"""The events of a run for programs: each as one line of JSON, with a few lines of our own between them. Knows no stream.

A line has the event's class name under `event`, its fields (as the journal keeps them), `run_id`, `time` (UTC) and, where it has one, the `kind` that older
orchestrators call it by:

    RunStarted      execution:start       before everything else of the run
    BatchStarted    phase:start           before the first job of a batch starts (or ends without a start)
    BatchFinished   phase:complete        after its last job ended; phase:failed where one of them failed
    RunTimedOut     execution:timeout     once, when the time of the whole run is up
    RunFinished     execution:complete    the last line of a run that came to its verdict, whatever it is
    RunFailed       execution:error       the last line of one that did not: `error` says why
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from gatekeeper.display.view import BatchView, View, advance
from gatekeeper.model.document import event_document, to_document
from gatekeeper.model.event import Event, JobFinished, JobStarted, RunFinished, RunStarted
from gatekeeper.model.redaction import redact, redacted
from gatekeeper.model.sanitize import json_inert, json_value
from gatekeeper.model.status import Cause

Clock = Callable[[], datetime]
_KINDS: dict[type[Any], str] = {RunStarted: "execution:start", RunFinished: "execution:complete"}
_RUN_IS_OVER_TIME = "the run reached its timeout"


class EventLines:
    """Turns the events of one run into lines, in order."""

    def __init__(self, secrets: tuple[str, ...] = (), clock: Clock = lambda: datetime.now(UTC)) -> None:
        self._secrets = secrets
        self._clock = clock
        self._view = View()
        self._begun: set[str] = set()
        self._timed_out = False

    def lines(self, event: Event) -> str:
        """What this event adds: one line or more, each ended by a newline."""
        self._view = advance(self._view, event)
        return "".join(self._line(document) for document in self._documents(event))

    def failure(self, error: str) -> str:
        """The last line of a run that came to no verdict."""
        return self._line({"event": "RunFailed", "kind": "execution:error", "error": redact(error, self._secrets)})

    def _documents(self, event: Event) -> Iterator[dict[str, Any]]:
        batch = self._batch(event)
        if batch is not None and batch.id not in self._begun:
            self._begun.add(batch.id)
            yield {"event": "BatchStarted", "kind": "phase:start", "at": event.at, "batch": batch.id, "title": batch.title}
        if self._is_timeout(event):
            self._timed_out = True
            yield {"event": "RunTimedOut", "kind": "execution:timeout", "at": event.at}
        kind = _KINDS.get(type(event))
        yield ({"kind": kind} if kind else {}) | event_document(redacted(event, self._secrets))
        if batch is not None and isinstance(event, JobFinished) and batch.over:
            yield {"event": "BatchFinished", "kind": "phase:failed" if batch.counters.failed else "phase:complete", "at": event.at, "batch": batch.id,
                   "title": batch.title, "seconds": batch.seconds, "counters": to_document(batch.counters)}

    def _batch(self, event: Event) -> BatchView | None:
        job = self._view.jobs.get(event.job) if isinstance(event, JobStarted | JobFinished) else None
        return self._view.batch(job.batch) if job is not None else None

    def _is_timeout(self, event: Event) -> bool:
        return (not self._timed_out and isinstance(event, JobFinished) and event.result.cause is Cause.BUDGET
                and event.result.message.startswith(_RUN_IS_OVER_TIME))

    def _line(self, document: dict[str, Any]) -> str:
        moment = self._clock().isoformat(timespec="milliseconds")
        whole = {"event": document["event"], "run_id": self._view.run_id, "time": moment} | document
        return json_inert(json.dumps(json_value(whole), ensure_ascii=True, allow_nan=False, separators=(",", ":"))) + "\n"
