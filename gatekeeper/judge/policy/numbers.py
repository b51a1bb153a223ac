"""What a run measured as a whole, as numbers for reports and trends: coverage, duplication, the most complex function. Only what was looked at."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.judge.policy.ground import Ground
from gatekeeper.model.coverage import percent
from gatekeeper.model.finding import Metric


def numbers(ground: Ground) -> tuple[Metric, ...]:
    """The metrics of the run, sorted by name."""
    return tuple(sorted((*_coverage(ground), *_measured(ground)), key=lambda metric: metric.name))


def _coverage(ground: Ground) -> Iterator[Metric]:
    covered: set[tuple[str, int]] = set()
    missed: set[tuple[str, int]] = set()
    for report in ground.coverage.values():
        for one in report.files.values():
            covered.update((one.file, line) for line in one.covered)
            missed.update((one.file, line) for line in one.missed)
    missed -= covered
    changed = ground.changed
    total = percent(len(covered), len(missed))
    new = percent(sum(changed.touches(*place) for place in covered), sum(changed.touches(*place) for place in missed)) if changed is not None else None
    for name, value in (("coverage.lines", total), ("coverage.changed", new)):
        if value is not None:
            yield Metric(name=name, value=round(value, 2), unit="%")


def _measured(ground: Ground) -> Iterator[Metric]:
    every = [metric for _, result in ground.pairs() if result is not None for metric in result.metrics]
    twice, lines = (sum(metric.value for metric in every if metric.name == name) for name in ("duplication.lines", "duplication.of"))
    if lines:
        yield Metric(name="duplication", value=round(100 * twice / lines, 2), unit="%")
    worst = max((metric for metric in every if metric.name == "complexity"), key=lambda metric: metric.value, default=None)
    if worst is not None:
        yield Metric(name="complexity.max", value=worst.value, file=worst.file, line=worst.line, subject=worst.subject)
