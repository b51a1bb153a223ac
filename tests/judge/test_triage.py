"""New, known, moved, fixed: how the findings of each job are sorted, and what a whole run says of what was known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from gatekeeper.judge.accept import accepted, tightened, widened
from gatekeeper.judge.conclude import conclude
from gatekeeper.judge.difference import delta_of, tight_condition
from gatekeeper.judge.known import Known, KnownSet, Terrain
from gatekeeper.judge.triage import Comparison, Reference, Triage
from gatekeeper.model.assessment import Delta
from gatekeeper.model.finding import Category, Finding, Parsed, State, Suppression, SuppressionKind, TestCase, TestOutcome
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Meaning, Status
from gatekeeper.model.tool import FailsAt, LocatedTool, Role
from tests.fakes.record import job, plan, record
from tests.judge.sources import told

FILES = {"api/a.py": "def a():\n    eval(x)\n", "api/b.py": "def b():\n    eval(y)\n", "web/c.py": "def c():\n    eval(z)\n"}
LINT = replace(job("ruff.lint", component="api"), files=("api/a.py", "api/b.py"))
OTHER = replace(job("ruff.lint", component="web"), files=("web/c.py",))
TESTS = job("pytest.test", component="api", role=Role.TEST)
PLAN = plan((LINT, OTHER, TESTS))
BAD = Attempt(exit_code=1)


class Run:
    """One run in made-up files, compared with what an earlier one left known."""

    def __init__(self, known: KnownSet | None = None, files: Mapping[str, str] = FILES, of: Plan = PLAN, **fields: object) -> None:
        self.plan, self.files = of, files
        terrain = Terrain(exists=lambda file: file in files, takes_files=lambda one: one.command == "ruff.lint")
        references = (replace(Reference(name="baseline", known=known, kept=True, exempts=True, terrain=terrain), **fields),) if known is not None else ()  # type: ignore[arg-type]
        self.triage = Triage(of, Comparison(references=references), lambda file: files[file].encode() if file in files else None)
        self.results: list[Result] = []

    def ends(self, of: Job, *findings: Finding, tests: Sequence[TestCase] = (), exit_code: int = 1, meaning: Meaning = Meaning.FINDINGS) -> Result:
        parsed = self.triage(of, Parsed(meaning=meaning, findings=findings, tests=tuple(tests)))
        result = conclude(of, Attempt(exit_code=exit_code), parsed)
        self.results.append(result)
        return result

    def lints(self) -> None:
        """Every job tells every line that evaluates."""
        for of in self.plan.jobs:
            if of.command == "ruff.lint":
                found = [told(file, number) for file in of.files if file in self.files
                         for number, line in enumerate(self.files[file].split("\n"), 1) if "eval" in line]
                self.ends(of, *found, exit_code=int(bool(found)), meaning=Meaning.FINDINGS if found else Meaning.CLEAN)

    @property
    def delta(self) -> Delta:
        delta = delta_of(self.plan, self.results, self.triage.comparison, self.triage.standings)
        assert delta is not None
        return delta

    @property
    def known(self) -> KnownSet:
        return accepted(self.plan, self.results)

    def states(self) -> list[tuple[str | None, State | None]]:
        return [(finding.file, finding.state) for result in self.results for finding in result.findings]


@pytest.fixture
def known() -> KnownSet:
    run = Run()
    run.lints()
    run.ends(TESTS, tests=[TestCase(name="t", classname="T", outcome=TestOutcome.FAILED), TestCase(name="u", classname="T", outcome=TestOutcome.PASSED)])
    return run.known


def test_without_anything_to_compare_with_all_count_and_have_fingerprints() -> None:
    run = Run()
    result = run.ends(LINT, told("api/a.py", 2))
    assert result.status is Status.FAILED
    assert (result.findings[0].state, bool(result.findings[0].fingerprints)) == (None, True)


def test_a_job_whose_findings_are_all_known_passes_and_says_so(known: KnownSet) -> None:
    result = Run(known).ends(LINT, told("api/a.py", 2), told("api/b.py", 2))
    assert (result.status, result.message) == (Status.PASSED, "2 findings in 2 files, all known")


def test_one_new_finding_fails_the_job(known: KnownSet) -> None:
    run = Run(known, {**FILES, "api/a.py": FILES["api/a.py"] + "eval(new)\n"})
    run.lints()
    assert [result.status for result in run.results] == [Status.FAILED, Status.PASSED]
    assert run.delta.new == 1


def test_an_exit_code_that_no_finding_explains_fails_though_others_are_known(known: KnownSet) -> None:
    strange = replace(LINT, fails_at=FailsAt.ERROR)
    assert Run(known).ends(strange, told("api/a.py", 2), exit_code=101).status is Status.FAILED
    cut = conclude(strange, Attempt(exit_code=1, dropped=9), Run(known).triage(strange, Parsed(meaning=Meaning.FINDINGS, findings=(told("api/a.py", 2),))))
    assert cut.status is Status.FAILED


def test_a_limit_on_warnings_that_only_known_ones_exceed_passes(known: KnownSet) -> None:
    lenient = replace(LINT, fails_at=FailsAt.ERROR)
    warnings = [replace(told(file, 2), level="warning") for file in ("api/a.py", "api/b.py")]  # type: ignore[arg-type]
    assert Run(known).ends(lenient, *warnings).status is Status.PASSED
    assert Run(KnownSet()).ends(lenient, *warnings).status is Status.FAILED


def test_the_order_in_which_jobs_end_changes_nothing(known: KnownSet) -> None:
    files = {**FILES, "web/c.py": "def c():\n    eval(z)\n    eval(z)\n"}
    forth, back = Run(known, files), Run(known, files)
    forth.lints()
    back.plan = replace(PLAN, jobs=PLAN.jobs[::-1])
    back.lints()
    assert sorted(map(str, forth.states())) == sorted(map(str, back.states()))
    assert replace(forth.delta, notes=()) == replace(back.delta, notes=())


def test_what_is_not_there_any_more_is_fixed(known: KnownSet) -> None:
    run = Run(known, {**FILES, "api/a.py": "def a():\n    pass\n"})
    run.lints()
    assert [(finding.file, finding.state) for finding in run.delta.fixed] == [("api/a.py", State.FIXED)]
    assert any("can be tightened by 1" in note for note in run.delta.notes)
    condition = tight_condition(run.delta)
    assert condition is not None
    assert condition.hint == "gatekeeper baseline update"


@pytest.mark.parametrize("status", [Status.ERRORED, Status.TIMED_OUT, Status.CANCELLED, Status.UNMEASURED, Status.UNAVAILABLE, Status.NOT_RUN])
def test_jobs_that_did_not_run_to_their_end_fix_nothing(known: KnownSet, status: Status) -> None:
    run = Run(known)
    run.results = [Result(job=LINT.id, status=status, cause=Cause.CRASH)]
    assert run.delta.fixed == ()
    assert run.delta.tightening == ()


def test_a_job_that_crashed_after_it_had_told_something_fixes_nothing(known: KnownSet) -> None:
    run = Run(known)
    run.ends(LINT, told("api/a.py", 2), meaning=Meaning.FINDINGS_AND_TOOL_ERROR)
    assert run.delta.fixed == ()


def test_files_out_of_scope_fix_nothing_and_files_that_are_gone_do(known: KnownSet) -> None:
    scoped = replace(PLAN, jobs=(replace(LINT, files=("api/a.py",)),), scoped=True)
    run = Run(known, of=scoped)
    run.lints()
    assert run.delta.fixed == ()
    gone = Run(known, {name: text for name, text in FILES.items() if name != "api/b.py"}, of=scoped)
    gone.lints()
    assert [finding.file for finding in gone.delta.fixed] == ["api/b.py"]


def test_jobs_that_are_not_planned_fix_nothing(known: KnownSet) -> None:
    run = Run(known, of=replace(PLAN, jobs=(LINT,)))
    run.lints()
    assert run.delta.fixed == ()
    assert run.delta.fixed_tests == ()


def test_a_renamed_file_keeps_what_is_known_of_it_even_where_all_else_changed(known: KnownSet) -> None:
    files = {"api/z.py": "import os\n\n\ndef other():\n    eval(x)\n", "api/b.py": FILES["api/b.py"], "web/c.py": FILES["web/c.py"]}
    moved = replace(PLAN, jobs=(replace(LINT, files=("api/b.py", "api/z.py")), OTHER))
    run = Run(known, files, moved, terrain=Terrain(renamed={"api/a.py": "api/z.py"}, exists=lambda file: file in files))
    run.lints()
    assert ("api/z.py", State.MOVED) in run.states()
    lost = Run(known, files, moved)
    lost.lints()
    assert ("api/z.py", State.NEW) in lost.states()


def test_a_failing_test_can_be_known_and_another_one_not(known: KnownSet) -> None:
    old, new = TestCase(name="t", classname="T", outcome=TestOutcome.FAILED), TestCase(name="u", classname="T", outcome=TestOutcome.FAILED)
    result = Run(known).ends(TESTS, tests=[old])
    assert (result.status, result.message) == (Status.PASSED, "0 passed, 1 failed, all known")
    assert [test.state for test in Run(known).ends(TESTS, tests=[old, new]).tests] == [State.UNCHANGED, State.NEW]
    assert Run(known).ends(TESTS, tests=[old, new]).status is Status.FAILED


@pytest.mark.parametrize(("outcomes", "fixed"), [({"t": TestOutcome.PASSED}, 1), ({"t": TestOutcome.SKIPPED}, 0), ({"t": TestOutcome.FAILED}, 0),
                                                 ({"u": TestOutcome.PASSED}, 1), ({"u": TestOutcome.ERROR}, 0),
                                                 ({"file.js": TestOutcome.FAILED}, 0), ({}, 0)])
def test_a_known_failure_is_fixed_only_by_a_test_that_passes_or_is_gone(known: KnownSet, outcomes: dict[str, TestOutcome], fixed: int) -> None:
    run = Run(known)
    run.ends(TESTS, tests=[TestCase(name=name, classname="T", outcome=outcome) for name, outcome in outcomes.items()], exit_code=0, meaning=Meaning.CLEAN)
    assert len(run.delta.fixed_tests) == fixed


def test_with_a_component_goes_what_was_known_of_it_unless_its_files_are_still_there(known: KnownSet) -> None:
    of = replace(PLAN, jobs=(LINT, TESTS), components=tuple(one for one in PLAN.components if one.id != "web"))
    known = replace(known, findings=(*known.findings, replace(known.findings[-1], command="eslint.lint", component="web")))
    files = {file: text for file, text in FILES.items() if not file.startswith("web/")}
    assert [one.file for one in Run(known, files, of).delta.fixed] == ["web/c.py"]
    assert Run(known, FILES, of).delta.fixed == ()
    assert Run(known, files, replace(of, scoped=True)).delta.fixed == ()


def test_where_code_is_broken_nothing_is_fixed(known: KnownSet) -> None:
    run = Run(known)
    run.ends(LINT, told("api/a.py", 1, rule="invalid-syntax", category=Category.BUILD), told("api/b.py", 2))
    assert run.delta.fixed == ()
    assert run.delta.tightening == ()


def test_broken_code_is_never_known() -> None:
    broken = told("api/a.py", 2, category=Category.BUILD)
    run = Run()
    run.ends(LINT, broken)
    assert run.known.findings == ()
    assert Run(run.known).ends(LINT, broken).status is Status.FAILED


def test_broken_code_that_somebody_wrote_into_a_baseline_counts_all_the_same() -> None:
    broken = told("api/a.py", 2, category=Category.BUILD)
    (kept,) = Run().ends(LINT, broken).findings
    forged = KnownSet(findings=(Known(command=LINT.command, component=LINT.component, finding=kept),))
    assert Run(forged).ends(LINT, broken).status is Status.FAILED


def test_on_lines_that_did_not_change_only_broken_code_and_findings_without_a_file_count() -> None:
    def state(finding: Finding) -> State | None:
        triage = Triage(PLAN, Comparison(on_changed=lambda one: one.file is None or one.line == 1, lines_count=True), lambda _file: None)
        return triage(LINT, Parsed(meaning=Meaning.FINDINGS, findings=(finding,))).findings[0].state

    assert [state(told("api/a.py", line)) for line in (1, 2)] == [State.NEW, State.UNCHANGED]
    assert state(told("api/a.py", 2, category=Category.BUILD)) is State.NEW
    assert state(replace(told("api/a.py", None), file=None)) is State.NEW


def test_a_failed_build_is_never_known() -> None:
    build = replace(job("cargo.build", component="api"), role=Role.BUILD)
    run = Run(of=plan((build,)))
    run.ends(build, told("api/a.py", 2))
    assert run.known.findings == ()


def test_what_another_version_of_a_tool_tells_of_old_lines_does_not_count_and_is_named(known: KnownSet) -> None:
    upgraded = replace(LINT, tool=LocatedTool(path="/usr/bin/ruff", version="9.9", source="project"))
    of = replace(PLAN, jobs=(upgraded, OTHER, TESTS))
    lines = {1: False, 2: True}
    run = Run(known, of=of, changed=lambda finding: lines[finding.line or 0])
    result = run.ends(upgraded, told("api/a.py", 1, rule="N1"), told("api/b.py", 2, rule="N1"))
    assert [finding.counts for finding in result.findings] == [False, True]
    assert run.delta.by_tool_change == 1
    assert any("ruff is 9.9" in note and "1.2.3" in note and "because of the tool change" in note for note in run.delta.notes)
    unknown = Run(known, of=of, changed=lambda _finding: None)
    assert unknown.ends(upgraded, told("api/a.py", 1, rule="N1")).status is Status.FAILED
    strict = Run(known, of=of, changed=lambda _finding: False, exempts=False)
    assert strict.ends(upgraded, told("api/a.py", 1, rule="N1")).status is Status.FAILED


def test_the_same_version_excuses_nothing(known: KnownSet) -> None:
    assert Run(known, changed=lambda _finding: False).ends(LINT, told("api/a.py", 1, rule="N1")).status is Status.FAILED


def test_what_was_not_comparable_is_named_with_its_reason(known: KnownSet) -> None:
    run = Run(KnownSet(), incomparable={LINT.id: "unavailable there"})
    run.ends(LINT, told("api/a.py", 2))
    assert any(LINT.id in note and "unavailable there" in note for note in run.delta.notes)


def test_a_job_that_found_nothing_needs_no_word_about_what_it_could_not_be_compared_with() -> None:
    run = Run(KnownSet(), incomparable={TESTS.id: "tests are not run there"})
    run.ends(TESTS, tests=[TestCase(name="t", outcome=TestOutcome.PASSED)], exit_code=0, meaning=Meaning.CLEAN)
    assert run.delta.notes == ()


def test_tightening_takes_out_what_is_fixed_follows_what_moved_and_adds_nothing(known: KnownSet) -> None:
    files = {"api/a.py": "def a():\n    pass\n", "api/b.py": "import os\n", "web/c.py": FILES["web/c.py"] + "eval(q)\n"}
    of = replace(PLAN, jobs=(replace(LINT, files=("api/a.py", "api/b.py", "api/d.py")), OTHER, TESTS))
    run = Run(known, {**files, "api/d.py": FILES["api/b.py"]}, of)
    run.lints()
    of_run = replace(record([(one, result) for one in of.jobs for result in run.results if result.job == one.id]), delta=run.delta)
    renewal = tightened(known, of_run, run.delta)
    assert (renewal.removed, renewal.refreshed, sorted(str(one.finding.file) for one in renewal.known.findings)) == (1, 1, ["api/d.py", "web/c.py"])
    assert renewal.known.tests == known.tests
    wider = widened(renewal, of_run)
    assert [str(one.finding.message) for one in wider.added if hasattr(one, "finding")] == ["use of eval"]
    again = Run(wider.known, run.files, of)
    again.lints()
    assert {state for _, state in again.states()} == {State.UNCHANGED}


def test_suppressed_findings_are_not_accepted() -> None:
    run = Run()
    result = run.ends(LINT, told("api/a.py", 2))
    hidden = replace(result.findings[0], state=State.SUPPRESSED, suppression=Suppression(kind=SuppressionKind.INLINE, reason="why"))
    assert accepted(PLAN, [replace(result, findings=(hidden,))]).findings == ()


def test_what_is_said_of_the_machine_is_neither_new_nor_ever_known() -> None:
    health = replace(job("health.run", role=Role.HEALTH), tool=LocatedTool(path="python", version="0.1.0", source="builtin"))
    of = plan((health,))
    first = Run(of=of)
    first.ends(health, told("api/a.py", None))
    assert first.known == KnownSet()
    again = Run(first.known, of=of)
    result = again.ends(health, told("api/a.py", None))
    assert [finding.state for finding in result.findings] == [None]
    assert again.delta.new == 0
