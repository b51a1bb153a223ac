"""`gatekeeper explain`: why a job ran and ended so, why a finding counts, why a condition holds or not; from the record of a past run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show_bytes, show_json
from gatekeeper.cli.run import data_look
from gatekeeper.config.options import Arguments
from gatekeeper.display.spans import Line, Span, dim, line, text_of
from gatekeeper.errors import StoreError, UsageError
from gatekeeper.judge.explain import ENDED, WAITED, Explanation, UnknownNameError, explain
from gatekeeper.judge.waiting import Wait, wait_text, waits
from gatekeeper.model.document import to_document
from gatekeeper.model.redaction import redacted, secret_values
from gatekeeper.model.result import RunRecord
from gatekeeper.model.value import replace
from gatekeeper.session.cached_why import cache_lines
from gatekeeper.store.home import Home
from gatekeeper.store.journal import FILE, read_journal
from gatekeeper.store.runs import find_run, read_record


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command("explain", help="Say in plain words why: of a job, a finding or a condition of a past run.")
    def explain_(
        name: str = typer.Argument(..., metavar="JOB|FINDING|CONDITION", help="A job's id or a part of it, a finding's id or FILE:LINE[:RULE], a condition's id."),
        *,
        run: str = past.RUN,
        root: str = past.ROOT,
        json: bool = past.JSON,
    ) -> int:
        settings, home = past.place(Arguments(path=root), here)
        folder = find_run(home, run)
        record = read_record(folder)
        told = _explained(record, name)
        waited = _waits(folder, record, told)
        told, waited = redacted((_with_cache(_with_waits(told, waited), record, home), waited), secret_values(here.environment))
        if json:
            show_json({"schema": 1, "run_id": record.run_id, "kind": told.kind, "subject": told.subject,
                       "answers": [{"question": question, "lines": to_document(lines)} for question, lines in told.answers],
                       "waits": to_document(waited)})
        else:
            show_bytes(text_of(_lines(told), data_look(settings, here.environment)).encode("utf-8", "backslashreplace"))
        return 0


def _explained(record: RunRecord, name: str) -> Explanation:
    try:
        return explain(record, name)
    except UnknownNameError as unknown:
        hint = f"did you mean `{'`, `'.join(unknown.near)}`?" if unknown.near else "gatekeeper show --verbose lists jobs and findings"
        raise UsageError(f"nothing in run {record.run_id} is called `{name}`", hint=hint) from None


def _waits(folder: str, record: RunRecord, told: Explanation) -> tuple[Wait, ...]:
    """For what a job waited, as the journal of its run tells it; nothing where that cannot be read."""
    job = record.plan.job(told.subject) if told.kind == "job" else None
    if job is None:
        return ()
    try:
        return waits(record.plan, read_journal(os.path.join(folder, FILE)).events, job)
    except StoreError:
        return ()


def _with_waits(told: Explanation, waited: tuple[Wait, ...]) -> Explanation:
    """The explanation of a job with how long it waited, before what it had to wait for in any case."""
    if not waited:
        return told
    lines = tuple(map(wait_text, waited))
    answers = dict(told.answers)
    known = {**answers, WAITED: (*lines, *answers.get(WAITED, ()))}
    order = list(answers) if WAITED in answers else [name for asked in answers for name in ((WAITED, asked) if asked == ENDED else (asked,))]
    return replace(told, answers=tuple((name, known[name]) for name in order))


def _with_cache(told: Explanation, record: RunRecord, home: Home) -> Explanation:
    """The explanation of a job with what the cache has to say of it."""
    result = record.result(told.subject) if told.kind == "job" else None
    if result is None:
        return told
    lines = cache_lines(home, record.run_id, told.subject, from_cache=result.from_cache)
    return replace(told, answers=(*told.answers, ("the cache", lines)))


def _lines(told: Explanation) -> Iterator[Line]:
    yield line(f"{told.kind} {told.subject}")
    for question, lines in told.answers:
        yield line("  ", dim(question))
        yield from (line("    ", Span(text=text)) for text in lines)
