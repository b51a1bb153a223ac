"""The trace: read back and held to what a viewer needs: lanes without overlap, sums that are those of the journal, waits and pauses where they were."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.event import (
    Event,
    Intervened,
    JobEnded,
    JobFinished,
    JobOutput,
    JobPaused,
    JobQueued,
    JobResumed,
    JobStarted,
    Notice,
    Pressure,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    Stage,
    StageReached,
    VerdictReached,
)
from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Attempt, Result, Verdict
from gatekeeper.model.sanitize import json_bytes
from gatekeeper.model.status import Outcome, Status
from gatekeeper.report.trace import trace_document
from tests.fakes.record import job

JOBS = tuple(job(f"tool{number}.lint") for number in range(6))
IDS = tuple(one.id for one in JOBS)
PLAN = Plan(root="/r", pipeline="default", batches=(), jobs=JOBS)
VERDICT = Verdict(outcome=Outcome.FAIL, exit_code=1, message="1 job failed")
HEADER = {"wall": 1000.0, "monotonic": 50.0}


def traced(*events: Event, header: dict[str, float] | None = None, more: Sequence[tuple[dict[str, float], Sequence[Event]]] = ()) -> list[dict[str, Any]]:
    """The events of the trace as a viewer reads them, held to the format; those that name things left out."""
    document = json.loads(json_bytes(trace_document("r1", [(header or HEADER, events), *more]), indent=1))
    assert document["displayTimeUnit"] == "ms"
    for event in document["traceEvents"]:
        assert event["ph"] in set("XbeiCM"), event
        assert isinstance(event["name"], str)
        assert {type(event["pid"]), type(event["tid"]), type(event["ts"])} == {int}
        assert event["ph"] != "X" or (isinstance(event["dur"], int) and event["dur"] >= 0)
        assert event["ph"] != "i" or event["s"] in {"g", "p", "t"}
        assert event["ph"] not in "be" or (event["id"] and event["cat"])
    named = {event["tid"] for event in document["traceEvents"] if event["name"] == "thread_name"}
    found = [event for event in document["traceEvents"] if event["ph"] != "M"]
    assert {event["tid"] for event in found} <= named
    assert [event["ts"] for event in found] == sorted(event["ts"] for event in found)
    check_lanes(found)
    check_pairs(found)
    return found


def check_lanes(found: list[dict[str, Any]]) -> None:
    """Spans of one lane lie apart or one within the other, and no two jobs of it overlap."""
    lanes: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in found:
        if event["ph"] == "X":
            lanes[event["tid"]].append(event)
    for spans in lanes.values():
        open_: list[int] = []
        for span in sorted(spans, key=lambda one: (one["ts"], -one["dur"])):
            while open_ and open_[-1] <= span["ts"]:
                open_.pop()
            assert not open_ or span["ts"] + span["dur"] <= open_[-1], span
            open_.append(span["ts"] + span["dur"])
        jobs = sorted((one["ts"], one["ts"] + one["dur"]) for one in spans if one["cat"] in {"job", "reading"})
        assert all(end <= start for (_, end), (start, _) in pairwise(jobs)), jobs


def check_pairs(found: list[dict[str, Any]]) -> None:
    begun = {event["id"]: event["ts"] for event in found if event["ph"] == "b"}
    ended = {event["id"]: event["ts"] for event in found if event["ph"] == "e"}
    assert begun.keys() == ended.keys()
    assert all(begun[name] < ended[name] for name in begun)


def spans(found: list[dict[str, Any]], kind: str) -> list[tuple[str, int, int, int]]:
    return [(event["name"], event["tid"], event["ts"], event["dur"]) for event in found if event["ph"] == "X" and event["cat"] == kind]


def ended(at: float, number: int) -> JobEnded:
    return JobEnded(at=at, job=IDS[number], attempt=Attempt(exit_code=1, cpu_seconds=0.5, peak_memory_mb=9.0))


def finished(at: float, number: int, status: Status = Status.FAILED) -> JobFinished:
    return JobFinished(at=at, job=IDS[number], result=Result(job=IDS[number], status=status, message="2 findings"))


def started(at: float, number: int, attempt: int = 1) -> JobStarted:
    return JobStarted(at=at, job=IDS[number], attempt=attempt, pid=70 + number)


def test_a_job_waits_runs_and_is_read_in_the_lane_of_its_place() -> None:
    found = traced(RunStarted(at=50.0, run_id="r1", plan=PLAN), JobQueued(at=50.0, job=IDS[0]), JobQueued(at=50.0, job=IDS[1]), started(50.1, 0), ended(51.1, 0),
                   started(51.2, 1), finished(51.3, 0), ended(52.2, 1), finished(52.2, 1), RunFinished(at=53.0, run_id="r1", verdict=VERDICT, wall_seconds=3.0))
    assert spans(found, "job") == [(IDS[0], 1, 100_000, 1_000_000), (IDS[1], 2, 1_200_000, 1_000_000)]
    assert spans(found, "reading") == [("reading", 1, 1_100_000, 200_000)]
    assert spans(found, "run") == [("run r1", 0, 0, 3_000_000)]
    waits = [(event["name"], event["ts"]) for event in found if event["cat" if event["ph"] in "be" else "ph"] == "queued"]
    assert waits == [(f"{IDS[0]} waits", 0), (f"{IDS[1]} waits", 0), (f"{IDS[0]} waits", 100_000), (f"{IDS[1]} waits", 1_200_000)]
    told = next(event["args"] for event in found if event["name"] == IDS[0])
    assert told["reason"] == "configured: [tool.tool0] in api/pyproject.toml"
    assert (told["status"], told["message"], told["exit_code"], told["pid"], told["cpu_seconds"]) == ("failed", "2 findings", 1, 70, 0.5)
    assert [event["args"]["running"] for event in found if event["ph"] == "C"] == [1, 2, 1, 0]


def test_each_try_is_a_span_of_its_own_and_the_wait_between_them_holds_no_place_in_it() -> None:
    found = traced(RunStarted(at=50.0, run_id="r1", plan=PLAN), started(50.0, 0), ended(51.0, 0), JobQueued(at=51.5, job=IDS[0]), started(53.0, 0, 2), ended(54.0, 0),
                   finished(54.0, 0))
    assert [(start, dur) for _, _, start, dur in spans(found, "job")] == [(0, 1_000_000), (3_000_000, 1_000_000)]
    assert [event["args"]["attempt"] for event in found if event.get("cat") == "job"] == [1, 2]


def test_pauses_lie_inside_the_job_and_inside_the_run() -> None:
    found = traced(RunStarted(at=50.0, run_id="r1", plan=PLAN), started(50.0, 0), RunPaused(at=51.0, reason="lunch"), JobPaused(at=51.0, job=IDS[0], reason="lunch"),
                   JobResumed(at=52.0, job=IDS[0]), RunResumed(at=52.0), ended(53.0, 0), finished(53.0, 0),
                   RunFinished(at=53.0, run_id="r1", verdict=VERDICT, wall_seconds=3.0))
    assert spans(found, "paused") == [("paused", 1, 1_000_000, 1_000_000)]
    assert [(event["ph"], event["ts"]) for event in found if event["name"] == "paused: lunch"] == [("b", 1_000_000), ("e", 2_000_000)]


def test_what_the_run_did_before_it_could_write_is_part_of_it() -> None:
    found = traced(RunStarted(at=50.0, run_id="r1", plan=PLAN), StageReached(at=49.0, stage=Stage.SUBMITTED), StageReached(at=49.5, stage=Stage.PLANNED),
                   StageReached(at=50.5, stage=Stage.RUNNING), RunFinished(at=51.0, run_id="r1", verdict=VERDICT, wall_seconds=2.0))
    assert spans(found, "run") == [("run r1", 0, 0, 2_000_000)]
    assert [(name, start) for name, _, start, _ in spans(found, "stage")] == [("submitted", 0), ("planned", 500_000), ("running", 1_500_000)]


def test_what_was_lost_with_its_process_ends_there_and_the_rest_stands_at_the_time_of_day() -> None:
    again: list[Event] = [RunStarted(at=5.0, run_id="r1", plan=PLAN), finished(5.0, 1, Status.PASSED), started(5.5, 0), ended(6.5, 0), finished(6.5, 0),
                          RunFinished(at=7.0, run_id="r1", verdict=VERDICT, wall_seconds=4.0)]
    found = traced(RunStarted(at=50.0, run_id="r1", plan=PLAN), started(50.0, 0), started(50.0, 1), ended(51.0, 1), finished(51.0, 1), JobPaused(at=51.5, job=IDS[0], reason=""),
                   JobQueued(at=51.5, job=IDS[2]), Notice(at=52.0, message="last words"), more=[({"wall": 1100.0, "monotonic": 5.0}, again)])
    assert spans(found, "job") == [(IDS[0], 1, 0, 2_000_000), (IDS[1], 2, 0, 1_000_000), (IDS[0], 1, 100_500_000, 1_000_000)]
    assert [event["args"].get("lost") for event in found if event.get("cat") == "job"] == [True, None, None]
    assert [name for name, *_ in spans(found, "run")] == ["run r1", "run r1"]


def test_everything_else_that_was_told_is_there() -> None:
    found = traced(RunStarted(at=50.0, run_id="r1", plan=PLAN), StageReached(at=50.0, stage=Stage.QUEUED), StageReached(at=51.0, stage=Stage.RUNNING), Notice(at=51.0, message="slow", job=IDS[0]),
                   Intervened(at=51.5, action="jobs", value="2"), Pressure(at=52.0, resource="memory", value=81.0, limit=80.0, held=True), JobOutput(at=52.0, job=IDS[0], stdout=1, stderr=2),
                   VerdictReached(at=52.5, verdict=VERDICT), RunFinished(at=53.0, run_id="r1", verdict=VERDICT, wall_seconds=3.0))
    assert spans(found, "stage") == [("queued", 0, 0, 1_000_000), ("running", 0, 1_000_000, 2_000_000)]
    assert [event["name"] for event in found if event["ph"] == "i"] == ["notice", "jobs", "memory over the limit", "verdict: fail"]


def test_a_run_that_has_hardly_begun_is_a_trace_too() -> None:
    assert traced() == []
    assert traced(started(50.0, 0)) != []


MOVES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["queue", "start", "end", "finish", "pause", "resume"]), st.floats(0.0, 2.0)), max_size=60)


@pytest.mark.unit
@given(MOVES)
def test_whatever_happens_no_lane_overlaps_and_the_sums_are_those_of_the_journal(moves: list[tuple[int, str, float]]) -> None:
    at, expected, running = 50.0, 0, {}
    events: list[Event] = [RunStarted(at=at, run_id="r1", plan=PLAN)]
    for number, move, later in moves:
        at += later
        match move:
            case "queue":
                events.append(JobQueued(at=at, job=IDS[number]))
            case "start" if number not in running:
                events.append(started(at, number))
                running[number] = at
            case "end" if number in running:
                events += [ended(at, number), finished(at, number)]
                expected += round((at - 50.0) * 1_000_000) - round((running.pop(number) - 50.0) * 1_000_000)
            case "pause":
                events.append(JobPaused(at=at, job=IDS[number], reason="x"))
            case "resume":
                events.append(JobResumed(at=at, job=IDS[number]))
            case _:
                continue
    expected += sum(round((max(event.at for event in events) - 50.0) * 1_000_000) - round((begun - 50.0) * 1_000_000) for begun in running.values())
    found = traced(*events)
    assert abs(sum(dur for *_, dur in spans(found, "job")) - expected) <= len(events)
