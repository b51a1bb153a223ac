"""Who waits for whom, where many wait for many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.execute.line import Capacity
from gatekeeper.execute.schedule import Schedule
from gatekeeper.model.pipeline import Batch, Catalog, Pipeline
from gatekeeper.model.plan import Job, Reason, Resources
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Effect, Role
from gatekeeper.plan.order import SHORT, critical_path, estimate, groups, ordered

JOB = Job(id="", task="T", batch="", command="c", tool_id="t", role=Role.LINT, component=None, argv=(), cwd=".", reason=Reason(kind="used", detail=""))


def pipeline(*batches: Batch) -> Catalog:
    return Catalog(tools=(), pipeline=Pipeline(name="p", batches=batches))


def jobs(count: int, batch: str, **fields: object) -> tuple[Job, ...]:
    return tuple(replace(JOB, id=f"{batch}{number}", batch=batch, **fields) for number in range(count))  # type: ignore[arg-type]


def run(placed: tuple[Job, ...], barriers: object, *, cores: int, ends: Status = Status.PASSED) -> list[tuple[str, ...]]:
    """What runs together, wave by wave."""
    schedule = Schedule(placed, Capacity(cpu=cores, memory_mb=10**6), barriers=barriers)  # type: ignore[arg-type]
    waves = []
    while not schedule.done:
        wave = schedule.startable(0)
        assert wave, "deadlock"
        waves.append(wave)
        for job_id in wave:
            schedule.started(job_id, 0)
        for job_id in wave:
            schedule.finished(job_id, ends)
    return waves


def test_a_thousand_jobs_behind_a_thousand_others_are_not_a_million_entries() -> None:
    catalog = pipeline(Batch(id="a", title="", tasks=()), Batch(id="b", title="", tasks=(), needs=("a",)))
    placed, barriers = ordered((*jobs(1000, "a"), *jobs(1000, "b")), catalog)
    assert sum(len(job.after) for job in placed) + sum(len(waits) for waits in barriers.values()) == 2000
    assert run(placed, barriers, cores=5000) == [tuple(sorted(f"a{n}" for n in range(1000))), tuple(sorted(f"b{n}" for n in range(1000)))]


@pytest.mark.parametrize("count", [SHORT, SHORT + 1, 3 * SHORT + 2])
def test_a_serial_batch_runs_one_by_one_in_its_order_however_long_it_is(count: int) -> None:
    placed, barriers = ordered(jobs(count, "a"), pipeline(Batch(id="a", title="", tasks=(), parallel=False)))
    assert run(placed, barriers, cores=9) == [(f"a{number}",) for number in range(count)]
    assert run(placed, barriers, cores=9, ends=Status.FAILED) == [(f"a{number}",) for number in range(count)]


def test_one_that_ends_early_does_not_let_those_behind_it_run_beside_those_before_it() -> None:
    placed, barriers = ordered(jobs(3 * SHORT, "a"), pipeline(Batch(id="a", title="", tasks=(), parallel=False)))
    schedule = Schedule(placed, Capacity(cpu=9), barriers=barriers)
    for number in range(1, 3 * SHORT - 1):
        schedule.finished(f"a{number}", Status.UNAVAILABLE)
    schedule.started("a0", 0)
    assert schedule.startable(0) == ()
    schedule.finished("a0", Status.PASSED)
    assert schedule.startable(0) == (f"a{3 * SHORT - 1}",)


def test_checks_wait_for_many_fixers_and_the_report_for_all() -> None:
    fixers = jobs(40, "fix", effect=Effect.WRITES)
    report = replace(JOB, id="report", batch="z", role=Role.REPORT)
    placed, barriers = ordered((*fixers, *jobs(40, "check"), report), pipeline())
    waves = run(placed, barriers, cores=100)
    assert waves == [*((f"fix{number}",) for number in range(40)), tuple(sorted(f"check{number}" for number in range(40))), ("report",)]


def test_paths_and_groups_go_through_barriers() -> None:
    catalog = pipeline(Batch(id="a", title="", tasks=()), Batch(id="b", title="", tasks=(), needs=("a",)))
    slow = replace(JOB, id="slow", batch="a", estimated_seconds=50.0)
    placed, barriers = ordered((*jobs(40, "a"), slow, *jobs(2, "b", estimated_seconds=7.0)), catalog)
    assert critical_path(placed, barriers) == (("slow", "b0"), 57.0)
    assert [len(group) for group in groups(placed, barriers)] == [41, 2]


def test_a_plan_takes_as_long_as_those_that_hold_one_name_take_in_turn() -> None:
    builds = [replace(job, resources=Resources(exclusive=("target",))) for job in jobs(3, "b", estimated_seconds=7.0)]
    assert estimate((*builds, *jobs(1, "a", estimated_seconds=9.0)), pool_size=8) == 21.0
    assert estimate(jobs(3, "b", estimated_seconds=7.0), pool_size=8) == 7.0
