"""What a whole run changed against what it was compared with: counts, what was fixed, and sentences about the comparison itself.

Only jobs that ran to their end can have fixed something. Does not know how findings were compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from gatekeeper.judge.known import Known, KnownTest
from gatekeeper.judge.triage import NO_JOB, Comparison, Reference, Standing, exact_of, tool_changed
from gatekeeper.model.assessment import Delta
from gatekeeper.model.finding import Finding, State, TestCase, TestOutcome
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Condition, Result
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.value import replace
from gatekeeper.model.wording import count_text

_MEASURED = frozenset({Status.PASSED, Status.FAILED})


def delta_of(plan: Plan, results: Sequence[Result], comparison: Comparison, standings: Mapping[str, Sequence[Standing]]) -> Delta | None:
    """What changed, or None where nothing was compared."""
    if not comparison.references and not comparison.lines_count:
        return None
    measured = [(job, result, standings.get(job.id, ())) for job, result in _pairs(plan, results) if result.status in _MEASURED]
    every = [standing for each in (*(each for _, _, each in measured), standings.get(NO_JOB, ())) for standing in each]
    states = Counter(state for result in results for state in _states(result))
    gone, gone_tests = _gone(every)
    kept = [standing for standing in every if standing.reference.kept]
    return Delta(
        against=" and ".join((*(reference.name for reference in comparison.references), *([comparison.lines_name] if comparison.lines_count else []))),
        new=states[State.NEW], unchanged=states[State.UNCHANGED], moved=states[State.MOVED], fixed=gone, fixed_tests=gone_tests,
        notes=(*_tool_changes(measured), *_notes(every, results, comparison)), refreshed=tuple(sorted(_refreshed(measured))),
        tightening=tuple(sorted({name for standing in kept for name in _ids(standing)})),
        by_tool_change=sum(len(standing.excused) for _, _, each in measured for standing in each),
    )


def tight_condition(delta: Delta | None) -> Condition | None:
    """The condition of a baseline that must hold nothing that is fixed already."""
    if delta is None or not delta.tightening:
        return None
    return Condition(subject="baseline", outcome=Outcome.FAIL, message=f"it can be tightened by {len(delta.tightening)}", hint="gatekeeper baseline update")


def _ids(standing: Standing) -> list[str]:
    return [*(one.id for one in standing.gone), *(test.id for test in standing.gone_tests)]


def _pairs(plan: Plan, results: Sequence[Result]) -> list[tuple[Job, Result]]:
    by_id = {result.job: result for result in results}
    return [(job, by_id[job.id]) for job in plan.jobs if job.id in by_id]


def _states(result: Result) -> Iterable[State | None]:
    yield from (finding.state for finding in result.findings)
    yield from (test.state for test in result.tests)


def _gone(standings: Sequence[Standing]) -> tuple[tuple[Finding, ...], tuple[TestCase, ...]]:
    """What is fixed, once each however many references knew it."""
    findings: dict[str, Known] = {}
    tests: dict[str, KnownTest] = {}
    for standing in standings:
        findings.update((one.id, one) for one in standing.gone)
        tests.update((one.id, one) for one in standing.gone_tests)
    return (tuple(_fixed(findings[key]) for key in sorted(findings)),
            tuple(TestCase(name=one.name, classname=one.classname, file=one.file, outcome=TestOutcome.PASSED, state=State.FIXED)
                  for _, one in sorted(tests.items())))


def _fixed(known: Known) -> Finding:
    return replace(known.finding, state=State.FIXED)


def _refreshed(measured: Sequence[tuple[Job, Result, Sequence[Standing]]]) -> Iterable[tuple[str, str, str]]:
    """Entries of a baseline that are not where they were, or not the same of several equal ones any more."""
    for job, result, standings in measured:
        for standing in standings:
            if standing.reference.kept:
                yield from ((known.id, job.id, exact) for position, (known, moved) in standing.same.items() if position < len(result.findings)
                            and ((exact := exact_of(result.findings[position])) != exact_of(known.finding) or moved or known.component != job.component))


# --- sentences -------------------------------------------------------------------------------------------------------


def _notes(standings: Sequence[Standing], results: Sequence[Result], comparison: Comparison) -> Iterable[str]:
    for reference in comparison.references:
        yield from _incomparable(reference, results)
        if reference.kept and (loose := {name for standing in standings if standing.reference is reference for name in _ids(standing)}):
            yield f"{reference.name} can be tightened by {len(loose)}: gatekeeper baseline update"


def _tool_changes(measured: Sequence[tuple[Job, Result, Sequence[Standing]]]) -> Iterable[str]:
    """A sentence for each tool whose version the reference does not know, with what that excuses."""
    excused: Counter[tuple[str, str]] = Counter()
    sentences: dict[tuple[str, str], str] = {}
    for job, _, standings in measured:
        for standing in standings:
            if tool_changed(standing.reference, job) and job.tool is not None:
                before = ", ".join(sorted(standing.reference.known.versions[job.tool_id]))
                key = (job.tool_id, standing.reference.name)
                sentences[key] = f"{job.tool_id} is {job.tool.version}, {standing.reference.name} was made with {before}"
                excused[key] += len(standing.excused)
    for key, sentence in sentences.items():
        count = excused[key]
        yield sentence if not count else (f"{sentence}: {count_text(count, 'finding')} on lines that nobody changed {'is' if count == 1 else 'are'} new because "
                                          "of the tool change and will not count before: gatekeeper baseline update")


def _has_new(result: Result) -> bool:
    """Whether a job found something that counts because nothing was there to compare it with; what it says of the machine has no state."""
    return any(finding.state is State.NEW for finding in result.findings) or any(test.counts for test in result.tests)


def _incomparable(reference: Reference, results: Sequence[Result]) -> Iterable[str]:
    """For every job with findings that the reference says nothing of."""
    for result in results:
        if _has_new(result) and (reason := reference.incomparable.get(result.job)):
            yield f"{result.job}: what it found counts as new, {reference.name} has nothing to compare with: {reason}"
