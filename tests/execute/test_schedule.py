"""The scheduler, without processes and clocks."""

from __future__ import annotations

import pytest

from gatekeeper.execute.limits import Limits
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.schedule import Decision, Schedule
from gatekeeper.model.pipeline import Priority
from gatekeeper.model.plan import Job, PlannedBatch, Reason, Resources
from gatekeeper.model.result import Counters
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.tool import Role

ROOMY = Capacity(cpu=8, memory_mb=8000)


def job(id_: str, *, needs: tuple[str, ...] = (), after: tuple[str, ...] = (), seconds: float = 1.0, cpu: int = 1, memory: int = 100,
        exclusive: tuple[str, ...] = (), blocking: bool = True, priority: Priority = Priority.MEDIUM, batch: str = "alpha") -> Job:
    return Job(id=id_, task="T", batch=batch, command="c", tool_id="t", role=Role.LINT, component=None, argv=("c",), cwd=".", needs=needs,
               after=after, estimated_seconds=seconds, blocking=blocking, priority=priority,
               resources=Resources(cpu=cpu, memory_mb=memory, exclusive=exclusive), reason=Reason(kind="asked", detail=""))


def start(schedule: Schedule, now: float = 0.0) -> tuple[str, ...]:
    """Start all that may start."""
    ids = schedule.startable(now)
    for job_id in ids:
        schedule.started(job_id, now)
    return ids


def said(decisions: tuple[Decision, ...]) -> list[tuple[str, Status, str]]:
    return [(decision.job, decision.status, decision.message) for decision in decisions]


def test_a_job_starts_when_its_needs_have_passed() -> None:
    schedule = Schedule([job("b", needs=("a",)), job("a")], ROOMY)
    assert schedule.take_queued() == ("a",)
    assert start(schedule) == ("a",)
    assert start(schedule) == ()
    assert schedule.finished("a", Status.PASSED) == ()
    assert schedule.take_queued() == ("b",)
    assert start(schedule) == ("b",)
    schedule.finished("b", Status.PASSED)
    assert schedule.done


@pytest.mark.parametrize("status", [Status.FAILED, Status.ERRORED, Status.TIMED_OUT, Status.UNMEASURED, Status.UNAVAILABLE,
                                    Status.CANCELLED, Status.SKIPPED])
def test_a_need_that_did_not_pass_blocks_all_that_stand_on_it(status: Status) -> None:
    schedule = Schedule([job("a"), job("b", needs=("a",)), job("c", needs=("b",)), job("d")], ROOMY)
    start(schedule)
    decisions = schedule.finished("a", status)
    assert [(decision.job, decision.status, decision.cause) for decision in decisions] == [
        ("b", Status.BLOCKED, Cause.NEED), ("c", Status.BLOCKED, Cause.NEED)]
    assert "`a`" in decisions[0].message
    assert decisions[1].message == "needs `b`: blocked"
    assert not schedule.done


def test_after_only_waits() -> None:
    schedule = Schedule([job("a"), job("report", after=("a", "not-planned"))], ROOMY)
    start(schedule)
    assert schedule.finished("a", Status.FAILED) == ()
    assert start(schedule) == ("report",)


def test_a_job_that_stands_after_a_blocked_one_runs() -> None:
    schedule = Schedule([job("a"), job("b", needs=("a",)), job("report", after=("b",))], ROOMY)
    start(schedule)
    schedule.finished("a", Status.FAILED)
    assert start(schedule) == ("report",)


def test_the_longest_remaining_path_goes_first() -> None:
    schedule = Schedule([job("long", seconds=30), job("chain", seconds=1), job("end", seconds=100, needs=("chain",))], Capacity(cpu=1))
    assert schedule.startable(0) == ("chain",)


def test_jobs_that_hold_one_name_count_as_a_chain_the_longest_of_them_first() -> None:
    builds = [job(f"build{seconds}", seconds=seconds, exclusive=("target",)) for seconds in (4.0, 6.0, 8.0)]
    schedule = Schedule([job("a", seconds=9.0), job("b", seconds=9.0), *builds], Capacity(cpu=2))
    seconds = {"a": 9.0, "b": 9.0, "build4.0": 4.0, "build6.0": 6.0, "build8.0": 8.0}
    ends: dict[str, float] = {}
    order, now = [], 0.0
    while not schedule.done:
        ends |= {job_id: now + seconds[job_id] for job_id in start(schedule, now)}
        now, ended = min((end, job_id) for job_id, end in ends.items())
        del ends[ended]
        order.append(ended)
        schedule.finished(ended, Status.PASSED)
    assert (order, now) == (["build8.0", "a", "build6.0", "b", "build4.0"], 18.0)


def test_what_stands_before_a_job_of_a_chain_of_one_name_goes_before_it_too() -> None:
    builds = [job("build", seconds=5.0, exclusive=("target",), needs=("fetch",)), job("tests", seconds=20.0, exclusive=("target",), needs=("build",)),
              job("lint", seconds=12.0, exclusive=("target",), needs=("fetch",))]
    schedule = Schedule([job("long", seconds=30.0), job("fetch", seconds=1.0), *builds], Capacity(cpu=1))
    assert schedule.startable(0) == ("fetch",)


def test_a_name_is_no_chain_where_only_one_job_can_hold_it() -> None:
    schedule = Schedule([job("build", seconds=5.0, exclusive=("target",)), job("long", seconds=9.0)], Capacity(cpu=1))
    assert schedule.startable(0) == ("long",)


def test_blocking_goes_before_advisory_and_priority_before_names() -> None:
    jobs = [job("a", blocking=False), job("b", priority=Priority.LOW), job("c", priority=Priority.CRITICAL), job("d")]
    schedule = Schedule(jobs, ROOMY)
    assert schedule.startable(0) == ("c", "d", "b", "a")


def test_a_little_longer_path_does_not_put_advice_first() -> None:
    schedule = Schedule([job("advice", blocking=False, seconds=1.1), job("check", seconds=1.0)], ROOMY)
    assert schedule.startable(0) == ("check", "advice")


def test_cores_and_memory_are_never_exceeded() -> None:
    schedule = Schedule([job("a", cpu=2, seconds=9), job("b", cpu=2, seconds=8), job("c", seconds=7)], Capacity(cpu=3, memory_mb=1000))
    assert start(schedule) == ("a", "c")
    schedule = Schedule([job("a", memory=600, seconds=9), job("b", memory=600, seconds=8), job("c", memory=400)], Capacity(cpu=3, memory_mb=1000))
    assert start(schedule) == ("a", "c")


def test_a_name_is_held_by_one_job_at_a_time() -> None:
    schedule = Schedule([job("a", exclusive=("target",), seconds=9), job("b", exclusive=("target", "other"), seconds=8), job("c")], ROOMY)
    assert start(schedule) == ("a", "c")
    schedule.finished("a", Status.PASSED)
    assert start(schedule) == ("b",)


def test_a_job_larger_than_the_machine_runs_alone() -> None:
    schedule = Schedule([job("huge", cpu=64, memory=10**6, seconds=99), job("small")], Capacity(cpu=2, memory_mb=500))
    assert start(schedule) == ("huge",)
    schedule.finished("huge", Status.PASSED)
    assert start(schedule) == ("small",)


def test_a_wide_job_is_overtaken_only_as_often_as_there_are_cores() -> None:
    jobs = [job("long", seconds=10), job("wide", cpu=2, seconds=9), *(job(f"s{number}", seconds=8) for number in range(5))]
    schedule = Schedule(jobs, Capacity(cpu=2))
    assert start(schedule) == ("long", "s0")
    schedule.finished("s0", Status.PASSED)
    assert start(schedule, 8) == ("s1",)
    schedule.finished("s1", Status.PASSED)
    assert start(schedule, 9) == ()
    schedule.finished("long", Status.PASSED)
    assert start(schedule, 10) == ("wide",)


def test_who_is_done_before_a_wide_job_can_start_may_go_first() -> None:
    jobs = [job("long", seconds=100), job("wide", cpu=2, seconds=90), *(job(f"s{number}", seconds=40) for number in range(5))]
    schedule = Schedule(jobs, Capacity(cpu=2))
    assert start(schedule) == ("long", "s0")
    for number, now in ((0, 10), (1, 20), (2, 59)):
        schedule.finished(f"s{number}", Status.PASSED)
        assert start(schedule, now) == (f"s{number + 1}",)
    schedule.finished("s3", Status.PASSED)
    assert start(schedule, 61) == ()


def test_who_waits_for_a_name_does_not_hold_the_cores() -> None:
    jobs = [job("holder", exclusive=("db",), seconds=1000), job("waiter", exclusive=("db",), seconds=500),
            *(job(f"s{number}") for number in range(9)), job("late", exclusive=("db",))]
    schedule = Schedule(jobs, Capacity(cpu=2))
    start(schedule)
    for _ in range(8):
        small = next(job_id for job_id in schedule.running() if job_id != "holder")
        schedule.finished(small, Status.PASSED)
        assert start(schedule)
    assert schedule.status("late") is Status.QUEUED


def test_the_run_timeout_leaves_the_rest_not_run() -> None:
    schedule = Schedule([job("a", seconds=50), job("b"), job("c", needs=("b",))], Capacity(cpu=1), Limits(timeout=60), now=100)
    start(schedule, 100)
    assert schedule.next_deadline() == 160
    assert schedule.settle(159) == ()
    message = "the run reached its timeout of 60 s"
    assert said(schedule.settle(160)) == [("b", Status.NOT_RUN, message), ("c", Status.NOT_RUN, message), ("a", Status.TIMED_OUT, message)]
    assert schedule.settle(161) == ()
    assert schedule.status("a") is Status.RUNNING
    schedule.finished("a", Status.TIMED_OUT)
    assert schedule.done


def test_the_clock_of_a_batch_starts_with_its_first_job() -> None:
    batches = (PlannedBatch(id="beta", title="", timeout=10),)
    jobs = [job("a"), job("b", batch="beta", after=("a",)), job("c", batch="beta", needs=("b",)), job("d", needs=("c",))]
    schedule = Schedule(jobs, ROOMY, Limits(batches=batches))
    start(schedule, 0)
    assert schedule.settle(500) == ()
    schedule.finished("a", Status.PASSED)
    start(schedule, 500)
    assert schedule.next_deadline() == 510
    decisions = schedule.settle(510)
    assert [(decision.job, decision.status, decision.cause) for decision in decisions] == [
        ("c", Status.NOT_RUN, Cause.BUDGET), ("b", Status.TIMED_OUT, Cause.BUDGET), ("d", Status.BLOCKED, Cause.NEED)]
    assert decisions[2].message == "needs `c`: not run"


def test_fail_fast_starts_nothing_more_and_stops_the_others() -> None:
    schedule = Schedule([job("a", seconds=1), job("b", seconds=2), job("c", seconds=9)], Capacity(cpu=2), Limits(fail_fast=True))
    start(schedule)
    message = "stopped at the first failure, `a`"
    assert said(schedule.finished("a", Status.FAILED)) == [("c", Status.NOT_RUN, message), ("b", Status.CANCELLED, message)]
    assert schedule.finished("b", Status.CANCELLED) == ()
    assert schedule.done


def test_fail_fast_minds_blocking_jobs_only() -> None:
    schedule = Schedule([job("a", blocking=False), job("b")], Capacity(cpu=1), Limits(fail_fast=True))
    schedule.started("a", 0)
    assert schedule.finished("a", Status.FAILED) == ()
    assert start(schedule) == ("b",)


def test_cancelling_the_rest_names_what_must_be_stopped() -> None:
    schedule = Schedule([job("a"), job("b", needs=("a",))], ROOMY)
    start(schedule)
    assert said(schedule.cancel_rest(Cause.INTERRUPT, "why")) == [("b", Status.NOT_RUN, "why"), ("a", Status.CANCELLED, "why")]


def test_a_circle_is_told_and_not_waited_for() -> None:
    schedule = Schedule([job("a", needs=("b",)), job("b", needs=("a",)), job("c", needs=("gone",)), job("d", after=("c",))], ROOMY)
    assert said(schedule.settle(0)) == [("c", Status.BLOCKED, "needs `gone`, which is not in the plan")]
    assert start(schedule) == ("d",)
    schedule.finished("d", Status.PASSED)
    assert said(schedule.settle(0)) == [("a", Status.BLOCKED, "waits in a circle with `b`"), ("b", Status.BLOCKED, "needs `a`: blocked")]
    assert schedule.done


def test_who_only_stands_behind_a_circle_or_a_lost_need_runs_when_that_is_told() -> None:
    jobs = [job("z", after=("y",)), job("y", after=("x",)), job("x", needs=("gone",)), job("behind", after=("a",)), job("a", after=("b",)), job("b", after=("a",))]
    schedule = Schedule(jobs, ROOMY)
    assert said(schedule.settle(0)) == [("x", Status.BLOCKED, "needs `gone`, which is not in the plan")]
    assert start(schedule) == ("y",)
    schedule.finished("y", Status.PASSED)
    assert start(schedule) == ("z",)
    schedule.finished("z", Status.PASSED)
    assert said(schedule.settle(0)) == [("a", Status.BLOCKED, "waits in a circle with `b`")]
    assert set(start(schedule)) == {"behind", "b"}


def test_a_circle_of_barriers_does_not_hold_the_run_up() -> None:
    schedule = Schedule([job("a", after=("p",))], ROOMY, barriers={"p": ("q",), "q": ("p",)})
    assert said(schedule.settle(0)) == [("a", Status.BLOCKED, "waits in a circle with `p`")]
    assert schedule.done


def test_a_paused_job_keeps_what_it_holds() -> None:
    schedule = Schedule([job("a", exclusive=("x",), seconds=9), job("b", exclusive=("x",))], ROOMY)
    start(schedule)
    schedule.paused("a")
    assert schedule.startable(0) == ()
    assert schedule.counters().running == 1
    schedule.resumed("a")
    schedule.finished("a", Status.PASSED)
    assert start(schedule) == ("b",)


def test_a_job_that_is_to_be_tried_again_waits_for_its_moment_and_holds_nothing_meanwhile() -> None:
    schedule = Schedule([job("a", exclusive=("x",), seconds=9), job("b", exclusive=("x",))], ROOMY)
    assert start(schedule) == ("a",)
    schedule.requeued(job("a", exclusive=("x",)), 10.0)
    assert schedule.status("a") is Status.PENDING
    assert start(schedule) == ("b",)
    schedule.finished("b", Status.PASSED)
    assert (schedule.next_start(1.0), start(schedule, 9.0)) == (10.0, ())
    schedule.settle(10.0)
    assert start(schedule, 10.0) == ("a",)


def test_a_final_status_stays() -> None:
    schedule = Schedule([job("a")], ROOMY)
    start(schedule)
    schedule.finished("a", Status.FAILED)
    with pytest.raises(ValueError, match="cannot go from failed to passed"):
        schedule.finished("a", Status.PASSED)


def test_a_job_may_be_decided_without_running() -> None:
    schedule = Schedule([job("cached"), job("b", needs=("cached",))], ROOMY)
    schedule.finished("cached", Status.PASSED)
    assert start(schedule) == ("b",)


def test_counters_are_per_batch_and_sum_to_total() -> None:
    jobs = [job("p"), job("f"), job("e"), job("u"), job("b", needs=("f",)), job("r"), job("w", after=("r",)), job("o", batch="beta")]
    schedule = Schedule(jobs, ROOMY)
    for job_id, status in (("p", Status.PASSED), ("f", Status.FAILED), ("e", Status.ERRORED), ("u", Status.UNAVAILABLE)):
        schedule.started(job_id, 0)
        schedule.finished(job_id, status)
    schedule.started("r", 0)
    assert schedule.counters("alpha") == Counters(total=7, completed=1, running=1, failed=2, blocked=1, pending=1, unavailable=1)
    assert schedule.counters("beta") == Counters(total=1, pending=1)
    assert schedule.counters().total == 8
