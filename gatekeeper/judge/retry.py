"""Several tries of one job as one result: the last one counts, and what passed only then is flaky. Pure; starts nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gatekeeper.model.finding import TestCase, TestOutcome
from gatekeeper.model.result import Result
from gatekeeper.model.status import Status
from gatekeeper.model.value import replace

_BAD = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


def retried(earlier: Sequence[Result], last: Result) -> Result:
    """The result of a job after `earlier` tries that did not pass; with the attempts of all of them."""
    if not earlier:
        return last
    attempts = tuple(attempt for result in (*earlier, last) for attempt in result.attempts)
    tries = len(earlier) + 1
    passed = last.status is Status.PASSED
    said = f"{last.message}{'; ' if last.message else ''}{f'passed only at try {tries}' if passed else f'tried {tries} times'}"
    return replace(last, attempts=attempts, flaky=passed, message=said, leaky=any(result.leaky for result in (*earlier, last)),
                   tests=tuple(_with_earlier(case, _failures(earlier)) for case in last.tests))


def _failures(earlier: Sequence[Result]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for result in earlier:
        for case in result.tests:
            if case.outcome in _BAD:
                key = (case.classname, case.name)
                found[key] = (*found.get(key, ()), case.message or str(case.outcome))
    return found


def _with_earlier(case: TestCase, failures: Mapping[tuple[str, str], tuple[str, ...]]) -> TestCase:
    before = failures.get((case.classname, case.name))
    return replace(case, earlier=(*before, *case.earlier)) if before else case
