"""What is told before a run: five checks, four results, nothing run."""

from __future__ import annotations

from dataclasses import replace

from gatekeeper.judge.preflight import Check, CheckResult, Prospect, preflight, unreadable, worst
from gatekeeper.model.component import Problem
from gatekeeper.model.plan import Unavailable
from gatekeeper.model.settings import PolicyCondition, Settings
from gatekeeper.model.status import Cause
from tests.fakes.record import job, plan

READY = Prospect(plan=plan([job()]), settings=Settings(), memory_mb=4000, free_bytes=10**10)
LACK = Unavailable(cause=Cause.MISSING_TOOL, detail="not there", hint="install it")


def result(prospect: Prospect, name: str) -> CheckResult:
    return next(check.result for check in preflight(prospect) if check.check == name)


def test_a_run_that_lacks_nothing_passes_all_five_checks() -> None:
    checks = preflight(READY)
    assert [check.check for check in checks] == ["description", "requirements", "security", "feasibility", "resources"]
    assert worst(checks) is CheckResult.PASSED


def test_what_cannot_be_read_fails_the_description() -> None:
    assert result(replace(READY, problems=(Problem(file="package.json", line=1, message="no JSON"),)), "description") is CheckResult.FAILED
    assert result(replace(READY, problems=(Problem(file="a", line=1, message="odd", harmless=True),)), "description") is CheckResult.PASSED
    assert worst(unreadable("gatekeeper.yaml:1: unknown key")) is CheckResult.FAILED


def test_a_missing_tool_fails_where_its_job_blocks_and_warns_elsewhere() -> None:
    assert result(replace(READY, plan=plan([job(unavailable=LACK)])), "requirements") is CheckResult.FAILED
    assert result(replace(READY, plan=plan([job(unavailable=LACK, blocking=False)])), "requirements") is CheckResult.WARNING


def test_code_of_the_repository_warns_and_a_change_of_what_judges_it_wants_a_person() -> None:
    assert result(replace(READY, executes=("B2/pytest.test@api",)), "security") is CheckResult.WARNING
    proposed = replace(READY, proposed=("gatekeeper.yaml",))
    assert result(proposed, "security") is CheckResult.REQUIRES_REVIEW
    untrusted = preflight(replace(proposed, settings=Settings(trusted="abc"), proposed=("ruff.toml",)))
    assert [check.message for check in untrusted if check.details == ("ruff.toml",)] == [
        "the change under judgement touches what tools obey, which --trust base leaves to it: review it"]


def test_too_little_time_nothing_to_do_and_a_missing_approval_are_told() -> None:
    assert result(replace(READY, plan=replace(READY.plan, timeout=5.0)), "feasibility") is CheckResult.FAILED
    assert result(replace(READY, plan=plan([])), "feasibility") is CheckResult.FAILED
    waits = Settings(conditions=(PolicyCondition(kind="approval", id="release"),))
    assert result(replace(READY, settings=waits), "feasibility") is CheckResult.REQUIRES_REVIEW
    assert result(replace(READY, settings=replace(waits, approvals=("release=alice",))), "feasibility") is CheckResult.PASSED


def test_a_full_disk_fails_and_scarce_memory_warns() -> None:
    assert result(replace(READY, free_bytes=10), "resources") is CheckResult.FAILED
    assert result(replace(READY, memory_mb=1), "resources") is CheckResult.WARNING


def test_the_worst_of_all_results_is_that_of_the_whole() -> None:
    def of(*results: CheckResult) -> CheckResult:
        return worst([Check(check="x", result=one, message="") for one in results])

    assert of(CheckResult.WARNING, CheckResult.REQUIRES_REVIEW) is CheckResult.REQUIRES_REVIEW
    assert of(CheckResult.REQUIRES_REVIEW, CheckResult.FAILED) is CheckResult.FAILED
