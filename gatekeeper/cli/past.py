"""Finds what past runs left: the run that is meant, and the job in it. Shared by the verbs that look back; shows nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence

import typer

from gatekeeper.cli.here import Here
from gatekeeper.config.load import load_bare
from gatekeeper.config.options import Arguments
from gatekeeper.config.values import nearest
from gatekeeper.errors import StoreError, UsageError
from gatekeeper.model.settings import Notify, Settings
from gatekeeper.store.home import Home, home_of

ROOT = typer.Option(".", "--root", "-C", metavar="PATH", help="The folder of the repository.")
RUN = typer.Option("latest", "--run", metavar="RUN", help="The id of a run, or the start of one.")
JSON = typer.Option(False, "--json", help="Write JSON.")


def place(arguments: Arguments, here: Here) -> tuple[Settings, Home]:
    """The settings of a call that looks back, and the home of its repository."""
    settings = load_bare(arguments, here.environment, cwd=here.cwd)
    return settings, home_of(settings.root, here.environment)


def pick_job(ids: Sequence[str], wanted: str, *, within: str = "this run", hint: str = "gatekeeper show --verbose lists the jobs") -> str:
    """The one job that is meant: its id, or a part of it that no other has. Raises UsageError with the nearest."""
    if wanted in ids:
        return wanted
    no_folder(wanted)
    found = [job for job in ids if wanted.casefold() in job.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"`{wanted}` is in {len(found)} jobs: {', '.join(found[:5])}", hint="give more of the id")
    near = nearest(wanted, ids)
    raise UsageError(f"no job `{wanted}` in {within}", hint=f"did you mean `{near}`?" if near else hint)


def no_folder(name: str) -> None:
    """Raises UsageError where the name of a job is that of a folder, as after `gatekeeper run`: these verbs take the folder otherwise."""
    if name.startswith((".", "/")) and os.path.isdir(name):
        raise UsageError(f"`{name}` is a folder, and a job is asked for", hint=f"name the folder of the repository with -C {name}")


def notify_of(path: str) -> Notify | None:
    """Whom the run in a folder was to tell, as its own settings have it; nobody where its journal does not say."""
    from gatekeeper.session.beginning import read_beginning  # lazy: only runs that go on, or are tried again, pay
    from gatekeeper.store.follow import Follower
    from gatekeeper.store.journal import FILE

    try:
        settings = read_beginning(Follower(os.path.join(path, FILE)).first()).settings
    except (StoreError, ValueError):
        return None
    return settings.notify if settings is not None else None
