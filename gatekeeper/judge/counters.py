"""The six counters of each batch and the time that it took, from the plan and the results so far. Does not know clocks, display or report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Counters, Result
from gatekeeper.model.status import Status

#: the counter in which each status is counted
BUCKETS: Mapping[Status, str] = {
    Status.PENDING: "pending",
    Status.QUEUED: "pending",
    Status.RUNNING: "running",
    Status.PAUSED: "running",
    Status.PASSED: "completed",
    Status.FAILED: "failed",
    Status.ERRORED: "failed",
    Status.TIMED_OUT: "failed",
    Status.UNMEASURED: "unmeasured",
    Status.UNAVAILABLE: "unavailable",
    Status.BLOCKED: "blocked",
    Status.NOT_RUN: "blocked",
    Status.CANCELLED: "cancelled",
    Status.SKIPPED: "skipped",
}


def counters(plan: Plan, results: Iterable[Result], running: Collection[str] = ()) -> Mapping[str, Counters]:
    """Counters by batch id, in plan order, batches without jobs included; `running` are ids of jobs that have started and not ended."""
    statuses = {result.job: result.status for result in results}
    buckets: dict[str, Counter[str]] = {batch.id: Counter() for batch in plan.batches}
    for job in plan.jobs:
        status = statuses.get(job.id, Status.RUNNING if job.id in running else Status.PENDING)
        buckets.setdefault(job.batch, Counter())[BUCKETS[status]] += 1
    return {batch: Counters(total=bucket.total(), **bucket) for batch, bucket in buckets.items()}


def total(parts: Iterable[Counters]) -> Counters:
    """The sum of several batches."""
    sums: Counter[str] = Counter()
    for part in parts:
        for name in NAMES:
            sums[name] += getattr(part, name)
    return Counters(**sums)


def batch_seconds(plan: Plan, results: Sequence[Result]) -> tuple[tuple[str, float], ...]:
    """Wall seconds of each batch, from its first start to its last end; what an earlier run did is not counted."""
    batch_of = {job.id: job.batch for job in plan.jobs}
    spans: dict[str, list[float]] = {}
    for result in results:
        for attempt in result.attempts if not result.held_from else ():
            spans.setdefault(batch_of[result.job], []).extend((attempt.started, attempt.started + attempt.wall_seconds))
    return tuple((batch.id, round(max(spans[batch.id]) - min(spans[batch.id]), 3)) for batch in plan.batches if batch.id in spans)


#: the six, in the order in which they are shown, and the four that stand apart
SIX = ("total", "completed", "running", "failed", "blocked", "pending")
APART = ("unmeasured", "unavailable", "cancelled", "skipped")
NAMES = SIX + APART


def apart_text(part: Counters) -> str:
    """`1 unmeasured, 2 unavailable`; empty where nothing stands apart."""
    return ", ".join(f"{getattr(part, name)} {name}" for name in APART if getattr(part, name))
