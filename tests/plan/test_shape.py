"""The work of planning grows with the repository, not with its square: counted in steps, never in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest

from gatekeeper.model.component import Kind
from gatekeeper.model.plan import Job, Reason
from gatekeeper.model.settings import Settings
from gatekeeper.model.tool import Role
from gatekeeper.plan.inputs import PlanInputs
from gatekeeper.plan.make import make
from gatekeeper.plan.order import critical_path, groups, ordered
from gatekeeper.plan.reach import Holdings, lies_below
from gatekeeper.plan.scope import folders
from tests.fakes.planning import catalog, inputs, python_component, rust_component, use

pytestmark = pytest.mark.performance
JOB = Job(id="B2/0", task="B2", batch="beta", command="ruff.lint", tool_id="ruff", role=Role.LINT, component="api", argv=(), cwd=".",
          reason=Reason(kind="used", detail="Makefile"))
#: twice the input is twice the work and a little for sorting; a quadratic loop makes it four times
AT_MOST = 2.6


def steps(action: Callable[[], object]) -> int:
    """How many lines of Python an action runs, each round of a loop or comprehension counted."""
    counted = 0

    def count(_frame: FrameType, _event: str, _argument: object) -> Any:
        nonlocal counted
        counted += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        action()
    finally:
        sys.settrace(before)
    return counted


def monorepo(components: int, **fields: object) -> PlanInputs:
    """Half Python packages, half crates, twenty files each, every second package inside another."""
    found, files = [], []
    found.append(rust_component(id="root", kind=Kind.CARGO_WORKSPACE))
    for number in range(components):
        root = f"packages/p{number}" if number % 4 < 2 else f"packages/p{number - 2}/inner"
        make_one, suffix, tool = (python_component, "py", "ruff") if number % 2 == 0 else (rust_component, "rs", "clippy")
        found.append(make_one(use(tool), id=f"c{number}", root=root, workspace_root="."))
        files += [f"{root}/src/m{each}.{suffix}" for each in range(20)]
    return inputs(*found, files=tuple(files), **fields)  # type: ignore[arg-type]


def growth(small: Callable[[], object], large: Callable[[], object]) -> float:
    small()  # what is imported or compiled once does not count
    return steps(large) / steps(small)


@pytest.mark.parametrize("settings", [Settings(), Settings(fix=True), Settings(strict=True, only=("*",))], ids=["plain", "fix", "filtered"])
def test_twice_the_components_are_twice_the_work(settings: Settings) -> None:
    small, large = monorepo(40, settings=settings), monorepo(80, settings=settings)
    assert growth(lambda: make(small), lambda: make(large)) < AT_MOST


def test_twice_the_changed_files_are_twice_the_work() -> None:
    small, large = monorepo(40), monorepo(80)
    small, large = replace(small, scope=small.files), replace(large, scope=large.files)
    assert growth(lambda: make(small), lambda: make(large)) < AT_MOST


def chain(length: int) -> tuple[Job, ...]:
    return tuple(replace(JOB, id=f"B2/{number}", needs=(f"B2/{number - 1}",) if number else ()) for number in range(length))


@pytest.mark.parametrize("work", [groups, critical_path, lambda jobs: ordered(jobs, catalog())], ids=["groups", "critical path", "order"])
def test_twice_the_jobs_in_a_row_are_twice_the_work(work: Callable[[tuple[Job, ...]], object]) -> None:
    small, large = chain(200), chain(400)
    assert growth(lambda: work(small), lambda: work(large)) < AT_MOST


def test_files_are_found_by_folder_in_their_own_order() -> None:
    holdings = Holdings(("b/z", "a", "b/a/c", "b-a/d", "b0", "b"))
    assert holdings.below("b") == ("b/z", "b/a/c", "b")
    assert holdings.below("a") == ("a",)
    assert holdings.below(".") == ("b/z", "a", "b/a/c", "b-a/d", "b0", "b")
    assert holdings.below("c") == ()


def test_a_path_lies_below_itself_and_its_folders_up_to_the_tree() -> None:
    assert tuple(folders("a/b/c")) == ("a/b/c", "a/b", "a", ".")
    assert lies_below("a/b/c", {"a/b"})
    assert not lies_below("a/bc", {"a/b"})
    assert lies_below("a", {"."})
