"""Which Python tool: the project's environment, the version it pins, the catalogue's pin, PATH."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gatekeeper.model.ports import Completed
from gatekeeper.model.tool import LocatedTool, MissingTool
from gatekeeper.provide.environments import environments
from gatekeeper.provide.managed import Permission
from gatekeeper.provide.places import Surroundings
from tests.provide.making import (
    Answer,
    Machine,
    command,
    component,
    locator,
    program,
    python_tool,
    uv,
    versions,
    virtual_environment,
    write,
)

RUFF = python_tool("ruff", "0.17.5")
PYTEST = python_tool("pytest")


def interpreter(prefix: Path, site: Path) -> Answer:
    """The `python` on PATH, telling where its packages lie."""
    def answer(argv: Sequence[str], _cwd: str) -> Completed | None:
        if os.path.basename(argv[0]) != "python":
            return None
        return Completed(exit_code=0, stdout=json.dumps([str(prefix / "bin" / "python"), str(prefix), str(prefix / "bin"), [str(site)]]).encode())
    return answer


def test_a_tool_in_the_components_environment_is_the_projects_own(tmp_path: Path) -> None:
    virtual_environment(tmp_path / "tree" / "api" / ".venv", "ruff-0.4.1", scripts=["ruff"])
    machine = Machine()
    found = locator(tmp_path, machine, RUFF).locate(RUFF, component("api"))
    assert isinstance(found, LocatedTool)
    assert (found.version, found.source, found.path) == ("0.4.1", "project", str(tmp_path / "tree/api/.venv/bin/ruff"))
    assert found.env["VIRTUAL_ENV"] == str(tmp_path / "tree/api/.venv")
    assert found.env["PATH"].startswith(str(tmp_path / "tree/api/.venv/bin"))
    assert machine.calls == []


def test_the_components_environment_comes_before_the_workspaces(tmp_path: Path) -> None:
    virtual_environment(tmp_path / "tree" / ".venv", "ruff-0.1.0", scripts=["ruff"])
    virtual_environment(tmp_path / "tree" / "api" / "venv", "ruff-0.2.0", scripts=["ruff"])
    box = locator(tmp_path, Machine(), RUFF)
    own, shared = box.locate(RUFF, component("api", id="api")), box.locate(RUFF, component("web", id="web", workspace_root="."))
    assert isinstance(own, LocatedTool)
    assert isinstance(shared, LocatedTool)
    assert (own.version, shared.version) == ("0.2.0", "0.1.0")


def test_an_activated_environment_outside_the_tree_comes_first(tmp_path: Path) -> None:
    virtual_environment(tmp_path / "tree" / ".venv", "ruff-0.1.0", scripts=["ruff"])
    active = virtual_environment(tmp_path / "active", "ruff-0.3.0", scripts=["ruff"])
    found = locator(tmp_path, Machine(), RUFF, VIRTUAL_ENV=str(active)).locate(RUFF, component())
    assert isinstance(found, LocatedTool)
    assert found.version == "0.3.0"


def test_an_activated_environment_of_another_component_is_not_used(tmp_path: Path) -> None:
    other = virtual_environment(tmp_path / "tree" / "web" / ".venv", "ruff-0.3.0", scripts=["ruff"])
    virtual_environment(tmp_path / "tree" / "api" / ".venv", "ruff-0.1.0", scripts=["ruff"])
    found = locator(tmp_path, Machine(), RUFF, VIRTUAL_ENV=str(other)).locate(RUFF, component("api"))
    assert isinstance(found, LocatedTool)
    assert found.version == "0.1.0"


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="runs outside a virtual environment")
def test_gatekeepers_own_environment_is_not_the_projects(tmp_path: Path) -> None:
    own = Surroundings(root=str(tmp_path), environment={"VIRTUAL_ENV": sys.prefix, "PATH": os.path.join(sys.prefix, "bin")})
    assert list(environments(own, component())) == []
    assert own.find("python") is None


def test_an_environment_with_a_dangling_interpreter_is_none(tmp_path: Path) -> None:
    prefix = virtual_environment(tmp_path / "tree" / ".venv", "ruff-0.1.0", scripts=["ruff"])
    (prefix / "bin" / "python").unlink()
    (prefix / "bin" / "python").symlink_to("/nowhere/python3")
    assert list(environments(Surroundings(root=str(tmp_path / "tree"), environment={}), component())) == []


def test_a_script_of_a_moved_environment_is_started_as_a_module(tmp_path: Path) -> None:
    prefix = virtual_environment(tmp_path / "tree" / ".venv", "pytest-8.0.0", scripts=["pytest"])
    (prefix / "bin" / "pytest").write_text("#!/was/here/bin/python\n", encoding="utf-8")
    found = locator(tmp_path, Machine(), PYTEST).locate(PYTEST, component())
    assert isinstance(found, LocatedTool)
    assert (found.path, found.prefix) == (str(prefix / "bin" / "python"), ("-m", "pytest"))


@pytest.mark.parametrize(("name", "text"), [
    ("uv.lock", 'version = 1\n\n[[package]]\nname = "ruff"\nversion = "0.4.2"\nsource = { registry = "x" }\n'),
    ("poetry.lock", '[[package]]\nname = "ruff"\nversion = "0.4.2"\ndescription = "x"\n'),
    ("requirements-dev.txt", "# tools\nruff==0.4.2  # pinned\npytest\n"),
    ("requirements/lint.txt", "ruff==0.4.2 \\\n    --hash=sha256:00\n"),
    ("pyproject.toml", '[project]\nname = "x"\n[dependency-groups]\nlint = ["ruff==0.4.2"]\n'),
    (".pre-commit-config.yaml", "repos:\n  - repo: https://github.com/astral-sh/ruff-pre-commit\n    rev: v0.4.2\n    hooks:\n      - id: ruff\n"),
])
def test_the_version_that_the_project_pins_is_provided(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path / "tree", {name: text})
    machine = Machine(uv("ruff"), versions(ruff="0.4.2"))
    found = locator(tmp_path, machine, RUFF).locate(RUFF, component())
    assert isinstance(found, LocatedTool)
    assert (found.version, found.source) == ("0.4.2", "pinned")
    assert [path.read_text().split()[0] for path in (tmp_path / "cache" / "locks").glob("*/requirements.txt")] == ["ruff==0.4.2"]


def test_a_pin_that_is_no_plain_version_never_reaches_an_installer(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"uv.lock": '[[package]]\nname = "ruff"\nversion = "0.4 --index-url https://evil.example"\n'})
    machine = Machine(uv("ruff"), versions(ruff="0.4"))
    found = locator(tmp_path, machine, RUFF).locate(RUFF, component())
    assert isinstance(found, MissingTool)
    assert machine.started("uv") == []


def test_without_a_pin_the_catalogues_version_is_provided(tmp_path: Path) -> None:
    write(tmp_path / "locks", {"pypi/ruff.txt": "ruff==0.17.5 \\\n    --hash=sha256:00\n"})
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    found = locator(tmp_path, machine, RUFF).locate(RUFF, component())
    assert isinstance(found, LocatedTool)
    assert (found.version, found.source) == ("0.17.5", "managed")
    install = machine.started("pip")[0]
    assert "--require-hashes" in install
    assert str(tmp_path / "locks/pypi/ruff.txt") in install
    assert found.path.startswith(str(tmp_path / "cache"))


def test_a_test_runner_is_never_provided_but_asked_of_the_project(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"pyproject.toml": '[project]\nname = "x"\n[dependency-groups]\ntest = ["pytest"]\ndocs = ["sphinx"]\n', "uv.lock": ""})
    virtual_environment(tmp_path / "tree" / ".venv")
    machine = Machine()
    found = locator(tmp_path, machine, PYTEST).locate(PYTEST, component(package_manager="uv"))
    assert found == MissingTool(reason="pytest is not installed in .venv", hint="uv sync --frozen --inexact --group test", dependencies=True)
    assert machine.calls == []


def test_the_python_on_path_counts_where_the_component_has_no_environment(tmp_path: Path) -> None:
    prefix = virtual_environment(tmp_path / "usr", "pytest-8.1.0", scripts=["pytest"])
    machine = Machine(interpreter(prefix, prefix / "lib/python3.12/site-packages"))
    box = locator(tmp_path, machine, PYTEST, path=[prefix / "bin"])
    found = box.locate(PYTEST, component())
    assert isinstance(found, LocatedTool)
    assert (found.version, found.source, found.path) == ("8.1.0", "path", str(prefix / "bin" / "pytest"))
    assert box.python(component()) == str(prefix / "bin" / "python")
    assert box.site_packages(component()) is None
    assert all("-I" in call and "-S" in call for call in machine.calls)


def test_a_tool_on_the_python_on_path_gives_way_to_the_version_that_is_pinned(tmp_path: Path) -> None:
    prefix = virtual_environment(tmp_path / "usr", "ruff-0.1.0", scripts=["ruff"])
    write(tmp_path / "tree", {"requirements.txt": "ruff==0.4.2\n"})
    machine = Machine(interpreter(prefix, prefix / "lib/python3.12/site-packages"), uv("ruff"), versions(ruff="0.4.2"))
    found = locator(tmp_path, machine, RUFF, path=[prefix / "bin"]).locate(RUFF, component())
    assert isinstance(found, LocatedTool)
    assert (found.version, found.source) == ("0.4.2", "pinned")


def test_a_program_on_path_is_the_last_resort(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "ruff")
    machine = Machine(versions(ruff="0.9.9"))
    found = locator(tmp_path, machine, RUFF, path=[tmp_path / "bin"], permission=Permission.NEVER).locate(RUFF, component())
    assert isinstance(found, LocatedTool)
    assert (found.version, found.source) == ("0.9.9", "path")


def test_programs_that_the_repository_puts_on_path_are_not_started(tmp_path: Path) -> None:
    program(tmp_path / "tree" / "bin" / "ruff")
    machine = Machine(versions(ruff="0.9.9"))
    found = locator(tmp_path, machine, RUFF, path=[tmp_path / "tree" / "bin"], permission=Permission.NEVER).locate(RUFF, component())
    assert isinstance(found, MissingTool)
    assert machine.calls == []


def test_a_version_that_the_catalogue_does_not_fit_is_missing(tmp_path: Path) -> None:
    tool = python_tool("ruff", "0.17.5", version_probe=type(RUFF.version_probe)(pattern=r" (\S+)", supported=">=0.4"))
    virtual_environment(tmp_path / "tree" / ".venv", "ruff-0.0.291", scripts=["ruff"])
    found = locator(tmp_path, Machine(), tool).locate(tool, component())
    assert isinstance(found, MissingTool)
    assert "0.0.291" in found.reason
    assert ">=0.4" in found.reason


def test_nothing_is_installed_for_jobs_that_lack_the_projects_dependencies(tmp_path: Path) -> None:
    tool = python_tool("mypy", "2.4.1", commands=(command("mypy", dependencies=True),))
    virtual_environment(tmp_path / "tree" / ".venv")
    machine = Machine(uv("mypy"), versions(mypy="2.4.1"))
    found = locator(tmp_path, machine, tool).locate(tool, component(requires=("httpx",)))
    assert isinstance(found, MissingTool)
    assert found.dependencies
    assert machine.calls == []


def test_a_tool_with_declared_plugins_is_not_replaced_by_one_without(tmp_path: Path) -> None:
    tool = python_tool("flake8", "7.5.0")
    machine = Machine(uv("flake8"), versions(flake8="7.5.0"))
    one = component(requires=("flake8", "flake8-bugbear"), package_manager="uv")
    found = locator(tmp_path, machine, tool).locate(tool, one)
    assert isinstance(found, MissingTool)
    assert found.dependencies
    assert "flake8-bugbear" in found.reason
    assert machine.started("uv") == []
    virtual_environment(tmp_path / "tree" / ".venv", "flake8-7.0.0", "flake8_bugbear-24.0", scripts=["flake8"])
    assert isinstance(locator(tmp_path, machine, tool).locate(tool, one), LocatedTool)


def test_answers_are_the_same_for_the_whole_run(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    box = locator(tmp_path, machine, RUFF)
    assert box.locate(RUFF, component()) == box.locate(RUFF, component())
    assert len(machine.started("venv")) == 1


def test_poetrys_environments_are_found_by_the_name_that_poetry_gives_them(tmp_path: Path) -> None:
    tree = write(tmp_path / "tree", {"pyproject.toml": '[tool.poetry]\nname = "My.Cool Project"\n', "poetry.lock": ""})
    digest = base64.urlsafe_b64encode(hashlib.sha256(os.path.realpath(tree).encode()).digest()).decode()[:8]
    virtual_environment(tmp_path / "home" / ".cache" / "pypoetry" / "virtualenvs" / f"my-cool_project-{digest}-py3.11", "ruff-0.1.0", scripts=["ruff"])
    found = locator(tmp_path, Machine(), RUFF).locate(RUFF, component())
    assert isinstance(found, LocatedTool)
    assert found.source == "project"
    assert found.version == "0.1.0"


def test_hatchs_environments_are_found_in_its_data_folder(tmp_path: Path) -> None:
    tree = write(tmp_path / "tree", {"pyproject.toml": '[project]\nname = "my.project"\n'})
    digest = base64.urlsafe_b64encode(hashlib.sha256(os.path.realpath(tree).encode()).digest()).decode()[:8]
    virtual_environment(tmp_path / "home/.local/share/hatch/env/virtual/my-project" / digest / "my-project", "ruff-0.1.0", scripts=["ruff"])
    found = locator(tmp_path, Machine(), RUFF).locate(RUFF, component())
    assert isinstance(found, LocatedTool)
    assert found.version == "0.1.0"


def test_pdms_pointer_names_the_environment(tmp_path: Path) -> None:
    prefix = virtual_environment(tmp_path / "elsewhere", "ruff-0.1.0", scripts=["ruff"])
    write(tmp_path / "tree", {".pdm-python": f"{prefix}/bin/python\n"})
    found = locator(tmp_path, Machine(), RUFF).locate(RUFF, component())
    assert isinstance(found, LocatedTool)
    assert found.path == str(prefix / "bin" / "ruff")


def test_pep_582_packages_are_put_on_the_python_path(tmp_path: Path) -> None:
    python = program(tmp_path / "usr" / "bin" / "python")
    write(tmp_path / "tree", {".pdm-python": f"{python}\n", "__pypackages__/3.12/lib/pytest-8.0.0.dist-info/METADATA": ""})
    program(tmp_path / "tree/__pypackages__/3.12/bin/pytest")
    found = locator(tmp_path, Machine(), PYTEST).locate(PYTEST, component())
    assert isinstance(found, LocatedTool)
    assert found.version == "8.0.0"
    assert found.env["PYTHONPATH"] == str(tmp_path / "tree/__pypackages__/3.12/lib")


def test_packages_of_the_base_interpreter_count_where_the_environment_sees_them(tmp_path: Path) -> None:
    base = write(tmp_path / "base", {"lib/python3.12/site-packages/pytest-8.0.0.dist-info/METADATA": "", "bin/python3": ""})
    prefix = virtual_environment(tmp_path / "tree" / ".venv")
    (prefix / "pyvenv.cfg").write_text(f"home = {base}/bin\ninclude-system-site-packages = true\nversion = 3.12.1\n", encoding="utf-8")
    found = locator(tmp_path, Machine(), PYTEST).locate(PYTEST, component())
    assert isinstance(found, LocatedTool)
    assert (found.version, found.prefix) == ("8.0.0", ("-m", "pytest"))
