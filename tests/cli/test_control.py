"""ps, status, watch, pause, cancel and set, on a run that another thread plays: its folder, lock, journal and door are real."""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from gatekeeper.cli.app import call
from gatekeeper.cli.boundary import guarded
from gatekeeper.cli.here import Here
from gatekeeper.execute.control import Action, Control, Request
from gatekeeper.model.event import (
    Event,
    Intervened,
    JobDelayed,
    JobFinished,
    JobOutput,
    JobQueued,
    JobStarted,
    Notice,
    RunFinished,
    RunPaused,
    RunStarted,
)
from gatekeeper.model.result import Result
from gatekeeper.model.status import Status
from gatekeeper.session.door import Door
from gatekeeper.store.home import Home, RunFolder, open_home, publish_latest, start_run
from gatekeeper.store.journal import FILE, Journal
from gatekeeper.store.runs import write_record
from tests.fakes.gate import FakeSession
from tests.fakes.record import mixed

pytestmark = pytest.mark.concurrency
Gate = Callable[..., int]
Captured = pytest.CaptureFixture[str]
RECORD = mixed()
FIRST, SECOND = RECORD.plan.jobs[0].id, RECORD.plan.jobs[1].id


class Played:
    """A run that lives as long as its `with` block, and does what it is asked."""

    def __init__(self, home: Home, environment: dict[str, str]) -> None:
        self.folder: RunFolder = start_run(home)
        self.control = Control()
        self.control.wake = self._heed
        self.heard: list[Request] = []
        self.deaf = False
        self.journal = Journal(os.path.join(self.folder.path, FILE), run_id=self.folder.run_id, version="0", on_failure=pytest.fail)
        self.door = Door(self.folder.path, self.control, registry=os.path.join(environment["XDG_CACHE_HOME"], "gatekeeper", "running"), delay=0.0)

    def tell(self, *events: Event) -> None:
        for event in events:
            self.journal(event)
            self.door(event)

    def _heed(self) -> None:
        for request in self.control.take():
            self.heard.append(request)
            if not self.deaf:
                self.tell(Intervened(at=time.monotonic(), action=request.action, subject=request.subject, value=request.value, reason=request.reason,
                                     by=request.by))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": os.environ["PATH"]}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "tree").mkdir()
    return open_home(str(tmp_path / "tree"), {})


@pytest.fixture
def gate(tmp_path: Path, environment: dict[str, str]) -> Gate:
    def run(*words: str, cwd: str = "tree", **more: str) -> int:
        here = Here(environment=environment | more, cwd=str(tmp_path / cwd), session=FakeSession())
        return guarded(lambda: call(words, here), words, here.environment)
    return run


@contextlib.contextmanager
def played(home: Home, environment: dict[str, str]) -> Iterator[Played]:
    run = Played(home, environment)
    with run.door:
        run.tell(RunStarted(at=time.monotonic() - 10, run_id=run.folder.run_id, plan=RECORD.plan), JobQueued(at=time.monotonic() - 9, job=FIRST),
                 JobStarted(at=time.monotonic() - 9, job=FIRST, attempt=1, pid=os.getpid()))
        yield run
    run.folder.close()
    run.journal.close()


@pytest.fixture
def played_run(home: Home, environment: dict[str, str]) -> Iterator[Played]:
    with played(home, environment) as run:
        yield run


def finish(run: Played, home: Home) -> None:
    write_record(run.folder.path, RECORD)
    run.tell(RunFinished(at=time.monotonic(), run_id=run.folder.run_id, verdict=RECORD.verdict, wall_seconds=1.0))
    publish_latest(home, run.folder.run_id)


# --- ps --------------------------------------------------------------------------------------------------------------


def test_ps_lists_what_is_under_way_here_and_with_all_what_is_elsewhere(gate: Gate, home: Home, environment: dict[str, str], tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "other").mkdir()
    with played(home, environment) as run:
        assert gate("pause") == 0  # the door is open, so it is in the registry
        capsys.readouterr()
        assert gate("ps") == 0
        (line,) = capsys.readouterr().out.splitlines()
        assert line.split()[:2] == [run.folder.run_id, "running"]
        assert FIRST in line
        assert gate("ps", cwd="other") == 0
        assert capsys.readouterr() == ("", "no run is under way\n")
        assert gate("ps", "--all", "--json", cwd="other") == 0
        (told,) = json.loads(capsys.readouterr().out)["runs"]
        assert (told["run_id"], told["folder"], told["running"]) == (run.folder.run_id, run.folder.path, [FIRST])
    assert gate("ps", "--all", cwd="other") == 0
    assert capsys.readouterr().out == ""


# --- status ----------------------------------------------------------------------------------------------------------


def test_status_tells_per_job_what_a_progress_has(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment) as run:
        run.tell(JobOutput(at=time.monotonic(), job=FIRST, stdout=1000, stderr=24), Notice(at=time.monotonic(), message="it is slow"),
                 JobFinished(at=time.monotonic(), job=SECOND, result=Result(job=SECOND, status=Status.FAILED, message="2 findings")))
        assert gate("status", "--json") == 0
        told = json.loads(capsys.readouterr().out)
    assert (told["task_id"], told["status"], told["current_step"]) == (run.folder.run_id, "running", [FIRST])
    assert 0 < told["overall_progress"] < 1
    assert told["estimated_completion"].startswith("20")
    assert told["issues"] == [f"{SECOND}: failed: 2 findings", "it is slow"]
    steps = {step["id"]: step for step in told["step_progress"]}
    assert {step["status"] for step in steps.values()} == {"running", "failed", "pending"}
    assert (steps[FIRST]["status"], steps[FIRST]["output_size"], steps[FIRST]["attempt"]) == ("running", 1024, 1)
    assert steps[SECOND]["progress"] == 1.0
    assert {"task_id", "overall_progress", "current_step", "step_progress", "status", "estimated_completion", "issues", "metrics"} <= set(told)
    assert {"progress", "status", "start_time", "estimated_completion", "output_size", "quality_score"} <= set(steps[FIRST])
    assert sum(told["counters"][name] for name in told["counters"] if name != "total") == told["counters"]["total"] == len(RECORD.plan.jobs)
    assert told["metrics"]["processes"] >= 1


def test_status_of_one_job_tells_of_that_alone(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment):
        assert gate("status", FIRST, "--json") == 0
        assert [step["id"] for step in json.loads(capsys.readouterr().out)["step_progress"]] == [FIRST]
        assert gate("status", "B9/nothing@nowhere") == 2
        assert "no job `B9/nothing@nowhere` in this run" in capsys.readouterr().err


def test_status_in_words_names_what_runs_and_why_it_stands_still(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment) as run:
        run.tell(Intervened(at=time.monotonic(), action="deadline", value="600", by="ann"), RunPaused(at=time.monotonic(), reason="paused by ann: lunch"))
        assert gate("status") == 0
        out = capsys.readouterr().out
        assert "  paused by ann: lunch\n" in out
        assert "  changed     deadline 10m 00s by ann\n" in out
        assert [line for line in out.splitlines() if line.split()[:1] == ["paused"] and FIRST in line]
        assert SECOND not in out
        assert gate("status", "--verbose") == 0
        assert SECOND in capsys.readouterr().out


def test_status_and_ps_tell_what_waits_for_its_next_try_and_until_when(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment) as run:
        run.tell(JobDelayed(at=time.monotonic(), job=FIRST, attempt=2, seconds=3000.0, reason="no answer"))
        assert gate("status") == 0
        (line,) = [line for line in capsys.readouterr().out.splitlines() if FIRST in line]
        assert re.search(r"pending +\S+  did not pass \(no answer\): try 2 in (49m \d\ds|50m 00s) \(at \d\d:\d\d:\d\d\)", line), line
        assert gate("status", FIRST, "--json") == 0
        (step,) = json.loads(capsys.readouterr().out)["step_progress"]
        assert (step["status"], step["next_attempt"]["attempt"], step["message"]) == ("pending", 2, "no answer")
        assert datetime.fromisoformat(step["next_attempt"]["at"]).tzinfo is not None
        assert gate("ps") == 0
        assert f"to be tried again: {FIRST}" in capsys.readouterr().out
        assert gate("ps", "--json") == 0
        (told,) = json.loads(capsys.readouterr().out)["runs"]
        assert (told["running"], told["waiting"]) == ([], [FIRST])


def test_status_of_a_run_that_ended_has_its_verdict_and_of_one_that_died_says_so(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment) as run:
        finish(run, home)
    assert gate("status") == 0
    assert "verdict FAIL" in capsys.readouterr().out
    with played(home, environment) as dead:
        pass
    assert gate("status", "--run", dead.folder.run_id) == 0
    assert "died" in (out := capsys.readouterr().out)
    assert f"cut off     {FIRST}" in out
    assert not [line for line in out.splitlines() if line.split()[:1] == ["running"]]
    assert f"gatekeeper resume --run {dead.folder.run_id}" in out


def test_where_nothing_ever_ran_there_is_no_status(gate: Gate, home: Home, capsys: Captured) -> None:
    assert gate("status") == 2
    assert "there are no runs" in capsys.readouterr().err


# --- watch -----------------------------------------------------------------------------------------------------------


def test_watch_shows_what_run_shows_and_ends_with_its_exit_code(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    codes: list[int] = []
    with played(home, environment) as run:
        watching = threading.Thread(target=lambda: codes.append(gate("watch")))
        watching.start()
        run.tell(JobFinished(at=time.monotonic(), job=FIRST, result=Result(job=FIRST, status=Status.PASSED, message="clean")))
        finish(run, home)
        watching.join()
    out, err = capsys.readouterr()
    assert codes == [RECORD.verdict.exit_code]
    assert f"{FIRST}" in err
    assert out.startswith("FAIL")


def test_watch_says_when_the_run_dies(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment) as run:
        pass
    assert gate("watch") == 3
    assert f"run {run.folder.run_id} died before its end" in capsys.readouterr().err


# --- pause, cancel, set ----------------------------------------------------------------------------------------------


def test_wishes_reach_the_run_and_what_came_of_them_is_said(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment) as run:
        assert gate("pause", "--reason", "lunch") == 0
        assert gate("cancel", FIRST, "--reason", "enough") == 0
        assert gate("set", "--jobs", "3", "--deadline", "5m", "--priority", f"{SECOND}=low", "--run", run.folder.run_id[:15]) == 0
        assert capsys.readouterr().out.splitlines() == [f"run {run.folder.run_id}: {said}" for said in (
            "paused", f"{FIRST}: is being cancelled", "at most 3 at once", f"{SECOND}: priority low", "must end within 5m 00s from now")]
    assert [(request.action, request.subject, request.value, request.reason) for request in run.heard] == [
        (Action.PAUSE, "", "", "lunch"), (Action.CANCEL, FIRST, "", "enough"), (Action.JOBS, "", "3", ""), (Action.PRIORITY, SECOND, "low", ""),
        (Action.DEADLINE, "", "300", "")]


def test_a_run_that_does_not_do_it_is_told_apart_from_one_that_does(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment) as run:
        run.deaf = True
        assert gate("set", "--jobs", "3") == 3
        assert "has not said yet" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "said"), [
    (("set",), "nothing to set"), (("set", "--jobs", "x"), "--jobs: `x` is no whole number"), (("set", "--jobs", "0"), "`0` is no number of jobs"),
    (("set", "--priority", "high"), "`high` names no job"), (("set", "--priority", f"{SECOND}=huge"), "`huge` is no priority"),
    (("set", "--deadline", "soon"), "--deadline: not a duration"), (("cancel", "B9/x@y"), "no job `B9/x@y` in this run"),
    (("pause", "--run", "1999"), "1999: no such run"),
], ids=" ".join)
def test_what_makes_no_sense_is_refused(gate: Gate, played_run: Played, words: tuple[str, ...], said: str, capsys: Captured) -> None:
    assert gate(*words) == 2
    assert said in capsys.readouterr().err
    assert played_run.heard == []


def test_resume_means_the_run_that_is_paused_also_where_a_newer_one_has_ended(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment) as paused:
        paused.tell(RunPaused(at=time.monotonic(), reason="lunch"))
        with played(home, environment) as newer:
            finish(newer, home)
        assert gate("resume", "--reason", "back") == 0
        assert capsys.readouterr().out == f"run {paused.folder.run_id}: goes on\n"
        assert gate("resume", FIRST) == 0
        assert gate("resume", "B9/none@x") == 2
    assert [(request.action, request.subject) for request in paused.heard] == [(Action.RESUME, ""), (Action.RESUME, FIRST)]


def test_one_job_of_a_run_that_is_over_cannot_be_resumed(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment):
        pass
    assert gate("resume", FIRST) == 2
    assert "no run is under way" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [("pause",), ("cancel",), ("set", "--jobs", "2")], ids=lambda words: words[0])
def test_where_no_run_is_under_way_that_is_said(gate: Gate, home: Home, environment: dict[str, str], verb: tuple[str, ...], capsys: Captured) -> None:
    with played(home, environment) as run:
        finish(run, home)
    assert gate(*verb) == 2
    assert "no run is under way" in capsys.readouterr().err
    assert gate(*verb, "--run", run.folder.run_id) == 2
    assert f"run {run.folder.run_id} is not under way" in capsys.readouterr().err


def test_of_two_runs_one_must_be_named(gate: Gate, home: Home, environment: dict[str, str], capsys: Captured) -> None:
    with played(home, environment) as one, played(home, environment) as two:
        assert gate("cancel") == 2
        err = capsys.readouterr().err
        assert one.folder.run_id in err
        assert two.folder.run_id in err
        assert gate("cancel", "--run", one.folder.run_id) == 0
        assert (len(one.heard), len(two.heard)) == (1, 0)
