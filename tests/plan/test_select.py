"""Which commands run on which components, and what weight they have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.catalog.load import load_catalog
from gatekeeper.model.component import Component, Kind, Language, ToolStatus
from gatekeeper.model.pipeline import Task
from gatekeeper.model.plan import Job, Plan, SkippedJob
from gatekeeper.model.settings import Settings, ToolSettings
from gatekeeper.plan.make import make
from gatekeeper.plan.select import Choice, asked_for
from tests.fakes.planning import inputs, python_component, rust_component, script_component, use


def job(plan: Plan, job_id: str) -> Job:
    found = plan.job(job_id)
    assert found is not None, [each.id for each in plan.jobs]
    return found


def skipped(plan: Plan, job_id: str) -> SkippedJob:
    return next(entry for entry in plan.skipped if entry.id == job_id)


def test_a_used_linter_blocks() -> None:
    assert job(make(inputs(python_component(use("ruff")))), "B2/ruff.lint@api").blocking


def test_a_linter_nobody_chose_only_advises() -> None:
    planned = job(make(inputs(python_component())), "B2/ruff.lint@api")
    assert not planned.blocking
    assert planned.reason.kind == "default"


def test_a_linter_nobody_chose_uses_a_small_explicit_rule_set() -> None:
    assert "--select=E4,E7,E9,F" in job(make(inputs(python_component())), "B2/ruff.lint@api").argv
    assert "--select=E4,E7,E9,F" not in job(make(inputs(python_component(use("ruff")))), "B2/ruff.lint@api").argv


def test_stale_configuration_is_never_planned() -> None:
    plan = make(inputs(python_component(use("flake8", ToolStatus.STALE), use("ruff"))))
    assert skipped(plan, "B2/flake8.lint@api").reason.kind == "stale"


def test_a_chosen_rival_replaces_the_default() -> None:
    plan = make(inputs(python_component(use("black"), use("isort"), use("flake8"))))
    planned = {each.command for each in plan.jobs}
    assert {"black.format", "isort.format", "flake8.lint"} <= planned
    assert not {"ruff.lint", "ruff.format"} & planned


def test_a_black_repository_and_a_ruff_repository_get_different_plans() -> None:
    black = {each.command for each in make(inputs(python_component(use("black")))).jobs}
    ruff = {each.command for each in make(inputs(python_component(use("ruff"), traits=("tests", "used:ruff format")))).jobs}
    assert "black.format" in black - ruff
    assert "ruff.format" in ruff - black


@pytest.mark.parametrize(("calls", "planned"), [
    ((), {"biome.config"}), (("lint",), {"biome.lint"}), (("lint", "format"), {"biome.lint", "biome.format"}), (("check", "format"), {"biome.check"}),
    (("ci", "check", "lint"), {"biome.ci"}),
])
def test_of_a_tool_with_several_checks_the_widest_that_the_project_calls_runs_once(calls: tuple[str, ...], planned: set[str]) -> None:
    web = script_component(*(f"used:biome {call}" for call in calls), tools=(use("biome", ToolStatus.USED if calls else ToolStatus.CONFIGURED),))
    jobs = make(inputs(web, files=("a.js",))).jobs
    assert {each.command for each in jobs if each.tool_id == "biome"} == planned
    assert all(each.blocking for each in jobs if each.tool_id == "biome")


def test_declared_pytest_with_tests_is_run_and_blocks() -> None:
    assert job(make(inputs(python_component(use("pytest", ToolStatus.DECLARED_ONLY)))), "B2/pytest.test@api").blocking


def test_three_crates_get_check_clippy_and_test_each() -> None:
    crates = [rust_component(id=name, root=root) for name, root in
              (("cache", "src/core/cache"), ("symbiotic", "src/core/symbiotic"), ("plugins", "src/plugins"))]
    plan = make(inputs(*crates))
    heavy = [each for each in plan.jobs if each.command in ("cargo.check", "cargo.test", "clippy.lint")]
    assert len(heavy) == 9
    assert {(each.cwd, each.argv[each.argv.index("--manifest-path") + 1]) for each in heavy} == {
        (crate.root, "Cargo.toml") for crate in crates}


def test_a_workspace_member_is_checked_at_the_root() -> None:
    root = rust_component(id="ws", kind=Kind.CARGO_WORKSPACE)
    member = rust_component(id="a", root="a", kind=Kind.CARGO_WORKSPACE_MEMBER, workspace_root=".")
    plan = make(inputs(root, member))
    assert "--workspace" in job(plan, "B1/cargo.test@ws").argv
    assert skipped(plan, "B1/cargo.test@a").reason.kind == "workspace"


def test_scripts_that_do_not_exist_are_no_jobs() -> None:
    plan = make(inputs(script_component()))
    assert not [each for each in plan.jobs if each.tool_id == "script"]


def test_a_lint_script_that_only_calls_eslint_is_folded_into_eslint() -> None:
    component = script_component("script:lint", "script:lint=eslint", tools=(use("eslint", ToolStatus.USED, "eslint", "src"),))
    plan = make(inputs(component, files=("src/a.js",)))
    assert skipped(plan, "B3/script.lint@web").reason.kind == "covered"
    assert job(plan, "B3/eslint.lint@web").argv[-1] == "src"


def test_a_member_that_the_root_script_leaves_out_runs_its_own() -> None:
    root = script_component("script:test", "delegates:test", "delegates:test=packages/b", id="root", kind=Kind.NPM_WORKSPACE_ROOT)
    member = script_component("script:test", id="a", root="packages/a", kind=Kind.NPM_WORKSPACE_MEMBER, workspace_root=".")
    assert job(make(inputs(root, member)), "B3/script.test@a").blocking


def test_a_root_script_is_left_out_where_its_packages_are_checked_directly() -> None:
    root = script_component("script:lint", "delegates:lint", "delegates:lint=packages/a", "folded:lint", id="root", kind=Kind.NPM_WORKSPACE_ROOT)
    member = script_component("script:lint", "script:lint=eslint", id="a", root="packages/a", kind=Kind.NPM_WORKSPACE_MEMBER, workspace_root=".",
                              tools=(use("eslint", ToolStatus.USED, "eslint", "."),))
    plan = make(inputs(root, member))
    assert job(plan, "B3/eslint.lint@a").blocking
    assert skipped(plan, "B3/script.lint@root").reason.kind == "workspace"


def test_a_delegating_root_script_runs_for_its_members() -> None:
    root = script_component("script:test", "delegates:test", "delegates:test=packages/a", id="root", kind=Kind.NPM_WORKSPACE_ROOT)
    member = script_component("script:test", id="a", root="packages/a", kind=Kind.NPM_WORKSPACE_MEMBER, workspace_root=".")
    plan = make(inputs(root, member))
    assert job(plan, "B3/script.test@root").blocking
    assert skipped(plan, "B3/script.test@a").reason.kind == "workspace"


def test_a_tool_that_is_off_is_skipped_with_the_reason() -> None:
    plan = make(inputs(python_component(use("ruff")), settings=Settings(tools={"ruff": ToolSettings(enabled=False)})))
    assert skipped(plan, "B2/ruff.lint@api").reason.kind == "off"


@pytest.mark.parametrize("blocking", [True, False])
def test_the_configuration_promotes_and_demotes(blocking: bool) -> None:
    plan = make(inputs(python_component(use("ruff")), settings=Settings(tools={"ruff": ToolSettings(blocking=blocking)})))
    assert job(plan, "B2/ruff.lint@api").blocking is blocking


def test_strict_mode_makes_every_job_block() -> None:
    assert all(each.blocking for each in make(inputs(python_component(), settings=Settings(strict=True))).jobs)


def test_no_backup_means_no_backup() -> None:
    assert skipped(make(inputs(python_component(), settings=Settings(backup=False))), "C2/backup.run").reason.kind == "off"


def test_benchmarks_run_only_when_asked_for() -> None:
    crate = rust_component(traits=("benches",))
    assert skipped(make(inputs(crate)), "D2/cargo.bench@core").reason.kind == "on-demand"
    assert job(make(inputs(crate, settings=Settings(only=("D2",)))), "D2/cargo.bench@core")


def test_every_batch_is_planned_for_a_full_run() -> None:
    component: Component = python_component(use("ruff"))
    assert {each.batch for each in make(inputs(component)).jobs} == {"alpha", "beta", "gamma", "delta"}


def test_a_language_that_is_absent_is_said_to_be() -> None:
    assert "no solidity component" in skipped(make(inputs(python_component())), "B4").reason.detail


@pytest.mark.parametrize(("call", "own"), [(("tsc", "-p", "scripts"), True), (("tsc", "-p", "packages/a/tsconfig.json"), False), (("tsc", "-p", "."), False), (("tsc",), False)])
def test_a_root_that_looks_elsewhere_does_not_check_its_members(call: tuple[str, ...], own: bool) -> None:
    root = script_component(id="root", kind=Kind.NPM_WORKSPACE_ROOT, tools=(use("tsc", ToolStatus.USED, *call),))
    member = script_component(id="a", root="packages/a", kind=Kind.NPM_WORKSPACE_MEMBER, workspace_root=".", tools=(use("tsc", ToolStatus.USED, "tsc", "--noEmit"),))
    typed = [replace(component, language=Language.TYPESCRIPT) for component in (root, member)]
    plan = make(inputs(*typed, files=("scripts/a.ts", "packages/a/tsconfig.json", "packages/a/b.ts")))
    assert (plan.job("B3/tsc.types@a") is not None) is own


@pytest.mark.parametrize(("pattern", "asked"), [
    ("jscpd*", True), ("jscpd.measure", True), ("D3/jscpd*", True), ("*jscpd*", True), ("D3*", False), ("D3", False), ("D3/*", False), ("*", False), ("lizard*", False),
])
def test_a_command_on_demand_runs_when_it_is_named_itself_and_not_with_its_task(pattern: str, *, asked: bool) -> None:
    tool = next(tool for tool in load_catalog("default", cache_folder=None).tools if tool.id == "jscpd")
    choice = Choice(batch="delta", task=Task(id="D3", title="Analysis"), tool=tool, command=tool.commands[0], component=None)
    assert asked_for(choice, (pattern,)) is asked
