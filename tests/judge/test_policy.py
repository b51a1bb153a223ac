"""Every kind of condition decides by what was measured, and never by what was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gatekeeper.config.file import Names, from_document
from gatekeeper.config.policy import KINDS as READ
from gatekeeper.config.reading import read_document
from gatekeeper.config.schema import schema_named
from gatekeeper.config.validate import check
from gatekeeper.judge.policy.assess import KINDS, assess, condition_ids, deciding
from gatekeeper.judge.policy.ground import Ground, within_limit
from gatekeeper.judge.policy.numbers import numbers
from gatekeeper.judge.suppress import Ledger
from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta
from gatekeeper.model.component import Component, Language
from gatekeeper.model.component import Kind as Shape
from gatekeeper.model.coverage import ChangedLines, Coverage, FileCoverage
from gatekeeper.model.finding import Category, Finding, Metric, Severity, State, TestCase, TestOutcome
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.tool import Role
from tests.fakes.record import attempt, finding, job, plan

PASSED, FAILED, UNMEASURED, REVIEW, NOT = (ConditionStatus.PASSED, ConditionStatus.FAILED, ConditionStatus.UNMEASURED,
                                           ConditionStatus.REQUIRES_REVIEW, ConditionStatus.NOT_JUDGED)
LINT, TESTS, AUDIT = job("ruff.lint"), job("pytest.test", role=Role.TEST), job("pip-audit.audit", role=Role.SECURITY, blocking=False)
BENCH = job("cargo.bench", role=Role.BENCH)
WEB = Component(id="web", root="web", language=Language.JAVASCRIPT, kind=Shape.NPM_PACKAGE, name="web", manifest="web/package.json")


def conditions(text: str) -> tuple[PolicyCondition, ...]:
    document = read_document("gatekeeper.yaml", f"policy: {{conditions: [{text}]}}\n".encode())
    check(document, schema_named("config"))
    found = from_document(document, Names()).values["conditions"]
    assert isinstance(found, tuple)
    return found


def ground(*pairs: tuple[Job, Result], **facts: object) -> Ground:
    base = plan([pair[0] for pair in pairs])
    return replace(Ground(plan=replace(base, components=(*base.components, WEB)), results=tuple(pair[1] for pair in pairs)), **facts)  # type: ignore[arg-type]


def judged(text: str, *pairs: tuple[Job, Result], **facts: object) -> Assessment:
    (found,) = assess(conditions(text), ground(*pairs, **facts))
    return found


def ended(of: Job, status: Status = Status.PASSED, **fields: object) -> tuple[Job, Result]:
    return of, Result(job=of.id, status=status, **fields)  # type: ignore[arg-type]


def cases(**outcomes: int) -> tuple[TestCase, ...]:
    return tuple(TestCase(name=f"{word}{number}", outcome=TestOutcome(word)) for word, count in outcomes.items() for number in range(count))


def test_every_kind_that_can_be_written_can_be_judged() -> None:
    assert set(READ) == set(KINDS)


# --- findings --------------------------------------------------------------------------------------------------------


def test_findings_count_by_severity_category_tool_and_rule() -> None:
    pair = ended(LINT, Status.FAILED, findings=(finding(), finding(rule="E501", line=9), replace(finding(), severity=Severity.LOW, category=Category.STYLE)))
    assert judged("{severity: high, max: 1}", pair).status is FAILED
    assert judged("{severity: high, max: 2}", pair).status is PASSED
    assert judged("{category: style}", pair).message == "1 finding, at most 0 allowed"
    assert judged("{rule: 'E*'}", pair).violations == ("api/main.py:9: high ruff E501: `os` imported but unused",)
    assert judged("{tool: mypy}", pair, ended(job("mypy.check", role=Role.TYPES))).status is PASSED
    assert judged("{category: lint, language: python}", pair).status is FAILED


def test_known_findings_count_for_all_and_not_for_what_is_new_and_suppressed_ones_for_neither() -> None:
    states = [State.UNCHANGED, State.MOVED, State.SUPPRESSED, State.NEW]
    pair = ended(LINT, findings=tuple(replace(finding(line=number), state=state) for number, state in enumerate(states, 1)))
    assert judged("{severity: info}", pair).message.startswith("3 findings")
    assert judged("{severity: info, on: new}", pair).message.startswith("1 new finding,")


def test_where_nothing_was_compared_all_findings_are_new_and_it_is_said() -> None:
    found = judged("{severity: info, on: new}", ended(LINT, findings=(finding(),)))
    assert found.status is FAILED
    assert "nothing was compared" in found.recommendations[0]


def test_what_is_said_of_the_machine_counts_only_where_its_tool_is_named() -> None:
    pair = ended(job("health.run", role=Role.HEALTH), findings=(replace(finding(), tool="health"),))
    assert judged("{severity: info, on: new}", pair).status is PASSED
    assert judged("{tool: health}", pair).status is FAILED


def test_a_tool_that_did_not_run_has_no_findings_to_count() -> None:
    assert judged("{tool: ruff}", ended(LINT, Status.ERRORED)).status is UNMEASURED
    assert judged("{tool: mypy}", ended(LINT)).status is UNMEASURED
    assert judged("{category: types}", ended(LINT)).status is UNMEASURED
    assert judged("{tool: ruff}", ended(LINT, Status.ERRORED, findings=(finding(),))).status is FAILED


def test_what_the_run_was_not_asked_for_is_not_judged() -> None:
    assert judged("{tool: mypy}", ended(LINT), filtered=True).status is NOT
    assert judged("{kind: coverage, min: 80}", ended(LINT), roles=frozenset({Role.LINT})).status is NOT
    scoped = replace(ground(ended(LINT)), plan=replace(plan([LINT]), scoped=True, scope="staged files"))
    assert assess(conditions("{kind: coverage, min: 80}"), scoped)[0].status is NOT
    assert assess(conditions("{kind: coverage, min: 80}"), replace(scoped, plan=plan([LINT])))[0].status is UNMEASURED


def test_each_component_that_is_named_is_judged_by_itself() -> None:
    found = [finding(), finding(file="web/a.js")]
    both = assess(conditions("{severity: info, component: '*', max: 0}"), ground(ended(LINT, findings=(found[0],))))
    assert [(one.component, one.status) for one in both] == [("api", FAILED), ("web", PASSED)]
    assert judged("{severity: info, component: wbe}", ended(LINT)).status is UNMEASURED


def test_vulnerabilities_need_audits_that_ran_and_reported_low_enough() -> None:
    bad = replace(finding(), category=Category.VULNERABILITY)
    assert judged("{kind: vulnerabilities, severity: high}", ended(AUDIT, findings=(bad,))).status is FAILED
    assert judged("{kind: vulnerabilities, severity: critical}", ended(AUDIT, findings=(bad,))).status is PASSED
    assert judged("{kind: vulnerabilities}", ended(AUDIT, Status.UNAVAILABLE)).status is UNMEASURED
    assert judged("{kind: vulnerabilities}", ended(LINT)).status is UNMEASURED
    assert judged("{kind: vulnerabilities, severity: low}", ended(AUDIT), audit_level="moderate").status is UNMEASURED
    assert judged("{kind: vulnerabilities, severity: medium}", ended(AUDIT), audit_level="moderate").status is PASSED


# --- tests and coverage ----------------------------------------------------------------------------------------------


def test_tests_count_by_outcome() -> None:
    pair = ended(TESTS, Status.FAILED, tests=(*cases(passed=7, failed=1, skipped=2), replace(cases(passed=1)[0], earlier=("once",))))
    assert judged("{kind: tests}", pair).status is FAILED
    assert judged("{kind: tests, max_percent: 10}", pair).status is PASSED
    assert judged("{kind: tests, outcome: skipped, max: 1}", pair).status is FAILED
    assert judged("{kind: tests, outcome: flaky}", pair).violations == ("passed0",)
    assert judged("{kind: tests, max: 1, min: 9}", pair).status is FAILED
    assert judged("{kind: tests, max: 1, min: 8}", pair).status is PASSED


def test_a_test_job_that_fails_without_a_case_is_a_failure() -> None:
    assert judged("{kind: tests}", ended(TESTS, Status.FAILED, message="exit code 1")).status is FAILED


@pytest.mark.parametrize("status", [Status.ERRORED, Status.UNMEASURED, Status.TIMED_OUT, Status.UNAVAILABLE, Status.NOT_RUN])
def test_tests_that_did_not_run_did_not_pass(status: Status) -> None:
    assert judged("{kind: tests}", ended(TESTS, status)).status is UNMEASURED
    assert judged("{kind: tests, suite: 'B2/pytest*'}", ended(TESTS, status)).status is UNMEASURED


def coverage(**files: tuple[set[int], set[int]]) -> Mapping[tuple[str, ...], Coverage]:
    named = {f"api/{name}.py": FileCoverage(file=f"api/{name}.py", covered=frozenset(hit), missed=frozenset(miss)) for name, (hit, miss) in files.items()}
    return {(): Coverage(files=named, sources=("coverage.xml",))}


def change(lines: int = 50, **added: set[int] | None) -> ChangedLines:
    return ChangedLines(base="main", added={f"api/{name}.py": None if said is None else frozenset(said) for name, said in added.items()}, lines=lines,
                        files=len(added))


def test_coverage_is_that_of_all_lines_or_of_those_that_were_added() -> None:
    facts = {"coverage": coverage(a=({1, 2, 3}, {4}), b=({1}, {2, 3})), "changed": change(a={3, 4}, b={1})}
    assert judged("{kind: coverage, min: 57}", ended(TESTS), **facts).score == pytest.approx(57.1)
    total = judged("{kind: coverage, min: 58}", ended(TESTS), **facts)
    assert (total.status, total.violations[0]) == (FAILED, "api/b.py: 2 lines not run")
    changed = judged("{kind: coverage, of: changed, min: 80}", ended(TESTS), **facts)
    assert (changed.status, changed.score, changed.violations) == (FAILED, 66.7, ("api/a.py: line 4 not run",))
    assert judged("{kind: coverage, of: changed, min: 60}", ended(TESTS), **facts).status is PASSED


def test_a_new_source_that_no_report_names_was_not_measured() -> None:
    facts = {"coverage": coverage(a=({1}, set())), "changed": change(a={1}, never_loaded=None)}
    found = judged("{kind: coverage, of: changed, min: 80}", ended(TESTS), **facts)
    assert (found.status, found.evidence[0]) == (UNMEASURED, "api/never_loaded.py")
    facts["changed"] = change(a={1}, test_a=None)
    assert judged("{kind: coverage, of: changed, min: 80}", ended(TESTS), **facts).status is PASSED


def test_without_a_report_of_this_run_coverage_is_unmeasured() -> None:
    assert judged("{kind: coverage, min: 1}", ended(TESTS)).status is UNMEASURED
    stale = {(): Coverage(files={}, problems=("coverage.xml: is older than this run",))}
    assert judged("{kind: coverage, min: 1}", ended(TESTS), coverage=stale).evidence == ("coverage.xml: is older than this run",)
    half = {("a.xml", "b.xml"): replace(coverage(a=({1}, set()))[()], problems=("b.xml: no such report",))}
    assert judged("{kind: coverage, min: 1, report: [a.xml, b.xml]}", ended(TESTS), coverage=half).status is UNMEASURED


def test_a_small_change_is_spared_what_speaks_of_new_code_and_nothing_else() -> None:
    facts = {"coverage": coverage(a=({1}, {2})), "changed": change(19, a={2}), "small_change": 20}
    assert judged("{kind: coverage, of: changed, min: 80}", ended(TESTS), **facts).status is NOT
    assert judged("{kind: coverage, min: 80}", ended(TESTS), **facts).status is FAILED
    facts["changed"] = change(20, a={2})
    assert judged("{kind: coverage, of: changed, min: 80}", ended(TESTS), **facts).status is FAILED


# --- numbers ---------------------------------------------------------------------------------------------------------


def measurer(command: str, *metrics: Metric, status: Status = Status.PASSED) -> tuple[Job, Result]:
    return ended(replace(job(command, role=Role.ANALYSIS), command=command), status, metrics=metrics)


def test_duplication_is_the_share_that_was_measured() -> None:
    numbers = (Metric(name="duplication", value=4.2), Metric(name="duplication.lines", value=42), Metric(name="duplication.of", value=1000))
    pair = measurer("jscpd.measure", *numbers)
    assert judged("{kind: duplication, max_percent: 5}", pair).status is PASSED
    assert judged("{kind: duplication, max_percent: 4}", pair).status is FAILED
    assert judged("{kind: duplication, max_percent: 4}", pair, changed=change(3), small_change=20).status is NOT
    assert judged("{kind: duplication, max_percent: 4}", measurer("jscpd.measure", status=Status.ERRORED)).status is UNMEASURED
    assert judged("{kind: duplication, max_percent: 4}", measurer("jscpd.measure")).status is UNMEASURED


def test_complexity_names_the_functions_above_the_limit() -> None:
    pair = measurer("lizard.measure", Metric(name="complexity", value=14, file="api/a.py", line=3, subject="tangle"),
                    Metric(name="complexity", value=2, file="api/a.py", line=9, subject="plain"))
    found = judged("{kind: complexity, max: 10}", pair)
    assert (found.status, found.violations, found.score) == (FAILED, ("api/a.py:3: tangle has 14",), 50.0)
    assert judged("{kind: complexity, max: 10, on: new}", pair, changed=change(a={9})).status is PASSED
    assert judged("{kind: complexity, max: 10, on: new}", pair, changed=change(a={3})).status is FAILED
    assert judged("{kind: complexity, max: 10, on: new}", pair).status is UNMEASURED


def test_a_benchmark_is_compared_with_what_it_usually_took() -> None:
    pair = (BENCH, Result(job=BENCH.id, status=Status.PASSED, attempts=(attempt(1.2),)))
    assert judged("{kind: benchmark, max_percent: 10}", pair, past={BENCH.id: 1.0}).status is FAILED
    assert judged("{kind: benchmark, max_percent: 25}", pair, past={BENCH.id: 1.0}).status is PASSED
    assert judged("{kind: benchmark, max_percent: 25}", pair).status is UNMEASURED
    assert judged("{kind: benchmark, max_percent: 25}", ended(LINT)).status is UNMEASURED


def test_durations_are_of_the_run_a_batch_or_jobs() -> None:
    pair = (LINT, Result(job=LINT.id, status=Status.PASSED, attempts=(Attempt(exit_code=0, wall_seconds=5.0),)))
    facts = {"wall_seconds": 100.0, "batch_seconds": {"beta": 30.0}}
    assert judged("{kind: duration, max: 2m}", pair, **facts).status is PASSED
    assert judged("{kind: duration, max: 90s}", pair, **facts).status is FAILED
    assert judged("{kind: duration, of: 'batch:beta', max: 29}", pair, **facts).status is FAILED
    assert judged("{kind: duration, of: 'batch:omega', max: 29}", pair, **facts).status is UNMEASURED
    assert judged("{kind: duration, of: 'job:B2/*', max: 4}", pair, **facts).violations == (f"{LINT.id}: 5.0s",)
    assert judged("{kind: duration, of: 'job:X*', max: 4}", pair, **facts).status is UNMEASURED


def test_the_size_of_the_change_and_of_artifacts_is_limited() -> None:
    assert judged("{kind: diff-size, max_lines: 49}", changed=change(a=None)).status is FAILED
    assert judged("{kind: diff-size, max_lines: 50, max_files: 1}", changed=change(a=None)).status is PASSED
    assert judged("{kind: diff-size, max_lines: 50}").status is UNMEASURED
    assert judged("{kind: artifact-size, files: ['dist/*'], max: 1KB}", sizes={"dist/a.js": 1025}).status is FAILED
    assert judged("{kind: artifact-size, files: ['dist/*'], max: 1KB}", sizes={"dist/a.js": 1024}).status is PASSED
    assert judged("{kind: artifact-size, files: ['dist/*'], max: 1KB}").status is UNMEASURED


def test_the_numbers_of_the_run_are_told_where_they_were_measured() -> None:
    pairs = (measurer("jscpd.measure", Metric(name="duplication.lines", value=5), Metric(name="duplication.of", value=100)),
             measurer("lizard.measure", Metric(name="complexity", value=14, file="api/a.py", line=3, subject="tangle")))
    told = numbers(ground(*pairs, coverage=coverage(a=({1, 2, 3}, {4})), changed=change(a={3, 4})))
    assert [(metric.name, metric.value) for metric in told] == [
        ("complexity.max", 14), ("coverage.changed", 50.0), ("coverage.lines", 75.0), ("duplication", 5.0)]
    assert numbers(ground()) == ()


# --- what stands around ----------------------------------------------------------------------------------------------


def test_the_health_of_tools_counts_advisory_jobs_too() -> None:
    assert judged("{kind: tool-health}", ended(LINT), ended(AUDIT, Status.UNAVAILABLE, message="none")).status is FAILED
    assert judged("{kind: tool-health}", ended(LINT, Status.FAILED), ended(AUDIT)).status is PASSED
    blocked = replace(TESTS, needs=(LINT.id,))
    assert judged("{kind: tool-health}", ended(LINT, Status.FAILED), ended(blocked, Status.BLOCKED)).status is PASSED


def test_integration_needs_what_it_names() -> None:
    text = "{kind: integration, programs: [docker], environment: [DATABASE_URL], suite: 'B2/pytest*'}"
    there = {"program docker": True, "variable DATABASE_URL": True}
    assert judged(text, ended(TESTS), present=there).status is PASSED
    assert judged(text, ended(TESTS), present=there | {"program docker": False}).status is UNMEASURED
    assert judged(text, ended(TESTS, Status.FAILED), present=there).status is FAILED
    assert judged(text, ended(TESTS, Status.ERRORED), present=there).status is UNMEASURED
    assert judged(text, ended(LINT), present=there).status is UNMEASURED


def test_an_approval_waits_for_somebody_who_may() -> None:
    text = "{kind: approval, id: release, reviewer: ['alice', '*@core']}"
    assert judged(text).status is REVIEW
    assert judged(text, approvals={"release": ("mallory",)}).violations == ("mallory may not approve this",)
    assert judged(text, approvals={"release": ("mallory", "bob@core")}).status is PASSED


def test_suppressions_in_disorder_and_a_loose_baseline_can_be_forbidden() -> None:
    assert judged("{kind: suppressions}", ledger=Ledger(used=3)).status is PASSED
    assert judged("{kind: suppressions, max: 1}", ledger=Ledger(expired=("a", "b"))).status is FAILED
    assert judged("{kind: baseline}").status is UNMEASURED
    assert judged("{kind: baseline}", delta=Delta(against="it", fixed=(finding(),))).status is FAILED
    assert judged("{kind: baseline}", delta=Delta(against="it")).status is PASSED


# --- from assessment to verdict --------------------------------------------------------------------------------------


def test_only_what_blocks_decides() -> None:
    pair = ended(LINT, findings=(finding(),))
    levels = assess(conditions("{severity: high}, {severity: high, enforcement: warning}, {severity: high, enforcement: advisory}, "
                               "{kind: approval, id: ok}, {tool: mypy}"), ground(pair))
    assert [one.status for one in levels] == [FAILED, ConditionStatus.WARNING, FAILED, REVIEW, UNMEASURED]
    assert [(one.subject, one.outcome) for one in deciding(levels)] == [
        ("findings-high", Outcome.FAIL), ("ok", Outcome.INCOMPLETE), ("findings-mypy", Outcome.INCOMPLETE)]


def test_ids_are_made_unique_and_given_ones_are_kept() -> None:
    named = conditions("{severity: high}, {severity: high, max: 2}, {severity: low, id: findings-high-2}, {kind: coverage, of: changed, min: 1}")
    assert condition_ids(named) == ("findings-high", "findings-high-3", "findings-high-2", "coverage-changed")


def test_a_score_falls_with_what_is_above_the_limit() -> None:
    assert [within_limit(count, 3) for count in (0, 3, 7)] == [100.0, 100.0, 50.0]


KINDS_OF_THE_REQUIREMENTS = {
    "CodeStyle": "{category: [style, format, lint], language: python, rule: ['E*', 'F*']}",
    "SecurityScan": "{kind: vulnerabilities, severity: high}",
    "PerformanceTest": "{kind: benchmark, suite: '*bench*', max_percent: 10}",
    "FunctionalTest": "{kind: tests, suite: 'B2/*'}",
    "IntegrationTest": "{kind: integration, programs: [git], suite: 'B2/pytest*'}",
    "ManualReview": "{kind: approval, id: review, reviewer: alice, criteria: read it}",
}


@pytest.mark.parametrize(("name", "bad"), [
    ("CodeStyle", FAILED), ("SecurityScan", FAILED), ("PerformanceTest", FAILED), ("FunctionalTest", FAILED), ("IntegrationTest", FAILED), ("ManualReview", REVIEW),
])
def test_each_kind_of_gate_validates_and_decides(name: str, bad: ConditionStatus) -> None:
    def facts(*, good: bool) -> tuple[tuple[tuple[Job, Result], ...], dict[str, object]]:
        status, found = (Status.PASSED if good else Status.FAILED), () if good else (finding(),)
        pairs = (ended(LINT, status, findings=found), ended(TESTS, status), ended(AUDIT, findings=tuple(_vulnerable(one) for one in found)),
                 (BENCH, Result(job=BENCH.id, status=Status.PASSED, attempts=(attempt(1.0 if good else 2.0),))))
        return pairs, {"past": {BENCH.id: 1.0}, "present": {"program git": True}, "approvals": {"review": ("alice",)} if good else {}}

    for good in (True, False):
        pairs, given = facts(good=good)
        assert judged(KINDS_OF_THE_REQUIREMENTS[name], *pairs, **given).status is (PASSED if good else bad)


def _vulnerable(one: Finding) -> Finding:
    return replace(one, category=Category.VULNERABILITY)
