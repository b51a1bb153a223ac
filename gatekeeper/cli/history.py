"""`gatekeeper history`: the newest runs of a repository, and what they tell together: unsteady jobs, slow jobs, the trend of one job."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show_bytes, show_json, tell
from gatekeeper.cli.run import data_look
from gatekeeper.config.options import Arguments
from gatekeeper.display.spans import Line, Look, Span, bad, dim, good, line, strong, text_of, warn
from gatekeeper.display.trend import sparkline
from gatekeeper.errors import UsageError
from gatekeeper.model.document import to_document
from gatekeeper.model.duration import spoken
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.wording import count_text
from gatekeeper.store.history_lines import PastRun
from gatekeeper.store.ledger import Ledger, Moment, Timed, Unsteady, ledger

_FAILING = frozenset({Status.FAILED.value, Status.ERRORED.value, Status.TIMED_OUT.value})
_OUTCOMES = {Outcome.PASS.value: good, Outcome.FAIL.value: bad}
#: one letter for each end of a job; the others are blank
_LETTERS = {Status.PASSED.value: ".", Status.FAILED.value: "F", Status.ERRORED.value: "E", Status.TIMED_OUT.value: "T", Status.UNMEASURED.value: "u",
            Status.CANCELLED.value: "c"}
_USUAL, _FOR_TRENDS = 10, 60


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="List the newest runs; or unsteady jobs, slow jobs, the trend of a job.")
    def history(
        *,
        count: int | None = typer.Option(None, "--count", "-n", metavar="N", help="How many: 10 if not given, of a trend 60."),
        flaky: bool = typer.Option(False, "--flaky", help="Jobs that came to different ends on the same content, or passed at another try."),
        slowest: bool = typer.Option(False, "--slowest", help="Jobs by the time that they took in the last 20 runs."),
        trend: str | None = typer.Option(None, "--trend", metavar="JOB", help="Times and ends of one job, oldest first."),
        root: str = past.ROOT,
        json: bool = past.JSON,
    ) -> int:
        if count is not None and count < 1:
            raise UsageError(f"--count: {count} is less than 1")
        if sum((flaky, slowest, trend is not None)) > 1:
            raise UsageError("--flaky, --slowest and --trend are different questions: ask one")
        settings, home = past.place(Arguments(path=root), here)
        look = data_look(settings, here.environment)
        with ledger(home) as told:
            if told.notice is not None:
                tell(f"gatekeeper: {told.notice}")
            if trend is not None:
                job = past.pick_job(told.job_ids(), trend, within="any run here", hint="gatekeeper history --slowest lists jobs")
                moments = told.trend(job, count or _FOR_TRENDS)
                _answer("moments", moments, lambda: _trend(job, moments, look), look, json=json)
            elif flaky:
                unsteady = told.unsteady(count or _USUAL)
                _answer("jobs", unsteady, lambda: _unsteady(unsteady), look, json=json, nothing="no job was unsteady")
            elif slowest:
                timed = told.slowest(count or _USUAL)
                _answer("jobs", timed, lambda: _slowest(timed, look), look, json=json, nothing="no job has run yet")
            else:
                _list(told, count or _USUAL, look, json=json)
        return 0


def _list(told: Ledger, count: int, look: Look, *, json: bool) -> None:
    runs = told.recent(count)
    _answer("runs", runs, lambda: iter([_row(run) for run in runs]), look, json=json, nothing="there are no runs yet")


def _answer(name: str, values: list[PastRun] | list[Unsteady] | list[Timed] | list[Moment], lines: Callable[[], Iterator[Line]], look: Look, *, json: bool,
            nothing: str = "") -> None:
    if json:
        show_json({"schema": 1, name: [to_document(value) for value in values]})
    elif values:
        show_bytes(text_of(lines(), look).encode("utf-8", "backslashreplace"))
    else:
        tell(nothing)


def _row(run: PastRun) -> Line:
    failing = sum(job.status in _FAILING for job in run.jobs)
    said = f"  (planned {spoken(run.estimated_seconds)})" if run.estimated_seconds else ""
    commit = f"  {run.commit[:10]}" if run.commit else ""
    return line(f"{run.run_id}  {run.started_at}  ", _OUTCOMES.get(run.outcome, warn)(f"{run.outcome:<11}"), f"  {spoken(run.seconds):>8}", dim(said),
                f"  {run.pipeline}  {run.scope}  {count_text(len(run.jobs), 'job')}, {failing} failed", dim(commit))


def _unsteady(jobs: list[Unsteady]) -> Iterator[Line]:
    for one in jobs:
        parts = [f"passed at another try in {count_text(one.marked, 'run')}"] if one.marked else []
        parts += [f"different ends on {count_text(one.trees, 'content')} of the tree"] if one.trees else []
        yield line(strong(one.job), f"  {'; '.join(parts)}", dim(f"  ({count_text(one.runs, 'run')}, last {one.last_seen[:19]})"))


def _slowest(jobs: list[Timed], look: Look) -> Iterator[Line]:
    yield line(dim(f"{'usually':>8}  {'share':>5}  {'memory':>9}  job"))
    for one in jobs:
        middle = sorted(one.seconds)[len(one.seconds) // 2]
        yield line(f"{spoken(middle):>8}  {one.share:>5.0%}  {one.peak_mb:>6.0f} MB  {one.job}  ", dim(sparkline(one.seconds, unicode=look.unicode)))


def _trend(job: str, moments: list[Moment], look: Look) -> Iterator[Line]:
    ran = [moment.seconds for moment in moments if _telling(moment)]
    yield line(strong(job), f"  {count_text(len(moments), 'run')} from {moments[0].started_at[:19]} to {moments[-1].started_at[:19]}")
    yield line(dim("time  "), sparkline([moment.seconds if _telling(moment) else None for moment in moments], unicode=look.unicode),
               dim(f"  {spoken(min(ran))} to {spoken(max(ran))}, last {spoken(ran[-1])}" if ran else "  it never ran to its end"))
    yield line(dim("end   "), *(_letter(moment) for moment in moments), dim("  . pass  F fail  E error  T timed out  u unmeasured  c cancelled  = from cache"))


def _telling(moment: Moment) -> bool:
    return not moment.from_cache and moment.status in {Status.PASSED, Status.FAILED}


def _letter(moment: Moment) -> Span:
    if moment.from_cache:
        return dim("=")
    letter = _LETTERS.get(moment.status, " ")
    return good(letter) if moment.status == Status.PASSED else bad(letter) if moment.status in _FAILING else warn(letter)
