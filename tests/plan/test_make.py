"""The plan as a value: scope, placeholders, order, filters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.errors import UsageError
from gatekeeper.model.component import Component, Kind, Language, ToolStatus, ToolUse
from gatekeeper.model.past import Past
from gatekeeper.model.plan import Plan
from gatekeeper.model.settings import CustomTask, Settings
from gatekeeper.model.status import Cause
from gatekeeper.model.tool import Effect, FailsAt, MissingTool
from gatekeeper.plan.expand import at_least
from gatekeeper.plan.make import make
from gatekeeper.plan.order import groups
from gatekeeper.plan.scope import chunks
from tests.fakes.planning import FakeToolbox, inputs, python_component, rust_component, script_component, use


def argv(plan: Plan, job_id: str) -> tuple[str, ...]:
    found = plan.job(job_id)
    assert found is not None, [each.id for each in plan.jobs]
    return found.argv


def test_the_same_inputs_give_the_same_plan() -> None:
    assert make(inputs(python_component(use("ruff")))) == make(inputs(python_component(use("ruff"))))


def test_files_are_given_relative_to_the_component() -> None:
    plan = make(inputs(python_component(use("ruff"), root="services/api"), files=("services/api/src/a.py", "other.py", "services/api/x.txt")))
    assert argv(plan, "B2/ruff.lint@api")[-1] == "src/a.py"
    assert "other.py" not in argv(plan, "B2/ruff.lint@api")


def test_a_file_name_with_a_leading_dash_cannot_become_an_option() -> None:
    assert "./--fix.py" in argv(make(inputs(python_component(use("ruff")), files=("--fix.py",))), "B2/ruff.lint@api")


def test_files_of_an_inner_component_are_its_own() -> None:
    outer, inner = python_component(use("ruff"), id="outer"), python_component(use("ruff"), id="inner", root="tools")
    plan = make(inputs(outer, inner, files=("a.py", "tools/b.py")))
    assert "tools/b.py" not in argv(plan, "B2/ruff.lint@outer")
    assert "b.py" in argv(plan, "B2/ruff.lint@inner")


def test_only_staged_files_are_linted_in_a_scoped_run() -> None:
    plan = make(inputs(python_component(use("ruff")), files=("a.py", "b.py"), scope=("b.py",), scope_name="staged files"))
    assert argv(plan, "B2/ruff.lint@api")[-1] == "b.py"
    assert "a.py" not in argv(plan, "B2/ruff.lint@api")


def test_a_scoped_run_with_nothing_applicable_plans_no_language_job() -> None:
    plan = make(inputs(python_component(use("ruff")), files=("a.py",), scope=(), scope_name="staged files"))
    assert not [job for job in plan.jobs if job.batch == "beta"]


def test_a_component_whose_dependency_changed_is_affected() -> None:
    library = rust_component(id="lib", root="lib")
    program = rust_component(id="app", root="app", depends_on=("lib",))
    other = rust_component(id="other", root="other")
    plan = make(inputs(library, program, other, files=("lib/a.rs",), scope=("lib/a.rs",)))
    tested = {job.component for job in plan.jobs if job.command == "cargo.test"}
    assert tested == {"lib", "app"}


def test_flags_of_the_projects_own_call_are_adopted() -> None:
    own = use("clippy", ToolStatus.USED, "cargo", "clippy", "--all-features", "--", "-Dwarnings")
    words = argv(make(inputs(rust_component(own))), "B1/clippy.lint@core")
    assert "--all-features" in words
    assert words[-2:] == ("--", "-Dwarnings")


def test_a_call_that_fails_at_warnings_makes_them_count() -> None:
    own = use("eslint", ToolStatus.USED, "eslint", "--max-warnings=0", ".")
    job = make(inputs(script_component(tools=(own,)))).job("B3/eslint.lint@web")
    assert job is not None
    assert job.fails_at is FailsAt.ANY


def test_without_a_strict_call_only_errors_fail() -> None:
    job = make(inputs(rust_component(use("clippy", ToolStatus.USED, "cargo", "clippy")))).job("B1/clippy.lint@core")
    assert job is not None
    assert job.fails_at is FailsAt.ERROR


def test_the_call_of_another_subcommand_is_not_adopted() -> None:
    component = rust_component(use("cargo", ToolStatus.USED, "cargo", "build", "--release"))
    assert "--release" not in argv(make(inputs(component)), "B1/cargo.test@core")


def test_paths_of_the_projects_own_call_narrow_the_files() -> None:
    component = python_component(use("ruff", ToolStatus.USED, "ruff", "check", "src"))
    plan = make(inputs(component, files=("src/a.py", "docs/conf.py")))
    assert argv(plan, "B2/ruff.lint@api")[-1] == "src/a.py"
    assert "docs/conf.py" not in argv(plan, "B2/ruff.lint@api")


def test_a_file_that_the_projects_own_call_names_is_checked_like_the_others() -> None:
    component = python_component(use("ruff", ToolStatus.USED, "ruff", "check", "setup.py", "src"))
    words = argv(make(inputs(component, files=("src/a.py", "setup.py", "docs/conf.py"))), "B2/ruff.lint@api")
    assert sorted(words[-2:]) == ["setup.py", "src/a.py"]
    assert words.count("setup.py") == 1


def test_the_paths_of_all_of_the_projects_own_calls_count() -> None:
    uses = ToolUse(tool="ruff", config=None, status=ToolStatus.USED, evidence="CI", invocations=(("ruff", "check", "src"), ("ruff", "check", "tests")))
    words = argv(make(inputs(python_component(uses), files=("src/a.py", "tests/b.py", "docs/conf.py"))), "B2/ruff.lint@api")
    assert sorted(words[-2:]) == ["src/a.py", "tests/b.py"]


def test_the_value_of_a_flag_that_is_not_known_is_no_path() -> None:
    component = python_component(use("mypy", ToolStatus.USED, "mypy", "--some-flag", "value", "src"))
    words = argv(make(inputs(component, files=("src/a.py",))), "B2/mypy.types@api")
    assert words[-1] == "src"
    assert "value" not in words


def test_a_default_path_is_used_only_without_an_own_call() -> None:
    assert argv(make(inputs(python_component(use("mypy")))), "B2/mypy.types@api")[-1] == "."
    assert argv(make(inputs(python_component(use("mypy", ToolStatus.USED, "mypy")))), "B2/mypy.types@api")[-1] == "/venv/bin/python"


@pytest.mark.parametrize(("version", "wanted", "expected"), [("0.13.9", "0.14", False), ("0.14", "0.14.0", True), ("0.14.0", "0.14", True),
                                                            ("1.0", "0.14", True), (None, "0.14", True)])
def test_flags_that_came_later_are_left_out_for_older_tools(version: str | None, wanted: str, expected: bool) -> None:
    assert at_least(version, wanted) is expected


def test_bare_contracts_are_compiled_with_200_optimiser_runs() -> None:
    component = Component(id="contracts", root="contracts", language=Language.SOLIDITY, kind=Kind.SOLIDITY_CONTRACTS, name="contracts", manifest="contracts")
    words = argv(make(inputs(component, files=("contracts/A.sol",))), "B4/solc.compile@contracts")
    assert words[words.index("--optimize-runs") + 1] == "200"


def test_a_missing_tool_is_a_value_with_a_hint() -> None:
    toolbox = FakeToolbox(missing={"pytest": MissingTool(reason="not installed", hint="uv sync", dependencies=True)})
    job = make(inputs(python_component(use("pytest")), toolbox=toolbox)).job("B2/pytest.test@api")
    assert job is not None
    assert job.unavailable is not None
    assert job.unavailable.cause is Cause.MISSING_DEPENDENCIES
    assert job.unavailable.hint == "uv sync"


def test_fixers_run_one_after_the_other_before_every_check() -> None:
    component = python_component(use("black"), use("isort"), use("flake8"))
    plan = make(inputs(component, settings=Settings(fix=True)))
    fixers = [job for job in plan.jobs if job.effect is Effect.WRITES]
    assert [job.command for job in fixers] == ["black.format", "isort.format"]
    assert fixers[0].id in fixers[1].after
    assert all(job.needs == ("A3/backup.before-fix",) for job in fixers)
    check = plan.job("B2/flake8.lint@api")
    assert check is not None
    assert {job.id for job in fixers} <= set(check.after)


def test_without_fix_nothing_in_the_plan_may_write() -> None:
    assert {job.effect for job in make(inputs(python_component(use("black")))).jobs} == {Effect.READS}


def test_nothing_is_rewritten_by_a_formatter_nobody_chose() -> None:
    assert not [job for job in make(inputs(python_component(), settings=Settings(fix=True))).jobs if job.effect is Effect.WRITES]


def test_the_ecosystem_report_comes_after_everything() -> None:
    plan = make(inputs(python_component(use("ruff"))))
    report = plan.job("D4/ecosystem.run")
    assert report is not None
    assert set(report.after) == {job.id for job in plan.jobs} - {report.id}


def test_phases_wait_for_the_phases_before() -> None:
    plan = make(inputs(python_component(use("ruff"), use("pytest")), pipeline="phases"))
    tests = plan.job("P5/pytest.test@api")
    lint = plan.job("P3/ruff.lint@api")
    assert tests is not None
    assert lint is not None
    assert lint.id in tests.after
    assert [batch.id for batch in plan.batches] == ["architecture", "implementation", "testing", "documentation", "integration"]


def test_groups_and_critical_path_cover_the_plan() -> None:
    plan = make(inputs(rust_component(), past={"B1/cargo.test@core": Past(seconds=99.0)}))
    assert {job_id for group in plan.groups for job_id in group} == {job.id for job in plan.jobs}
    assert "B1/cargo.test@core" in plan.critical_path
    assert plan.estimated_seconds >= 99.0
    assert groups(plan.jobs) == plan.groups


@pytest.mark.parametrize(("pattern", "expected"), [("b2", "B2/ruff.lint@api"), ("RUFF.*", "B2/ruff.lint@api"), ("*lint@api", "B2/ruff.lint@api")])
def test_filters_are_case_insensitive_globs(pattern: str, expected: str) -> None:
    plan = make(inputs(python_component(use("ruff")), settings=Settings(only=(pattern,))))
    assert expected in {job.id for job in plan.jobs}
    assert all(job.batch == "beta" for job in plan.jobs)


def test_a_filter_that_matches_nothing_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="matches no job") as caught:
        make(inputs(python_component(use("ruff")), settings=Settings(only=("ruf.lint",))))
    assert caught.value.hint == "did you mean `ruff.lint`?"


def test_one_batch_can_be_selected() -> None:
    plan = make(inputs(python_component(use("ruff")), settings=Settings(batches=("alpha",))))
    assert {job.batch for job in plan.jobs} == {"alpha"}


def test_a_batch_that_is_not_there_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        make(inputs(python_component(), settings=Settings(batches=("betta",))))
    assert caught.value.hint == "did you mean `beta`?"


def test_a_skip_that_other_tools_share_may_match_nothing() -> None:
    assert make(inputs(python_component(), settings=Settings(skip=("other-hook",), lenient=("other-hook",)))).jobs


def test_excluded_files_are_given_to_no_tool() -> None:
    plan = make(inputs(python_component(use("ruff")), files=("a.py", "gen/b.py"), settings=Settings(exclude=("gen/**",))))
    assert "gen/b.py" not in argv(plan, "B2/ruff.lint@api")


def test_a_task_of_the_repositorys_own_is_a_job() -> None:
    task = CustomTask(id="contracts-sync", batch="beta", argv=("python", "check.py"), parser="gatekeeper-json")
    job = make(inputs(python_component(), settings=Settings(tasks=(task,)))).job("D3/contracts-sync")
    assert job is not None
    assert (job.batch, job.argv, job.blocking) == ("beta", ("python", "check.py"), True)


def test_long_file_lists_are_cut_into_command_lines_that_fit() -> None:
    names = tuple(f"{'x' * 90}{number}.py" for number in range(5000))
    parts = chunks(names)
    assert len(parts) > 1
    assert tuple(name for part in parts for name in part) == names
    assert max(len(part) for part in parts) - min(len(part) for part in parts) < len(parts[0])


def test_no_path_is_given_where_the_configuration_names_what_is_checked() -> None:
    component = python_component(use("mypy"))
    assert argv(make(inputs(replace(component, traits=(*component.traits, "targets:mypy")))), "B2/mypy.types@api")[-1] == "/venv/bin/python"


def test_the_value_of_an_option_is_no_path() -> None:
    own = use("pyright", ToolStatus.USED, "pyright", "--ignoreexternal", "--verifytypes", "click")
    component = python_component(own)
    words = argv(make(inputs(replace(component, traits=(*component.traits, "used:pyright")))), "B2/pyright.types@api")
    assert words[-3:] == ("--ignoreexternal", "--verifytypes", "click")


def test_what_the_project_runs_and_no_job_stands_for_is_named() -> None:
    plan = make(inputs(rust_component(use("cargo-deny"), use("nextest"))))
    assert plan.notes == ("the project runs cargo-deny, no job here does: cargo-deny in the Makefile",)


def test_a_job_knows_that_it_was_given_only_some_of_its_files() -> None:
    component = python_component(use("ruff"))
    jobs = [make(plan).job("B2/ruff.lint@api") for plan in (inputs(component), inputs(component, scope=("app.py",)))]
    assert [job.partial for job in jobs if job] == [False, True]


def test_what_a_script_runs_that_a_job_runs_is_not_said_to_be_run_by_nobody() -> None:
    scripts = (("test", "npm run style && ava"), ("style", "xo --quiet"), ("docs", "ty check"))
    web = script_component("script:test", tools=(use("xo"), use("ty")), scripts=scripts)
    assert make(inputs(web)).notes == ("the project runs ty, no job here does: ty in the Makefile",)
