"""How many cores a job holds, and how its tool is told; how its files are cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gatekeeper.model.component import ToolStatus
from gatekeeper.model.past import Past
from gatekeeper.model.pipeline import JobClass, Pipeline
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.settings import Settings
from gatekeeper.plan.inputs import PlanInputs
from gatekeeper.plan.make import make
from tests.fakes.planning import catalog, inputs, python_component, rust_component, use

MANY = tuple(f"m{number:03}.py" for number in range(100))


def job(plan: Plan, job_id: str) -> Job:
    found = plan.job(job_id)
    assert found is not None, [each.id for each in plan.jobs]
    return found


def isort(past: Mapping[str, Past], *, pool_size: int = 4, files: tuple[str, ...] = MANY, fix: bool = False) -> list[Job]:
    plan = make(inputs(python_component(use("isort")), files=files, past=past, pool_size=pool_size, settings=Settings(fix=fix)))
    return [each for each in plan.jobs if each.command == "isort.format"]


@pytest.mark.parametrize(("pool", "part"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4)])
def test_a_tool_with_threads_holds_half_of_the_pool_and_is_told(pool: int, part: int) -> None:
    lint = job(make(inputs(python_component(use("ruff")), pool_size=pool)), "B2/ruff.lint@api")
    assert (lint.resources.cpu, lint.env["RAYON_NUM_THREADS"]) == (part, str(part))
    flake8 = job(make(inputs(python_component(use("flake8")), pool_size=pool)), "B2/flake8.lint@api")
    assert (flake8.resources.cpu, f"--jobs={part}" in flake8.argv) == (part, True)


def test_cargo_jobs_together_use_no_more_than_there_is() -> None:
    jobs = [each for each in make(inputs(rust_component(use("clippy")), pool_size=8)).jobs if "CARGO_BUILD_JOBS" in each.env]
    assert len(jobs) >= 2
    assert all(int(each.env["CARGO_BUILD_JOBS"]) == each.resources.cpu for each in jobs)


def test_libtest_is_never_told_to_use_one_thread_where_its_output_is_another() -> None:
    assert job(make(inputs(rust_component(), pool_size=2)), "B1/cargo.test@core").env["RUST_TEST_THREADS"] == "2"
    assert job(make(inputs(rust_component(), pool_size=8)), "B1/cargo.test@core").env["RUST_TEST_THREADS"] == "4"


@pytest.mark.parametrize(("call", "cores"), [((), 1), (("-n", "auto"), 4), (("-nauto",), 4), (("--numprocesses=auto",), 4), (("--no-header",), 1)])
def test_pytest_holds_more_than_one_core_only_where_the_project_calls_it_so(call: tuple[str, ...], cores: int) -> None:
    tests = job(make(inputs(python_component(use("pytest", ToolStatus.USED, "pytest", *call)), pool_size=8)), "B2/pytest.test@api")
    assert (tests.resources.cpu, tests.env["PYTEST_XDIST_AUTO_NUM_WORKERS"]) == (cores, "4")


def test_a_benchmark_holds_the_whole_machine() -> None:
    plan = make(inputs(rust_component(traits=("tests", "benches")), pool_size=8, settings=Settings(only=("*bench*",))))
    assert [each.resources.cpu for each in plan.jobs if each.command == "cargo.bench"] == [8]


def test_every_command_that_says_how_many_cores_it_uses_holds_them() -> None:
    for tool in catalog().tools:
        for command in tool.commands:
            assert any("{cpus}" in word for word in command.argv) == ("flag" in command.threads), command.id
            assert not command.threads or {"env", "flag"} & set(command.threads), command.id


def test_memory_is_what_was_measured_and_a_quarter() -> None:
    past = {"B2/ruff.lint@api": Past(seconds=1.0, peak_mb=400.0)}
    assert job(make(inputs(python_component(use("ruff")), past=past)), "B2/ruff.lint@api").resources.memory_mb == 512
    assert job(make(inputs(python_component(use("ruff")))), "B2/ruff.lint@api").resources.memory_mb == 80


def test_files_are_cut_where_each_list_is_worth_a_process() -> None:
    parts = isort({"B2/isort.format@api": Past(seconds=6.5, files=100)})
    assert [each.id for each in parts] == ["B2/isort.format@api#1", "B2/isort.format@api#2", "B2/isort.format@api#3"]
    assert sorted(file for each in parts for file in each.files) == list(MANY)
    assert [len(each.files) for each in parts] == [34, 33, 33]
    assert parts[0].files[:2] == ("m000.py", "m003.py")
    assert all(each.estimated_seconds == pytest.approx(2.3, abs=0.1) for each in parts)


@pytest.mark.parametrize("past", [{}, {"B2/isort.format@api": Past(seconds=60.0)}, {"B2/isort.format@api": Past(seconds=3.9, files=100)}],
                         ids=["nothing known", "not known for how many files", "too short"])
def test_files_stay_together_where_it_is_not_known_to_pay(past: Mapping[str, Past]) -> None:
    assert [each.id for each in isort(past)] == ["B2/isort.format@api"]


def test_no_more_lists_than_cores_and_none_for_fixers() -> None:
    past = {"B2/isort.format@api": Past(seconds=100.0, files=100), "A3/isort.format@api": Past(seconds=100.0, files=100)}
    assert len(isort(past, pool_size=2)) == 2
    assert len([each for each in isort(past, fix=True) if each.effect == "writes"]) == 1


def test_what_was_cut_stays_cut_while_half_of_it_is_worth_it() -> None:
    def cut(seconds: float) -> int:
        return len(isort({f"B2/isort.format@api#{number}": Past(seconds=seconds, files=50) for number in (1, 2)}))

    assert (cut(1.6), cut(0.8)) == (3, 1)
    assert cut(1.2) == 2


def test_few_files_are_less_work_than_many() -> None:
    past = {"B2/isort.format@api": Past(seconds=3.2, files=100)}
    assert [each.estimated_seconds for each in isort(past, files=MANY[:10])] == [0.5]


def test_a_tool_that_looks_at_all_files_together_is_never_cut_for_speed() -> None:
    past = {"B2/pylint.lint@api": Past(seconds=100.0, files=100)}
    plan = make(inputs(python_component(use("pylint")), files=MANY, past=past, pool_size=8))
    assert [each.id for each in plan.jobs if each.command == "pylint.lint"] == ["B2/pylint.lint@api"]


def asynchronous(found: PlanInputs) -> PlanInputs:
    pipeline = found.catalog.pipeline
    batches = tuple(replace(batch, tasks=tuple(replace(task, job_class=JobClass.ASYNC) for task in batch.tasks)) for batch in pipeline.batches)
    return replace(found, catalog=replace(found.catalog, pipeline=Pipeline(name=pipeline.name, batches=batches)))


def test_a_job_that_nobody_waits_for_decides_nothing() -> None:
    plan = make(asynchronous(inputs(python_component(use("ruff")))))
    assert not [each.id for each in plan.jobs if each.blocking]


def test_before_anything_was_measured_tests_are_guessed_to_be_longest_and_a_fast_linter_shortest() -> None:
    plan = make(inputs(python_component(use("pytest"), use("mypy"), use("pylint"), use("black"), use("ruff"))))
    guessed = {each.command: each.estimated_seconds for each in plan.jobs}
    names = ("pytest.test", "mypy.types", "pylint.lint", "black.format", "ruff.lint")
    assert [guessed[name] for name in names] == [30.0, 8.0, 8.0, 2.0, 1.0]
