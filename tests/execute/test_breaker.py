"""Services that do not answer are not asked again at once: closed, open, half-open; within a run, and from what runs before have found out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.execute.breaker import Breaker, Breakers, State
from gatekeeper.model.event import JobStarted
from gatekeeper.model.plan import Job
from gatekeeper.model.recovery import BreakerPolicy, RetryPolicy, Trouble
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.value import replace
from tests.fakes.house import CRASHED, House, ends, job
from tests.fakes.pool import Script

POLICY = BreakerPolicy(failures=3, recovery=60.0, successes=2)
OFFLINE = ends(CRASHED, stderr=b"npm error code ENOTFOUND\n")


def failing(breaker: Breaker, *moments: float) -> None:
    for moment in moments:
        breaker.asked(moment)
        breaker.ended(moment, answered=False)


def test_a_service_that_answers_is_asked() -> None:
    breaker = Breaker(POLICY)
    failing(breaker, 0.0, 1.0)
    breaker.ended(2.0, answered=True)
    failing(breaker, 3.0, 4.0)
    assert (breaker.state(4.0), breaker.refusal("npm", 4.0)) == (State.CLOSED, None)


def test_after_so_many_failures_in_a_row_it_is_not_asked_and_the_state_is_told() -> None:
    breaker = Breaker(POLICY)
    failing(breaker, 0.0, 1.0, 2.0)
    assert breaker.state(2.0) is State.OPEN
    assert breaker.refusal("npm", 12.0) == "npm did not answer 3 times in a row: its circuit is open, it is asked again in 50 s"


def test_after_its_time_one_job_finds_out_and_others_wait_for_it() -> None:
    breaker = Breaker(POLICY)
    failing(breaker, 0.0, 1.0, 2.0)
    assert (breaker.state(62.0), breaker.refusal("npm", 62.0), breaker.busy(62.0)) == (State.HALF_OPEN, None, False)
    breaker.asked(62.0)
    assert breaker.busy(63.0)
    breaker.ended(64.0, answered=None)
    assert (breaker.busy(64.0), breaker.state(64.0)) == (False, State.HALF_OPEN)


def test_one_failure_opens_it_again_and_enough_successes_close_it() -> None:
    breaker = Breaker(POLICY)
    failing(breaker, 0.0, 1.0, 2.0)
    failing(breaker, 62.0)
    assert breaker.state(63.0) is State.OPEN
    assert breaker.state(122.0) is State.HALF_OPEN
    breaker.ended(123.0, answered=True)
    assert breaker.state(123.0) is State.HALF_OPEN
    breaker.ended(124.0, answered=True)
    assert (breaker.state(124.0), breaker.failures) == (State.CLOSED, 0)


def test_what_runs_before_have_found_out_holds() -> None:
    first = Breakers(POLICY)
    for moment in (0.0, 1.0, 2.0):
        first.ended(("npm", "crates"), moment, answered=False)
    for moment in (3.0, 4.0):
        first.ended(("crates",), moment, answered=True)
    assert first.known() == {"npm": (3, 2.0)}
    second = Breakers(POLICY, first.known())
    assert second.refusal(("crates", "npm"), 10.0) == "npm did not answer 3 times in a row: its circuit is open, it is asked again in 52 s"
    assert second.refusal(("crates",), 10.0) is None


@given(st.lists(st.tuples(st.floats(0.0, 100.0), st.sampled_from([True, False, None])), max_size=40))
def test_it_is_never_open_without_enough_failures_in_a_row_and_never_longer_than_its_time(steps: list[tuple[float, bool | None]]) -> None:
    breaker, now, row = Breaker(POLICY), 0.0, 0
    for wait, answered in steps:
        now += wait
        if breaker.refusal("x", now) is None:
            breaker.asked(now)
            breaker.ended(now, answered=answered)
            row = row if answered is None else 0 if answered else row + 1
        assert (breaker.state(now) is State.CLOSED) or row >= 1 or breaker.failures >= POLICY.failures
        assert breaker.state(now + POLICY.recovery) is not State.OPEN
        if row == 0 and breaker.failures == 0:
            assert breaker.state(now) is State.CLOSED


# --- in a run ----------------------------------------------------------------------------------------------------------


def audits(number: int, **fields: object) -> tuple[Job, ...]:
    return tuple(job(f"a{one}", services=("npm",), estimated_seconds=9.0 - one, **fields) for one in range(1, number + 1))


def test_after_three_failures_the_fourth_is_not_started_and_says_why(tmp_path: Path) -> None:
    house = House(tmp_path, *audits(4), job("b", estimated_seconds=0.1), cores=1, scripts={f"T/a{one}": OFFLINE for one in range(1, 5)})
    told: list[Mapping[str, tuple[int, float]]] = []
    house.options = replace(house.options, learnt=told.append)
    said = house.said()
    assert [status for _, status, _, _ in said] == [Status.ERRORED, Status.ERRORED, Status.ERRORED, Status.NOT_RUN, Status.PASSED]
    assert said[3] == ("T/a4", Status.NOT_RUN, Cause.SERVICE, "npm did not answer 3 times in a row: its circuit is open, it is asked again in 60 s")
    assert told == [{"npm": (1, 1.0)}, {"npm": (2, 2.0)}, {"npm": (3, 3.0)}]


def test_half_open_one_job_finds_out_and_the_other_starts_when_it_has(tmp_path: Path) -> None:
    house = House(tmp_path, *audits(3), cores=3, scripts={"T/a1": Script(seconds=5.0)})
    house.clock.advance(100.0)
    house.options = replace(house.options, services={"npm": (3, 30.0)})
    assert [ended.status for ended in house.run()] == [Status.PASSED] * 3
    assert [(event.job, event.at) for event in house.events.of(JobStarted)] == [("T/a1", 100.0), ("T/a2", 105.0), ("T/a3", 105.0)]


def test_what_runs_before_found_out_spares_the_first_job(tmp_path: Path) -> None:
    house = House(tmp_path, *audits(1))
    house.options = replace(house.options, services={"npm": (5, -20.0)})
    assert house.said() == [("T/a1", Status.NOT_RUN, Cause.SERVICE, "npm did not answer 5 times in a row: its circuit is open, it is asked again in 40 s")]
    assert house.events.of(JobStarted) == []


def test_a_job_whose_service_was_given_up_meanwhile_is_not_tried_again(tmp_path: Path) -> None:
    retry = RetryPolicy(attempts=9, on=(Trouble.NETWORK,), delay=1.0)
    house = House(tmp_path, *audits(1, retry=retry), scripts={"T/a1": OFFLINE})
    (ended,) = house.run()
    assert (ended.status, len(ended.attempts)) == (Status.ERRORED, 3)


def test_jobs_that_ask_no_service_are_not_concerned(tmp_path: Path) -> None:
    house = House(tmp_path, *(job(f"a{one}") for one in range(5)), cores=1, scripts={f"T/a{one}": OFFLINE for one in range(5)})
    assert [ended.status for ended in house.run()] == [Status.ERRORED] * 5


def test_findings_are_an_answer(tmp_path: Path) -> None:
    house = House(tmp_path, *audits(5), cores=1, scripts={**{f"T/a{one}": OFFLINE for one in (1, 2, 4, 5)}, "T/a3": ends(1)})
    assert [ended.status for ended in house.run()] == [Status.ERRORED, Status.ERRORED, Status.FAILED, Status.ERRORED, Status.ERRORED]
