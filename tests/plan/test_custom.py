"""Scripts of the repository's own as jobs."""

from __future__ import annotations

import pytest

from gatekeeper.errors import UsageError
from gatekeeper.model.plan import Job
from gatekeeper.model.settings import CustomTask, Settings
from gatekeeper.plan.make import make
from tests.fakes.planning import inputs, python_component, use


def planned(*tasks: CustomTask, pipeline: str = "default", files: tuple[str, ...] = ("a.py", "b.py")) -> dict[str, Job]:
    components = (python_component(use("ruff")), python_component(use("ruff"), id="tools", root="tools"))
    plan = make(inputs(*components, settings=Settings(tasks=tasks), pipeline=pipeline, files=files))
    return {job.id: job for job in plan.jobs if job.tool_id == "task"}


def test_a_script_runs_once_for_the_repository_in_the_batch_that_it_asks_for() -> None:
    jobs = planned(CustomTask(id="sync", batch="beta", argv=("python", "check.py"), parser="gatekeeper-json"))
    assert [(job.id, job.batch, job.argv, job.cwd, job.blocking) for job in jobs.values()] == [("D3/sync", "beta", ("python", "check.py"), ".", True)]


def test_a_script_that_takes_components_runs_in_each() -> None:
    jobs = planned(CustomTask(id="each", batch="delta", argv=("true",), takes="component"))
    assert {(job.id, job.cwd) for job in jobs.values()} == {("D3/each@api", "."), ("D3/each@tools", "tools")}


def test_a_script_that_takes_files_gets_them_where_it_says() -> None:
    jobs = planned(CustomTask(id="names", batch="delta", argv=("check", "{files}", "--end"), takes="files"), files=("a.py", "-b.py"))
    assert jobs["D3/names"].argv == ("check", "a.py", "./-b.py", "--end")


def test_a_script_can_wait_for_another_by_its_name() -> None:
    first, second = CustomTask(id="first", batch="delta", argv=("true",)), CustomTask(id="second", batch="delta", argv=("true",), needs=("first",))
    assert planned(first, second)["D3/second"].needs == ("D3/first",)


def test_waiting_for_nobody_is_an_error_with_a_suggestion() -> None:
    first, second = CustomTask(id="first", batch="delta", argv=("true",)), CustomTask(id="second", batch="delta", argv=("true",), needs=("frist",))
    with pytest.raises(UsageError) as caught:
        planned(first, second)
    assert caught.value.hint == "did you mean `first`?"


def test_the_quick_pipeline_runs_no_analysis_but_a_script_that_lints() -> None:
    analysis, lint = CustomTask(id="deep", batch="beta", argv=("true",)), CustomTask(id="imports", batch="beta", argv=("true",), role="lint")
    assert [job.command for job in planned(analysis, lint, pipeline="quick").values()] == ["task.imports"]


def test_a_pipeline_without_the_batch_still_runs_the_script() -> None:
    assert [job.batch for job in planned(CustomTask(id="sync", batch="beta", argv=("true",)), pipeline="phases").values()] == ["integration"]
