"""What people ask of a running run: it pauses with all its clocks, goes on, ends, and changes under way; what cannot be done is said."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from gatekeeper.execute.control import Action, Control, Request
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.ports import RunOptions
from gatekeeper.execute.run import run_plan
from gatekeeper.model.event import Intervened, JobPaused, JobResumed, JobStarted, Notice, RunPaused, RunResumed
from gatekeeper.model.pipeline import Priority
from gatekeeper.model.plan import Plan, PlannedBatch
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.value import replace
from tests.fakes.clock import ManualClock
from tests.fakes.events import RecordedEvents
from tests.fakes.house import House, conclude, job
from tests.fakes.pool import FakePool, Script
from tests.fakes.stage import fake


def said(house: House) -> list[str]:
    return [notice.message for notice in house.events.of(Notice)]


def test_wishes_are_taken_in_order_and_once() -> None:
    control = Control()
    first, second = Request(action=Action.PAUSE), Request(action=Action.RESUME)
    control.ask(first)
    control.ask(second)
    assert control.take() == (first, second)
    assert control.take() == ()


def test_standing_still_is_asked_once() -> None:
    woken: list[bool] = []
    control = Control(wake=lambda: woken.append(True))
    control.request_stop()
    assert woken == [True]
    assert control.take_stop()
    assert not control.take_stop()


def test_a_paused_run_freezes_what_runs_and_starts_nothing_until_it_goes_on(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", estimated_seconds=9.0), job("b"), cores=1, scripts={"T/a": Script(seconds=10.0)})
    house.ask(4.0, Action.PAUSE, reason="lunch", by="me")
    house.ask(1004.0, Action.RESUME)
    assert [result.status for result in house.run()] == [Status.PASSED, Status.PASSED]
    assert [(event.at, event.job, event.reason) for event in house.events.of(JobPaused)] == [(4.0, "T/a", "paused by me: lunch")]
    assert [(event.at, event.reason) for event in house.events.of(RunPaused)] == [(4.0, "paused by me: lunch")]
    assert [event.at for event in house.events.of(JobResumed)] == [event.at for event in house.events.of(RunResumed)] == [1004.0]
    assert [(event.job, event.at) for event in house.events.of(JobStarted)] == [("T/a", 0.0), ("T/b", 1010.0)]
    assert [(event.action, event.reason, event.by) for event in house.events.of(Intervened)] == [("pause", "lunch", "me"), ("resume", "", "")]


def test_what_is_ready_while_the_run_is_paused_starts_when_it_goes_on(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"))
    house.control.ask(Request(action=Action.PAUSE))
    house.ask(50.0, Action.RESUME)
    assert house.said() == [("T/a", Status.PASSED, None, "")]
    assert [event.at for event in house.events.of(JobStarted)] == [50.0]


def test_the_clocks_of_run_batch_target_and_slowness_stand_still_while_the_run_is_paused(tmp_path: Path) -> None:
    batch = PlannedBatch(id="alpha", title="A", target=70.0, timeout=100.0)
    house = House(tmp_path, job("a", estimated_seconds=20.0), batch=batch, timeout=90.0, scripts={"T/a": Script(seconds=80.0)})
    house.ask(50.0, Action.PAUSE)
    house.ask(5000.0, Action.RESUME)
    assert house.said() == [("T/a", Status.PASSED, None, "")]
    assert [(notice.at, notice.message) for notice in house.events.of(Notice)] == [
        (5010.0, "`T/a` is slow: it runs longer than 60 s"), (5020.0, "batch `alpha` missed its target of 70 s")]


def test_the_timeout_of_the_run_strikes_after_the_pause_as_if_there_had_been_none(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), timeout=10.0, scripts={"T/a": Script(seconds=60.0)})
    house.ask(4.0, Action.PAUSE)
    house.ask(104.0, Action.RESUME)
    assert house.said() == [("T/a", Status.TIMED_OUT, Cause.BUDGET, "the run reached its timeout of 10 s")]
    assert house.clock() == 110.0


def test_one_job_pauses_while_others_go_on_and_is_slow_only_by_the_time_that_it_ran(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), job("b"), scripts={"T/a": Script(seconds=31.0), "T/b": Script(seconds=5.0)})
    house.ask(1.0, Action.PAUSE, "T/a")
    house.ask(101.0, Action.RESUME, "T/a")
    assert [result.status for result in house.run()] == [Status.PASSED, Status.PASSED]
    assert [(event.job, event.at) for event in house.events.of(JobPaused)] == [("T/a", 1.0)]
    assert [(event.job, event.at) for event in house.events.of(JobResumed)] == [("T/a", 101.0)]
    assert [(notice.at, notice.job) for notice in house.events.of(Notice)] == [(130.0, "T/a")]
    assert house.clock() == 131.0


def test_a_job_that_somebody_paused_stays_so_when_the_run_goes_on(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), scripts={"T/a": Script(seconds=10.0)})
    house.ask(1.0, Action.PAUSE, "T/a")
    house.ask(2.0, Action.PAUSE)
    house.ask(3.0, Action.RESUME)
    house.ask(50.0, Action.RESUME, "T/a")
    house.run()
    assert [event.at for event in house.events.of(JobResumed)] == [50.0]
    assert house.clock() == 59.0


def test_an_interrupt_ends_a_paused_run(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), job("b", needs=("T/a",)), scripts={"T/a": Script(seconds=10.0)})
    house.ask(1.0, Action.PAUSE)
    house.pool.at(5.0, lambda: house.control.interrupt(signal.SIGTERM))
    message = "interrupted by SIGTERM"
    assert house.said() == [("T/a", Status.CANCELLED, Cause.INTERRUPT, message), ("T/b", Status.NOT_RUN, Cause.INTERRUPT, message)]
    assert house.pool.suspended == {}
    assert house.events.of(RunResumed)


def test_the_run_is_cancelled_with_its_reason(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", estimated_seconds=9.0), job("b"), cores=1, scripts={"T/a": Script(seconds=10.0)})
    house.ask(2.0, Action.CANCEL, reason="wrong branch", by="ann")
    message = "cancelled by ann: wrong branch"
    assert house.said() == [("T/a", Status.CANCELLED, Cause.INTERRUPT, message), ("T/b", Status.NOT_RUN, Cause.INTERRUPT, message)]
    assert house.control.cancelled == message


def test_one_job_is_cancelled_whether_it_runs_or_waits_and_others_go_on(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", estimated_seconds=9.0), job("b"), job("c", needs=("T/b",)), job("d", estimated_seconds=5.0), cores=2,
                  scripts={"T/a": Script(seconds=10.0), "T/d": Script(seconds=4.0)})
    house.ask(1.0, Action.CANCEL, "T/a")
    house.ask(1.0, Action.CANCEL, "T/c", reason="not today")
    assert house.said() == [("T/a", Status.CANCELLED, Cause.INTERRUPT, "cancelled"), ("T/b", Status.PASSED, None, ""),
                            ("T/c", Status.NOT_RUN, Cause.INTERRUPT, "cancelled: not today"), ("T/d", Status.PASSED, None, "")]
    assert house.control.cancelled == ""


def test_more_jobs_at_once_start_within_the_same_moment(tmp_path: Path) -> None:
    jobs = tuple(job(f"j{number}") for number in range(6))
    house = House(tmp_path, *jobs, cores=1, scripts={one.id: Script(seconds=10.0) for one in jobs})
    house.ask(3.0, Action.JOBS, value="3")
    house.run()
    assert [event.at for event in house.events.of(JobStarted)] == [0.0, 3.0, 3.0, 10.0, 13.0, 13.0]


def test_a_job_of_higher_priority_is_next(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", estimated_seconds=9.0), job("b", estimated_seconds=8.0), job("c", estimated_seconds=0.1), cores=1)
    house.ask(0.5, Action.PRIORITY, "T/c", value=str(Priority.CRITICAL))
    house.run()
    assert [event.job for event in house.events.of(JobStarted)] == ["T/a", "T/c", "T/b"]


def test_the_deadline_moves_in_both_directions(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), timeout=10.0, scripts={"T/a": Script(seconds=500.0)})
    house.ask(5.0, Action.DEADLINE, value="100")
    house.ask(50.0, Action.DEADLINE, value="7.5")
    ((_, status, cause, _),) = house.said()
    assert (status, cause, house.clock()) == (Status.TIMED_OUT, Cause.BUDGET, 57.5)


@pytest.mark.parametrize(("request_", "refusal"), [
    (Request(action=Action.PAUSE, subject="T/nobody"), "pause T/nobody: the run has no job `T/nobody`"),
    (Request(action=Action.CANCEL, subject="T/aa"), "cancel T/aa: the run has no job `T/aa`; did you mean `T/a`?"),
    (Request(action=Action.PAUSE, subject="T/b"), "pause T/b: `T/b` is pending: only what runs can be paused"),
    (Request(action=Action.RESUME), "resume: the run is not paused"),
    (Request(action=Action.RESUME, subject="T/a"), "resume T/a: `T/a` is not paused"),
    (Request(action=Action.JOBS, value="0"), "jobs 0: `0` is not a number of jobs"),
    (Request(action=Action.JOBS, value="many"), "jobs many: `many` is not a number of jobs"),
    (Request(action=Action.JOBS, value="99999"), "jobs 99999: `99999` is not a number of jobs"),
    (Request(action=Action.PRIORITY, subject="T/b", value="urgent"), "priority T/b urgent: `urgent` is not a priority: one of critical, high, medium, low"),
    (Request(action=Action.PRIORITY, subject="T/a", value="high"), "priority T/a high: `T/a` runs already"),
    (Request(action=Action.DEADLINE, value="-3"), "deadline -3: `-3` is not a number of seconds from now"),
    (Request(action=Action.DEADLINE, value="inf"), "deadline inf: `inf` is not a number of seconds from now"),
    (Request(action=Action.DEADLINE, value="nan"), "deadline nan: `nan` is not a number of seconds from now"),
    (Request(action=Action.DEADLINE, value="soon"), "deadline soon: `soon` is not a number of seconds from now"),
])
def test_what_cannot_be_done_is_said_and_nothing_else_happens(tmp_path: Path, request_: Request, refusal: str) -> None:
    house = House(tmp_path, job("a"), job("b", needs=("T/a",)), scripts={"T/a": Script(seconds=3.0)})
    house.pool.at(1.0, lambda: house.control.ask(request_))
    assert [result.status for result in house.run()] == [Status.PASSED, Status.PASSED]
    assert said(house) == [refusal]
    assert house.events.of(Intervened) == []
    assert house.clock() == 4.0


def test_a_job_that_has_ended_is_not_changed_any_more(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), job("b", needs=("T/a",)), scripts={"T/b": Script(seconds=3.0)})
    house.ask(2.0, Action.CANCEL, "T/a")
    house.ask(2.5, Action.PAUSE)
    house.ask(2.5, Action.PAUSE)
    house.ask(9.0, Action.RESUME)
    house.run()
    assert said(house) == ["cancel T/a: `T/a` has ended: passed", "pause: the run is paused already"]


def test_a_terminal_that_stops_the_program_stops_the_jobs_and_the_clocks(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), timeout=10.0, scripts={"T/a": Script(seconds=8.0)})
    stopped: list[tuple[str, ...]] = []

    def stand_still() -> None:
        stopped.append(tuple(house.pool.suspended))
        house.clock.advance(3600.0)

    house.options = replace(house.options, stand_still=stand_still)
    house.pool.at(2.0, house.control.request_stop)
    assert house.said() == [("T/a", Status.PASSED, None, "")]
    assert stopped == [("T/a",)]
    assert house.clock() == 3608.0
    assert [event.reason for event in house.events.of(RunPaused)] == ["stopped by the terminal"]


def test_a_run_that_somebody_paused_stays_paused_after_the_terminal_let_it_go_on(tmp_path: Path) -> None:
    house = House(tmp_path, job("a"), scripts={"T/a": Script(seconds=8.0)})
    house.options = replace(house.options, stand_still=lambda: house.clock.advance(100.0))
    house.ask(1.0, Action.PAUSE)
    house.pool.at(2.0, house.control.request_stop)
    house.ask(200.0, Action.RESUME)
    house.run()
    assert [event.at for event in house.events.of(RunResumed)] == [200.0]
    assert house.clock() == 207.0


@pytest.mark.parametrize("portable", [False, True])
def test_a_real_process_stands_still_while_the_run_is_paused_and_does_not_time_out(tmp_path: Path, portable: bool) -> None:
    events, control = RecordedEvents(), Control()
    argv = fake("exits", "0")
    plan = Plan(root=str(tmp_path), pipeline="default", batches=(), jobs=(job("a", argv=argv, timeout=30.0),), timeout=30.0)
    with ProcessPool(run_id="pause", portable=portable) as pool:
        control.ask(Request(action=Action.PAUSE))
        resumed = ResumeWhen(pool, control)
        (result,) = run_plan(plan, clock=time.monotonic, pool=resumed, conclude=conclude, publish=events, folder=str(tmp_path / "run"), control=control,
                             options=RunOptions(environment={}))
    assert result.status is Status.PASSED
    assert [type(event).__name__ for event in events.all][:3] == ["RunPaused", "Intervened", "JobQueued"]


class ResumeWhen:
    """A real pool in whose first paused wait somebody lets the run go on."""

    def __init__(self, pool: ProcessPool, control: Control) -> None:
        self._pool, self._control, self._asked = pool, control, False
        self.start, self.stop, self.suspend, self.resume, self.wake = pool.start, pool.stop, pool.suspend, pool.resume, pool.wake

    def wait(self, timeout: float | None = None) -> list:  # type: ignore[type-arg]
        if not self._asked:
            self._asked = True
            self._control.ask(Request(action=Action.RESUME))
        return self._pool.wait(timeout)


def test_a_pool_that_is_frozen_for_ever_is_a_mistake_of_the_test_and_not_waited_for() -> None:
    pool = FakePool(ManualClock())
    with pytest.raises(AssertionError, match="waits for nothing"):
        pool.wait(None)
