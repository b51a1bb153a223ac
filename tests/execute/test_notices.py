"""What is told while a run goes on: alerts where they are wanted, and how logs grow where somebody follows."""

from __future__ import annotations

from pathlib import Path

from gatekeeper.execute.outputs import Outputs
from gatekeeper.execute.run import job_folder
from gatekeeper.model.event import JobOutput, Notice
from gatekeeper.model.result import Attempt
from gatekeeper.model.settings import Alerts
from gatekeeper.model.value import replace
from tests.fakes.house import CRASHED, House, ends, job
from tests.fakes.pool import Script


def alerts(house: House, **limits: float) -> list[tuple[float, str]]:
    house.options = replace(house.options, alerts=Alerts(**limits))
    house.run()
    return [(notice.at, notice.message) for notice in house.events.of(Notice) if notice.message.startswith("alert: ")]


def test_a_job_that_runs_longer_than_wanted_is_told_once(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), job("b"), scripts={"T/a": Script(seconds=25.0)})
    assert alerts(house, duration=10.0) == [(10.0, "alert: `T/a` runs longer than 10 s")]


def test_a_job_that_held_more_of_the_machine_than_wanted_is_told(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), job("b"), scripts={"T/a": Script(attempt=Attempt(exit_code=0, peak_memory_mb=1e9))})
    ((at, message),) = alerts(house, memory_percent=80.0)
    assert (at, message.startswith("alert: `T/a` held 1000000000 MB, "), message.endswith(" % of the machine's memory (limit 80 %)")) == (1.0, True, True)


def test_too_many_jobs_that_did_not_do_their_work_are_told_once_and_not_before_there_are_some(tmp_path: Path) -> None:
    jobs = tuple(job(f"j{number}", estimated_seconds=20.0 - number) for number in range(10))
    house = House(tmp_path, *jobs, cores=1, scripts={"T/j0": ends(CRASHED), "T/j4": ends(CRASHED), "T/j5": ends(CRASHED)})
    assert alerts(house, error_rate_percent=5.0) == [(5.0, "alert: 40 % of the 5 jobs that ended did not do their work (limit 5 %)")]


def test_what_failed_did_its_work(tmp_path: Path) -> None:
    house = House(tmp_path, *(job(f"j{number}") for number in range(6)), scripts={f"T/j{number}": ends(1) for number in range(6)})
    assert alerts(house, error_rate_percent=5.0) == []


def test_nothing_is_told_where_nothing_is_wanted(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), scripts={"T/a": Script(seconds=25.0)})
    assert alerts(house) == []


def written(folder: Path, name: str, stdout: bytes) -> None:
    place = Path(job_folder(str(folder), name))
    place.mkdir(parents=True, exist_ok=True)
    (place / "stdout.log").write_bytes(stdout)


def test_growth_is_told_once_a_second_and_only_of_what_grew(tmp_path: Path) -> None:
    outputs = Outputs(str(tmp_path))
    written(tmp_path, "T/a", b"12345")
    assert list(outputs.grown(("T/a", "T/b"), 0.0)) == []
    assert list(outputs.grown(("T/a", "T/b"), 0.5)) == []
    assert list(outputs.grown(("T/a", "T/b"), 1.0)) == [JobOutput(at=1.0, job="T/a", stdout=5, stderr=0)]
    assert list(outputs.grown(("T/a", "T/b"), 2.0)) == []
    written(tmp_path, "T/a", b"1234567")
    assert list(outputs.grown(("T/a",), 3.0)) == [JobOutput(at=3.0, job="T/a", stdout=7, stderr=0)]


def test_a_job_that_ends_within_a_second_is_told_nothing_of(tmp_path: Path) -> None:
    outputs = Outputs(str(tmp_path))
    list(outputs.grown(("T/a",), 0.0))
    written(tmp_path, "T/c", b"1")
    assert list(outputs.grown(("T/c",), 1.0)) == []


def test_a_run_tells_growth_where_somebody_follows_it(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), scripts={"T/a": Script(seconds=5.0, stdout=b"123")})
    house.options = replace(house.options, outputs=True)
    house.run()
    assert [(event.at, event.stdout) for event in house.events.of(JobOutput)] == [(2.0, 3)]


def test_a_run_that_nobody_follows_tells_nothing_of_growth(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), scripts={"T/a": Script(seconds=5.0, stdout=b"123")})
    house.run()
    assert house.events.of(JobOutput) == []
