"""The events as JSON lines, and the feed that writes them: kinds in order, nothing that a reader does reaches the run."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.display.feed import Feed
from gatekeeper.display.lines import EventLines
from gatekeeper.errors import UsageError
from gatekeeper.model.document import event_from_document
from gatekeeper.model.event import Event, JobFinished, Notice, RunStarted
from gatekeeper.model.result import Result
from gatekeeper.model.status import Cause, Status
from tests.fakes.record import mixed
from tests.fakes.stream import events_of

RUN = mixed()
EVENTS = list(events_of(RUN))
SECRET = "hunter2hunter2"


def told(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def whole_run() -> str:
    lines = EventLines(clock=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))
    return "".join(lines.lines(event) for event in EVENTS)


def test_every_event_can_be_read_back_and_tells_run_and_time() -> None:
    documents = told(whole_run())
    ours = {"BatchStarted", "BatchFinished"}
    assert [event_from_document(document) for document in documents if document["event"] not in ours] == EVENTS
    assert {document["run_id"] for document in documents} == {RUN.run_id}
    assert {document["time"] for document in documents} == {"2026-11-20T12:00:00.000+00:00"}


def test_kinds_are_there_and_in_order() -> None:
    documents = told(whole_run())
    kinds = [document["kind"] for document in documents if "kind" in document]
    assert kinds[0] == "execution:start"
    assert kinds[-1] == "execution:complete"
    batches = {job.batch for job in RUN.plan.jobs}
    for batch in batches:
        about = [(document["event"], document.get("kind")) for document in documents
                 if document.get("batch") == batch or RUN.plan.job(document.get("job") or "") in [job for job in RUN.plan.jobs if job.batch == batch]]
        about = [entry for entry in about if entry[0] not in {"JobQueued", "Notice"}]
        assert about[0] == ("BatchStarted", "phase:start")
        assert about[-1][0] == "BatchFinished"
        failed = any(result.status in {Status.FAILED, Status.ERRORED, Status.TIMED_OUT} for job, result in RUN.pairs() if job.batch == batch)
        assert about[-1][1] == ("phase:failed" if failed else "phase:complete")
    assert len([document for document in documents if document["event"] == "BatchStarted"]) == len(batches)
    finished = [document for document in documents if document["event"] == "BatchFinished"]
    assert {document["batch"] for document in finished} == batches
    assert sum(document["counters"]["total"] for document in finished) == len(RUN.plan.jobs)


def test_the_end_of_the_runs_time_is_told_once() -> None:
    lines = EventLines()
    started: Event = RunStarted(at=0.0, run_id="id", plan=RUN.plan)
    late: list[Event] = [JobFinished(at=1.0, job=job.id, result=Result(job=job.id, status=Status.NOT_RUN, cause=Cause.BUDGET, message="the run reached its timeout of 2 s"))
            for job in RUN.plan.jobs]
    kinds = [document.get("kind") for document in told("".join(lines.lines(event) for event in (started, *late)))]
    assert kinds.count("execution:timeout") == 1
    assert kinds.index("execution:timeout") < kinds.index(None)


def test_a_line_holds_no_newline_and_no_secret_whatever_the_event_says() -> None:
    text = EventLines((SECRET,)).lines(Notice(at=float("inf"), message=f"a\nb\u2028\udcff {SECRET}"))
    assert len(text.splitlines()) == 1
    assert SECRET not in text


def write(place: str, **more: Any) -> Feed:
    feed = Feed(place, EventLines((SECRET,)), **more)
    with feed:
        for event in EVENTS:
            feed(event)
    return feed


def test_a_file_holds_the_whole_run_and_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("old\n" * 1000)
    assert write(str(file)).problem == ""
    assert told(file.read_text())[-1]["event"] == "RunFinished"


def test_a_run_that_came_to_no_verdict_says_why_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    feed = Feed(str(file), EventLines((SECRET,)))
    feed(EVENTS[0])
    with pytest.raises(RuntimeError, match="it broke"), feed:
        raise RuntimeError(f"it broke with {SECRET}")
    last = told(file.read_text())[-1]
    assert (last["event"], last["kind"], last["error"]) == ("RunFailed", "execution:error", "it broke with ***")


def test_a_place_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        Feed(str(tmp_path / "none" / "events"), EventLines())


def test_a_full_disk_is_told_and_fails_nothing() -> None:
    assert "no space left" in write("/dev/full").problem.lower()


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[str]:
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    yield path
    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))  # sets free who still waits for a reader


@pytest.mark.concurrency
def test_a_reader_of_a_pipe_gets_everything(fifo: str) -> None:
    heard: list[str] = []

    def listen() -> None:
        with open(fifo, encoding="utf-8") as file:
            heard.append(file.read())

    reading = threading.Thread(target=listen)
    reading.start()
    assert write(fifo).problem == ""
    reading.join()
    assert told(heard[0])[-1]["event"] == "RunFinished"


@pytest.mark.concurrency
def test_a_reader_that_goes_away_is_no_problem(fifo: str) -> None:
    feed = Feed(fifo, EventLines())
    with feed:
        feed(EVENTS[0])
        with open(fifo, "rb") as file:
            file.read(1)
        for event in EVENTS[1:]:
            feed(event)
    assert feed.problem == ""


@pytest.mark.concurrency
def test_a_pipe_that_nobody_reads_neither_holds_up_nor_fails_the_run(fifo: str) -> None:
    assert write(fifo, patience=0.05).problem == "nobody read the last of the events"


@pytest.mark.concurrency
def test_a_reader_that_is_too_slow_loses_the_rest_and_that_is_said(fifo: str) -> None:
    assert "fast enough" in write(fifo, most=1000, patience=0.05).problem
