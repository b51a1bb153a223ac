"""`gatekeeper show`: the summary of a past run, or everything about one job of it."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show_bytes, show_json
from gatekeeper.cli.run import data_look, show_record
from gatekeeper.config.options import Arguments
from gatekeeper.display.spans import Line, dim, line, text_of
from gatekeeper.display.timings import timing_lines
from gatekeeper.display.words import detail_lines, result_line
from gatekeeper.model.document import to_document
from gatekeeper.model.duration import spoken
from gatekeeper.model.plan import Job
from gatekeeper.model.redaction import redacted, secret_values
from gatekeeper.model.result import Result, RunRecord
from gatekeeper.model.settings import Settings
from gatekeeper.model.wording import count_text
from gatekeeper.report.summary import timings_document
from gatekeeper.store.runs import find_run, read_record


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="Show a past run, or one job of it with its findings.")
    def show(
        job: str | None = typer.Argument(None, metavar="JOB", help="The id of a job, or a part of it that no other has."),
        *,
        run: str = past.RUN,
        root: str = past.ROOT,
        json: bool = past.JSON,
        verbose: bool = typer.Option(False, "--verbose", "-v", help="Show also what is usually left out."),
        timings: bool = typer.Option(False, "--timings", help="Show where the time of the run went: what it waited for, what would have spared time."),
    ) -> int:
        given = {name: () for name, wished in (("json", json), ("verbose", verbose)) if wished}
        settings, home = past.place(Arguments(path=root, given=given), here)
        record = read_record(find_run(home, run))
        if timings and job is None:
            _show_timings(record, settings, here, json=json)
        elif job is None:
            show_record(record, settings, here.environment)
        elif json:
            _show_job_document(record, past.pick_job([one.id for one in record.plan.jobs], job), here)
        else:
            look = data_look(settings, here.environment)
            show_bytes(text_of(_job_lines(*_pair(record, job)), look).encode("utf-8", "backslashreplace"))
        return 0


def _show_timings(record: RunRecord, settings: Settings, here: Here, *, json: bool) -> None:
    if json:
        show_json(redacted({"schema": 1, "run_id": record.run_id, "seconds": record.wall_seconds, "estimated_seconds": record.plan.estimated_seconds,
                            "timings": timings_document(record.timings)}, secret_values(here.environment)))
    else:
        show_bytes(text_of(timing_lines(record, data_look(settings, here.environment)), data_look(settings, here.environment)).encode("utf-8", "backslashreplace"))


def _show_job_document(record: RunRecord, job_id: str, here: Here) -> None:
    job, result = _pair(record, job_id)
    document = {"schema": 1, "run_id": record.run_id, "job": to_document(job), "result": to_document(result)}
    show_json(redacted(document, secret_values(here.environment)))


def _pair(record: RunRecord, wanted: str) -> tuple[Job, Result]:
    chosen = past.pick_job([job.id for job in record.plan.jobs], wanted)
    return next((job, result) for job, result in record.pairs() if job.id == chosen)


def _job_lines(job: Job, result: Result) -> Iterator[Line]:
    yield result_line(job, result)
    tool = f"{job.tool.path} {job.tool.version or ''} ({job.tool.source})".replace("  ", " ") if job.tool is not None else "none"
    facts = (("why", f"{job.reason.kind}: {job.reason.detail}"), ("tool", tool), ("in", job.cwd), ("files", str(len(job.files)) if job.files else ""),
             ("needs", ", ".join(job.needs)), ("log", result.log or ""), ("to do", result.hint or ""))
    for name, value in facts:
        if value:
            yield line("  ", dim(f"{name:<8}"), value)
    for number, attempt in enumerate(result.attempts, 1):
        end = attempt.spawn_error or (f"signal {attempt.signal}" if attempt.signal is not None else f"exit code {attempt.exit_code}")
        yield line("  ", dim(f"{'attempt':<8}"), f"{number}: {end} after {spoken(attempt.wall_seconds)}, {spoken(attempt.cpu_seconds)} CPU, "
                   f"{attempt.peak_memory_mb:.0f} MB")
    if result.tests:
        yield line("  ", dim(f"{'tests':<8}"), count_text(len(result.tests), "test case"))
    yield from detail_lines(job, result, "  ")


