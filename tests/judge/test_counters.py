from __future__ import annotations

from dataclasses import astuple, replace

import pytest

from gatekeeper.judge.counters import BUCKETS, counters, total
from gatekeeper.model.result import Counters, Result
from gatekeeper.model.status import Status
from tests.fakes.record import job, mixed, plan, result


def test_every_status_has_a_counter_that_exists() -> None:
    assert set(BUCKETS) == set(Status)
    assert set(BUCKETS.values()) <= set(Counters.__dataclass_fields__)


@pytest.mark.parametrize("status", Status)
def test_the_parts_add_up_to_the_total_for_every_status(status: Status) -> None:
    one, other = job(), job("mypy.check")
    found = counters(plan([one, other]), [Result(job=one.id, status=status)])["beta"]
    everything = astuple(found)
    assert everything[0] == sum(everything[1:]) == 2


def test_jobs_without_a_result_are_pending_or_running() -> None:
    one, other, third = job(), job("mypy.check"), job("black.check")
    assert counters(plan([one, other, third]), [result(third)], {one.id})["beta"] == Counters(total=3, completed=1, running=1, pending=1)


def test_batches_without_jobs_are_listed_in_plan_order() -> None:
    assert list(counters(plan([job()]), ())) == ["alpha", "beta", "gamma", "delta"]


def test_a_mixed_run_is_counted_batch_by_batch_and_as_a_whole() -> None:
    run = mixed()
    parts = counters(run.plan, run.results)
    assert parts["beta"] == Counters(total=9, failed=5, blocked=2, unavailable=1, skipped=1)
    whole = total(parts.values())
    assert whole.total == len(run.results)
    assert replace(whole, total=0) == Counters(completed=2, failed=6, blocked=2, unmeasured=1, unavailable=1, cancelled=1, skipped=1)
