from __future__ import annotations

import io
import os

from gatekeeper.display.plain import PlainDisplay
from gatekeeper.display.sink import Sink
from gatekeeper.display.spans import Look
from gatekeeper.model.event import (
    Intervened,
    JobFinished,
    JobPaused,
    JobResumed,
    JobStarted,
    Pressure,
    RunPaused,
    RunResumed,
    RunStarted,
    VerdictReached,
)
from gatekeeper.model.result import RunRecord, Verdict
from gatekeeper.model.status import Outcome, Status
from tests.fakes.record import finding, hostile, job, mixed, plan, record, result
from tests.fakes.stream import events_of


def told(of: RunRecord, look: Look | None = None) -> str:
    stream = io.StringIO()
    with PlainDisplay(Sink(stream, look or Look())) as display:
        for event in events_of(of):
            display(event)
    return stream.getvalue()


def test_a_job_gets_one_line_when_it_ends() -> None:
    assert "\npass        alpha  A1/hygiene.check@repository  0.3s\n" in told(mixed())


def test_the_head_has_run_id_totals_and_limits() -> None:
    assert told(mixed()).splitlines()[0] == (
        "Gatekeeper 20260102-030405-abcd  pipeline default, all files; 14 jobs, at most 4 at once, within 1h 00m")


def test_a_failure_comes_with_excerpt_and_command_at_once() -> None:
    lines = told(mixed()).splitlines()
    start = lines.index("fail        beta   B2/ruff.lint@api  0.3s")
    assert lines[start + 1:start + 4] == ["    api/main.py:3:1 F401 `os` imported but unused", "    api/main.py:7:1 E501 line too long",
                                          "    repeat: cd api && /usr/bin/ruff check"]
    assert start < lines.index("error       beta   B2/mypy.check@api  0.3s  mypy ended with exit code 2")


def test_a_batch_that_ends_tells_its_six_counters() -> None:
    assert ("batch       beta   Language validation: total 9 completed 0 running 0 failed 5 blocked 2 pending 0 (1 unavailable, 1 skipped) in "
            in told(mixed()))
    assert told(mixed()).count("\nbatch ") == 4


def test_a_missed_target_is_said_with_the_batch() -> None:
    slow = job()
    stream = io.StringIO()
    display = PlainDisplay(Sink(stream, Look()))
    display(RunStarted(at=0.0, run_id="r", plan=plan([slow])))
    display(JobStarted(at=1.0, job=slow.id, attempt=1, pid=1))
    display(JobFinished(at=302.0, job=slow.id, result=result(slow, seconds=301.0)))
    assert ", target of 5m 00s missed" in stream.getvalue()


def test_the_verdict_is_said_when_it_is_reached_and_notices_as_they_come() -> None:
    text = told(mixed())
    assert "\nverdict     FAIL after 14s: 3 blocking jobs failed (" in text
    assert "\nnote        something is slow\n" in text


def test_what_is_unavailable_says_what_to_do() -> None:
    assert "unavailable beta   B3/eslint.lint@web  -  project dependencies are not installed\n    to do:  npm ci\n" in told(mixed())


def test_advice_is_one_line_and_says_that_it_is_advice() -> None:
    text = told(mixed())
    assert "fail        gamma  C3/bandit.scan@api  0.3s  (advisory)\n" in text
    assert "use of assert" not in text
    assert "use of assert" in told(mixed(), Look(verbose=True))


def test_quiet_tells_failures_notices_and_the_verdict_only_and_leaves_the_rest_to_the_summary() -> None:
    words = {line.split()[0] for line in told(mixed(), Look(quiet=True)).splitlines()}
    assert words == {"fail", "error", "timed", "note", "verdict"}


def test_without_colour_no_escape_is_written_and_with_colour_only_ours() -> None:
    assert "\x1b" not in told(hostile())
    colored = told(hostile(), Look(color=True))
    assert "\x1b[1;31mfail" in colored
    assert "\x1b]0;" not in colored
    assert "\x1b[31mred" not in colored
    assert {code for code in colored.split("\x1b[")[1:] if not code[0].isdigit()} == set()


def test_markup_is_shown_and_not_obeyed() -> None:
    assert "[bold]markup[/bold]" in told(hostile())


def test_secrets_do_not_reach_the_stream() -> None:
    lint = job()
    run = record([(lint, result(lint, Status.FAILED, findings=[finding("password is hunter2hunter2")]))])
    assert "hunter2" not in told(run, Look(secrets=("hunter2hunter2",)))
    assert "password is ***" in told(run, Look(secrets=("hunter2hunter2",)))


def test_a_closed_pipe_ends_the_writing_and_nothing_else() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        sink = Sink(stream, Look())
        display = PlainDisplay(sink)
        os.close(reader)
        for event in events_of(mixed()):
            display(event)
        assert sink.closed
        assert sink.problem is None


def test_a_full_disk_is_a_problem_that_is_remembered() -> None:
    with open("/dev/full", "w", encoding="utf-8") as stream:
        sink = Sink(stream, Look())
        sink.text("x\n")
        assert sink.problem == "no space left on device"


def test_a_stream_that_was_never_open_or_is_closed_takes_everything() -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        sink = Sink(stream, Look())
        sink.text("x")
        assert sink.closed


def test_characters_that_the_encoding_lacks_are_spelled_out() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Sink(stream, Look()).text("caf\u00e9 \U0001f600\n")
    assert raw.getvalue() == b"caf\\xe9 \\U0001f600\n"


def test_what_people_do_to_a_run_is_told_once() -> None:
    stream, one = io.StringIO(), job()
    display = PlainDisplay(Sink(stream, Look()))
    for event in (RunStarted(at=0.0, run_id="r", plan=plan([one])), JobStarted(at=1.0, job=one.id, attempt=1, pid=1),
                  Intervened(at=2.0, action="pause", reason="lunch", by="me"), RunPaused(at=2.0, reason="paused by me: lunch"),
                  JobPaused(at=2.0, job=one.id, reason="paused by me: lunch"), JobResumed(at=9.0, job=one.id), RunResumed(at=9.0),
                  JobPaused(at=10.0, job=one.id, reason="waits"), JobResumed(at=11.0, job=one.id),
                  Intervened(at=12.0, action="jobs", value="3", by="ann", reason="idle")):
        display(event)
    assert [text.split(maxsplit=1) for text in stream.getvalue().splitlines()[1:]] == [
        ["paused", "the run by me: lunch"], ["resumed", "the run"], ["paused", f"{one.id}: waits"], ["resumed", one.id],
        ["changed", "jobs 3 by ann: idle"]]


def test_a_machine_that_is_full_and_one_that_is_free_again_are_told_once() -> None:
    stream = io.StringIO()
    display = PlainDisplay(Sink(stream, Look()))
    display(Pressure(at=0.5, resource="memory", value=85.0, limit=80.0, held=False))  # much in use, and nothing waits for it
    for at in (1.0, 20.0, 40.0):
        for event in (Pressure(at=at, resource="memory", value=91.0, limit=80.0, held=True), Pressure(at=at + 9, resource="memory", value=60.0, limit=80.0, held=False)):
            display(event)
    assert [text.split(maxsplit=1) for text in stream.getvalue().splitlines()] == [
        ["load", "memory at 91 %, limit 80 %: little starts until there is room"], ["load", "memory: there is room again"]]


def test_a_pass_is_announced_early_to_all_but_those_who_want_it_quiet() -> None:
    one, two = job(), job("mypy.types")
    passed = Verdict(outcome=Outcome.PASS, exit_code=0, message="fine")
    for quiet in (False, True):
        stream = io.StringIO()
        display = PlainDisplay(Sink(stream, Look(quiet=quiet)))
        for event in (RunStarted(at=0.0, run_id="r", plan=plan([one, two])), VerdictReached(at=1.0, verdict=passed)):
            display(event)
        assert ("verdict" in stream.getvalue()) is not quiet
