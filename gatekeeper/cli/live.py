"""Finds runs that are under way: the one that is meant, and how far it has come. Shared by the verbs that look at them; shows nothing."""

from __future__ import annotations

import os
import time

from gatekeeper.errors import UsageError
from gatekeeper.session.progress import Progress, Story, progress_of
from gatekeeper.store.follow import Follower
from gatekeeper.store.home import Home, is_running, run_ids
from gatekeeper.store.journal import FILE
from gatekeeper.store.runs import find_run, runs_above


def under_way(home: Home) -> tuple[str, ...]:
    """Folders of the runs of a tree that are under way, newest first."""
    return tuple(folder for run_id in run_ids(home) if is_running(folder := os.path.join(home.runs, run_id)))


def live_run(home: Home, wanted: str | None) -> str:
    """The folder of the run under way that is meant: the one named, else the only one. Raises UsageError."""
    if wanted:
        folder = find_run(home, wanted)
        if not is_running(folder):
            raise UsageError(f"run {os.path.basename(folder)} is not under way", hint=f"gatekeeper status --run {os.path.basename(folder)} says how it ended")
        return folder
    found = under_way(home)
    if not found:
        above = runs_above(home)
        raise UsageError(f"no run is under way in {home.folder}",
                         hint=f"{above} has runs: add -C {above}" if above else "gatekeeper ps --all lists those of all your trees")
    if len(found) > 1:
        raise UsageError(f"{len(found)} runs are under way: {', '.join(map(os.path.basename, found))}", hint="say which: --run RUN")
    return found[0]


def any_run(home: Home, wanted: str | None) -> str:
    """The folder of the run that is meant: the one named, else the newest under way, else the newest, also where it died. Raises UsageError."""
    known = run_ids(home)
    if wanted or not known:
        return find_run(home, wanted or "latest")
    return next(iter(under_way(home)), None) or os.path.join(home.runs, known[0])


def told(folder: str) -> tuple[Progress, Follower]:
    """How far a run has come by what its journal says, its state and process included, and the journal; of one that died, at its last event. Raises StoreError."""
    story, follower = Story(), Follower(os.path.join(folder, FILE))
    for event in follower.new():
        story.hear(event)
    alive = is_running(folder)
    return progress_of(story, time.monotonic() if alive else story.latest, alive=alive), follower
