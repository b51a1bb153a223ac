"""Several tries of one job as one result: the last one counts, and what passed only then is flaky. Pure; starts nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gatekeeper.model.finding import TestCase, TestOutcome
from gatekeeper.model.result import Result
from gatekeeper.model.status import Status
from gatekeeper.model.value import dataclass, replace

_BAD = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A try that did not pass. `then` says what was changed before the next one (another tool, a person); empty: the same was tried again."""

    result: Result
    then: str = ""


def retried(earlier: Sequence[Try], last: Result) -> Result:
    """The result of a job after `earlier` tries that did not pass; with the attempts of all of them.

    Flaky is what passed although nothing was changed since a try that did not.
    """
    if not earlier:
        return last
    changed = max((number for number, one in enumerate(earlier, 1) if one.then), default=0)
    same = [one.result for one in earlier[changed:]]
    passed = last.status is Status.PASSED
    said = [last.message, *([earlier[changed - 1].then] if changed else ())]
    if same:
        said.append(f"passed only at try {len(same) + 1}" if passed else f"tried {len(same) + 1} times")
    attempts = tuple(attempt for result in (*(one.result for one in earlier), last) for attempt in result.attempts)
    return replace(last, attempts=attempts, flaky=passed and bool(same), message="; ".join(part for part in said if part),
                   leaky=last.leaky or any(one.result.leaky for one in earlier), tests=tuple(_with_earlier(case, _failures(same)) for case in last.tests))


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
