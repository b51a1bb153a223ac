"""Scores of 0 to 100 by dimension. They inform; conditions decide. Knows results and how many files there are, nothing else.

    tests          100 * passed / (passed + failed + errors), cases of all test jobs; a job without cases counts as one
    every other    100 * N / (N + W)

N is the number of files in the tree (of a scoped run: in scope), at least 1; W the weight of the findings that are not suppressed, known ones too:
critical 10, high 5, medium 2, low 1, info 0. Where no job of a dimension measured, its score is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gatekeeper.model.assessment import Dimension, Score
from gatekeeper.model.finding import Severity, State, TestOutcome
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Result
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role
from gatekeeper.model.wording import count_text

WEIGHTS: Mapping[Severity, int] = {Severity.CRITICAL: 10, Severity.HIGH: 5, Severity.MEDIUM: 2, Severity.LOW: 1, Severity.INFO: 0}
ROLES: Mapping[Dimension, tuple[Role, ...]] = {
    Dimension.STYLE: (Role.FORMAT, Role.LINT), Dimension.TYPES: (Role.TYPES,), Dimension.TESTS: (Role.TEST,),
    Dimension.SECURITY: (Role.SECURITY,), Dimension.DOCS: (Role.DOCS,), Dimension.DEPENDENCIES: (Role.DEPS,),
}
_MEASURED = frozenset({Status.PASSED, Status.FAILED})
Pair = tuple[Job, Result]


def scores(plan: Plan, results: Sequence[Result], files: int) -> tuple[Score, ...]:
    """A score for each dimension; `files` is the number of files that the run looked at."""
    by_id = {result.job: result for result in results}
    pairs = [(job, by_id[job.id]) for job in plan.jobs if job.id in by_id]
    return tuple(_score(dimension, [pair for pair in pairs if pair[0].role in roles], max(1, files)) for dimension, roles in ROLES.items())


def _score(dimension: Dimension, pairs: Sequence[Pair], files: int) -> Score:
    measured = [pair for pair in pairs if pair[1].status in _MEASURED]
    left = f"; {count_text(len(pairs) - len(measured), 'job')} did not measure" if len(measured) < len(pairs) else ""
    if not measured:
        return Score(dimension=dimension, value=None, basis="no job of this kind ran" if not pairs else f"nothing was measured{left}")
    if dimension is Dimension.TESTS:
        return _of_tests(measured, left)
    found = [finding for _, result in measured for finding in result.findings if finding.state is not State.SUPPRESSED]
    weight = sum(WEIGHTS[finding.severity] for finding in found)
    return Score(dimension=dimension, value=round(100 * files / (files + weight), 1),
                 basis=f"{count_text(len(found), 'finding')} of weight {weight} in {count_text(files, 'file')}, from {count_text(len(measured), 'job')}{left}")


def _of_tests(measured: Sequence[Pair], left: str) -> Score:
    passed = failed = 0
    for _, result in measured:
        good = sum(case.outcome is TestOutcome.PASSED for case in result.tests)
        bad = sum(case.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for case in result.tests)
        if result.status is Status.FAILED and not bad:
            bad = 1
        passed, failed = passed + (good or (not bad and not result.tests)), failed + bad
    value = round(100 * passed / (passed + failed), 1) if passed + failed else None
    return Score(dimension=Dimension.TESTS, value=value, basis=f"{passed} of {passed + failed} passed, from {count_text(len(measured), 'job')}{left}")


