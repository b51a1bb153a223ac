"""The display for pipes, CI logs and dumb terminals: one line when a job ends, failures with their excerpt as they come.

Also ends of batches with the six counters, notices, and the verdict as soon as it is decided. Nothing is ever overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from gatekeeper.display.sink import Sink
from gatekeeper.display.spans import Line, Look, dim, line, padded, strong, warn
from gatekeeper.display.view import BatchView, View, advance
from gatekeeper.display.words import (
    FAILED,
    NOT_MEASURED,
    WORD_WIDTH,
    counters_text,
    detail_lines,
    result_line,
    standing_still,
    verdict_span,
    wish_text,
)
from gatekeeper.model.duration import spoken
from gatekeeper.model.event import (
    Event,
    Intervened,
    JobFinished,
    JobPaused,
    JobResumed,
    Notice,
    Pressure,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    VerdictReached,
)
from gatekeeper.model.plan import Plan
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.wording import count_text

#: wishes that come true as events of their own
_SAID_BY_OTHERS = frozenset({"pause", "resume"})


class PlainDisplay:
    """Subscriber that writes lines; usable in `with`, like every display."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._view = View()

    def __call__(self, event: Event) -> None:
        before, self._view = self._view, advance(self._view, event)
        self._sink.lines(event_lines(before, self._view, event, self._sink.look))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to restore."""


def event_lines(before: View, after: View, event: Event, look: Look) -> Iterator[Line]:
    """The lines that tell of one event, given the views around it."""
    match event:
        case RunStarted() if not look.quiet:
            yield head_line(event.run_id, event.plan)
        case JobFinished() if event.job in after.jobs:
            yield from _job_lines(after, event, look)
            yield from _batch_lines(before, after, look)
        case RunPaused() | RunResumed() | JobPaused() | JobResumed() | Intervened() | Pressure():
            yield from _standing_lines(before, event, look)
        case Notice():
            about = f" ({event.job})" if event.job and event.job not in event.message else ""
            yield line(warn(padded("note", WORD_WIDTH)), f" {event.message}{about}")
        case VerdictReached() if after.counters.pending + after.counters.running and not (look.quiet and event.verdict.outcome is Outcome.PASS):
            whole = after.counters
            yield line(strong(padded("verdict", WORD_WIDTH)), " ", verdict_span(event.verdict), f" after {spoken(event.at - after.started)}: ",
                       event.verdict.message, dim(f" ({count_text(whole.pending + whole.running, 'job')} still to end)"))
        case RunFinished() if not look.quiet:
            yield line(strong(padded("all", WORD_WIDTH)), f" {counters_text(after.counters)} in {spoken(event.wall_seconds)}")
        case _:
            pass


def _standing_lines(before: View, event: RunPaused | RunResumed | JobPaused | JobResumed | Intervened | Pressure, look: Look) -> Iterator[Line]:
    """What stands still, what people changed, and what the machine asks for."""
    match event:
        case RunPaused():
            yield line(warn(padded("paused", WORD_WIDTH)), f" the run{standing_still(event.reason).removeprefix('paused')}")
        case RunResumed():
            yield line(strong(padded("resumed", WORD_WIDTH)), " the run")
        case JobPaused() if not before.paused:
            yield line(warn(padded("paused", WORD_WIDTH)), f" {event.job}{standing_still(event.reason).removeprefix('paused')}")
        case JobResumed() if not before.paused:
            yield line(strong(padded("resumed", WORD_WIDTH)), f" {event.job}")
        case Intervened() if event.action not in _SAID_BY_OTHERS:
            yield line(strong(padded("changed", WORD_WIDTH)), f" {wish_text(event)}")
        case Pressure() if look.verbose or _is_news(before, event):
            # a machine that is full of our own jobs is no reason to wait: the number alone does not say it
            comes = f" at {event.value:.0f} %, limit {event.limit:.0f} %: little starts until there is room" if event.held else ": there is room again"
            yield line(warn(padded("load", WORD_WIDTH)), f" {event.resource}{comes}")
        case _:
            pass


def _is_news(before: View, event: Pressure) -> bool:
    """Told once each way, for on a busy machine it comes and goes; of room only where it was told that there was none."""
    return event.resource not in before.short if event.held else event.resource in before.short - before.eased


def head_line(run_id: str, plan: Plan) -> Line:
    """Run id, totals and limits."""
    return line(strong(f"Gatekeeper {run_id}"), f"  pipeline {plan.pipeline}, {plan.scope}; {count_text(len(plan.jobs), 'job')}, at most {plan.pool_size} at once, "
                f"within {spoken(plan.timeout)}")


def _job_lines(view: View, event: JobFinished, look: Look) -> Iterator[Line]:
    job, result = view.jobs[event.job], event.result
    failing = result.status in FAILED
    if look.quiet and not (failing and job.blocking):
        return
    if result.status is Status.SKIPPED and not look.verbose:
        return
    yield result_line(job, result)
    if failing and (job.blocking or look.verbose) and not look.quiet:
        yield from detail_lines(job, result)
    elif result.hint and result.status in NOT_MEASURED:
        yield line("    ", dim("to do:  "), result.hint)


def _batch_lines(before: View, after: View, look: Look) -> Iterator[Line]:
    for was, batch in zip(before.batches, after.batches, strict=True):
        if batch.over and not was.over and not look.quiet:
            yield batch_line(batch)


def batch_line(batch: BatchView) -> Line:
    """`batch  beta Language validation: total 9 ... in 12.3s`, with the target where it was missed."""
    took = batch.seconds
    missed = batch.target is not None and took is not None and took > batch.target
    return line(strong(padded("batch", WORD_WIDTH)), f" {padded(batch.id, 6)} {batch.title}: {counters_text(batch.counters)}{f' in {spoken(took)}' if took is not None else ''}",
                warn(f", target of {spoken(batch.target or 0)} missed") if missed else "")
