"""Journal, log and record: what a run leaves, whole or torn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.errors import StoreError
from gatekeeper.model.event import Event, JobEnded, JobFinished, JobQueued, JobStarted, Notice, RunFinished, RunStarted, VerdictReached
from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Attempt, Result, RunRecord, Verdict
from gatekeeper.model.status import Cause, Outcome, Status
from gatekeeper.store.atomic import replacing, write_bytes
from gatekeeper.store.home import open_home, start_run
from gatekeeper.store.journal import Journal, read_journal
from gatekeeper.store.log import RunLog
from gatekeeper.store.runs import read_record, write_record

REPOSITORY = Path(__file__).parents[2]
PLAN = Plan(root="/r", pipeline="default", batches=(), jobs=())
VERDICT = Verdict(outcome=Outcome.PASS, exit_code=0)
ATTEMPT = Attempt(exit_code=0, wall_seconds=1.5, peak_memory_mb=20.0)
EVENTS: tuple[Event, ...] = (
    RunStarted(at=1.0, run_id="r", plan=PLAN), JobQueued(at=1.1, job="a"), JobStarted(at=1.2, job="a", attempt=1, pid=7),
    Notice(at=1.3, message="slow\n\x1b[31m", job="a"), JobEnded(at=1.4, job="a", attempt=ATTEMPT),
    JobFinished(at=1.5, job="a", result=Result(job="a", status=Status.ERRORED, cause=Cause.CRASH, message="boom \udcff")),
    VerdictReached(at=1.6, verdict=VERDICT), RunFinished(at=1.7, run_id="r", verdict=VERDICT, wall_seconds=0.7),
)


def journal(path: Path, events: tuple[Event, ...] = EVENTS) -> list[str]:
    """Writes a journal; returns what was said about failures."""
    said: list[str] = []
    writer = Journal(str(path), run_id="r", version="1.2", on_failure=said.append)
    for event in events:
        writer(event)
    writer.close()
    return said


def test_a_journal_gives_back_every_event(tmp_path: Path) -> None:
    assert journal(tmp_path / "j") == []
    recorded = read_journal(str(tmp_path / "j"))
    assert recorded.events == EVENTS
    assert (recorded.run_id, recorded.version, recorded.whole, recorded.damaged_line) == ("r", "1.2", True, None)


def test_a_journal_without_its_end_is_not_whole(tmp_path: Path) -> None:
    journal(tmp_path / "j", EVENTS[:-1])
    recorded = read_journal(str(tmp_path / "j"))
    assert (recorded.whole, recorded.damaged_line) == (False, None)


@pytest.mark.faults
def test_wherever_a_journal_is_torn_the_whole_lines_before_are_read(tmp_path: Path) -> None:
    journal(tmp_path / "j")
    data = (tmp_path / "j").read_bytes()
    first = data.index(b"\n") + 1
    ends = [at for at in range(first, len(data)) if b"\n" in data[at - 1:at + 1]]
    for cut in (*ends, *range(first, len(data), 31)):
        (tmp_path / "torn").write_bytes(data[:cut])
        recorded = read_journal(str(tmp_path / "torn"))
        lines = data[:cut].count(b"\n") - 1
        assert recorded.events == EVENTS[:lines]
        assert not recorded.whole
        assert recorded.damaged_line == (None if data[cut - 1:cut] == b"\n" else lines + 2)


def test_reading_stops_at_a_damaged_line(tmp_path: Path) -> None:
    journal(tmp_path / "j")
    lines = (tmp_path / "j").read_bytes().split(b"\n")
    lines[3] = b'{"event": "Unknown"}'
    (tmp_path / "j").write_bytes(b"\n".join(lines))
    recorded = read_journal(str(tmp_path / "j"))
    assert (recorded.events, recorded.damaged_line, recorded.whole) == (EVENTS[:2], 4, False)


@pytest.mark.parametrize(("data", "words"), [(b"", "is no journal"), (b"[]\n", "is no journal"), (b"\xff\xfe\n", "is no journal"),
                                             (b'{"journal": "gatekeeper", "schema": 99, "version": "9"}\n', "schema 99 is not known")])
def test_what_is_no_journal_of_ours_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "j").write_bytes(data)
    with pytest.raises(StoreError, match=words):
        read_journal(str(tmp_path / "j"))
    with pytest.raises(StoreError, match="gone: cannot be read"):
        read_journal(str(tmp_path / "gone"))


@pytest.mark.faults
def test_a_journal_that_cannot_be_written_is_one_notice_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = journal(tmp_path / "file/j")
    assert len(said) == 1
    assert "the journal cannot be written any more (Not a directory)" in said[0]


@pytest.mark.faults
def test_a_disk_that_fills_up_stops_the_journal_with_one_notice(tmp_path: Path) -> None:
    code = ("import resource, signal, sys; from gatekeeper.store.journal import Journal; from gatekeeper.model.event import Notice\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (380, 380))\n"
            "journal = Journal(sys.argv[1], run_id='r', version='1', on_failure=print)\n"
            "for number in range(9): journal(Notice(at=number, message='x' * 50))")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "j")], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.count("cannot be written any more (File too large)") == 1
    recorded = read_journal(str(tmp_path / "j"))
    assert len(recorded.events) == 2
    assert not recorded.whole


def test_the_log_has_one_plain_line_per_event(tmp_path: Path) -> None:
    log = RunLog(str(tmp_path / "run.log"))
    for event in EVENTS:
        log(event)
    log.close()
    lines = (tmp_path / "run.log").read_text().splitlines()
    assert len(lines) == len(EVENTS)
    assert lines[0].split(maxsplit=1) == ["0.000", "run r: pipeline default, all files, 0 jobs, 1 at a time"]
    assert lines[3].endswith(r"a: notice: slow\n\x1b[31m")
    assert lines[5].endswith(r"a: errored (crash): boom \udcff")


@pytest.mark.faults
def test_a_log_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    log = RunLog(str(tmp_path / "none/run.log"))
    log(EVENTS[0])
    log.close()
    assert list(tmp_path.iterdir()) == []


# records


def run_record(run_id: str = "r", seconds: float = 1.0, status: Status = Status.PASSED, **other: object) -> RunRecord:
    result = Result(job="a", status=status, attempts=(Attempt(wall_seconds=seconds, peak_memory_mb=12.34),), from_cache=bool(other.get("from_cache")))
    return RunRecord(run_id=run_id, plan=PLAN, results=(result,), verdict=VERDICT, started_at="2026-01-02T12:00:00+00:00", wall_seconds=seconds, version="1",
                     facts=(("m", {"a": [1]}),))


def test_a_record_reads_back_as_it_was(tmp_path: Path) -> None:
    write_record(str(tmp_path), run_record())
    assert read_record(str(tmp_path)) == run_record()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 9}', '{"schema": 1, "record": {"run_id": 3}}', "[" * 100_000])
def test_a_record_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(StoreError, match=r"record\.json: "):
        read_record(str(tmp_path))


def test_a_run_without_record_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="died before its end") as died:
        read_record(str(tmp_path))
    assert "gatekeeper resume --run" in (died.value.hint or "")
    run = start_run(open_home(str(tmp_path), {}))
    with pytest.raises(StoreError, match=f"run {run.run_id} is still under way") as lives:
        read_record(run.path)
    run.close()
    assert f"gatekeeper status --run {run.run_id}" in (lives.value.hint or "")


@pytest.mark.faults
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_bytes(str(path), b"old")
    with pytest.raises(TypeError), replacing(str(path)) as file:
        file.writelines([b"half", "no bytes"])  # type: ignore[list-item]
    assert path.read_bytes() == b"old"
    write_bytes(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StoreError, match=r"cannot be written: Not a directory"):
        write_bytes(str(path / "below"), b"")


@pytest.mark.parametrize(("umask", "mode", "given"), [(0o022, None, 0o644), (0o077, None, 0o600), (0o077, 0o755, 0o755), (0o022, 0o600, 0o600)])
def test_a_file_is_as_open_as_the_umask_of_the_user_allows_unless_its_mode_is_said(tmp_path: Path, umask: int, mode: int | None, given: int) -> None:
    before = os.umask(umask)
    try:
        write_bytes(str(tmp_path / "file"), b"x", mode)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == given
