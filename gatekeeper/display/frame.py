"""One picture of a running run: header, a bar and six counters per batch, the whole, running jobs with clocks. Pure: a view in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatekeeper.display.spans import Line, Look, Span, Style, cells, cropped, dim, line, padded, strong, warn
from gatekeeper.display.view import RunningJob, View
from gatekeeper.display.words import CUT, six_text, verdict_span
from gatekeeper.judge.counters import APART, SIX
from gatekeeper.model.duration import spoken
from gatekeeper.model.result import Counters
from gatekeeper.model.value import dataclass
from gatekeeper.model.wording import count_text

BAR = 40
SHORTEST_BAR = 10
APART_WIDTH = len(" (+99 apart)")
#: below this many lines the counters are one letter each
LOW = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    name: str
    counters: Counters


def frame(view: View, now: float, look: Look, height: int) -> tuple[Line, ...]:
    """The picture at `now` (seconds on the monotonic clock) in at most `height` lines of `look.width` cells."""
    if view.plan is None:
        return (cropped(line(dim("looking at the repository, getting its tools ready ...")), look.width),)
    rows = [*(_Row(name=batch.id, counters=batch.counters) for batch in view.batches), _Row(name="all", counters=view.counters)]
    upper = [*_head(view, now), *_rows(rows, look, height)]
    room = max(1, height - len(upper) - 1)
    return tuple(cropped(content, look.width) for content in [*upper, *_running(view.running, now, room)][:max(1, height)])


def _head(view: View, now: float) -> Iterator[Line]:
    assert view.plan is not None
    limits = f"{count_text(len(view.plan.jobs), 'job')}, at most {view.plan.pool_size} at once, within {spoken(view.plan.timeout)}"
    state = ("  verdict ", verdict_span(view.verdict)) if view.verdict else ()
    yield line(strong(f"{view.percent:3d}%"), f" {spoken(now - view.started)}", *state, dim(f"  {limits}; {view.plan.pipeline}, {view.plan.scope}"), dim(f"  {view.run_id}"))


def _rows(rows: Sequence[_Row], look: Look, height: int) -> Iterator[Line]:
    names = min(16, max(cells(row.name) for row in rows))
    digits = max(len(str(row.counters.total)) for row in rows)
    texts = [six_text(row.counters, digits) + _apart(row.counters) for row in rows]
    bar = min(BAR, look.width - names - 8 - len(six_text(rows[0].counters, digits)) - APART_WIDTH)
    if bar >= SHORTEST_BAR:
        for row, text in zip(rows, texts, strict=True):
            yield line(*_bar(row, names, bar, look), f"  {text}")
    elif height >= LOW:
        fits = max(len(text) for text in texts) + 2 <= look.width
        for row, text in zip(rows, texts, strict=True):
            yield line(*_bar(row, names, max(SHORTEST_BAR, min(BAR, look.width - names - 6)), look))
            yield line(f"  {text if fits else _short(row.counters)}")
    else:
        for row in rows:
            yield line(padded(row.name, names), f" {_percent(row.counters):3d}% ", _letters(row.counters))


def _bar(row: _Row, names: int, width: int, look: Look) -> Line:
    part = row.counters
    ended = part.total - part.pending - part.running
    full, half, empty = ("█", "▒", "░") if look.unicode else ("#", "=", ".")
    done = width * ended // part.total if part.total else width
    active = min(width - done, -(-width * part.running // part.total)) if part.total else 0
    style = Style.BAD if part.failed else Style.GOOD
    return line(padded(row.name, names) + " ", Span(text=full * done, style=style), Span(text=half * active, style=Style.WARN),
                dim(empty * (width - done - active)), f" {_percent(part):3d}%")


def _percent(part: Counters) -> int:
    return 100 * (part.total - part.pending - part.running) // part.total if part.total else 100


def _short(part: Counters) -> str:
    """The six counters with their words cut, for narrow terminals."""
    return " ".join(f"{word} {getattr(part, name)}" for word, name in zip(CUT, SIX, strict=True)) + _apart(part)


def _letters(part: Counters) -> str:
    return " ".join(f"{name[0]}{getattr(part, name)}" for name in SIX) + _apart(part)


def _apart(part: Counters) -> str:
    """How many of the total stand apart from the six: unmeasured, unavailable, cancelled, skipped."""
    number = sum(getattr(part, name) for name in APART)
    return f" (+{number} apart)" if number else ""


def _running(running: Sequence[RunningJob], now: float, room: int) -> Iterator[Line]:
    """The jobs that run, longest first; what does not fit is counted."""
    ordered = sorted(running, key=lambda entry: entry.started)
    shown = ordered if len(ordered) <= room else ordered[:room - 1]
    for entry in shown:
        took = (now if entry.stopped is None else entry.stopped) - entry.started
        again = f" attempt {entry.attempt}" if entry.attempt > 1 else ""
        limit = dim(f"  of at most {spoken(entry.job.timeout)}") if took > entry.job.timeout / 2 else ""
        yield line("running " if entry.stopped is None else warn("paused  "), f"{spoken(took):>7}  ", entry.job.id, again, limit)
    if len(shown) < len(ordered):
        yield line(dim(f"running          and {len(ordered) - len(shown)} more"))
