"""How much of its time a run had used when it died, from made-up journals; and what that leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.execute.limits import Spent
from gatekeeper.model.event import Event, Intervened, JobStarted, RunPaused, RunResumed, RunStarted
from gatekeeper.model.plan import Plan, PlannedBatch
from gatekeeper.model.status import Status
from gatekeeper.model.value import replace
from gatekeeper.session.spent import spent
from gatekeeper.store.journal import Sitting
from tests.fakes.house import House, job
from tests.fakes.pool import Script

PLAN = Plan(root="/", pipeline="p", batches=(), jobs=(job("a", batch="alpha"), job("b", batch="beta")))


def sitting(at: float, *events: Event) -> Sitting:
    return Sitting(header={"monotonic": at - 1.0}, events=(RunStarted(at=at, run_id="r", plan=PLAN), *events))


def began(at: float, name: str) -> JobStarted:
    return JobStarted(at=at, job=f"T/{name}", attempt=1, pid=7)


def test_used_is_what_passed_until_the_last_event_and_by_batch_from_its_first_job() -> None:
    assert spent([sitting(100.0, began(101.0, "a"), began(104.0, "b"), began(110.0, "a"))]) == Spent(run=10.0, batches={"alpha": 9.0, "beta": 6.0})


def test_what_it_stood_still_and_what_lies_between_two_parts_does_not_count() -> None:
    first = sitting(100.0, began(101.0, "a"), RunPaused(at=102.0, reason=""), RunResumed(at=502.0), RunPaused(at=503.0, reason=""), began(600.0, "b"))
    second = sitting(7.0, began(9.0, "b"), began(12.0, "b"))
    assert spent([first]) == Spent(run=3.0, batches={"alpha": 2.0, "beta": 0.0})
    assert spent([first, second]) == Spent(run=8.0, batches={"alpha": 7.0, "beta": 5.0})


def test_a_part_that_died_before_it_announced_its_jobs_used_nothing() -> None:
    assert spent([sitting(1.0, began(3.0, "a")), Sitting(header={"monotonic": 5.0})]) == Spent(run=2.0, batches={"alpha": 0.0})


def test_a_deadline_that_somebody_set_holds_on() -> None:
    assert spent([sitting(0.0, Intervened(at=5.0, action="deadline", value="60"), began(15.0, "a"))]) == Spent(run=10.0, batches={"alpha": 0.0}, timeout=60.0)


@pytest.mark.parametrize(("used", "at"), [
    (Spent(run=30.0), 70.0),
    (Spent(run=30.0, timeout=50.0), 20.0),
    (Spent(batches={"T": 35.0}), 5.0),
    (Spent(), 40.0),
])
def test_a_run_that_goes_on_has_what_is_left(tmp_path: Path, used: Spent, at: float) -> None:
    batch = PlannedBatch(id="T", title="T", target=None, timeout=40.0 if used.run == 0.0 else None)
    house = House(tmp_path, job("a", batch="T", timeout=1000.0), scripts={"T/a": Script(seconds=500.0)}, timeout=100.0)
    house.plan = replace(house.plan, batches=(batch,))
    house.options = replace(house.options, spent=used)
    (ended,) = house.run()
    assert ended.status is Status.TIMED_OUT
    assert house.clock() == pytest.approx(at, abs=0.01)
