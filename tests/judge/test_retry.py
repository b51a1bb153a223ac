"""Several tries are one result: the last counts, and what passed only then is flaky."""

from __future__ import annotations

from gatekeeper.judge.retry import Try, retried
from gatekeeper.model.finding import TestCase, TestOutcome
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Status


def tried(status: Status, seconds: float, *cases: TestCase) -> Result:
    return Result(job="j", status=status, message="said", attempts=(Attempt(exit_code=0, wall_seconds=seconds),), tests=cases)


def case(outcome: TestOutcome, message: str | None = None) -> TestCase:
    return TestCase(name="t", classname="c", outcome=outcome, message=message)


def test_one_try_is_told_as_it_is() -> None:
    once = tried(Status.PASSED, 1.0)
    assert retried([], once) is once


def test_what_passed_only_in_the_end_is_flaky_and_so_are_its_tests() -> None:
    whole = retried([Try(result=tried(Status.FAILED, 1.0, case(TestOutcome.FAILED, "assert 1 == 2")))], tried(Status.PASSED, 2.0, case(TestOutcome.PASSED)))
    assert (whole.flaky, whole.message, whole.wall_seconds, len(whole.attempts)) == (True, "said; passed only at try 2", 3.0, 2)
    assert whole.tests[0].flaky
    assert whole.tests[0].earlier == ("assert 1 == 2",)


def test_what_never_passed_is_not_flaky() -> None:
    whole = retried([Try(result=tried(Status.ERRORED, 1.0)), Try(result=tried(Status.FAILED, 1.0))], tried(Status.FAILED, 1.0, case(TestOutcome.FAILED)))
    assert (whole.flaky, whole.message, whole.tests[0].flaky) == (False, "said; tried 3 times", False)


def test_what_passed_after_something_was_changed_is_not_flaky_and_says_what() -> None:
    earlier = Try(result=tried(Status.ERRORED, 1.0, case(TestOutcome.FAILED, "old")), then="done by flake8.lint because ruff.lint errored")
    whole = retried([Try(result=tried(Status.ERRORED, 1.0)), earlier], tried(Status.PASSED, 2.0, case(TestOutcome.PASSED)))
    assert (whole.flaky, whole.message, len(whole.attempts)) == (False, "said; done by flake8.lint because ruff.lint errored", 3)
    assert whole.tests[0].earlier == ()


def test_what_was_changed_may_be_flaky_itself() -> None:
    earlier = [Try(result=tried(Status.ERRORED, 1.0), then="done by another"), Try(result=tried(Status.ERRORED, 1.0))]
    whole = retried(earlier, tried(Status.PASSED, 2.0))
    assert (whole.flaky, whole.message) == (True, "said; done by another; passed only at try 2")
