"""Conditions on tests and what they cover: failed, skipped and flaky cases; coverage of all lines and of those that the change added.

Does not know test runners nor formats of coverage reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import splitext

from gatekeeper.judge.policy.ground import Answer, Ground, any_glob, cut, held, lacking, not_judged, unmeasured, within_limit
from gatekeeper.judge.suppress import matches_path, owners
from gatekeeper.model.assessment import ConditionStatus
from gatekeeper.model.coverage import ChangedLines, Coverage, percent
from gatekeeper.model.finding import TestCase, TestOutcome
from gatekeeper.model.late import late
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role
from gatekeeper.model.wording import count_text

#: what tests do not cover because it is tests, or runs only when something is built
_NOT_COVERED = late(r"(^|/)(tests?|specs?|__tests__|examples?|docs?|benches|benchmarks|fixtures|scripts?)/|(^|/)(test_|conftest|setup\.py|noxfile|build\.rs)"
                          r"|[._-](test|spec|config|stories|d)\.|_test\.|\.t\.sol$|\.s\.sol$")
Pair = tuple[Job, Result | None]


def tests(condition: PolicyCondition, ground: Ground, component: str | None) -> Answer:
    """At most `max` (or `max_percent`) cases of the outcome, and at least `min` that passed."""
    jobs = [(job, result) for job, result in ground.pairs() if job.role is Role.TEST and ground.covers(job, component) and any_glob(condition.suite, job.id)]
    cases = [case for _, result in jobs if result is not None for case in result.tests if _owned(case, ground, component)]
    bad = [case for case in cases if _is_meant(case, condition)]
    silent = _failed_silently(jobs) if condition.outcome == "failed" else []
    answer = _judged(condition, cases, bad, silent)
    if answer.status is ConditionStatus.FAILED and not _too_few(condition, cases):
        return answer  # too many already, whatever else was not measured
    lack = lacking(ground, jobs, "tests", (Role.TEST,))
    if lack is None and condition.outcome != "failed" and not cases:
        return unmeasured("these test runners do not tell their cases one by one")
    return lack or answer


def _judged(condition: PolicyCondition, cases: Sequence[TestCase], bad: Sequence[TestCase], silent: Sequence[str]) -> Answer:
    count = len(bad) + len(silent)
    share = 100 * count / len(cases) if cases else 0.0
    by_share = condition.max_percent is not None
    limit = condition.max_percent if condition.max_percent is not None else condition.max
    amount = share if by_share else float(count)
    few = _too_few(condition, cases)
    said = f"{count} of {count_text(len(cases), 'test')} {condition.outcome}" + (f" ({share:.1f} %)" if by_share else "")
    allowed = f"at most {limit:g}{' %' if by_share else ''} allowed"
    wanted = f"; at least {condition.min:g} must pass, {_passed(cases)} did" if few else ""
    return Answer(status=held(holds=amount <= limit and not few), message=f"{said}, {allowed}{wanted}", score=within_limit(amount, limit),
                  violations=cut([*silent, *(_named(case) for case in bad)]))


def _too_few(condition: PolicyCondition, cases: Sequence[TestCase]) -> bool:
    return condition.min is not None and _passed(cases) < condition.min


def _passed(cases: Sequence[TestCase]) -> int:
    return sum(case.outcome is TestOutcome.PASSED for case in cases)


def _failed_silently(jobs: Sequence[Pair]) -> list[str]:
    """Jobs that failed without naming a case: one failure each."""
    return [f"{job.id}: {result.message}" for job, result in jobs if result is not None and result.status is Status.FAILED
            and not any(case.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for case in result.tests)]


def _is_meant(case: TestCase, condition: PolicyCondition) -> bool:
    match condition.outcome:
        case "skipped":
            return case.outcome is TestOutcome.SKIPPED
        case "flaky":
            return case.flaky
        case _:
            return case.counts if condition.on == "new" else case.outcome in {TestOutcome.FAILED, TestOutcome.ERROR}


def _owned(case: TestCase, ground: Ground, component: str | None) -> bool:
    return component is None or case.file is None or component in owners(case.file, ground.plan.components)


def _named(case: TestCase) -> str:
    return f"{case.classname}::{case.name}" if case.classname else case.name


def coverage(condition: PolicyCondition, ground: Ground, component: str | None) -> Answer:
    """At least `min` percent of the lines, or of the lines that the change added, are run by tests."""
    if condition.of == "changed" and ground.is_small():
        assert ground.changed is not None
        return not_judged(f"a small change ({ground.changed.lines} lines, the rule begins at {ground.small_change})")
    report = ground.coverage.get(condition.files)
    if report is None or not report.files or (condition.files and report.problems):
        return _no_report(ground, report)
    return _changed(condition, ground, report, component) if condition.of == "changed" else _total(condition, ground, report, component)


def _no_report(ground: Ground, report: Coverage | None) -> Answer:
    if not any(job.role is Role.TEST for job in ground.plan.jobs):
        if ground.filtered:
            return not_judged("this run was asked for other jobs")
        if ground.plan.scoped:
            return not_judged(f"no tests are in scope ({ground.plan.scope})")
    if Role.TEST not in ground.roles:
        return not_judged(f"the {ground.plan.pipeline} pipeline runs no tests")
    problems = report.problems if report is not None else ()
    said = "a coverage report that is named cannot be used" if problems else "no coverage report was written during this run"
    return unmeasured(said,
                      "let the tests write one (pytest --cov --cov-report=xml, c8 --reporter=lcov, cargo llvm-cov --json), and name it: report: PATH",
                      evidence=problems)


def _total(condition: PolicyCondition, ground: Ground, report: Coverage, component: str | None) -> Answer:
    own = [one for one in report.files.values() if component is None or component in owners(one.file, ground.plan.components)]
    share = percent(sum(len(one.covered) for one in own), sum(len(one.missed) for one in own))
    if share is None:
        return unmeasured("the report holds no line of it", evidence=report.sources)
    worst = sorted((one for one in own if one.missed), key=lambda one: (-len(one.missed), one.file))
    return _enough(condition, share, "of all lines", [f"{one.file}: {count_text(len(one.missed), 'line')} not run" for one in worst], report)


def _changed(condition: PolicyCondition, ground: Ground, report: Coverage, component: str | None) -> Answer:
    if ground.changed is None:
        return unmeasured("there is nothing to compare with, so nobody knows which lines are new", "name a base: --since REF")
    added = [file for file in ground.changed.added if component is None or component in owners(file, ground.plan.components)]
    unseen = _unseen(added, report, ground)
    if unseen:
        return unmeasured(f"{count_text(len(unseen), 'changed file')} in no coverage report", "let the coverage tool look at all sources, or leave them out "
                          "of what components hold (exclude)", evidence=(*cut(unseen), *report.sources))
    pairs = [(file, _touched(report.files[file].covered, file, ground.changed), _touched(report.files[file].missed, file, ground.changed))
             for file in sorted(added) if file in report.files]
    share = percent(sum(len(covered) for _, covered, _ in pairs), sum(len(missed) for *_, missed in pairs))
    if share is None:
        return not_judged(f"no line that tests could run was added since {ground.changed.base}")
    missing = [f"{file}: {_spans(missed)} not run" for file, _, missed in pairs if missed]
    return _enough(condition, share, f"of the lines added since {ground.changed.base}", missing, report)


def _touched(lines: frozenset[int], file: str, changed: ChangedLines) -> list[int]:
    return sorted(line for line in lines if changed.touches(file, line))


def _unseen(added: Sequence[str], report: Coverage, ground: Ground) -> list[str]:
    """Changed sources of a kind that the report covers, and that it does not name: tools leave out what no test ever loads."""
    kinds = {splitext(file)[1] for file in report.files}
    inside = [component.root for component in ground.plan.components]
    return [file for file in sorted(added) if splitext(file)[1] in kinds and file not in report.files and not _NOT_COVERED.search(file)
            and any(root == "." or matches_path(file, root) for root in inside)]


def _enough(condition: PolicyCondition, share: float, what: str, violations: list[str], report: Coverage) -> Answer:
    least = condition.min or 0.0
    return Answer(status=held(holds=share >= least), message=f"{share:.1f} % {what} run by tests, at least {least:g} % wanted", score=round(share, 1),
                  violations=cut(violations) if share < least else (), evidence=(*report.sources, *report.problems))


def _spans(lines: Sequence[int]) -> str:
    """`lines 3-5, 9`."""
    spans: list[list[int]] = []
    for line in lines:
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    return f"line{'s' if len(lines) > 1 else ''} " + ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
