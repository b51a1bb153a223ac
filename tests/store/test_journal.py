"""What the journal promises beyond its lines: it lasts, it goes on where a process died, it proves that it is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.model.event import Event, Intervened, JobFinished, Notice, RunFinished, RunStarted
from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Result, Verdict
from gatekeeper.model.status import Outcome, Status
from gatekeeper.store.journal import Journal, read_journal
from gatekeeper.store.syncing import Sync, Syncing
from tests.fakes.record import job

REPOSITORY = Path(__file__).parents[2]
JOBS = (job("ruff.lint"), job("mypy.check"))
PLAN = Plan(root="/r", pipeline="default", batches=(), jobs=JOBS)
STARTED = RunStarted(at=1.0, run_id="r", plan=PLAN)
FINISHED = RunFinished(at=9.0, run_id="r", verdict=Verdict(outcome=Outcome.PASS, exit_code=0), wall_seconds=8.0)


def ended(number: int) -> JobFinished:
    return JobFinished(at=2.0 + number, job=JOBS[number].id, result=Result(job=JOBS[number].id, status=Status.PASSED))


def write(path: Path, *events: Event, again: bool = False, sync: Sync = os.fdatasync) -> list[str]:
    said: list[str] = []
    journal = Journal(str(path), run_id="r", version="1", on_failure=said.append, more={"settings": {"jobs": 2}}, again=again, sync=sync)
    for event in events:
        journal(event)
    journal.close()
    return said


def test_a_journal_that_misses_a_job_it_announced_is_not_whole(tmp_path: Path) -> None:
    write(tmp_path / "all", STARTED, ended(0), ended(1), FINISHED)
    write(tmp_path / "one", STARTED, ended(0), FINISHED)
    write(tmp_path / "none", FINISHED)
    assert [read_journal(str(tmp_path / name)).whole for name in ("all", "one", "none")] == [True, False, False]


def test_the_header_says_what_the_run_starts_from_and_what_time_it_was(tmp_path: Path) -> None:
    write(tmp_path / "j", STARTED)
    (sitting,) = read_journal(str(tmp_path / "j")).sittings
    assert sitting.header["settings"] == {"jobs": 2}
    assert sitting.header["wall"] > 1_700_000_000
    assert sitting.header["monotonic"] > 0


@pytest.mark.faults
@pytest.mark.parametrize("torn", [b"", b'{"event": "JobFin', b"\x00\x00\x00\n", b'{"event": "Unknown"}\n{"event":'])
def test_a_run_goes_on_in_its_journal_behind_the_last_line_that_is_sound(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "j"
    write(path, STARTED, ended(0))
    with path.open("ab") as file:
        file.write(torn)
    assert write(path, STARTED, ended(0), ended(1), FINISHED, again=True) == []
    recorded = read_journal(str(path))
    assert recorded.whole
    assert [len(sitting.events) for sitting in recorded.sittings] == [2, 4]
    assert recorded.events == (STARTED, ended(0), ended(1), FINISHED)


def test_a_sitting_that_died_before_it_announced_its_jobs_hides_nothing(tmp_path: Path) -> None:
    write(tmp_path / "j", STARTED, ended(0))
    write(tmp_path / "j", Notice(at=1.0, message="soon"), again=True)
    recorded = read_journal(str(tmp_path / "j"))
    assert recorded.events == (STARTED, ended(0))
    assert not recorded.whole


@pytest.mark.faults
def test_a_run_that_cannot_go_on_in_its_journal_says_so_once(tmp_path: Path) -> None:
    assert len(write(tmp_path / "missing", STARTED, ended(0), again=True)) == 1
    (tmp_path / "foreign").write_text("{}\n")
    (said,) = write(tmp_path / "foreign", STARTED, again=True)
    assert "is no journal of Gatekeeper" in said
    assert (tmp_path / "foreign").read_text() == "{}\n"


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "journal" in thread.name]


def test_no_thread_is_left_over(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "j"), run_id="r", version="1", on_failure=print)
    journal(Notice(at=1.0, message="needs no sync"))
    assert threads() == []
    journal(ended(0))
    assert threads() == ["gatekeeper-journal"]
    journal.close()
    assert threads() == []


def test_the_word_of_a_person_is_synced_as_the_end_of_a_job_is(tmp_path: Path) -> None:
    synced: list[int] = []
    journal = Journal(str(tmp_path / "j"), run_id="r", version="1", on_failure=print, sync=synced.append)
    journal(Intervened(at=1.0, action="approve", subject="release", value="ann"))
    journal.close()
    assert len(synced) == 1


class Slow:
    """A sync that lasts until somebody lets it go, and tells when it has begun."""

    def __init__(self) -> None:
        self.begun, self.go, self.rounds = threading.Event(), threading.Event(), 0

    def __call__(self, _descriptor: int) -> None:
        self.rounds += 1
        self.begun.set()
        assert self.go.wait(20)


def test_what_ends_while_a_sync_is_under_way_shares_the_next_one(tmp_path: Path) -> None:
    slow = Slow()
    journal = Journal(str(tmp_path / "j"), run_id="r", version="1", on_failure=print, sync=slow)
    journal(STARTED)
    assert slow.begun.wait(20)
    for number in range(100):
        journal(replace(ended(0), at=float(number)))
    assert len(read_journal(str(tmp_path / "j")).sittings[0].events) == 101
    slow.go.set()
    journal.close()
    assert slow.rounds == 2


@pytest.mark.faults
def test_a_sync_that_fails_is_told_once_and_ends_the_recording(tmp_path: Path) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    (said,) = write(tmp_path / "j", STARTED, ended(0), ended(1), FINISHED, sync=broken)
    assert "the journal cannot be written any more (Input/output error)" in said
    assert threads() == []


def test_signals_are_left_to_the_main_thread() -> None:
    seen: list[set[int]] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    syncing = Syncing(0, lambda _descriptor: seen.append({int(one) for one in signal.pthread_sigmask(signal.SIG_BLOCK, ())}))
    syncing.ask()
    syncing.finish()
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} <= seen[0]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


@pytest.mark.concurrency
def test_a_process_that_forks_while_it_records_can_end_in_both_halves(tmp_path: Path) -> None:
    code = ("import os, sys, warnings; warnings.simplefilter('ignore')\n"
            "from gatekeeper.store.journal import Journal; from gatekeeper.model.event import VerdictReached\n"
            "from gatekeeper.model.result import Verdict; from gatekeeper.model.status import Outcome\n"
            "journal = Journal(sys.argv[1], run_id='r', version='1', on_failure=print)\n"
            "journal(VerdictReached(at=1.0, verdict=Verdict(outcome=Outcome.PASS, exit_code=0)))\n"
            "child = os.fork()\n"
            "journal.close()\n"
            "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 0)")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "j")], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
