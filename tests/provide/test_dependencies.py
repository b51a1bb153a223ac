"""Whether a project's own dependencies are installed, and the command that installs them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.tool import MissingTool
from gatekeeper.provide.install import as_hint, install_steps
from gatekeeper.provide.places import Surroundings
from tests.provide.making import Machine, component, locator, npm_tool, package, program, python_tool, virtual_environment, write

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "my-lib"
[project.optional-dependencies]
http = ["httpx"]
[dependency-groups]
test = ["pytest", "trio"]
docs = ["sphinx"]
"""


def js(root: str = ".", **more: object) -> Component:
    return component(root, Language.TYPESCRIPT, Kind.NPM_PACKAGE, **{"manifest": "package.json", "package_manager": "npm", **more})


def hint(tmp_path: Path, files: Mapping[str, str], one: Component, *missing: str) -> str:
    root = write(tmp_path / "project", files)
    return as_hint(install_steps(Surroundings(root=str(root), environment={}), one, missing))


def test_a_declared_distribution_that_is_not_installed_is_missing(tmp_path: Path) -> None:
    virtual_environment(tmp_path / "tree" / ".venv", "httpx-0.27.0", "PyYAML-6.0")
    write(tmp_path / "tree", {"pyproject.toml": PROJECT, "uv.lock": ""})
    box = locator(tmp_path, Machine())
    assert box.dependencies(component(requires=("httpx", "pyyaml"), package_manager="uv")) is None
    assert box.dependencies(component(requires=("httpx", "pyyaml", "trio"), package_manager="uv")) == MissingTool(
        reason="not installed in .venv: trio", hint="uv sync --frozen --inexact --group test", dependencies=True)


def test_tools_that_can_be_provided_do_not_count(tmp_path: Path) -> None:
    virtual_environment(tmp_path / "tree" / ".venv")
    box = locator(tmp_path, Machine(), python_tool("ruff", "0.17.5"), python_tool("pytest"))
    assert box.dependencies(component(requires=("ruff", "tox", "pre-commit"))) is None
    assert box.dependencies(component(requires=("ruff", "pytest"))) is not None


def test_without_any_python_everything_is_missing(tmp_path: Path) -> None:
    found = locator(tmp_path, Machine()).dependencies(component(requires=("httpx",)))
    assert isinstance(found, MissingTool)
    assert found.reason == "no Python environment was found"


def test_a_component_that_needs_nothing_needs_no_environment(tmp_path: Path) -> None:
    assert locator(tmp_path, Machine()).dependencies(component()) is None


def test_a_package_in_src_must_itself_be_installed(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"pyproject.toml": PROJECT, "src/my_lib/__init__.py": ""})
    environment = virtual_environment(tmp_path / "tree" / ".venv")
    found = locator(tmp_path, Machine()).dependencies(component())
    assert isinstance(found, MissingTool)
    assert found.reason == "not installed in .venv: my-lib"
    write(environment / "lib/python3.12/site-packages", {"my_lib-1.0.dist-info/METADATA": ""})
    assert locator(tmp_path, Machine()).dependencies(component()) is None


@pytest.mark.parametrize("files", [
    {"pyproject.toml": PROJECT + '[tool.pytest.ini_options]\npythonpath = ["src"]\n'},
    {"pytest.ini": "[pytest]\npythonpath = src\n"},
    {"conftest.py": ""},
    {"pyproject.toml": '[project]\nname = "my-lib"\n'},
], ids=["pyproject", "pytest.ini", "conftest", "no build system"])
def test_a_package_in_src_that_tests_reach_otherwise_need_not_be_installed(tmp_path: Path, files: Mapping[str, str]) -> None:
    write(tmp_path / "tree", {"pyproject.toml": PROJECT, "src/my_lib/__init__.py": "", **files})
    virtual_environment(tmp_path / "tree" / ".venv")
    assert locator(tmp_path, Machine()).dependencies(component()) is None


def test_a_package_with_compiled_parts_must_itself_be_installed(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"pyproject.toml": '[build-system]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n[project]\nname = "fast"\n'})
    virtual_environment(tmp_path / "tree" / ".venv")
    assert isinstance(locator(tmp_path, Machine()).dependencies(component()), MissingTool)


def test_a_release_of_the_same_name_on_the_python_on_path_is_not_the_project(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"pyproject.toml": PROJECT, "src/my_lib/__init__.py": ""})
    prefix = virtual_environment(tmp_path / "usr", "my_lib-0.9")
    site = prefix / "lib/python3.12/site-packages"
    answer = f'["{prefix}/bin/python", "{prefix}", "{prefix}/bin", ["{site}"]]'.encode()
    from gatekeeper.model.ports import Completed
    machine = Machine(lambda argv, _cwd: Completed(exit_code=0, stdout=answer))
    assert isinstance(locator(tmp_path, machine, path=[prefix / "bin"]).dependencies(component()), MissingTool)
    write(site / "my_lib-0.9.dist-info", {"direct_url.json": f'{{"dir_info": {{"editable": true}}, "url": "file://{tmp_path}/tree"}}'})
    assert locator(tmp_path, machine, path=[prefix / "bin"]).dependencies(component()) is None


def test_an_npm_package_is_there_when_a_node_modules_up_to_the_root_has_it(tmp_path: Path) -> None:
    package(tmp_path / "tree", "@scope/lib", "1.0.0")
    package(tmp_path / "tree" / "packages" / "a", "left", "1.0.0")
    package(tmp_path, "above", "1.0.0")
    write(tmp_path / "tree", {"package-lock.json": ""})
    box = locator(tmp_path, Machine())
    assert box.dependencies(js("packages/a", requires=("@scope/lib", "left"))) is None
    assert box.dependencies(js("packages/a", requires=("above",), workspace_root=".")) == MissingTool(reason="not installed in node_modules: above", hint="npm ci", dependencies=True)


def test_a_linked_package_of_pnpm_is_there(tmp_path: Path) -> None:
    package(tmp_path / "tree" / "node_modules" / ".pnpm" / "lib@1.0.0", "lib", "1.0.0")
    (tmp_path / "tree" / "node_modules" / "lib").symlink_to(".pnpm/lib@1.0.0/node_modules/lib")
    assert locator(tmp_path, Machine()).dependencies(js(requires=("lib",))) is None


def test_many_missing_packages_are_named_in_short(tmp_path: Path) -> None:
    found = locator(tmp_path, Machine()).dependencies(js(requires=("a", "b", "c", "d", "e", "f")))
    assert isinstance(found, MissingTool)
    assert found.reason == "there is no node_modules with a, b, c, d and 2 more"


FOUNDRY = component(language=Language.SOLIDITY, kind=Kind.FOUNDRY_PROJECT, manifest="foundry.toml")


def test_an_empty_submodule_is_a_missing_library(tmp_path: Path) -> None:
    write(tmp_path / "tree", {".gitmodules": '[submodule "lib/forge-std"]\n\tpath = lib/forge-std\n\turl = https://x\n', "lib/forge-std/.git": "gitdir: x"})
    box = locator(tmp_path, Machine(), npm_tool("solc"))
    assert box.dependencies(FOUNDRY) == MissingTool(reason="libraries are not there: lib/forge-std", hint="git submodule update --init --recursive", dependencies=True)


def test_a_filled_submodule_is_there(tmp_path: Path) -> None:
    write(tmp_path / "tree", {".gitmodules": "\tpath = lib/forge-std\n", "lib/forge-std/src/Test.sol": ""})
    assert locator(tmp_path, Machine()).absence(FOUNDRY) is None


def test_a_submodule_of_another_component_does_not_matter(tmp_path: Path) -> None:
    write(tmp_path / "tree", {".gitmodules": "\tpath = other/lib/forge-std\n"})
    assert locator(tmp_path, Machine()).absence(component("contracts", Language.SOLIDITY, Kind.FOUNDRY_PROJECT)) is None


def test_a_remapping_that_leads_nowhere_is_a_missing_library(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"foundry.toml": '[profile.default]\nremappings = ["ds/=lib/ds-test/src/", "own/=src/own/"]\n', "remappings.txt": "oz/=lib/oz/contracts/\n"})
    found = locator(tmp_path, Machine()).dependencies(FOUNDRY)
    assert isinstance(found, MissingTool)
    assert (found.reason, found.hint) == ("libraries are not there: lib/ds-test, lib/oz", "forge install")


def test_cargo_fetches_by_itself(tmp_path: Path) -> None:
    assert locator(tmp_path, Machine()).dependencies(component(language=Language.RUST, kind=Kind.CARGO_CRATE, requires=("serde",))) is None


PIP = component(package_manager="pip")


@pytest.mark.parametrize(("files", "one", "missing", "expected"), [
    ({"uv.lock": "", "pyproject.toml": PROJECT}, component(package_manager="uv"), ["httpx", "trio"], "uv sync --frozen --extra http --group test"),
    ({"uv.lock": "", "api/pyproject.toml": PROJECT}, component("api", package_manager="uv", workspace_root="."), [], "uv sync --frozen --all-packages --group test"),
    ({"pyproject.toml": PROJECT}, component(package_manager="uv"), [], "uv sync --group test"),
    ({"pyproject.toml": '[tool.poetry.group.test.dependencies]\npytest = "^8"\n'}, component(package_manager="poetry"), ["pytest"], "poetry install --with test"),
    ({"pdm.lock": "", "pyproject.toml": PROJECT}, component(package_manager="pdm"), ["trio"], "pdm install --frozen-lockfile -G test"),
    ({}, component(package_manager="hatch"), [], "hatch env create"),
    ({"pyproject.toml": PROJECT}, PIP, ["httpx"], "python3 -m venv .venv && .venv/bin/pip install -e '.[http]'"),
    ({"requirements.txt": "flask\n", "requirements-dev.txt": "pytest\n"}, PIP, ["pytest"], "python3 -m venv .venv && .venv/bin/pip install -r requirements-dev.txt"),
    ({"pyproject.toml": PROJECT, "requirements.txt": "-e .[http]\npytest==8.0\ntrio\n"}, PIP, ["pytest", "trio", "httpx"],
     "python3 -m venv .venv && .venv/bin/pip install 'pip>=25.1' && .venv/bin/pip install -e '.[http]' --group test"),
    ({"setup.py": "", "requirements.txt": "-e .[http]\npytest==8.0\n"}, PIP, ["pytest"], "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"),
    ({"requirements.txt": "flask\n", ".venv/bin/pip": ""}, PIP, [], ".venv/bin/pip install -r requirements.txt"),
    ({"package-lock.json": ""}, js(), [], "npm ci"),
    ({"package.json": "{}"}, js(), [], "npm install --no-package-lock"),
    ({"package-lock.json": ""}, js("packages/a", workspace_root="."), [], "npm ci"),
    ({"web/package-lock.json": ""}, js("web"), [], "cd web && npm ci"),
    ({"package-lock.json": ""}, js("scripts"), [], "cd scripts && npm install --no-package-lock"),
    ({"package-lock.json": "", "web/x": ""}, js("web", lockfile="package-lock.json"), [], "npm ci"),
    ({"pnpm-lock.yaml": ""}, js(package_manager="pnpm"), [], "pnpm install --frozen-lockfile"),
    ({}, js(package_manager="pnpm"), [], "pnpm install --no-lockfile"),
    ({}, js(package_manager="yarn"), [], "yarn install --no-lockfile"),
    ({".yarnrc.yml": ""}, js(package_manager="yarn"), [], "yarn install"),
    ({"yarn.lock": "# yarn lockfile v1\n"}, js(package_manager="yarn"), [], "yarn install --frozen-lockfile"),
    ({"yarn.lock": "#x\n\n__metadata:\n  version: 8\n"}, js(package_manager="yarn"), [], "yarn install --immutable"),
    ({"bun.lock": ""}, js(package_manager="bun"), [], "bun install --frozen-lockfile"),
    ({"soldeer.lock": ""}, FOUNDRY, [], "forge soldeer install"),
    ({"package-lock.json": ""}, component(language=Language.SOLIDITY, kind=Kind.HARDHAT_PROJECT), [], "npm ci"),
])
def test_the_hint_is_the_projects_own_install_command(tmp_path: Path, files: Mapping[str, str], one: Component, missing: list[str], expected: str) -> None:
    assert hint(tmp_path, files, one, *missing) == expected


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="runs outside a virtual environment")
def test_an_environment_of_our_own_counts_when_it_is_active_and_holds_all_that_is_declared(tmp_path: Path) -> None:
    """Gatekeeper installed beside the project's dependencies, as in many CI images."""
    program(tmp_path / "tree" / "x")
    needs = component(requires=("pytest", "packaging"))
    assert locator(tmp_path, Machine()).dependencies(needs) is not None
    active = locator(tmp_path, Machine(), VIRTUAL_ENV=sys.prefix)
    assert active.dependencies(needs) is None
    assert active.dependencies(component(id="other", root="other", requires=("pytest", "no-such-distribution"))) is not None
