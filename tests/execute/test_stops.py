"""Why a job must end, and what its result says of it."""

from __future__ import annotations

from gatekeeper.execute.schedule import Decision
from gatekeeper.execute.stops import Stops
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.value import replace

LATE = Attempt(signal=15, timed_out=True)
TIMED_OUT = Result(job="a", status=Status.TIMED_OUT, cause=Cause.TIMEOUT, message="stopped after 5 s", attempts=(LATE,))


def stops(status: Status, cause: Cause) -> Stops:
    found = Stops()
    found.add(Decision(job="a", status=status, cause=cause, message="because"))
    return found


def test_a_job_that_ran_out_of_its_own_time_does_not_blame_the_signal_that_came_while_it_was_being_stopped() -> None:
    assert stops(Status.CANCELLED, Cause.INTERRUPT).told(LATE, TIMED_OUT) == TIMED_OUT


def test_a_job_whose_run_had_no_more_time_says_so() -> None:
    told = stops(Status.TIMED_OUT, Cause.BUDGET).told(LATE, replace(TIMED_OUT, hint="give it longer: timeout of the task a"))
    assert (told.status, told.cause, told.message) == (Status.TIMED_OUT, Cause.BUDGET, "because")
    assert "--timeout" in (told.hint or "")
    assert "of the task" not in (told.hint or "")
