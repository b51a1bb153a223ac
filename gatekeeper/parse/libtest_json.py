"""libtest's JSON events (`--format json`, unstable): `{"type": "test", "event": "ok|failed|ignored|timeout", "name", "exec_time", "stdout", "message"}`.

A test that was started and never ended is an error: its process died. Benchmarks: `{"type": "bench", "name", "median"}` in ns. Recorded from cargo 1.95.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatekeeper.model.finding import Metric, RawOutput, TestCase, TestOutcome
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
        if event.get("type") == "bench" and name is not None:
            started.pop(name, None)
            yield TestCase(name=name, outcome=TestOutcome.PASSED)
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


def metrics(events: Iterable[Json]) -> Iterator[Metric]:
    """What benchmarks measured."""
    for event in events:
        name, median = maybe_text(event.get("name")), maybe_seconds(event.get("median"))
        if event.get("type") == "bench" and name is not None and median is not None:
            yield speed(name, median)


def speed(name: str, nanoseconds: float) -> Metric:
    """One benchmark as a number."""
    return Metric(name="bench", value=nanoseconds, unit="ns/iter", subject=name)


def torn(events: Iterable[Json], tests: Iterable[TestCase]) -> str | None:
    """That the output ends within a suite, unless a test is blamed for it."""
    running = 0
    for event in events:
        if event.get("type") == "suite":
            running += 1 if event.get("event") == "started" else -1
    blamed = any(test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for test in tests)
    return "the output ends before the end of its suite" if running > 0 and not blamed else None
