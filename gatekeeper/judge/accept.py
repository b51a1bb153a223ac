"""Makes what a run found into what is known: a whole baseline, a tighter one, or one with more in it. Pure; writes nothing.

Only jobs that ran to their end say anything. Broken code, failed builds and suppressed findings are never accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gatekeeper.judge.known import OF_THE_MACHINE, Known, KnownSet, KnownTest
from gatekeeper.judge.matching import matched
from gatekeeper.judge.triage import exact_of, is_broken
from gatekeeper.model.assessment import Delta
from gatekeeper.model.finding import Finding, State, TestCase, TestOutcome
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Result, RunRecord
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Effect, Role
from gatekeeper.model.value import dataclass, replace

_MEASURED = frozenset({Status.PASSED, Status.FAILED})
_BAD = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A baseline as it becomes, and what was done to it."""

    known: KnownSet
    removed: int = 0
    refreshed: int = 0
    added: tuple[Known | KnownTest, ...] = ()


def accepted(plan: Plan, results: Sequence[Result]) -> KnownSet:
    """Everything that a run found and that may be accepted, with the versions of the tools that found it."""
    measured = tuple(_measured(plan, results))
    findings = {known.id: known for job, result in measured for known in _acceptable(job, result)}
    tests = {test.id: test for job, result in measured for test in _failing(job, result)}
    return KnownSet(findings=tuple(findings.values()), tests=tuple(tests.values()), versions=_versions(job for job, _ in measured))


def tightened(known: KnownSet, record: RunRecord, delta: Delta) -> Renewal:
    """The baseline without what is fixed, and with what moved where it is now. Versions follow a run that looked at everything."""
    gone = frozenset(delta.tightening)
    measured = tuple(_measured(record.plan, record.results))
    by_place = {(job.id, exact_of(finding)): _known(job, finding) for job, result in measured for finding in result.findings}
    instead = {entry: by_place[job, exact] for entry, job, exact in delta.refreshed if (job, exact) in by_place}
    kept = [instead.get(one.id, one) for one in known.findings if one.id not in gone]
    tests = tuple(test for test in known.tests if test.id not in gone)
    versions = known.versions if record.plan.scoped else {**known.versions, **_versions(job for job, _ in measured)}
    renewed = KnownSet(findings=tuple({one.id: one for one in kept}.values()), tests=tests, versions=versions)
    removed = len(known.findings) - len(kept) + len(known.tests) - len(tests)
    return Renewal(known=renewed, removed=removed, refreshed=sum(one.id in instead for one in known.findings))


def widened(renewal: Renewal, record: RunRecord) -> Renewal:
    """The baseline with everything added that the run found and that it does not hold."""
    known, more = renewal.known, list[Known]()
    for job, result in _measured(record.plan, record.results):
        mine = [one.finding for one in known.findings if (one.command, one.component) == (job.command, job.component)]
        fresh = list(_acceptable(job, result))
        same = {pair.found for pair in matched(mine, [one.finding for one in fresh])}
        more += [one for position, one in enumerate(fresh) if position not in same]
    there = {test.id for test in known.tests}
    tests = {test.id: test for job, result in _measured(record.plan, record.results) for test in _failing(job, result) if test.id not in there}
    wider = replace(known, findings=(*known.findings, *more), tests=(*known.tests, *tests.values()))
    return replace(renewal, known=wider, added=(*more, *tests.values()))


def _versions(jobs: Iterable[Job]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for job in jobs:
        if job.tool is not None and job.tool.version is not None and (job.tool.source != "builtin" or job.role is Role.HYGIENE):
            found.setdefault(job.tool_id, set()).add(job.tool.version)
    return {tool: frozenset(versions) for tool, versions in found.items()}


def stays_red(job: Job, result: Result) -> bool:
    """Whether a failed job fails for something that cannot be accepted: broken code, or what no finding and no test explains."""
    if result.status is not Status.FAILED:
        return False
    broken = any(is_broken(job, finding) for finding in result.findings)
    return broken or job.role is Role.BUILD or not (result.findings or any(test.outcome in _BAD for test in result.tests))


def measured_jobs(plan: Plan, results: Sequence[Result]) -> tuple[tuple[Job, bool], ...]:
    """The jobs that find things, and whether each ran to its end."""
    status = {result.job: result.status for result in results}
    return tuple((job, status.get(job.id) in _MEASURED) for job in plan.jobs if _looks_at_code(job))


def _looks_at_code(job: Job) -> bool:
    return job.effect is Effect.READS and job.role not in OF_THE_MACHINE


def _measured(plan: Plan, results: Sequence[Result]) -> Iterator[tuple[Job, Result]]:
    by_id = {result.job: result for result in results}
    return ((job, by_id[job.id]) for job in plan.jobs if job.id in by_id and by_id[job.id].status in _MEASURED and _looks_at_code(job))


def _acceptable(job: Job, result: Result) -> Iterator[Known]:
    return (_known(job, finding) for finding in result.findings
            if finding.state is not State.SUPPRESSED and not is_broken(job, finding) and exact_of(finding))


def _known(job: Job, finding: Finding) -> Known:
    return Known(command=job.command, component=job.component, finding=replace(finding, state=None, suppression=None, on_changed_line=None))


def _failing(job: Job, result: Result) -> Iterator[KnownTest]:
    if job.role is Role.BUILD:
        return
    for test in result.tests:
        if test.outcome in _BAD and test.state is not State.SUPPRESSED:
            yield _known_test(job, test)


def _known_test(job: Job, test: TestCase) -> KnownTest:
    return KnownTest(command=job.command, component=job.component, classname=test.classname, name=test.name, file=test.file)

