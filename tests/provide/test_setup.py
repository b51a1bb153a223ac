"""Set-up steps and the inventory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from gatekeeper.model.component import Component, Detection, Kind, Language, ToolStatus
from gatekeeper.model.ports import Completed
from gatekeeper.provide.inventory import dependency_rows, inventory
from gatekeeper.provide.managed import Permission
from gatekeeper.provide.setup import perform, setup_steps
from tests.provide.making import (
    Machine,
    command,
    component,
    locator,
    npm_tool,
    package,
    program,
    python_tool,
    use,
    uv,
    versions,
    virtual_environment,
    write,
)

RUFF = python_tool("ruff", "0.17.5", commands=(command("ruff"),))
BLACK = python_tool("black", "26.10.1", commands=(command("black"),))
ESLINT = npm_tool("eslint", "10.15.0", commands=(command("eslint", dependencies=True),))


def seen(*components: Component) -> Detection:
    return Detection(root="/", components=components)


def web(kind: Kind = Kind.NPM_PACKAGE, **more: object) -> Component:
    return component("web", Language.JAVASCRIPT, kind, **{"id": "web", "package_manager": "npm", "manifest": "package.json", **more})


def test_setup_lists_tools_then_the_projects_dependencies_and_does_nothing(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"web/package-lock.json": ""})
    program(tmp_path / "usr" / "node")
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    api, other = component("api", id="api", tools=(use("ruff"), use("black", ToolStatus.STALE))), component("lib", id="lib", tools=(use("ruff"),))
    steps = setup_steps(seen(web(requires=("react",), tools=(use("eslint"),)), api, other), locator(tmp_path, machine, RUFF, BLACK, ESLINT, path=[tmp_path / "usr"]))
    assert [(step.argv, step.cwd, step.tool) for step in steps] == [(("install", "ruff 0.17.5"), ".", "ruff"), (("npm", "ci"), "web", None)]
    assert machine.started("uv") == []


def test_members_of_a_workspace_are_installed_once(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"package-lock.json": ""})
    box = locator(tmp_path, Machine())
    steps = setup_steps(seen(web(requires=("a",), kind=Kind.NPM_WORKSPACE_MEMBER), component("app", Language.JAVASCRIPT, Kind.NPM_WORKSPACE_MEMBER, id="app", package_manager="npm", requires=("b",))), box)
    assert [step.argv for step in steps] == [("npm", "ci")]


def test_nothing_is_to_be_done_where_everything_is_there(tmp_path: Path) -> None:
    virtual_environment(tmp_path / "tree" / ".venv", "ruff-0.4.0", "httpx-1.0", scripts=["ruff"])
    assert setup_steps(seen(component(requires=("httpx",), tools=(use("ruff"),))), locator(tmp_path, Machine(), RUFF)) == ()


def test_one_install_brings_dependencies_and_the_projects_own_tools(tmp_path: Path) -> None:
    groups = '[project]\nname = "x"\n[dependency-groups]\ntests = ["pytest", "trio"]\ndocs = ["sphinx"]\n'
    write(tmp_path / "tree", {"pyproject.toml": groups, "uv.lock": ""})
    sphinx = python_tool("sphinx", commands=(command("sphinx"),))
    one = component(package_manager="uv", requires=("trio", "pytest"), tools=(use("sphinx"),))
    steps = setup_steps(seen(one), locator(tmp_path, Machine(), sphinx))
    assert [step.argv for step in steps] == [("uv", "sync", "--frozen", "--group", "docs", "--group", "tests")]


def test_a_tool_step_installs_the_tool(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    box = locator(tmp_path, machine, RUFF, permission=Permission.ANNOUNCE)
    detection = seen(component(tools=(use("ruff"),)))
    [step] = setup_steps(detection, box)
    assert perform(step, detection, box) is None
    assert setup_steps(detection, box) == ()


def test_a_project_step_runs_in_its_folder_and_says_why_it_failed(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"web/package-lock.json": ""})
    program(tmp_path / "usr" / "npm")

    def answer(argv: Sequence[str], cwd: str) -> Completed:
        return Completed(exit_code=1, stderr=f"bad {os.path.basename(argv[0])} in {os.path.basename(cwd)}\n".encode())
    machine = Machine(answer)
    box = locator(tmp_path, machine, path=[tmp_path / "usr"])
    detection = seen(web(requires=("react",)))
    [step] = setup_steps(detection, box)
    assert perform(step, detection, box) == "npm ci: bad npm in web"


@pytest.mark.parametrize(("said", "cause"), [
    ("\x1b[31mUsage Error\x1b[39m: it is no part of the project\n\n$ yarn install [--json] [--immutable]\n", "Usage Error: it is no part of the project"),
    ("> YN0085: | + jest\n> YN0028: | The lockfile would have been modified\n> YN0000: Failed with errors in 6s\n", "> YN0028: | The lockfile would have been modified"),
    ("npm error code ERESOLVE\nnpm error could not resolve\n", "npm error code ERESOLVE"),
    ("something\nwent wrong\n", "went wrong"),
])
def test_of_an_installers_words_those_are_told_that_name_the_cause(tmp_path: Path, said: str, cause: str) -> None:
    write(tmp_path / "tree", {"web/package-lock.json": ""})
    program(tmp_path / "usr" / "npm")
    box = locator(tmp_path, Machine(lambda _argv, _cwd: Completed(exit_code=1, stdout=said.encode())), path=[tmp_path / "usr"])
    detection = seen(web(requires=("react",)))
    [step] = setup_steps(detection, box)
    assert perform(step, detection, box) == f"npm ci: {cause}"


def test_a_package_manager_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    box = locator(tmp_path, Machine())
    detection = seen(component(package_manager="poetry", requires=("httpx",)))
    [step] = setup_steps(detection, box)
    assert perform(step, detection, box) == "poetry is not on PATH"


def test_uv_steps_use_gatekeepers_own_uv_where_there_is_no_other(tmp_path: Path) -> None:
    machine = Machine(lambda argv, _cwd: Completed(exit_code=0))
    box = locator(tmp_path, machine)
    detection = seen(component(package_manager="uv", requires=("httpx",)))
    [step] = setup_steps(detection, box)
    assert perform(step, detection, box) is None
    assert os.path.isabs(machine.calls[-1][0])


def test_groups_of_dependencies_need_a_pip_that_knows_them(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"pyproject.toml": '[project]\nname = "app"\n[build-system]\nrequires = []\n[dependency-groups]\ndev = ["httpx"]\n'})
    steps = setup_steps(seen(component(package_manager="pip", requires=("httpx",))), locator(tmp_path, Machine()))
    assert [step.argv[1:] for step in steps] == [("-m", "venv", ".venv"), ("install", "pip>=25.1"), ("install", "-e", ".", "--group", "dev")]


def test_a_new_environment_keeps_itself_out_of_git(tmp_path: Path) -> None:
    def make(argv: Sequence[str], cwd: str) -> Completed:
        if "venv" in argv:
            (Path(cwd) / argv[-1]).mkdir()
        return Completed(exit_code=0)

    program(tmp_path / "usr" / "python3")
    box = locator(tmp_path, Machine(make), path=[tmp_path / "usr"])
    write(tmp_path / "tree", {"pyproject.toml": '[project]\nname = "app"\n[build-system]\nrequires = []\n'})
    detection = seen(component(package_manager="pip", requires=("httpx",)))
    step = setup_steps(detection, box)[0]
    assert step.argv == ("python3", "-m", "venv", ".venv")
    assert perform(step, detection, box) is None
    assert (tmp_path / "tree" / ".venv" / ".gitignore").read_text() == "*\n"


def test_the_inventory_has_one_row_for_components_with_the_same_answer(tmp_path: Path) -> None:
    virtual_environment(tmp_path / "tree" / ".venv", "ruff-0.4.0", scripts=["ruff"])
    program(tmp_path / "usr" / "node")
    one, two = component("a", id="a", tools=(use("ruff", ToolStatus.DEFAULT),)), component("b", id="b", tools=(use("ruff"), use("black", ToolStatus.STALE)))
    box = locator(tmp_path, Machine(), RUFF, BLACK, ESLINT, path=[tmp_path / "usr"])
    [row, absent] = inventory(box.catalog, seen(one, two, web(tools=(use("eslint"),), requires=("react",))), box)[::-1]
    assert (row.tool, row.components, row.status, row.version, row.source, row.missing) == ("ruff", ("a", "b"), "used", "0.4.0", "project", None)
    assert (absent.tool, absent.version, absent.hint) == ("eslint", None, "cd web && npm install --no-package-lock")
    assert absent.missing


def test_the_inventory_installs_nothing_and_says_what_will_be(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    box = locator(tmp_path, machine, RUFF)
    detection = seen(component(tools=(use("ruff"),)))
    [row] = inventory(box.catalog, detection, box)
    assert (row.version, row.source) == ("0.17.5", "managed")
    assert row.hint == "installed when first used, or by: gatekeeper setup"
    assert machine.started("uv") == []
    box.locate(RUFF, detection.components[0])
    [row] = inventory(box.catalog, detection, box)
    assert row.hint is None


def test_missing_dependencies_are_listed_by_component(tmp_path: Path) -> None:
    package(tmp_path / "tree" / "app", "vue", "3.0.0")
    rows = dependency_rows(seen(web(requires=("react",)), component("app", Language.JAVASCRIPT, Kind.NPM_PACKAGE, id="app", requires=("vue",))), locator(tmp_path, Machine()))
    assert [(row.component, row.missing) for row in rows] == [("web", "there is no node_modules with react")]
