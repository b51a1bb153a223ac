"""The charts of the HTML report: severity by component, time by job. Each is a table with a bar in every row, so that the numbers are there for all.

Bars are inline SVG without text, hidden from screen readers, which read the numbers beside them. Knows no page and no colours.
"""

from __future__ import annotations

from collections import Counter

from gatekeeper.model.duration import spoken
from gatekeeper.model.finding import Severity, State
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result, RunRecord
from gatekeeper.report.html_text import Cell, Column, cell, code, number, table, tag

MOST_BARS = 60
_WIDTH = 1000


def severity_chart(record: RunRecord) -> str:
    """Findings by component and severity, the component with the gravest first; suppressed ones are not counted."""
    counted: dict[str, Counter[Severity]] = {}
    for job, result in record.pairs():
        for finding in result.findings:
            if finding.state is not State.SUPPRESSED:
                counted.setdefault(job.component or "(repository)", Counter())[finding.severity] += 1
    ordered = sorted(counted.items(), key=lambda item: ([-item[1][severity] for severity in Severity], item[0]))
    most = max((part.total() for part in counted.values()), default=0)
    columns = [Column(title="component"), Column(title="share", wide=True), *(Column(title=str(severity), number=True) for severity in Severity),
               Column(title="all", number=True)]
    rows = [[cell(code(name)), cell(_stack([(str(severity), part[severity]) for severity in Severity], most), part.total()),
             *(number(part[severity]) for severity in Severity), number(part.total())] for name, part in ordered[:MOST_BARS]]
    left = f'<p class="note">{len(ordered) - MOST_BARS} more components are in summary.json.</p>' if len(ordered) > MOST_BARS else ""
    return table("Findings by component and severity", columns, rows) + left if rows else ""


def time_chart(record: RunRecord) -> str:
    """When each job ran and for how long, in the order in which they began; the longest where there are many."""
    ran = [(job, result) for job, result in record.pairs() if result.attempts and result.wall_seconds > 0]
    longest = sorted(ran, key=lambda pair: -pair[1].wall_seconds)[:MOST_BARS]
    shown = sorted(longest, key=lambda pair: (pair[1].attempts[0].started, -pair[1].wall_seconds, pair[0].id))
    if not shown:
        return ""
    first = min(result.attempts[0].started for _, result in ran)
    last = max(result.attempts[-1].started + result.attempts[-1].wall_seconds for _, result in ran)
    columns = [Column(title="job"), Column(title="status", pick=True), Column(title="from start", number=True), Column(title="took", number=True),
               Column(title="when", wide=True)]
    rows = [_time_row(job, result, first, max(last - first, 0.001)) for job, result in shown]
    left = f'<p class="note">The {len(shown)} longest of {len(ran)} jobs; metrics.json has all.</p>' if len(ran) > len(shown) else ""
    return table("Time by job", columns, rows) + left


def _time_row(job: Job, result: Result, first: float, whole: float) -> list[Cell]:
    began = result.attempts[0].started - first
    bars = [(attempt.started - first, attempt.wall_seconds) for attempt in result.attempts]
    return [cell(code(job.id)), cell(tag(str(result.status), result.status.replace("_", " "))), number(began, spoken(began)),
            number(result.wall_seconds, spoken(result.wall_seconds)), cell(_spans(str(result.status), bars, whole), began)]


def _stack(parts: list[tuple[str, int]], most: int) -> str:
    """Parts of a whole, one after the other, as wide as they are many."""
    rects, at = [], 0.0
    for kind, count in parts:
        width = _WIDTH * count / most if most else 0.0
        if count:
            rects.append(_rect(kind, at, max(width, 2.0)))
        at += width
    return _svg(rects)


def _spans(kind: str, bars: list[tuple[float, float]], whole: float) -> str:
    return _svg([_rect(kind, _WIDTH * start / whole, max(_WIDTH * took / whole, 3.0)) for start, took in bars])


def _rect(kind: str, left: float, width: float) -> str:
    left = min(max(left, 0.0), _WIDTH - 2.0)
    return f'<rect class="{kind}" x="{left:.1f}" y="0" width="{min(width, _WIDTH - left):.1f}" height="16"/>'


def _svg(rects: list[str]) -> str:
    return f'<svg class="bar" viewBox="0 0 {_WIDTH} 16" preserveAspectRatio="none" aria-hidden="true" focusable="false">{"".join(rects)}</svg>'
