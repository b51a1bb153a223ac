"""Where the time of a run went, for people: one line for the summary, and all of it for those who ask. Knows no stream."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.display.spans import Line, Look, dim, line, strong
from gatekeeper.display.trend import sparkline
from gatekeeper.model.duration import spoken
from gatekeeper.model.result import RunRecord, Saving, Step, Timings

_SHOWN = 12


def timing_line(record: RunRecord) -> Line | None:
    """What to know of the time in one line; None where nothing ran, or only one job did."""
    timings = record.timings
    if timings is None or len(timings.slowest) < 2:
        return None
    parts = [f"{spoken(timings.job_seconds)} of work in {spoken(record.wall_seconds)}"]
    parts += [f"the run waited for {_chain(timings.path)}"] if timings.path else []
    parts += [_saving(timings.savings[0])] if timings.savings else []
    return line(dim(f"time: {'; '.join(parts)}"))


def _chain(path: tuple[Step, ...]) -> str:
    named = sorted(path, key=lambda step: -step.seconds)[:2]
    names = " and ".join(f"{step.job} ({spoken(step.seconds)})" for step in path if step in named)
    return f"{names} and {len(path) - len(named)} more" if len(path) > len(named) else names


def _saving(saving: Saving) -> str:
    return f"without {saving.job} about {spoken(saving.seconds)} less"


def timing_lines(record: RunRecord, look: Look) -> Iterator[Line]:
    """All of it: sums, the chain that the run waited for, what would have spared time, the slowest jobs."""
    timings = record.timings
    if timings is None or not timings.slowest:
        yield line(f"run {record.run_id}: no job ran, so none took time")
        return
    yield line(strong(f"run {record.run_id} took {spoken(record.wall_seconds)}"), dim(f"  planned: {spoken(record.plan.estimated_seconds)}"))
    yield from (line(f"  {text}") for text in _sums(record, timings))
    yield ()
    yield line(strong("What it waited for"), dim("  each job started when the one before it ended"))
    steps = timings.path if look.verbose else timings.path[-_SHOWN:]
    if len(steps) < len(timings.path):
        yield line(dim(f"  {len(timings.path) - len(steps)} before them; --verbose shows all"))
    for step in steps:
        why = {"need": "needed the one before", "room": "waited for room"}.get(step.after, "")
        later = f", {spoken(step.waited)} later" if step.waited >= 0.1 else ""
        yield line(f"  {spoken(step.seconds):>8}  {step.job}", dim(f"  {why}{later}" if why else ""))
    if timings.savings:
        yield ()
        yield line(strong("What would have spared time"), dim("  an estimate: the same order and places"))
        yield from (line(f"  {spoken(saving.seconds):>8}  less without {saving.job}") for saving in timings.savings)
    yield ()
    yield line(strong("Slowest jobs"))
    bars = sparkline([seconds for _, seconds in timings.slowest], unicode=look.unicode)
    yield from (line(f"  {spoken(seconds):>8}  {bar}  {job}") for (job, seconds), bar in zip(timings.slowest, bars, strict=True))


def _sums(record: RunRecord, timings: Timings) -> Iterator[str]:
    if timings.speed_up is not None:
        yield f"{spoken(timings.job_seconds)} of work, {timings.speed_up:.1f} times as fast as one job after the other"
    if timings.cores_used is not None:
        yield f"{spoken(timings.cpu_seconds)} of CPU, {timings.cores_used:.1f} of {record.plan.pool_size} cores busy"
    if timings.jobs_per_minute is not None:
        yield f"{timings.jobs_per_minute:.0f} jobs a minute"
    yield f"the longest chain of needs takes {spoken(timings.longest_chain_seconds)}: more cores cannot make the run shorter than that"
