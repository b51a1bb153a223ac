"""What a run yields: cores that other runs hold, foreign load, short memory. Real locks, a made-up load, no processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gatekeeper.execute.control import Action, Request
from gatekeeper.execute.pressure import Sample
from gatekeeper.execute.share import SHARE, Gauge, Yielding, inherited_share, share_of
from gatekeeper.execute.slots import Slots
from gatekeeper.model.event import JobFinished, JobPaused, JobResumed, JobStarted, Notice, Pressure
from gatekeeper.model.result import Result
from gatekeeper.model.status import Status
from gatekeeper.model.value import replace
from tests.fakes.house import House, job
from tests.fakes.pool import Script

CALM = Sample(cpu=10.0, ours=0.1, memory=20.0, some=0.0, full=0.0)
LOADED = Sample(cpu=99.0, ours=0.1, memory=20.0, some=0.0, full=0.0)
DIRE = Sample(cpu=10.0, ours=0.1, memory=99.0, some=50.0, full=50.0)


def under(house: House, load: Callable[[float], Sample]) -> House:
    """The machine has this load, by the clock of the run."""
    looks: list[float] = []

    def look(seconds: float) -> Sample:
        assert seconds >= 0.999
        looks.append(house.clock())
        return load(house.clock())

    house.options = replace(house.options, yielding=Yielding(cpu_percent=95.0, memory_percent=80.0, gauge=lambda: look))
    return house


def sharing(house: House, folder: Path, cores: int = 2) -> House:
    house.options = replace(house.options, yielding=Yielding(folder=str(folder / "slots"), cores=cores))
    return house


def started(house: House) -> list[tuple[str, float]]:
    return [(event.job, round(event.at, 3)) for event in house.events.of(JobStarted)]


def long(*names: str, seconds: float = 10.0) -> dict[str, Script]:
    return {f"T/{name}": Script(seconds=seconds) for name in names}


def test_foreign_load_holds_back_what_has_not_started_and_is_told(tmp_path: Path) -> None:
    house = under(House(tmp_path, job("a"), job("b"), job("c"), job("d"), scripts=long("a", "b", "c", "d")), lambda now: LOADED if 5 < now < 25 else CALM)
    house.run()
    assert started(house) == [("T/a", 0.0), ("T/b", 0.0), ("T/c", 10.0), ("T/d", 20.0)]
    assert [(event.at, event.resource, event.value, event.limit, event.held) for event in house.events.of(Pressure)] == [
        (6.0, "cpu", 99.0, 95.0, True), (25.0, "cpu", 10.0, 95.0, False)]


def test_a_machine_that_is_always_full_of_others_runs_one_job_at_a_time(tmp_path: Path) -> None:
    house = under(House(tmp_path, *(job(name) for name in "abcde"), scripts=long(*"abcde")), lambda _: LOADED)
    assert {result.status for result in house.run()} == {Status.PASSED}
    assert started(house) == [("T/a", 0.0), ("T/b", 0.0), ("T/c", 10.0), ("T/d", 20.0), ("T/e", 30.0)]


def test_short_memory_freezes_the_newest_and_its_clock_until_it_passes(tmp_path: Path) -> None:
    house = under(House(tmp_path, job("a"), job("b", timeout=12.0), scripts=long("a", "b")), lambda now: DIRE if 3 < now < 8 else CALM)
    assert {result.status for result in house.run()} == {Status.PASSED}
    assert [(event.at, event.job, event.reason) for event in house.events.of(JobPaused)] == [(4.0, "T/b", "the machine is short of memory")]
    assert [(event.at, event.job) for event in house.events.of(JobResumed)] == [(8.0, "T/b")]
    assert [(event.job, event.at) for event in house.events.of(JobFinished)] == [("T/a", 10.0), ("T/b", 14.0)]


def test_what_was_frozen_goes_on_when_nothing_else_moves(tmp_path: Path) -> None:
    house = under(House(tmp_path, job("a"), job("b"), scripts=long("a", "b")), lambda now: DIRE if now > 3 else CALM)
    assert {result.status for result in house.run()} == {Status.PASSED}
    assert [(event.job, event.at) for event in house.events.of(JobFinished)] == [("T/a", 10.0), ("T/b", 16.0)]


def test_a_run_that_is_over_in_a_second_never_looks(tmp_path: Path) -> None:
    def never() -> Gauge:
        raise AssertionError("looked")

    house = House(tmp_path, job("a"), job("b"))
    house.options = replace(house.options, yielding=Yielding(cpu_percent=95.0, memory_percent=80.0, gauge=never))
    assert {result.status for result in house.run()} == {Status.PASSED}


def test_cores_that_another_run_holds_are_left_to_it(tmp_path: Path) -> None:
    with closing(Slots(str(tmp_path / "slots"), 2)) as other:
        assert other.ask(0, 2, 0.0) == 2
        house = sharing(House(tmp_path, *(job(name) for name in "abc"), scripts=long(*"abc")), tmp_path)
        house.pool.at(15.0, other.close)
        house.run()
    assert started(house) == [("T/a", 0.0), ("T/b", 10.0), ("T/c", 15.1)]


def test_a_run_takes_no_more_slots_than_its_jobs_use_and_gives_all_back(tmp_path: Path) -> None:
    house = sharing(House(tmp_path, job("a"), job("b"), scripts={**long("a"), **long("b", seconds=3.0)}), tmp_path)
    seen: list[int] = []

    def look() -> None:
        with closing(Slots(str(tmp_path / "slots"), 2)) as other:
            seen.append(other.ask(0, 2, 0.0))

    for moment in (1.0, 5.0):
        house.pool.at(moment, look)
    house.run()
    look()
    assert seen == [0, 1, 2]


def test_somebody_who_asks_for_more_jobs_at_once_gets_them_also_where_the_machine_has_fewer_cores(tmp_path: Path) -> None:
    house = sharing(House(tmp_path, *(job(name) for name in "abc"), scripts=long(*"abc")), tmp_path)
    house.pool.at(3.0, lambda: house.control.ask(Request(action=Action.JOBS, value="3")))
    house.run()
    assert started(house) == [("T/a", 0.0), ("T/b", 0.0), ("T/c", 3.0)]


@pytest.mark.parametrize(("gives_back", "ends"), [(99.0, [("T/a", 13.0), ("T/b", 21.0)]), (8.0, [("T/a", 13.0), ("T/b", 16.1)])])
def test_a_paused_run_leaves_its_cores_to_others_and_goes_on_with_as_many_jobs_as_they_leave_it(
        tmp_path: Path, gives_back: float, ends: list[tuple[str, float]]) -> None:
    house = sharing(House(tmp_path, job("a"), job("b", timeout=12.0), scripts=long("a", "b")), tmp_path)
    got: list[int] = []
    house.ask(2.0, Action.PAUSE)
    with closing(Slots(str(tmp_path / "slots"), 2)) as other:
        house.pool.at(3.0, lambda: got.append(other.ask(0, 2, 0.0)))
        house.ask(5.0, Action.RESUME)
        house.pool.at(gives_back, other.close)
        assert {result.status for result in house.run()} == {Status.PASSED}
    assert got == [2]
    assert [(event.job, round(event.at, 3)) for event in house.events.of(JobFinished)] == ends
    assert [event.message for event in house.events.of(Notice)] == ["1 job of this run cannot go on yet: other runs took the cores while it was paused"]


def take_two(slots: Slots) -> None:
    assert slots.ask(0, 2, 0.0) == 2


def test_a_run_that_is_paused_again_while_jobs_wait_for_cores_goes_on_with_the_same_job_first(tmp_path: Path) -> None:
    with closing(Slots(str(tmp_path / "slots"), 2)) as other:
        house = sharing(House(tmp_path, job("a"), job("b"), job("c"), scripts=long("a", "b", "c")), tmp_path)
        for moment in (2.0, 6.0):
            house.ask(moment, Action.PAUSE)
            house.ask(moment + 2.0, Action.RESUME)
        house.pool.at(3.0, lambda: take_two(other))
        assert {result.status for result in house.run()} == {Status.PASSED}
    assert [event.job for event in house.events.of(JobFinished)] == ["T/a", "T/b", "T/c"]


def test_a_run_that_is_ended_while_its_jobs_wait_for_cores_ends_them(tmp_path: Path) -> None:
    with closing(Slots(str(tmp_path / "slots"), 2)) as other:
        house = sharing(House(tmp_path, job("a"), job("b"), scripts=long("a", "b")), tmp_path)
        house.ask(2.0, Action.PAUSE)
        house.pool.at(3.0, lambda: take_two(other))
        house.ask(5.0, Action.RESUME)
        house.ask(6.0, Action.CANCEL)
        assert {result.status for result in house.run()} == {Status.CANCELLED}


def test_a_run_whose_results_are_all_known_looks_for_no_slot(tmp_path: Path) -> None:
    house = sharing(House(tmp_path, *(job(name) for name in "abc")), tmp_path)
    house.options = replace(house.options, lookup=lambda one: Result(job=one.id, status=Status.PASSED, from_cache=True))
    assert {result.status for result in house.run()} == {Status.PASSED}
    assert not (tmp_path / "slots").exists()


def test_known_results_make_room_while_another_job_runs(tmp_path: Path) -> None:
    house = House(tmp_path, job("slow", estimated_seconds=99.0), *(job(name) for name in "abcd"), scripts=long("slow"))
    house.options = replace(house.options, lookup=lambda one: one if one.id == "T/slow" else Result(job=one.id, status=Status.PASSED, from_cache=True))
    house.run()
    assert {event.at for event in house.events.of(JobFinished) if event.job != "T/slow"} == {0.0}


def test_without_a_place_for_slots_a_run_says_so_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "slots").write_text("")
    house = sharing(House(tmp_path, job("a"), job("b")), tmp_path)
    house.run()
    assert house.pool.most_at_once == 2
    assert [event.message.partition(":")[0] for event in house.events.of(Notice)] == ["this run does not share cores with other runs"]


def test_a_job_is_told_how_many_cores_it_has(tmp_path: Path) -> None:
    wide = job("a", resources=replace(job("a").resources, cpu=8))
    house = House(tmp_path, wide, cores=3)
    house.run()
    assert house.pool.specs["T/a"].more[SHARE] == f"3:{os.getpid()}"


def test_a_nested_run_has_the_cores_of_its_job() -> None:
    assert inherited_share(share_of(3)) == 3
    assert inherited_share({}) is None


@pytest.mark.parametrize("value", ["", "3", "0:1", "x:1", "3:", "3:0", "3:x", "-1:1", "3:99999999999999999999", "³:1"])
def test_a_share_that_makes_no_sense_is_none(value: str) -> None:
    assert inherited_share({SHARE: value}) is None


def test_a_share_whose_giver_is_gone_is_none() -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    assert inherited_share({SHARE: f"3:{gone}"}) is None
