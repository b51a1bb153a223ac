"""`gatekeeper pause`, `cancel`, `set` and `approve`: change a run that is under way, over its socket. What came of it is said, and kept in the run's record.

Exit codes: 0 it is done; 2 it makes no sense, or no such run is under way; 3 the run was asked, and nobody saw it happen.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.live import live_run
from gatekeeper.cli.output import show, tell
from gatekeeper.config.options import Arguments
from gatekeeper.config.values import seconds, whole_number
from gatekeeper.errors import UsageError

if TYPE_CHECKING:
    from gatekeeper.session.wishes import Question

UNSEEN = 3
RUN = typer.Option(None, "--run", metavar="RUN", help="The id of a run under way, or the start of one; not needed where there is only one.")
REASON = typer.Option("", "--reason", metavar="TEXT", help="Why; kept in the record of the run.")
JOBS = typer.Option(None, "--jobs", "-j", metavar="N", help="How many jobs run at once.")
PRIORITY = typer.Option([], "--priority", metavar="JOB=WORD", help="critical, high, medium or low; may be repeated.")
DEADLINE = typer.Option(None, "--deadline", metavar="TIME", help="It must end within this time from now: 90s, 5m, 1h30m or seconds.")
CONDITION = typer.Argument(..., metavar="ID", help="The id of the condition.")
NAME = typer.Option("", "--as", metavar="NAME", help="Who approves; else the name of the user.")
JOB = typer.Argument(None, metavar="JOB", help="Only this job: its id, or a part of it that no other has.")


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verbs."""

    @app.command(help="Let a run stand still: nothing starts, what runs is frozen, the clocks stop.")
    def pause(job: str | None = JOB, *, reason: str = REASON, run: str | None = RUN, root: str = past.ROOT) -> int:
        return wish(here, root, run, (question("pause", subject=job or "", reason=reason),))

    @app.command(help="End a run in order, with its reports; or one job of it.")
    def cancel(job: str | None = JOB, *, reason: str = REASON, run: str | None = RUN, root: str = past.ROOT) -> int:
        return wish(here, root, run, (question("cancel", subject=job or "", reason=reason),))

    @app.command("set", help="Change how many jobs of a run go at once, the priority of one, or when it must end.")
    def set_(
        *,
        jobs: str | None = JOBS,
        priority: list[str] = PRIORITY,
        deadline: str | None = DEADLINE,
        reason: str = REASON,
        run: str | None = RUN,
        root: str = past.ROOT,
    ) -> int:
        questions = [*_of_jobs(jobs, reason), *(_of_priority(text, reason) for text in priority), *_of_deadline(deadline, reason)]
        if not questions:
            raise UsageError("nothing to set", hint="give --jobs N, --priority JOB=WORD or --deadline TIME")
        return wish(here, root, run, tuple(questions))

    @app.command(help="Approve a condition of a run that is under way, which waits for a person.")
    def approve(condition: str = CONDITION, *, name: str = NAME, reason: str = REASON, run: str | None = RUN, root: str = past.ROOT) -> int:
        return wish(here, root, run, (question("approve", subject=condition, value=name, reason=reason),))


def question(action: str, *, subject: str = "", value: str = "", reason: str = "") -> Question:
    """What is asked of a run. Raises UsageError for a subject that is a folder."""
    past.no_folder(subject)
    from gatekeeper.session.wishes import Question  # lazy: every verb that typer starts imports this module

    return Question(action=action, subject=subject, value=value, reason=reason)


def wish(here: Here, root: str, run: str | None, questions: tuple[Question, ...]) -> int:
    """Asks a run for several things, says what came of each, and gives the exit code; what makes no sense stops it. Raises UsageError."""
    from gatekeeper.session.remote import ask

    _settings, home = past.place(Arguments(path=root), here)
    folder = live_run(home, run)
    code = 0
    for asked in questions:
        answer = ask(folder, asked)
        if not answer.ok:
            raise UsageError(answer.said, hint=answer.hint or None)
        if answer.done:
            show(f"run {os.path.basename(folder)}: {answer.said}")
        else:
            tell(f"gatekeeper: run {os.path.basename(folder)}: {answer.said}")
            code = UNSEEN
    return code


def _of_jobs(text: str | None, reason: str) -> list[Question]:
    if text is None:
        return []
    try:
        return [question("jobs", value=str(whole_number(text)), reason=reason)]
    except ValueError as error:
        raise UsageError(f"--jobs: {error}") from error


def _of_priority(text: str, reason: str) -> Question:
    job, equals, word = text.rpartition("=")
    if not equals or not job:
        raise UsageError(f"--priority: `{text}` names no job", hint="for example: gatekeeper set --priority B2/pytest.test@api=critical")
    return question("priority", subject=job, value=word, reason=reason)


def _of_deadline(text: str | None, reason: str) -> list[Question]:
    if text is None:
        return []
    try:
        return [question("deadline", value=f"{seconds(text):g}", reason=reason)]
    except ValueError as error:
        raise UsageError(f"--deadline: {error}") from error
