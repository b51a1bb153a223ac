"""Tests that no tool of the catalogue stands for are run as the project runs them."""

from __future__ import annotations

from gatekeeper.model.component import Component, Kind, Language, TestCommand
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.settings import Settings, ToolSettings
from gatekeeper.model.tool import MissingTool
from gatekeeper.plan.make import make
from tests.fakes.planning import FakeToolbox, inputs, python_component, script_component, use


def own_tests(plan: Plan) -> list[Job]:
    return [job for job in plan.jobs if job.command == "project.test"]


def test_a_test_command_of_the_projects_own_is_run_and_blocks() -> None:
    plan = make(inputs(python_component(test=TestCommand(command="make test", evidence="CI: make test"))))
    assert [(job.id, job.argv, job.blocking, job.reason.detail) for job in own_tests(plan)] == [
        ("B2/project.test@api", ("make", "test"), True, "CI: make test")]


def test_tests_that_a_tool_runs_are_not_run_twice() -> None:
    component = python_component(use("pytest"), test=TestCommand(command="pytest", evidence="tox.ini"))
    assert own_tests(make(inputs(component))) == []


def test_what_needs_a_shell_is_unavailable_and_says_what_to_do() -> None:
    (job,) = own_tests(make(inputs(python_component(test=TestCommand(command="cd tests && ./run.sh | tee log", evidence="Makefile")))))
    assert job.unavailable is not None
    assert "needs a shell" in job.unavailable.detail
    assert "gatekeeper.yaml" in job.unavailable.hint


def test_missing_dependencies_come_first() -> None:
    toolbox = FakeToolbox(lacking={"api": MissingTool(reason="no django", hint="uv sync", dependencies=True)})
    (job,) = own_tests(make(inputs(python_component(test=TestCommand(command="python manage.py test", evidence="CI")), toolbox=toolbox)))
    assert job.unavailable is not None
    assert job.unavailable.hint == "uv sync"


def test_npm_test_of_a_hardhat_project_is_the_contracts_own_test() -> None:
    package = script_component("script:test", "tests", "languages:solidity", test=TestCommand(command="npm test", evidence="package.json"))
    contracts = Component(id="contracts", root=".", language=Language.SOLIDITY, kind=Kind.HARDHAT_PROJECT, name="contracts",
                          manifest="hardhat.config.js", traits=("tests",))
    assert own_tests(make(inputs(package, contracts))) == []


def test_a_pipeline_without_tests_runs_none() -> None:
    assert own_tests(make(inputs(python_component(test=TestCommand(command="make test", evidence="CI")), pipeline="quick"))) == []


def test_a_language_that_is_left_out_or_a_runner_that_is_switched_off_is_not_run_after_all() -> None:
    component = python_component(use("pytest"), test=TestCommand(command="pytest", evidence="tox.ini"))
    assert own_tests(make(inputs(component, settings=Settings(tools={"pytest": ToolSettings(enabled=False)})))) == []
    other = python_component(test=TestCommand(command="make test", evidence="CI"))
    assert own_tests(make(inputs(other, settings=Settings(languages=("rust",))))) == []
