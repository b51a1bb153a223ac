"""show, logs, history and backup on what a run has left."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.cli.app import call
from gatekeeper.cli.boundary import guarded
from gatekeeper.cli.here import Here
from gatekeeper.cli.logs import Put
from gatekeeper.execute.run import job_folder
from gatekeeper.model.event import JobFinished, JobStarted, RunStarted
from gatekeeper.model.result import Attempt, Result, Timings
from gatekeeper.model.status import Status
from gatekeeper.model.value import replace
from gatekeeper.store.history import record as remember
from gatekeeper.store.home import Home, RunFolder, open_home, publish_latest, start_run
from gatekeeper.store.journal import FILE, Journal
from gatekeeper.store.runs import write_record
from tests.fakes.gate import FakeSession
from tests.fakes.record import mixed
from tests.fakes.runner import Runner

Gate = Callable[..., int]
Captured = pytest.CaptureFixture[str]
RECORD = mixed()
FAILED = next(job for job, result in RECORD.pairs() if result.status is Status.FAILED)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(str(tmp_path), {})


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    def run(*words: str, **environment: str) -> int:
        here = Here(environment={"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"], **environment}, cwd=str(tmp_path), session=FakeSession())
        return guarded(lambda: call(words, here), words, here.environment)
    return run


def _start(home: Home) -> tuple[RunFolder, Journal]:
    folder = start_run(home)
    journal = Journal(os.path.join(folder.path, FILE), run_id=folder.run_id, version="0", on_failure=pytest.fail)
    journal(RunStarted(at=0.0, run_id=folder.run_id, plan=RECORD.plan))
    os.makedirs(job_folder(folder.path, FAILED.id))
    return folder, journal


@pytest.fixture
def finished(home: Home) -> RunFolder:
    folder, journal = _start(home)
    Path(job_folder(folder.path, FAILED.id), "stdout.log").write_bytes(b"said \x1b[31mred\x1b[0m with hunter2hunter2\n")
    Path(job_folder(folder.path, FAILED.id), "stderr.log").write_bytes(b"warned \xff\n")
    journal.close()
    write_record(folder.path, RECORD)
    remember(home, RECORD)
    folder.close()
    publish_latest(home, folder.run_id)
    return folder


def test_show_gives_the_summary_again(gate: Gate, finished: RunFolder, capsys: Captured) -> None:
    assert gate("show") == 0
    assert capsys.readouterr().out.startswith("FAIL")
    assert gate("show", "--json", "--run", finished.run_id[:15]) == 0
    assert json.loads(capsys.readouterr().out)["run_id"] == RECORD.run_id


def test_show_gives_one_job_by_a_part_of_its_id(gate: Gate, finished: RunFolder, capsys: Captured) -> None:
    assert gate("show", FAILED.id.lower()) == 0
    out = capsys.readouterr().out
    assert out.startswith("fail")
    assert FAILED.reason.detail in out
    assert gate("show", FAILED.id, "--json") == 0
    assert json.loads(capsys.readouterr().out)["result"]["status"] == "failed"


def test_a_job_that_does_not_exist_or_is_not_the_only_one_is_named(gate: Gate, finished: RunFolder, capsys: Captured) -> None:
    assert gate("show", "B2/") == 2
    assert capsys.readouterr().err.startswith("gatekeeper: `B2/` is in ")
    assert gate("show", FAILED.id.replace("@", "q")) == 2
    assert f"did you mean `{FAILED.id}`?" in capsys.readouterr().err
    assert gate("show", "--run", "1999") == 2
    assert capsys.readouterr().err.startswith("gatekeeper: 1999: no such run\nhint: the newest are ")


def test_logs_are_given_as_written_but_without_secrets(gate: Gate, finished: RunFolder, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert gate("logs", FAILED.id, MY_PASSWORD="hunter2hunter2") == 0
    assert capfdbinary.readouterr().out == b"said \x1b[31mred\x1b[0m with ***\nwarned \xff\n"


def test_a_job_that_never_started_has_no_log(gate: Gate, finished: RunFolder, capsys: Captured) -> None:
    other = next(job for job, result in RECORD.pairs() if result.status is Status.UNAVAILABLE)
    assert gate("logs", other.id) == 2
    assert "it never started" in capsys.readouterr().err


def test_a_job_that_ran_and_said_nothing_has_an_empty_log(gate: Gate, home: Home, capsys: Captured) -> None:
    folder, journal = _start(home)
    journal(JobStarted(at=1.0, job=FAILED.id, attempt=1, pid=7))
    journal.close()
    folder.close()
    assert gate("logs", FAILED.id, "--run", folder.run_id) == 0
    assert capsys.readouterr().out == ""


def test_following_an_ended_run_is_refused(gate: Gate, finished: RunFolder, capsys: Captured) -> None:
    assert gate("logs", "-f", FAILED.id) == 2
    assert "has ended" in capsys.readouterr().err


@pytest.mark.concurrency
def test_following_shows_what_is_written_until_the_job_ends(gate: Gate, home: Home, finished: RunFolder, capsys: Captured) -> None:
    folder, journal = _start(home)
    log = Path(job_folder(folder.path, FAILED.id), "stdout.log")
    log.write_text("first\n")

    def go_on() -> None:
        with log.open("a") as file:
            file.write("last\n")
        journal(JobFinished(at=1.0, job=FAILED.id, result=Result(job=FAILED.id, status=Status.PASSED)))

    timer = threading.Timer(0.3, go_on)
    timer.start()
    assert gate("logs", "--follow", FAILED.id) == 0
    timer.join()
    captured = capsys.readouterr()
    assert captured.out == "first\nlast\n"
    assert captured.err == f"{FAILED.id} has ended\n"
    folder.close()
    journal.close()


def test_history_lists_runs_for_people_and_programs(gate: Gate, finished: RunFolder, capsys: Captured) -> None:
    assert gate("history") == 0
    assert capsys.readouterr().out.startswith("20260102-030405-abcd  2026-01-02T03:04:05")
    assert gate("history", "-n", "1", "--json") == 0
    assert [run["outcome"] for run in json.loads(capsys.readouterr().out)["runs"]] == ["fail"]


def test_history_tells_the_trend_of_a_job(gate: Gate, home: Home, capsys: Captured) -> None:
    for number, status in enumerate((Status.PASSED, Status.FAILED, Status.PASSED)):
        results = tuple(replace(result, status=status, from_cache=number == 2) if result.job == FAILED.id else result for result in RECORD.results)
        remember(home, replace(RECORD, run_id=f"r{number}", started_at=f"2026-11-0{number + 1}T00:00:00+00:00", results=results))
    assert gate("history", "--trend", FAILED.id) == 0
    title, times, ends = capsys.readouterr().out.splitlines()
    assert title == f"{FAILED.id}  3 runs from 2026-11-01T00:00:00 to 2026-11-03T00:00:00"
    assert times.startswith(("time  ██   ", "time  ##   "))
    assert ends.startswith("end   .F=")
    assert gate("history", "--trend", FAILED.id, "-n", "1", "--json") == 0
    assert [moment["from_cache"] for moment in json.loads(capsys.readouterr().out)["moments"]] == [True]
    assert gate("history", "--trend", "nothing.like.it") == 2
    assert "no job `nothing.like.it` in any run here" in capsys.readouterr().err


def test_history_names_unsteady_and_slow_jobs(gate: Gate, home: Home, capsys: Captured) -> None:
    for number, status in enumerate((Status.PASSED, Status.FAILED)):
        results = tuple(replace(result, status=status, attempts=(Attempt(wall_seconds=500.0 + number, peak_memory_mb=42.0),)) if result.job == FAILED.id else result
                        for result in RECORD.results)
        remember(home, replace(RECORD, run_id=f"r{number}", results=results), tree="one")
    assert gate("history", "--flaky") == 0
    assert f"{FAILED.id}  different ends on 1 content of the tree  (2 runs" in capsys.readouterr().out
    assert gate("history", "--slowest", "-n", "1") == 0
    titles, row = capsys.readouterr().out.splitlines()
    assert titles.split() == ["usually", "share", "memory", "job"]
    assert re.fullmatch(rf" +8m 21s +[0-9]+% +42 MB  {re.escape(FAILED.id)}  \S\S", row)
    assert gate("history", "--slowest", "--flaky") == 2
    assert gate("history", "--flaky", "--json") == 0
    assert [job["trees"] for job in json.loads(capsys.readouterr().out)["jobs"]] == [1]


@pytest.mark.faults
def test_a_damaged_history_is_told_and_a_new_one_begins(gate: Gate, home: Home, capsys: Captured) -> None:
    Path(home.folder, "history.sqlite3").write_bytes(b"scribble" * 1000)
    assert gate("history") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "file is not a database: it is now history.sqlite3." in told.err


def test_a_trace_is_written_where_it_is_asked_for_also_of_a_run_that_died(gate: Gate, home: Home, tmp_path: Path, capsys: Captured) -> None:
    folder, journal = _start(home)
    journal.close()
    folder.close()
    assert gate("trace") == 0
    document = json.loads(capsys.readouterr().out)
    assert [event["name"] for event in document["traceEvents"] if event["ph"] == "X"] == [f"run {folder.run_id}"]
    assert gate("trace", "-o", "t.json") == 0
    assert json.loads((tmp_path / "t.json").read_bytes()) == document
    assert gate("trace", "-o", "none/t.json") != 0


def test_timings_of_a_past_run_are_told_to_people_and_programs(gate: Gate, finished: RunFolder, capsys: Captured) -> None:
    write_record(finished.path, replace(RECORD, run_id=finished.run_id, timings=Timings(job_seconds=9.0, speed_up=2.0, slowest=(("a", 5.0), ("b", 4.0)))))
    assert gate("show", "--timings") == 0
    assert "9.0s of work, 2.0 times as fast" in capsys.readouterr().out
    assert gate("show", "--timings", "--json") == 0
    assert json.loads(capsys.readouterr().out)["timings"]["slowest"] == [{"job": "a", "seconds": 5.0}, {"job": "b", "seconds": 4.0}]


def test_a_broken_configuration_hides_no_past(gate: Gate, finished: RunFolder, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "gatekeeper.yaml").write_text("][")
    assert [gate("show"), gate("logs", FAILED.id), gate("history"), gate("backup", "list")] == [0, 0, 0, 0]
    assert gate("plan") == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("gatekeeper: gatekeeper.yaml:1: not valid YAML")


def test_history_of_nothing_is_nothing(gate: Gate, capsys: Captured) -> None:
    assert gate("history") == 0
    assert capsys.readouterr() == ("", "there are no runs yet\n")


def test_a_backup_is_made_once_listed_verified_and_restored(gate: Gate, tmp_path: Path, capsys: Captured) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "a.txt").write_text("hello")
    assert gate("backup", "create", "-C", "repo", "--json") == 0
    made = json.loads(capsys.readouterr().out)["backup"]
    assert (made["files"], made["skipped"]) == (1, False)
    assert gate("backup", "create", "-C", "repo") == 0
    assert "unchanged since" in capsys.readouterr().out
    assert gate("backup", "list", "--root", "repo") == 0
    assert capsys.readouterr().out.startswith(os.path.basename(made["path"]))
    assert gate("backup", "verify", "-C", "repo") == 0
    assert gate("backup", "restore", made["path"], "new") == 0
    assert (tmp_path / "new" / "a.txt").read_text() == "hello"
    assert gate("backup", "restore", "latest", "new", "-C", "repo") == 2
    assert "is there already and not empty" in capsys.readouterr().err


def test_a_damaged_backup_fails_verification(gate: Gate, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "a.txt").write_text("hello")
    assert gate("backup", "create", "--json") == 0
    path = Path(json.loads(capsys.readouterr().out)["backup"]["path"])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    assert gate("backup", "verify") in {1, 2}


def test_logs_in_github_actions_stand_inside_a_fence_and_are_harmless_line_by_line(
        gate: Gate, home: Home, capfd: Captured) -> None:
    folder, journal = _start(home)
    place = Path(job_folder(folder.path, FAILED.id))
    (place / "stdout.log").write_bytes(b"::error::planted\n  ::add-mask::x\nsee ##[group]x\n\x1b[31mred")
    (place / "stderr.log").write_bytes(b"##vso[task.complete result=Failed;]\n")
    journal.close()
    write_record(folder.path, RECORD)
    publish_latest(home, folder.run_id)
    folder.close()
    assert gate("logs", FAILED.id, GITHUB_ACTIONS="true") == 0
    first, *lines, last = capfd.readouterr().out.splitlines()
    assert first == f"::stop-commands::{last.strip(':')}"
    assert Runner().read("\n".join(lines)).obeyed == []
    assert lines == ["\\x3a:error::planted", "  \\x3a:add-mask::x", "see #\\x23[group]x", "\\x1b[31mred", "#\\x23vso[task.complete result=Failed;]"]


def test_logs_that_are_followed_show_whole_lines_so_that_no_half_of_a_secret_gets_through(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    put = Put(("hunter2hunter2",), {})
    put("out", b"one\nhunter2")
    put("err", b"other\n")
    put("out", b"hunter2 two\n-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefghijklmnop\n")
    put("out", b"qrstuvwxyz\n-----END RSA PRIVATE KEY-----\nlast")
    assert capfdbinary.readouterr().out == b"one\nother\n*** two\n***\n"
    put.rest()
    assert capfdbinary.readouterr().out == b"last"


def test_a_line_without_an_end_is_not_held_back_for_ever(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    put = Put((), {})
    put("out", b"." * 100_000)
    assert len(capfdbinary.readouterr().out) == 100_000


def test_whoever_stands_below_a_tree_with_runs_is_told_where_they_are(gate: Gate, finished: RunFolder, tmp_path: Path, capsys: Captured) -> None:
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    for words in (("show",), ("status",), ("retry",), ("resume",), ("logs", "x"), ("cancel",)):
        assert gate(*words, "-C", str(below)) == 2
        assert capsys.readouterr().err.splitlines()[-1] == f"hint: {tmp_path} has runs: add -C {tmp_path}"
    assert gate("cancel") == 2
    assert capsys.readouterr().err.splitlines()[-1] == "hint: gatekeeper ps --all lists those of all your trees"


@pytest.mark.parametrize("words", [("status", "."), ("show", "."), ("retry", "/"), ("cancel", ".."), ("resume", "."), ("logs", ".")], ids=" ".join)
def test_a_folder_where_a_job_is_asked_for_is_told_how_to_be_named(gate: Gate, finished: RunFolder, words: tuple[str, str], capsys: Captured) -> None:
    assert gate(*words) == 2
    assert capsys.readouterr().err.splitlines()[-2:] == [
        f"gatekeeper: `{words[1]}` is a folder, and a job is asked for", f"hint: name the folder of the repository with -C {words[1]}"]


@pytest.mark.parametrize(("words", "hint"), [
    (("run", "-C", "x"), "name the folder itself: gatekeeper run PATH"), (("plan", "--root", "x"), "name the folder itself: gatekeeper plan PATH"),
    (("ps", "x"), "the folder of the repository is named with -C PATH; see: gatekeeper ps --help")], ids=lambda value: " ".join(value[:2]))
def test_a_folder_in_the_wrong_place_comes_with_the_right_one(gate: Gate, words: tuple[str, ...], hint: str, capsys: Captured) -> None:
    assert gate(*words) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"hint: {hint}"


def test_the_help_of_a_verb_names_its_jobs_plainly(gate: Gate, capsys: Captured) -> None:
    for verb in ("status", "retry", "pause", "cancel", "resume"):
        assert gate(verb, "--help") == 0
        assert "[[" not in capsys.readouterr().out
