from __future__ import annotations

from dataclasses import astuple, replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.display.frame import frame
from gatekeeper.display.spans import Line, Look, cells
from gatekeeper.display.view import View, advance
from gatekeeper.judge.counters import batch_seconds, counters
from gatekeeper.model.event import JobFinished, JobPaused, JobResumed, JobStarted, RunStarted
from gatekeeper.model.result import Attempt
from gatekeeper.model.status import Status
from tests.fakes.record import hostile, job, mixed, plan, record, result
from tests.fakes.stream import events_of


def text(lines: tuple[Line, ...]) -> list[str]:
    return ["".join(span.text for span in content) for content in lines]


def midway(of: int = 16) -> View:
    return reduce(advance, list(events_of(mixed()))[:of], View())


def test_at_the_end_the_counters_are_those_of_the_results() -> None:
    run = mixed()
    view = reduce(advance, events_of(run), View())
    assert {batch.id: batch.counters for batch in view.batches} == dict(counters(run.plan, run.results))
    assert (view.percent, view.running, view.over) == (100, (), True)


def test_at_every_event_the_parts_add_up_to_the_total() -> None:
    view = View()
    for event in events_of(mixed()):
        view = advance(view, event)
        for batch in view.batches:
            assert astuple(batch.counters)[0] == sum(astuple(batch.counters)[1:])
            assert min(astuple(batch.counters)) >= 0
        assert view.counters.running == len(view.running)


def test_a_second_attempt_is_still_one_running_job() -> None:
    one = job()
    opened = advance(View(), RunStarted(at=0.0, run_id="r", plan=plan([one])))
    twice = reduce(advance, [JobStarted(at=1.0, job=one.id, attempt=number, pid=1) for number in (1, 2)], opened)
    assert twice.counters.running == 1
    assert [entry.attempt for entry in twice.running] == [2]


def test_a_batch_is_over_with_its_last_job_and_knows_how_long_it_took() -> None:
    first, second = job(), job("mypy.check")
    view = advance(View(), RunStarted(at=0.0, run_id="r", plan=plan([first, second])))
    ran = replace(result(first), attempts=(Attempt(started=1.0, wall_seconds=2.0), Attempt(started=4.0, wall_seconds=0.5)))
    view = advance(view, JobFinished(at=0.5, job=second.id, result=result(second, Status.BLOCKED)))
    assert (view.batches[0].over, view.batches[0].seconds) == (False, None)
    view = advance(view, JobFinished(at=5.0, job=first.id, result=ran))
    assert (view.batches[0].over, view.batches[0].seconds) == (True, 3.5)
    assert batch_seconds(plan([first, second]), [ran, result(second, Status.BLOCKED)]) == ((first.batch, 3.5),)


def test_events_of_unknown_jobs_change_nothing() -> None:
    view = midway()
    stray = job("stray.one")
    assert advance(view, JobFinished(at=1.0, job=stray.id, result=result(stray))) == view


def test_the_percentage_reaches_a_hundred_only_at_the_end() -> None:
    jobs = [job(f"t{number}.run") for number in range(300)]
    view = advance(View(), RunStarted(at=0.0, run_id="r", plan=plan(jobs)))
    for entry in jobs[:-1]:
        view = advance(view, JobFinished(at=1.0, job=entry.id, result=result(entry)))
    assert view.percent == 99


@pytest.mark.parametrize(("width", "height"), [(120, 40), (60, 20), (60, 8), (20, 3), (200, 50)])
def test_the_picture_fits_the_terminal(width: int, height: int) -> None:
    for of in range(1, 30):
        lines = frame(midway(of), 120.0, Look(width=width), height)
        assert len(lines) <= height
        assert all(sum(cells(span.text) for span in content) <= width for content in lines)


def test_a_wide_picture_has_a_bar_with_percent_and_six_counters_per_batch_and_for_all() -> None:
    lines = text(frame(midway(), 120.0, Look(width=120), 40))
    beta = next(entry for entry in lines if entry.startswith("beta"))
    assert "█" in beta
    assert "▒" in beta
    assert " 22%  total  9 completed  0 running  2 failed  2 blocked  0 pending  5" in beta
    assert [entry.split()[0] for entry in lines[1:6]] == ["alpha", "beta", "gamma", "delta", "all"]
    assert lines[0].startswith(" 21% 20s")
    assert "14 jobs, at most 4 at once, within 1h 00m; default, all files  20260102-030405-abcd" in lines[0]


def test_running_jobs_have_clocks_longest_first_and_what_does_not_fit_is_counted() -> None:
    lines = text(frame(midway(), 120.0, Look(width=120), 40))
    running = [entry.split() for entry in lines if entry.startswith("running")]
    assert [entry[-1] for entry in running] == ["B2/pytest.test@api", "B3/prettier.check@web", "C3/bandit.scan@api"]
    assert running[0][1] == "16s"
    assert text(frame(midway(), 120.0, Look(width=120), 9))[-1] == "running          and 2 more"


def test_a_narrow_picture_still_has_all_six_counters() -> None:
    lines = text(frame(midway(), 120.0, Look(width=60), 30))
    assert "  total 9 compl 0 run 2 fail 2 block 0 pend 5" in lines
    assert "  total  9 completed  0 running  2 failed  2 blocked  0 pending  5" in text(frame(midway(), 120.0, Look(width=80), 30))
    low = text(frame(midway(), 120.0, Look(width=60), 9))
    assert "beta   22% t9 c0 r2 f2 b0 p5" in low


def test_a_terminal_without_box_characters_gets_ascii() -> None:
    assert "".join(text(frame(midway(), 120.0, Look(width=120, unicode=False), 40))).isascii()


def test_a_run_without_jobs_has_a_picture_too() -> None:
    view = advance(View(), RunStarted(at=0.0, run_id="r", plan=plan(())))
    assert text(frame(view, 1.0, Look(), 20))[0].startswith("100%")
    assert text(frame(View(), 1.0, Look(), 20)) == ["looking at the repository, getting its tools ready ..."]


@given(st.integers(1, 250), st.integers(1, 60), st.integers(1, 60))
def test_no_size_of_terminal_breaks_the_picture(width: int, height: int, of: int) -> None:
    view = reduce(advance, list(events_of(hostile()))[:of], View())
    view = replace(view, over=False)
    assert len(frame(view, 200.0, Look(width=width), height)) <= height


def test_the_record_of_the_fakes_has_no_job_twice() -> None:
    run = record([(job(), result(job()))])
    assert len({entry.id for entry in mixed().plan.jobs}) == len(mixed().plan.jobs) > len(run.plan.jobs)


def test_the_clock_of_a_job_that_stands_still_does_so_too() -> None:
    view = advance(advance(View(), RunStarted(at=0.0, run_id="r", plan=plan([one := job()]))), JobStarted(at=10.0, job=one.id, attempt=1, pid=1))
    still = advance(view, JobPaused(at=15.0, job=one.id, reason="lunch"))
    assert [entry.split()[:2] for entry in text(frame(still, 500.0, Look(width=120), 40)) if one.id in entry] == [["paused", "5.0s"]]
    again = advance(still, JobResumed(at=515.0, job=one.id))
    assert [entry.split()[:2] for entry in text(frame(again, 517.0, Look(width=120), 40)) if one.id in entry] == [["running", "7.0s"]]


def test_a_job_that_ended_while_it_was_frozen_is_not_frozen_at_its_next_try() -> None:
    view = advance(advance(View(), RunStarted(at=0.0, run_id="r", plan=plan([one := job()]))), JobStarted(at=10.0, job=one.id, attempt=1, pid=1))
    dead = advance(view, JobPaused(at=15.0, job=one.id, reason="lunch"))
    assert advance(dead, JobStarted(at=20.0, job=one.id, attempt=2, pid=2)).frozen == frozenset()
    assert advance(dead, JobFinished(at=20.0, job=one.id, result=result(one))).frozen == frozenset()
