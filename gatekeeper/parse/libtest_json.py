"""libtest's JSON events (`--format json`, unstable): `{"type": "test", "event": "ok|failed|ignored|timeout", "name", "exec_time", "stdout", "message"}`.

A test that was started and never ended is an error: its process died. Recorded from cargo 1.95.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatekeeper.model.finding import RawOutput, TestCase, TestOutcome
from gatekeeper.parse.document import Json, maybe_seconds, maybe_text
from gatekeeper.parse.rust_case import Told, rust_case

_OUTCOMES = {"ok": TestOutcome.PASSED, "failed": TestOutcome.FAILED, "ignored": TestOutcome.SKIPPED}


def cases(raw: RawOutput, events: Iterable[Json]) -> Iterator[TestCase]:
    """The tests that these events tell of, in the order in which they ended."""
    started: dict[str, None] = {}
    for event in events:
        name, kind = maybe_text(event.get("name")), event.get("event")
        if event.get("type") == "suite":
            yield from _unfinished(started)
        if event.get("type") != "test" or name is None:
            continue
        outcome = _OUTCOMES.get(kind) if isinstance(kind, str) else None
        if kind == "started":
            started[name] = None
        elif outcome is not None:
            started.pop(name, None)
            yield rust_case(raw, name, outcome, Told(message=maybe_text(event.get("message")), seconds=maybe_seconds(event.get("exec_time")),
                                                                detail=(maybe_text(event.get("stdout")) or "")))
    yield from _unfinished(started)


def _unfinished(started: dict[str, None]) -> Iterator[TestCase]:
    for name in started:
        yield TestCase(name=name, outcome=TestOutcome.ERROR, message="the test process ended while this test ran")
    started.clear()
