"""run_plan with a pool without processes and a clock that stands still, and once with real ones."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.execute.control import Control
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.run import Errand, job_folder, run_plan
from gatekeeper.execute.share import SHARE
from gatekeeper.model.event import JobEnded, JobFinished, JobStarted, Notice
from gatekeeper.model.pipeline import JobClass
from gatekeeper.model.plan import Job, Plan, PlannedBatch, Unavailable
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Status
from tests.fakes.events import RecordedEvents
from tests.fakes.house import FAILS, House, conclude, job
from tests.fakes.pool import FakePool, Script
from tests.fakes.stage import fake


def test_results_come_in_plan_order_and_events_tell_the_story(tmp_path: Path) -> None:
    house = House(tmp_path, job("b", needs=("T/a",)), job("a"))
    assert [(result.job, result.status) for result in house.run()] == [("T/b", Status.PASSED), ("T/a", Status.PASSED)]
    assert house.events.words() == ["JobQueued T/a", "JobStarted T/a", "JobEnded T/a", "JobFinished T/a",
                                    "JobQueued T/b", "JobStarted T/b", "JobEnded T/b", "JobFinished T/b"]
    assert [event.at for event in house.events.of(JobFinished)] == [1.0, 2.0]
    assert house.events.of(JobStarted)[0].pid == 1001


def test_an_unavailable_job_ends_at_once_and_without_a_process(tmp_path: Path) -> None:
    lack = Unavailable(cause=Cause.MISSING_TOOL, detail="ruff is not installed", hint="gatekeeper setup")
    house = House(tmp_path, job("a", unavailable=lack), job("b", needs=("T/a",)))
    results = house.run()
    assert results[0] == Result(job="T/a", status=Status.UNAVAILABLE, cause=Cause.MISSING_TOOL, message="ruff is not installed",
                                hint="gatekeeper setup")
    assert (results[1].status, results[1].cause, results[1].message) == (Status.BLOCKED, Cause.NEED, "needs `T/a`: unavailable")
    assert house.pool.specs == {}


def test_a_failed_need_blocks_and_after_waits(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), job("b", needs=("T/a",)), job("report", after=("T/b",)), scripts={"T/a": FAILS})
    assert [result.status for result in house.run()] == [Status.FAILED, Status.BLOCKED, Status.PASSED]
    assert house.events.words().count("JobFinished T/b") == 1


def test_the_pool_is_told_where_and_how(tmp_path: Path) -> None:
    one = job("a", argv=("tool", "--out={report}", "{work}/x"), cwd="sub", env={"JOB": "2"}, timeout=7.0, interrupt=True,
              job_class=JobClass.BACKGROUND)
    house = House(tmp_path, one)
    (result,) = house.run()
    spec, place = house.pool.specs["T/a"], job_folder(house.folder, "T/a")
    assert spec.argv == ("tool", f"--out={place}/report", f"{place}/work/x")
    assert (spec.cwd, spec.timeout, spec.interrupt, spec.niceness) == (os.path.join(tmp_path, "sub"), 7.0, True, 10)
    assert {**spec.env, **spec.more} == {"BASE": "1", "JOB": "2", "PWD": spec.cwd, SHARE: f"1:{os.getpid()}"}
    assert (spec.stdout, spec.stderr) == (f"{place}/stdout.log", f"{place}/stderr.log")
    assert result.attempts[0].report == f"{place}/report"
    assert result.log == "jobs/T-a/stdout.log"
    assert not os.path.exists(f"{place}/work")


def test_a_job_that_times_out_is_concluded_as_such(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", timeout=5.0), scripts={"T/a": Script(seconds=60)})
    assert house.said() == [("T/a", Status.TIMED_OUT, Cause.TIMEOUT, "")]
    assert house.clock() == 5.0


def test_the_timeout_of_the_run_stops_what_runs_and_names_the_rest(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", estimated_seconds=9.0), job("b", needs=("T/a",)), scripts={"T/a": Script(seconds=60)}, timeout=10.0)
    message = "the run reached its timeout of 10 s"
    assert house.said() == [("T/a", Status.TIMED_OUT, Cause.BUDGET, message), ("T/b", Status.NOT_RUN, Cause.BUDGET, message)]


def test_the_timeout_of_a_batch_is_named(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), batch=PlannedBatch(id="alpha", title="A", timeout=4.0), scripts={"T/a": Script(seconds=60)})
    assert house.said() == [("T/a", Status.TIMED_OUT, Cause.BUDGET, "batch `alpha` reached its timeout of 4 s")]


def test_fail_fast_cancels_what_runs_and_starts_nothing_more(tmp_path: Path) -> None:
    scripts = {"T/a": FAILS, "T/b": Script(seconds=60)}
    house = House(tmp_path, job("a", estimated_seconds=0.1), job("b", estimated_seconds=0.2), job("c"), scripts=scripts, fail_fast=True)
    message = "stopped at the first failure, `T/a`"
    assert house.said() == [("T/a", Status.FAILED, None, ""), ("T/b", Status.CANCELLED, Cause.FAIL_FAST, message),
                            ("T/c", Status.NOT_RUN, Cause.FAIL_FAST, message)]
    assert house.clock() == 1.0


def test_an_interrupt_cancels_gracefully(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", estimated_seconds=9.0), job("b"), cores=1)
    house.pool = FakePool(house.clock, {"T/a": Script(seconds=60, on_start=lambda: house.control.interrupt(signal.SIGINT))})
    message = "interrupted by SIGINT"
    assert house.said() == [("T/a", Status.CANCELLED, Cause.INTERRUPT, message), ("T/b", Status.NOT_RUN, Cause.INTERRUPT, message)]
    assert house.pool.stopped == ["T/a"]
    assert house.clock() == 0.0


def test_an_interrupt_before_the_first_start_starts_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"))
    house.control.interrupt(signal.SIGTERM)
    assert house.said() == [("T/a", Status.NOT_RUN, Cause.INTERRUPT, "interrupted by SIGTERM")]
    assert house.pool.specs == {}


def test_a_second_interrupt_kills(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"))

    def twice() -> None:
        house.control.interrupt(signal.SIGTERM)
        house.control.interrupt(signal.SIGTERM)

    house.pool = FakePool(house.clock, {"T/a": Script(seconds=60, on_start=twice)})
    assert house.said() == [("T/a", Status.CANCELLED, Cause.INTERRUPT, "interrupted by SIGTERM")]
    assert house.pool.stopped == ["T/a", "T/a"]


def test_a_slow_job_and_a_missed_target_are_told_once(tmp_path: Path) -> None:
    batch = PlannedBatch(id="alpha", title="A", target=60.0)
    house = House(tmp_path, job("a", estimated_seconds=20.0), job("b"), batch=batch, scripts={"T/a": Script(seconds=300)})
    house.run()
    assert [(notice.at, notice.job, notice.message) for notice in house.events.of(Notice)] == [
        (60.0, "T/a", "`T/a` is slow: it runs longer than 60 s"), (60.0, None, "batch `alpha` missed its target of 60 s")]


def test_no_notice_for_what_is_in_time(tmp_path: Path) -> None:
    batch = PlannedBatch(id="alpha", title="A", target=60.0)
    house = House(tmp_path, job("a"), batch=batch, scripts={"T/a": Script(seconds=29)})
    house.run()
    assert house.events.of(Notice) == []


def test_a_leak_marks_the_result(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), scripts={"T/a": Script(attempt=Attempt(exit_code=0, leaked=("sleep (pid 1)",)))})
    (result,) = house.run()
    assert result.leaky


def test_a_folder_that_cannot_be_made_is_a_spawn_error(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"))
    (tmp_path / "run").write_text("in the way")
    (result,) = house.run()
    assert (result.status, result.cause) == (Status.ERRORED, Cause.SPAWN)
    assert "cannot make the folder" in result.message
    assert [event.attempt.exit_code for event in house.events.of(JobEnded)] == [None]


def test_an_empty_plan_is_done(tmp_path: Path) -> None:
    assert House(tmp_path).run() == ()


def test_no_more_jobs_run_than_there_are_cores(tmp_path: Path) -> None:
    house = House(tmp_path, *(job(f"j{number}") for number in range(9)), cores=3)
    house.run()
    assert house.pool.most_at_once == 3


@pytest.mark.parametrize("portable", [False, True])
def test_real_processes(tmp_path: Path, portable: bool) -> None:
    jobs = (job("good", argv=fake("exits", "0", "{report}"), timeout=20.0), job("bad", argv=fake("exits", "1"), timeout=20.0),
            job("gone", argv=("/nowhere/tool",)), job("late", argv=fake("exits", "0"), needs=("T/good",), timeout=20.0),
            job("never", argv=fake("exits", "0"), needs=("T/bad",)))
    plan = Plan(root=str(tmp_path), pipeline="default", batches=(), jobs=jobs, pool_size=2)
    events = RecordedEvents()
    with ProcessPool(run_id="real", portable=portable) as pool:
        results = run_plan(plan, clock=time.monotonic, pool=pool, conclude=conclude, publish=events, folder=str(tmp_path / "run"), control=Control())
    assert [result.status for result in results] == [Status.PASSED, Status.FAILED, Status.ERRORED, Status.PASSED, Status.BLOCKED]
    place = Path(job_folder(str(tmp_path / "run"), "T/good"))
    assert (place / "stdout.log").read_text() == f"{place}/report\n"
    assert len(events.of(JobFinished)) == 5


def test_a_real_signal_ends_a_real_run(tmp_path: Path) -> None:
    control = Control()
    before = signal.signal(signal.SIGUSR1, lambda signum, frame: control.interrupt(signum))
    try:
        script = f"import os, time; os.kill({os.getpid()}, {int(signal.SIGUSR1)}); time.sleep(60)"
        plan = Plan(root=str(tmp_path), pipeline="default", batches=(), jobs=(job("a", argv=(sys.executable, "-S", "-c", script)),))
        with ProcessPool(run_id="signal") as pool:
            (result,) = run_plan(plan, clock=time.monotonic, pool=pool, conclude=conclude, publish=RecordedEvents(),
                                 folder=str(tmp_path / "run"), control=control)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (result.status, result.message) == (Status.CANCELLED, "interrupted by SIGUSR1")
    assert result.attempts[0].wall_seconds < 30


def errands(folder: Path) -> Callable[[Job, Attempt], Result | Errand]:
    """A `conclude` that sends an errand for every job; what comes back is told by the errand's exit code."""
    def asked(job: Job, attempt: Attempt) -> Result | Errand:
        place = folder / f"errand-{job.id.replace('/', '-')}"
        place.mkdir()
        return Errand(argv=("reader", job.id), folder=str(place), timeout=5.0,
                      then=lambda ended: Result(job=job.id, status=Status.PASSED if ended.exit_code == 0 else Status.ERRORED, attempts=(attempt,)))
    return asked


def sent(house: House, conclude: Callable[[Job, Attempt], Result | Errand]) -> tuple[Result, ...]:
    return run_plan(house.plan, clock=house.clock, pool=house.pool, conclude=conclude, publish=house.events, folder=house.folder, control=house.control,
                    options=house.options)


def test_an_errand_runs_before_the_job_has_its_result_and_others_go_on_meanwhile(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), job("b"), scripts={"T/a (errand)": Script(seconds=4.0), "T/b": Script(seconds=2.0)})
    results = sent(house, errands(tmp_path))
    assert [(result.job, result.status) for result in results] == [("T/a", Status.PASSED), ("T/b", Status.PASSED)]
    assert [(event.job, event.at) for event in house.events.of(JobEnded)] == [("T/a", 1.0), ("T/b", 2.0)]
    assert [(event.result.job, event.at) for event in house.events.of(JobFinished)] == [("T/b", 3.0), ("T/a", 5.0)]
    assert list(tmp_path.glob("errand-*")) == []


@pytest.mark.parametrize(("second", "status"), [(Attempt(exit_code=0), Status.PASSED), (Attempt(signal=9), Status.ERRORED)])
@pytest.mark.parametrize("first", [Attempt(signal=9), Attempt(lost=True), Attempt(spawn_error="cannot start `reader`")])
def test_an_errand_that_somebody_killed_is_sent_once_more_and_its_job_is_not(tmp_path: Path, first: Attempt, second: Attempt, status: Status) -> None:
    house = House(tmp_path, job("a"), scripts={"T/a (errand)": (Script(attempt=first), Script(attempt=second))})
    (result,) = sent(house, errands(tmp_path))
    assert (result.status, len(result.attempts), len(house.events.of(JobStarted))) == (status, 1, 1)
    assert [event.message for event in house.events.of(Notice)] == ["what read the output of `T/a` was lost before it was done: it is read again"]


def test_what_waits_for_a_job_waits_for_its_errand(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), job("b", needs=("T/a",)), scripts={"T/a (errand)": Script(attempt=Attempt(exit_code=3))})
    assert [result.status for result in sent(house, errands(tmp_path))] == [Status.ERRORED, Status.BLOCKED]


def test_an_errand_ends_when_the_run_is_out_of_time(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), scripts={"T/a (errand)": Script(seconds=100.0)}, timeout=3.0)
    (result,) = sent(house, errands(tmp_path))
    assert (result.status, result.cause) == (Status.TIMED_OUT, Cause.BUDGET)
    assert house.pool.stopped == ["T/a (errand)"]


def test_an_errand_ends_when_the_user_wants_the_run_to_end(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"))
    house.pool = FakePool(house.clock, {"T/a (errand)": Script(seconds=100.0, on_start=lambda: house.control.interrupt(signal.SIGINT))})
    (result,) = sent(house, errands(tmp_path))
    assert (result.status, result.cause, result.message) == (Status.CANCELLED, Cause.INTERRUPT, "interrupted by SIGINT")
