"""Runs of other processes, found by what they left."""

from __future__ import annotations

from pathlib import Path

from gatekeeper.cli.live import told
from gatekeeper.model.event import JobStarted, RunStarted
from gatekeeper.store.journal import FILE, Journal
from tests.fakes.record import mixed

PLAN = mixed().plan


def test_the_time_of_a_run_that_died_ends_with_the_last_thing_that_it_told(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / FILE), run_id="r", version="1", on_failure=lambda _: None)
    journal(RunStarted(at=0.5, run_id="r", plan=PLAN))
    journal(JobStarted(at=7.5, job=PLAN.jobs[0].id, attempt=1, pid=1))
    journal.close()
    progress, _ = told(str(tmp_path))
    assert (progress.seconds, progress.state) == (7.0, "died")
