"""What a state is called on a terminal, in which style, and how results and counters read as lines. Knows no stream."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.display.spans import Line, Span, Style, bad, clipped, dim, good, line, padded, warn
from gatekeeper.judge.counters import SIX, apart_text
from gatekeeper.judge.excerpt import excerpt, repeat_command
from gatekeeper.model.duration import spoken
from gatekeeper.model.event import Intervened
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Counters, Result, Verdict
from gatekeeper.model.status import Outcome, Status

WORDS = {
    Status.PENDING: "pending", Status.QUEUED: "queued", Status.RUNNING: "running", Status.PAUSED: "paused", Status.PASSED: "pass",
    Status.FAILED: "fail", Status.ERRORED: "error", Status.TIMED_OUT: "timed out", Status.UNMEASURED: "unmeasured",
    Status.UNAVAILABLE: "unavailable", Status.BLOCKED: "blocked", Status.NOT_RUN: "not run", Status.CANCELLED: "cancelled", Status.SKIPPED: "skipped",
}
WORD_WIDTH = 11
#: the six counters where their whole words have no room
CUT = ("total", "compl", "run", "fail", "block", "pend")
FAILED = frozenset({Status.FAILED, Status.ERRORED, Status.TIMED_OUT})
BROKEN = FAILED - {Status.FAILED}
NOT_MEASURED = frozenset({Status.UNMEASURED, Status.UNAVAILABLE, Status.BLOCKED, Status.NOT_RUN, Status.CANCELLED})
_OUTCOMES = {Outcome.PASS: good, Outcome.FAIL: bad, Outcome.INCOMPLETE: warn, Outcome.INTERRUPTED: bad}


def status_span(status: Status, *, blocking: bool) -> Span:
    """The word for a status, filled to the width of a column; what only advises is never red."""
    word = padded(WORDS[status], WORD_WIDTH)
    if status is Status.PASSED:
        return good(word)
    if status in FAILED:
        return bad(word) if blocking else warn(word)
    return warn(word) if status in NOT_MEASURED else dim(word)


def verdict_span(verdict: Verdict) -> Span:
    """PASS, FAIL, INCOMPLETE or INTERRUPTED."""
    return _OUTCOMES[verdict.outcome](str(verdict.outcome).upper())


def standing_still(reason: str) -> str:
    """`paused by ann: lunch`, `paused: stopped by the terminal`: the reason of an event says by whom where it was a person."""
    return reason if reason.startswith("paused") else f"paused: {reason}" if reason else "paused"


def wish_text(event: Intervened) -> str:
    """`jobs 3 by ann: the machine is idle`, `deadline 10m 00s by ann`."""
    value = spoken(float(event.value)) if event.action == "deadline" else event.value
    said = " ".join(word for word in (event.action, event.subject, value) if word)
    return f"{said}{f' by {event.by}' if event.by else ''}{f': {event.reason}' if event.reason else ''}"


def result_line(job: Job, result: Result) -> Line:
    """`fail  beta  B2/ruff.lint@api  0.3s  2 findings`."""
    marks = [mark for mark, there in (("advisory", not job.blocking), ("from cache", result.from_cache), ("flaky", result.flaky), ("leaky", result.leaky), (f"from run {result.held_from}", bool(result.held_from)))
             if there and not (mark == "advisory" and result.status is Status.PASSED)]
    took = spoken(result.wall_seconds) if result.attempts or result.from_cache else "-"
    said = clipped(result.message.splitlines()[0]) if result.message else ""
    return line(status_span(result.status, blocking=job.blocking), f" {padded(job.batch, 6)} {job.id}  ", dim(took),
                f"  {said}" if said else "", dim(f"  ({', '.join(marks)})") if marks else "")


def detail_lines(job: Job, result: Result, indent: str = "    ") -> Iterator[Line]:
    """The lines that matter of a job that did not pass, the command that repeats it, and what to do."""
    said = result.message.splitlines()[:1]
    for text in excerpt(job, result):
        if [text] != said:
            yield line(indent, Span(text=clipped(text), style=_diff_style(text)))
    if result.attempts:
        yield line(indent, dim("repeat: "), repeat_command(job))
    if result.hint:
        yield line(indent, dim("to do:  "), result.hint)


def _diff_style(text: str) -> Style:
    if text.startswith("+") and not text.startswith("+++"):
        return Style.ADDED
    return Style.REMOVED if text.startswith("-") and not text.startswith("---") else Style.PLAIN


def counters_text(part: Counters) -> str:
    """`total 3 completed 2 running 1 failed 0 blocked 0 pending 0`, then what stands apart where there is any."""
    return six_text(part) + (f" ({text})" if (text := apart_text(part)) else "")


def six_text(part: Counters, digits: int = 1) -> str:
    """The six counters alone, each number at least `digits` wide."""
    return " ".join(f"{name} {getattr(part, name):>{digits}}" for name in SIX)
