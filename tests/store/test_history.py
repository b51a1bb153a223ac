"""The history: what a run adds, what the plan is told, what whoever looks back finds, and what happens to it when it is damaged, foreign or crowded."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekeeper.model.past import Past
from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Attempt, Result, RunRecord, Verdict
from gatekeeper.model.status import Outcome, Status
from gatekeeper.store import history
from gatekeeper.store.history_lines import FILE as LINES
from gatekeeper.store.history_lines import PastJob
from gatekeeper.store.home import Home, open_home
from gatekeeper.store.ledger import FILE as DATABASE
from gatekeeper.store.ledger import KEPT_RUNS, Ledger, ledger
from tests.fakes.record import job

REPOSITORY = Path(__file__).parents[2]
JOB = job("ruff.lint")
NAME = JOB.id


def run_record(run_id: str = "r", seconds: float = 1.0, status: Status = Status.PASSED, *, started_at: str = "", peak: float = 12.34, name: str = NAME,
               from_cache: bool = False, flaky: bool = False, held_from: str = "", attempts: tuple[float, ...] = ()) -> RunRecord:
    of = job("ruff.lint") if name == NAME else job(name)
    tries = tuple(Attempt(wall_seconds=took, cpu_seconds=took / 2, peak_memory_mb=peak, read_mb=1.0, write_mb=2.0) for took in attempts or (seconds,))
    result = Result(job=of.id, status=status, attempts=tries, from_cache=from_cache, flaky=flaky, held_from=held_from)
    return RunRecord(run_id=run_id, plan=Plan(root="/r", pipeline="default", batches=(), jobs=(of,), estimated_seconds=3.0, pool_size=2), results=(result,),
                     verdict=Verdict(outcome=Outcome.PASS, exit_code=0), started_at=started_at or datetime.now(UTC).isoformat(), wall_seconds=seconds, version="1")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(str(tmp_path), {})


@contextmanager
def looked(home: Home, *, notice: str | None = None) -> Iterator[Ledger]:
    """The history as whoever looks back sees it; what it says of itself begins with `notice`."""
    with ledger(home) as told:
        assert (told.notice or "").startswith(notice or "")
        assert notice or told.notice is None
        yield told


def names(home: Home) -> list[str]:
    with ledger(home) as told:
        return [run.run_id for run in told.recent(10_000)]


def lines(home: Home) -> bytes:
    return Path(home.folder, LINES).read_bytes()


# what a run adds


def test_the_history_has_the_newest_run_first_with_all_that_was_measured(home: Home) -> None:
    for number in range(3):
        record = run_record(f"r{number}", started_at=f"2026-11-0{number + 1}T12:00:00+00:00", attempts=(1.0, 0.5))
        assert history.record(home, record, commit="abc", tree="t") is None
    with looked(home) as told:
        newest, before = told.recent(2)
    assert (newest.run_id, before.run_id) == ("r2", "r1")
    assert (newest.outcome, newest.exit_code, newest.pipeline, newest.commit, newest.tree) == ("pass", 0, "default", "abc", "t")
    assert (newest.estimated_seconds, newest.cpu_seconds, newest.pool_size) == (3.0, 0.75, 2)
    assert newest.jobs == (PastJob(id=NAME, status="passed", seconds=1.5, peak_memory_mb=12.3, cpu_seconds=0.75, attempts=2, read_mb=2.0, write_mb=4.0),)


def test_a_run_loads_no_database(home: Home) -> None:
    code = ("import sys; from gatekeeper.store import history; from gatekeeper.store.home import home_of; sys.path.insert(0, sys.argv[2])\n"
            "before = set(sys.modules); history.past(home_of(sys.argv[1], {})); print(sorted(set(sys.modules) - before))\n"
            "print('sqlite3' in sys.modules)")
    history.record(home, run_record())
    names(home)
    done = subprocess.run([sys.executable, "-c", code, os.path.dirname(home.folder), "."], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "False"]


def test_a_run_that_is_recorded_again_because_it_was_resumed_is_one_run(home: Home) -> None:
    history.record(home, run_record("r", seconds=1.0))
    names(home)
    history.record(home, run_record("r", seconds=2.0))
    with looked(home) as told:
        (run,) = told.recent(10)
    assert run.seconds == 2.0


def test_what_was_taken_over_from_an_earlier_run_is_not_recorded_twice(home: Home) -> None:
    history.record(home, run_record("r", held_from="earlier"))
    with looked(home) as told:
        assert told.recent(1)[0].jobs == ()
    assert history.past(home) == {}


# what the plan is told


def test_what_to_expect_is_the_middle_of_the_last_five_runs_that_tell(home: Home) -> None:
    for seconds in (100.0, 1.0, 2.0, 3.0, 4.0, 50.0):
        history.record(home, run_record(seconds=seconds))
    history.record(home, run_record(seconds=900.0, status=Status.TIMED_OUT))
    history.record(home, run_record(seconds=0.0, from_cache=True))
    assert history.durations(home) == {NAME: 3.0}


def test_of_several_attempts_the_last_tells_how_long_a_job_takes(home: Home) -> None:
    history.record(home, run_record(attempts=(50.0, 2.0)))
    assert history.durations(home) == {NAME: 2.0}


def test_the_plan_is_told_the_peak_and_the_odds_of_a_job(home: Home) -> None:
    for status in (Status.PASSED, Status.FAILED, Status.PASSED, Status.FAILED, Status.ERRORED):
        history.record(home, run_record(seconds=2.0, status=status))
    assert history.past(home) == {NAME: Past(seconds=2.0, peak_mb=12.3, failure_odds=0.5)}


@pytest.mark.faults
@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 9}', '{"schema": 1, "jobs": {"a": 3}}', "[" * 100_000, None])
def test_expectations_that_are_lost_or_damaged_are_made_again_from_the_history(home: Home, text: str | None) -> None:
    history.record(home, run_record(seconds=4.0))
    names(home)  # the first is in the database
    history.record(home, run_record("s", seconds=8.0))
    path = Path(home.folder, "past.json")
    path.unlink() if text is None else path.write_text(text)
    assert history.durations(home) == {NAME: 8.0}
    path.unlink(missing_ok=True)
    history.record(home, run_record("t", seconds=5.0))
    assert history.durations(home) == {NAME: 5.0}


def test_a_job_that_no_run_has_any_more_is_forgotten(home: Home) -> None:
    history.record(home, run_record(name="old.lint"))
    path = Path(home.folder, "past.json")
    kept = json.loads(path.read_text())
    kept["jobs"] = {name: [day - 200, told] for name, (day, told) in kept["jobs"].items()}
    path.write_text(json.dumps(kept))
    history.record(home, run_record())
    assert set(history.past(home)) == {NAME}


# what was before


OLD = json.dumps({"schema": 1, "run": "old", "started_at": "2026-01-02T12:00:00+00:00", "seconds": 5.0, "outcome": "fail", "exit_code": 1, "pipeline": "quick",
                  "scope": "all files", "commit": None, "jobs": [["A1/x", "failed", 4.5, 30.0]]}) + "\n"


def test_the_lines_of_earlier_versions_are_taken_over_once(home: Home) -> None:
    path = Path(home.folder, LINES)
    path.write_text(OLD)
    assert history.past(home) == {"A1/x": Past(seconds=4.5, peak_mb=30.0, failure_odds=1.0)}
    history.record(home, run_record("new"))
    with looked(home) as told:
        newest, old = told.recent(10)
    assert (newest.run_id, old.run_id, old.commit, old.tree) == ("new", "old", None, "")
    assert old.jobs == (PastJob(id="A1/x", status="failed", seconds=4.5, peak_memory_mb=30.0),)
    assert lines(home) == b""
    assert names(home) == ["new", "old"]
    assert set(history.past(home)) == {"A1/x", NAME}


# what whoever looks back finds


def test_a_job_with_different_ends_on_one_tree_is_unsteady_and_one_that_was_mended_is_not(home: Home) -> None:
    ends = (("a", Status.PASSED, "t1"), ("a", Status.FAILED, "t1"), ("b", Status.FAILED, "t1"), ("b", Status.PASSED, "t2"), ("c", Status.FAILED, ""), ("c", Status.PASSED, ""))
    for number, (name, status, tree) in enumerate(ends):
        history.record(home, run_record(f"r{number}", status=status, name=f"{name}.lint"), tree=tree)
    history.record(home, run_record("again", name="d.lint", flaky=True), tree="t9")
    with looked(home) as told:
        assert [(one.job, one.runs, one.marked, one.trees) for one in told.unsteady(10)] == [
            ("B2/a.lint@api", 2, 0, 1), ("B2/d.lint@api", 1, 1, 0)]


def test_the_slowest_jobs_come_first_with_their_share(home: Home) -> None:
    for number, (name, seconds) in enumerate((("a", 1.0), ("b", 6.0), ("b", 2.0), ("a", 1.0))):
        history.record(home, run_record(f"r{number}", seconds=seconds, name=f"{name}.lint", started_at=f"2026-11-01T00:00:0{number}+00:00"))
    with looked(home) as told:
        slow, fast = told.slowest(10)
    assert (slow.job, slow.seconds, slow.share) == ("B2/b.lint@api", (6.0, 2.0), 0.8)
    assert (fast.job, fast.seconds) == ("B2/a.lint@api", (1.0, 1.0))


def test_the_trend_of_a_job_is_told_in_order(home: Home) -> None:
    for number, status in enumerate((Status.PASSED, Status.FAILED, Status.ERRORED)):
        history.record(home, run_record(f"r{number}", seconds=number, status=status, started_at=f"2026-11-01T00:00:0{number}+00:00"), commit=f"c{number}")
    with looked(home) as told:
        assert [(one.status, one.seconds, one.commit) for one in told.trend(NAME, 2)] == [("failed", 1.0, "c1"), ("errored", 2.0, "c2")]
        assert told.trend("none", 2) == []
        assert told.job_ids() == [NAME]


def test_names_of_bytes_that_are_no_text_are_spelled_out(home: Home) -> None:
    history.record(home, run_record(name="\udcff.lint"))
    with looked(home) as told:
        (name,) = told.job_ids()
        assert name == "B2/\\udcff.lint@api"
        assert len(told.trend("B2/\udcff.lint@api", 5)) == 1


def test_runs_go_when_they_are_old_and_many(home: Home) -> None:
    long_ago = (datetime.now(UTC) - timedelta(days=500)).isoformat(timespec="seconds")
    template = json.loads(OLD) | {"started_at": long_ago}
    Path(home.folder, LINES).write_text("".join(json.dumps(template | {"run": f"r{number:05}"}) + "\n" for number in range(KEPT_RUNS + 5)))
    assert names(home) == [f"r{number:05}" for number in range(KEPT_RUNS + 4, 4, -1)]
    with closing(sqlite3.connect(os.path.join(home.folder, DATABASE))) as database:
        assert database.execute("SELECT count(*) FROM jobs").fetchone() == (KEPT_RUNS,)


# faults


@pytest.mark.faults
def test_damaged_lines_are_passed_over_and_told_once(home: Home) -> None:
    path = Path(home.folder, LINES)
    history.record(home, run_record("r0", started_at="2026-11-01T00:00:00+00:00"))
    with path.open("ab") as file:
        file.write(b'\xff\n[]\n{"schema": 3}\n{"schema": 1, "jobs": 3}\n{"torn')
    history.record(home, run_record("r1", started_at="2026-11-02T00:00:00+00:00"))
    with looked(home, notice=f"{path}: 5 lines could not be read") as told:
        assert [run.run_id for run in told.recent(9)] == ["r1", "r0"]
    with looked(home):
        pass


def test_without_history_there_is_nothing_and_no_complaint(home: Home) -> None:
    assert history.durations(home) == {}
    with looked(home) as told:
        assert (told.recent(10), told.unsteady(10), told.slowest(10)) == ([], [], [])


@pytest.mark.faults
def test_a_history_that_cannot_be_written_is_a_notice(home: Home) -> None:
    Path(home.folder, LINES).mkdir()
    said = history.record(home, run_record())
    assert said is not None
    assert said.startswith("this run is missing from the history: ")


def damaged(path: Path, way: str) -> None:
    match way:
        case "no database":
            path.write_bytes(b"this is no database at all, but it is long enough to look at" * 40)
        case "cut":
            with path.open("r+b") as file:
                file.truncate(path.stat().st_size // 2)
        case "scribbled":
            with path.open("r+b") as file:
                file.seek(3000)
                file.write(b"\xff" * 6000)
        case "newer":
            with closing(sqlite3.connect(path)) as database:
                database.execute("PRAGMA user_version = 9")
        case "foreign":
            path.unlink()
            with closing(sqlite3.connect(path)) as database:
                database.execute("CREATE TABLE runs (x)")
        case "with a trigger":
            with closing(sqlite3.connect(path)) as database:
                database.execute("CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM jobs; END")
        case _:
            path.rename(path.with_suffix(".elsewhere"))
            path.symlink_to(path.with_suffix(".elsewhere"))


@pytest.mark.faults
@pytest.mark.parametrize("way", ["no database", "cut", "scribbled", "newer", "foreign", "with a trigger", "a link"])
def test_a_database_that_is_damaged_newer_or_not_ours_is_moved_aside_and_told_once(home: Home, way: str) -> None:
    for number in range(40):
        history.record(home, run_record(f"r{number}"))
    names(home)
    path = Path(home.folder, DATABASE)
    damaged(path, way)
    history.record(home, run_record("after"))
    with looked(home, notice=f"{path} ") as told:
        assert [run.run_id for run in told.recent(9)] == ["after"]
    with looked(home):
        pass
    assert len(list(Path(home.folder).glob(f"{DATABASE}.*.aside"))) == 1
    assert NAME in history.past(home)


@pytest.mark.faults
def test_a_process_that_dies_while_it_takes_lines_over_loses_and_doubles_nothing(home: Home) -> None:
    code = ("import os, sys; from gatekeeper.store.home import home_of; from gatekeeper.store import ledger\n"
            "steps = int(sys.argv[2])\n"
            "def heard(event, arguments):\n"
            "    global steps\n"
            "    if event in {'open', 'os.truncate', 'sqlite3.connect', 'os.rename'}:\n"
            "        steps -= 1\n"
            "        if steps == 0: os._exit(9)\n"
            "sys.addaudithook(heard)\n"
            "with ledger.ledger(home_of(sys.argv[1], {})) as told: told.recent(1)\n")
    history.record(home, run_record("r0"))
    died = 0
    for step in range(1, 12):
        history.record(home, run_record(f"r{step}"))
        done = subprocess.run([sys.executable, "-c", code, os.path.dirname(home.folder), str(step)], cwd=REPOSITORY, check=False)
        died += done.returncode == 9
        assert sorted(names(home)) == sorted(f"r{number}" for number in range(step + 1)), step
    assert died >= 4


@pytest.mark.faults
def test_a_home_that_cannot_be_written_is_read_all_the_same(home: Home) -> None:
    history.record(home, run_record("r0", started_at="2026-11-01T00:00:00+00:00"))
    names(home)
    history.record(home, run_record("r1", started_at="2026-11-02T00:00:00+00:00"))
    lock = Path(home.folder, "history.jsonl.lock")
    lock.unlink()
    lock.mkdir()  # what stands for a folder without permission, which root does not have to heed
    with looked(home, notice="the history cannot be written: ") as told:
        assert [run.run_id for run in told.recent(9)] == ["r1", "r0"]


def test_lines_that_have_grown_large_go_into_the_database_by_themselves(home: Home) -> None:
    history.record(home, run_record("old"))
    line = json.dumps(json.loads(OLD) | {"pipeline": "x" * 1000}) + "\n"
    with Path(home.folder, LINES).open("a") as file:
        file.write(line * (history.LARGE // len(line) + 1))
    assert history.record(home, run_record("new")) is None
    assert lines(home) == b""
    assert set(names(home)) == {"old", "new"}


@pytest.mark.faults
def test_lines_that_no_database_takes_do_not_grow_for_ever(home: Home) -> None:
    Path(home.folder, DATABASE).mkdir()
    filler = json.dumps({"schema": 1, "filler": "x" * 1000}).encode() + b"\n"
    with Path(home.folder, LINES).open("ab") as file:
        file.write(filler * (history.LARGEST // len(filler)))
    said = history.record(home, run_record("new"))
    assert said is not None
    assert len(lines(home)) <= history.LARGEST // 2
    with looked(home, notice="the history cannot be written") as told:
        assert [run.run_id for run in told.recent(9)] == ["new"]


@pytest.mark.concurrency
def test_ten_processes_that_record_and_look_at_once_lose_nothing(home: Home) -> None:
    code = ("import sys; from gatekeeper.store import history; from gatekeeper.store.ledger import ledger; from gatekeeper.store.home import home_of\n"
            "sys.path.insert(0, 'tests/store'); from test_history import run_record\n"
            "home = home_of(sys.argv[1], {})\n"
            "for number in range(12):\n"
            "    assert history.record(home, run_record(f'{sys.argv[2]}{number}')) is None\n"
            "    if number % 4 == 0:\n"
            "        with ledger(home) as told: assert told.notice is None, told.notice\n")
    processes = [subprocess.Popen([sys.executable, "-c", code, os.path.dirname(home.folder), name], cwd=REPOSITORY) for name in "abcdefghij"]
    assert [process.wait(90) for process in processes] == [0] * 10
    assert len(names(home)) == 120
