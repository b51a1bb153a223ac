"""Where the time of a run went: the chain it waited for, sums, and what would have spared time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gatekeeper.display.spans import Look, text_of
from gatekeeper.display.timings import timing_line, timing_lines
from gatekeeper.model.plan import Plan, Resources
from gatekeeper.model.result import Attempt, Result, RunRecord, Saving, Step, Timings, Verdict
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.value import replace
from gatekeeper.session.timings import timings
from tests.fakes.record import job

BASE = job("ruff.lint")
#: start and seconds of each job
Times = Mapping[str, tuple[float, float]]


def result(name: str, start: float, seconds: float) -> Result:
    return Result(job=name, status=Status.PASSED, attempts=(Attempt(started=start, wall_seconds=seconds, cpu_seconds=seconds / 2),))


def plan(times: Times, needs: Mapping[str, Sequence[str]] | None = None, *, size: int = 2, barriers: Mapping[str, tuple[str, ...]] | None = None,
         cpu: Mapping[str, int] | None = None) -> Plan:
    jobs = tuple(replace(BASE, id=name, needs=tuple((needs or {}).get(name, ())), resources=Resources(cpu=(cpu or {}).get(name, 1))) for name in times)
    return Plan(root="/r", pipeline="default", batches=(), jobs=jobs, pool_size=size, barriers=barriers or {})


def told(times: Times, needs: Mapping[str, Sequence[str]] | None = None, *, size: int = 2, barriers: Mapping[str, tuple[str, ...]] | None = None) -> Timings:
    end = max(start + seconds for start, seconds in times.values())
    return timings(plan(times, needs, size=size, barriers=barriers), [result(name, *when) for name, when in times.items()], end)


def test_the_sums_say_how_well_the_machine_was_used() -> None:
    found = told({"a": (0.0, 6.0), "b": (0.0, 4.0), "c": (4.0, 4.0)})
    assert (found.job_seconds, found.cpu_seconds, found.speed_up, found.cores_used, found.jobs_per_minute) == (14.0, 7.0, 1.75, 0.88, 22.5)
    assert found.slowest == (("a", 6.0), ("b", 4.0), ("c", 4.0))


def test_the_chain_is_the_one_that_the_run_really_waited_for() -> None:
    found = told({"build": (0.0, 3.0), "lint": (0.0, 5.0), "test": (3.0, 4.0), "docs": (5.0, 1.0)}, {"test": ["build"]})
    assert found.path == (Step(job="build", seconds=3.0), Step(job="test", seconds=4.0, after="need"))
    assert found.longest_chain_seconds == 7.0


def test_a_job_that_only_waited_for_room_says_so() -> None:
    found = told({"a": (0.0, 3.0), "b": (3.2, 4.0)}, size=1)
    assert found.path == (Step(job="a", seconds=3.0), Step(job="b", seconds=4.0, after="room", waited=0.2))
    assert found.longest_chain_seconds == 4.0


def test_of_two_that_ended_together_the_one_that_was_needed_is_named() -> None:
    found = told({"need": (0.0, 2.998), "other": (0.0, 3.0), "last": (3.001, 1.0)}, {"last": ["need"]})
    assert [step.job for step in found.path] == ["need", "last"]


def test_what_waits_behind_a_barrier_waits_for_all_of_it() -> None:
    times = {"a": (0.0, 3.0), "b": (0.0, 5.0), "c": (5.0, 1.0)}
    jobs = plan(times).jobs
    behind = replace(plan(times, barriers={"|x": ("|y", "a"), "|y": ("b",)}), jobs=(*jobs[:2], replace(jobs[2], after=("|x",))))
    found = timings(behind, [result(name, *when) for name, when in times.items()], 6.0)
    assert found.longest_chain_seconds == 6.0
    assert found.path[-1] == Step(job="c", seconds=1.0, after="need")


def test_what_a_job_would_have_spared_is_less_than_it_took_where_others_fill_the_room() -> None:
    found = told({"long": (0.0, 10.0), "a": (0.0, 4.0), "b": (4.0, 4.0)})
    assert found.savings == (Saving(job="long", seconds=6.0),)


def test_nobody_is_told_what_would_have_spared_nothing() -> None:
    assert told({"a": (0.0, 6.0), "b": (0.0, 6.0)}).savings == ()


def test_a_short_run_is_not_simulated() -> None:
    assert told({"a": (0.0, 3.0), "b": (0.0, 1.0)}).savings == ()


def test_a_job_of_the_whole_machine_runs_alone_in_the_simulation_too() -> None:
    times = {"bench": (0.0, 6.0), "a": (6.0, 3.0), "b": (6.0, 3.0)}
    found = timings(plan(times, cpu={"bench": 2}), [result(name, *when) for name, when in times.items()], 9.0)
    assert found.savings == (Saving(job="bench", seconds=6.0),)


def test_what_was_not_run_took_no_time() -> None:
    times = {"a": (0.0, 3.0), "b": (0.0, 4.0), "c": (0.0, 5.0)}
    found = timings(plan(times), [replace(result("a", 0.0, 3.0), from_cache=True), result("b", 0.0, 4.0), replace(result("c", 0.0, 5.0), held_from="r0")], 4.0)
    assert (found.job_seconds, found.slowest) == (4.0, (("b", 4.0),))


def test_a_run_without_jobs_has_no_times() -> None:
    assert timings(plan({}), [], 0.0) == Timings(path=(), slowest=())


def test_a_circle_of_barriers_does_not_hang() -> None:
    times = {"a": (0.0, 1.0), "b": (1.0, 1.0)}
    jobs = plan(times).jobs
    circle = replace(plan(times, barriers={"|x": ("|y",), "|y": ("|x", "a")}), jobs=(jobs[0], replace(jobs[1], after=("|x",))))
    assert timings(circle, [result(name, *when) for name, when in times.items()], 2.0).job_seconds == 2.0


def shown(times: Times, needs: Mapping[str, Sequence[str]] | None = None) -> tuple[str, str]:
    wall = max(start + seconds for start, seconds in times.values())
    record = RunRecord(run_id="r1", plan=plan(times, needs), results=(), verdict=Verdict(outcome=Outcome.PASS, exit_code=0), started_at="", wall_seconds=wall,
                       version="1", timings=told(times, needs))
    line, look = timing_line(record), Look()
    return text_of([] if line is None else [line], look), text_of(timing_lines(record, look), look)


def test_people_are_told_in_one_line_and_in_full() -> None:
    line, page = shown({"build": (0.0, 3.0), "lint": (0.0, 1.0), "test": (3.5, 4.0)}, {"test": ["build"]})
    assert line == "time: 8.0s of work in 7.5s; the run waited for build (3.0s) and test (4.0s); without test about 4.0s less\n"
    assert "    4.0s  test  needed the one before, 0.5s later\n" in page
    assert "    4.0s  less without test\n" in page
    assert "the longest chain of needs takes 7.0s" in page


def test_a_run_of_one_job_needs_no_line() -> None:
    line, page = shown({"only": (0.0, 3.0)})
    assert line == ""
    assert "3.0s  only" in page
