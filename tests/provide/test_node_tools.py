"""npm tools in node_modules, at pinned versions, and package managers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.tool import LocatedTool, MissingTool, Provide
from gatekeeper.provide.managed import Permission
from tests.provide.making import Machine, component, locator, npm, npm_tool, package, program, versions, write

ESLINT = npm_tool("eslint", "10.15.0")
VITEST = npm_tool("vitest")
SCRIPT = npm_tool("script")


def js(root: str = ".", **more: object) -> Component:
    return component(root, Language.JAVASCRIPT, Kind.NPM_PACKAGE, **{"manifest": "package.json", "package_manager": "npm", **more})


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A folder with node and npm."""
    program(tmp_path / "usr" / "bin" / "npm")
    return program(tmp_path / "usr" / "bin" / "node").parent


def test_the_nearest_node_modules_wins(tmp_path: Path, node: Path) -> None:
    package(tmp_path / "tree", "eslint", "8.0.0", binary="eslint")
    package(tmp_path / "tree" / "packages" / "a", "eslint", "9.0.0", binary="eslint")
    box = locator(tmp_path, Machine(), ESLINT, path=[node])
    near, far = box.locate(ESLINT, js("packages/a", id="a")), box.locate(ESLINT, js("packages/b", id="b"))
    assert isinstance(near, LocatedTool)
    assert isinstance(far, LocatedTool)
    assert (near.version, far.version) == ("9.0.0", "8.0.0")
    assert near.source == "project"


def test_node_modules_above_the_root_are_not_looked_at(tmp_path: Path, node: Path) -> None:
    package(tmp_path, "vitest", "1.0.0", binary="vitest")
    assert isinstance(locator(tmp_path, Machine(), VITEST, path=[node]).locate(VITEST, js()), MissingTool)


@pytest.mark.parametrize(("name", "text"), [
    ("package-lock.json", '{"lockfileVersion": 3, "packages": {"node_modules/eslint": {"version": "9.1.0"}}}'),
    ("package-lock.json", '{"lockfileVersion": 1, "dependencies": {"eslint": {"version": "9.1.0"}}}'),
    ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    devDependencies:\n      eslint:\n        specifier: ^9.0.0\n        version: 9.1.0(jiti@2.0.0)\n\npackages:\n"),
    ("pnpm-lock.yaml", "lockfileVersion: 5.4\n\nspecifiers:\n  eslint: ^9.0.0\n\ndevDependencies:\n  eslint: 9.1.0\n\npackages:\n"),
    ("yarn.lock", '# yarn lockfile v1\n\n\neslint@^9.0.0:\n  version "9.1.0"\n  resolved "x"\n'),
    ("yarn.lock", '__metadata:\n  version: 8\n\n"eslint@npm:^9.0.0":\n  version: 9.1.0\n  resolution: "eslint@npm:9.1.0"\n'),
    ("bun.lock", '{\n  "packages": {\n    "eslint": ["eslint@9.1.0", "", {}, "sha512-x"],\n  }\n}\n'),
    ("package.json", '{"devDependencies": {"eslint": "9.1.0"}}'),
    (".pre-commit-config.yaml", "repos:\n- repo: https://github.com/pre-commit/mirrors-eslint\n  rev: v9.1.0\n  hooks:\n  - id: eslint\n"),
])
def test_the_version_that_the_project_pins_is_provided(tmp_path: Path, node: Path, name: str, text: str) -> None:
    write(tmp_path / "tree", {name: text})
    machine = Machine(npm("eslint"), versions(eslint="9.1.0"))
    found = locator(tmp_path, machine, ESLINT, path=[node]).locate(ESLINT, js())
    assert isinstance(found, LocatedTool)
    assert (found.version, found.source) == ("9.1.0", "pinned")
    install = machine.started("npm")[0]
    assert "eslint@9.1.0" in install
    assert "--ignore-scripts" in install


def test_a_lock_with_two_versions_gives_the_one_that_the_manifest_asks_for(tmp_path: Path, node: Path) -> None:
    write(tmp_path / "tree", {"package.json": '{"devDependencies": {"eslint": "^8.0.0"}}',
                              "yarn.lock": 'eslint@^8.0.0:\n  version "8.5.0"\n\neslint@^9.0.0:\n  version "9.1.0"\n'})
    found = locator(tmp_path, Machine(npm("eslint"), versions(eslint="8.5.0")), ESLINT, path=[node]).locate(ESLINT, js())
    assert isinstance(found, LocatedTool)
    assert found.version == "8.5.0"


def test_a_members_own_version_comes_before_the_hoisted_one(tmp_path: Path, node: Path) -> None:
    lock = '{"packages": {"node_modules/eslint": {"version": "9.1.0"}, "packages/a/node_modules/eslint": {"version": "8.5.0"}}}'
    write(tmp_path / "tree", {"package-lock.json": lock})
    found = locator(tmp_path, Machine(npm("eslint"), versions(eslint="8.5.0")), ESLINT, path=[node]).locate(ESLINT, js("packages/a"))
    assert isinstance(found, LocatedTool)
    assert found.version == "8.5.0"


def test_without_node_nothing_from_npm_can_run(tmp_path: Path) -> None:
    package(tmp_path / "tree", "eslint", "9.0.0", binary="eslint")
    found = locator(tmp_path, Machine(), ESLINT).locate(ESLINT, js())
    assert isinstance(found, MissingTool)
    assert "Node.js" in found.reason


def test_a_runner_that_is_not_provided_names_the_install_command(tmp_path: Path, node: Path) -> None:
    write(tmp_path / "tree", {"pnpm-lock.yaml": ""})
    found = locator(tmp_path, Machine(), VITEST, path=[node]).locate(VITEST, js("web", package_manager="pnpm", workspace_root="."))
    assert found == MissingTool(reason="vitest is not installed in node_modules", hint="pnpm install --frozen-lockfile", dependencies=True)


def test_the_wrapper_in_front_of_a_native_program_is_never_used(tmp_path: Path, node: Path) -> None:
    forge = npm_tool("forge", languages=(Language.SOLIDITY,), provide=Provide(npm="@foundry-rs/forge-linux-amd64@1.7.1", binary="bin/forge"))
    package(tmp_path / "tree", "@foundry-rs/forge", "1.7.1", binary="forge")
    package(tmp_path / "usr" / "lib", "@foundry-rs/forge", "1.7.1")
    wrapper = program(tmp_path / "usr/lib/node_modules/@foundry-rs/forge/bin.mjs")
    (node / "forge").symlink_to(wrapper)
    found = locator(tmp_path, Machine(versions(forge="1.7.1")), forge, path=[node], permission=Permission.NEVER).locate(forge, None)
    assert isinstance(found, MissingTool)


def test_scripts_run_through_the_components_package_manager(tmp_path: Path, node: Path) -> None:
    found = locator(tmp_path, Machine(), SCRIPT, path=[node]).locate(SCRIPT, js())
    assert isinstance(found, LocatedTool)
    assert found.path == str(node / "npm")


def test_scripts_need_the_tools_of_the_package_too(tmp_path: Path, node: Path) -> None:
    write(tmp_path / "tree", {"package-lock.json": "{}"})
    box = locator(tmp_path, Machine(), SCRIPT, ESLINT, path=[node])
    one = js(requires=("eslint",))
    assert box.dependencies(one) is None
    assert box.locate(SCRIPT, one) == MissingTool(reason="there is no node_modules with eslint", hint="npm ci", dependencies=True)


def test_the_version_of_a_package_manager_is_read_and_not_asked(tmp_path: Path, node: Path) -> None:
    real = program(tmp_path / "usr" / "lib" / "npm" / "bin" / "npm-cli.js")
    write(tmp_path / "usr" / "lib" / "npm", {"package.json": '{"name": "npm", "version": "11.19.1"}'})
    (node / "npm").unlink()
    (node / "npm").symlink_to(real)
    machine = Machine()
    found = locator(tmp_path, machine, SCRIPT, path=[node]).locate(SCRIPT, js())
    assert isinstance(found, LocatedTool)
    assert found.version == "11.19.1"
    assert machine.calls == []


def test_a_package_manager_that_is_not_there_is_provided_at_the_version_that_package_json_pins(tmp_path: Path, node: Path) -> None:
    write(tmp_path / "tree", {"package.json": '{"packageManager": "pnpm@9.1.0+sha512.abc"}'})
    machine = Machine(npm("pnpm"), versions(pnpm="9.1.0"))
    found = locator(tmp_path, machine, SCRIPT, path=[node]).locate(SCRIPT, js(package_manager="pnpm"))
    assert "pnpm@9.1.0" in machine.started("npm")[0]
    assert isinstance(found, LocatedTool)
    assert (found.version, found.source) == ("9.1.0", "pinned")
    assert found.env["PATH"].split(os.pathsep)[0] == os.path.dirname(found.path), "scripts call it again by its name"


def test_the_yarn_that_the_repository_brings_is_named_but_not_started(tmp_path: Path, node: Path) -> None:
    write(tmp_path / "tree", {".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.5.0.cjs\n", ".yarn/releases/yarn-4.5.0.cjs": "throw 1",
                              "package.json": '{"packageManager": "yarn@4.5.0"}'})
    machine = Machine()
    found = locator(tmp_path, machine, SCRIPT, path=[node]).locate(SCRIPT, js(package_manager="yarn"))
    assert isinstance(found, LocatedTool)
    assert (found.path, found.version, found.prefix) == (str(node / "node"), "4.5.0", (str(tmp_path / "tree/.yarn/releases/yarn-4.5.0.cjs"),))
    assert machine.calls == []


def test_yarn_keeps_its_state_out_of_a_tree_that_has_none(tmp_path: Path, node: Path) -> None:
    program(node / "yarn")
    first = locator(tmp_path, Machine(), SCRIPT, path=[node]).locate(SCRIPT, js(package_manager="yarn"))
    assert isinstance(first, LocatedTool)
    assert first.env["YARN_INSTALL_STATE_PATH"].startswith(str(tmp_path / "cache"))
    write(tmp_path / "tree", {".yarn/install-state.gz": ""})
    second = locator(tmp_path, Machine(), SCRIPT, path=[node]).locate(SCRIPT, js(package_manager="yarn"))
    assert isinstance(second, LocatedTool)
    assert second.env == {"YARN_ENABLE_TELEMETRY": "0"}


def test_a_yarn_path_that_leads_out_of_the_tree_is_ignored(tmp_path: Path, node: Path) -> None:
    write(tmp_path, {"evil.cjs": "", "tree/.yarnrc.yml": "yarnPath: ../evil.cjs\n"})
    program(node / "yarn")
    found = locator(tmp_path, Machine(), SCRIPT, path=[node]).locate(SCRIPT, js(package_manager="yarn"))
    assert isinstance(found, LocatedTool)
    assert found.path == str(node / "yarn")


def test_with_plug_and_play_tools_run_through_yarn(tmp_path: Path, node: Path) -> None:
    program(node / "yarn")
    write(tmp_path / "tree", {".pnp.cjs": "", "yarn.lock": '"eslint@npm:^9.0.0":\n  version: 9.1.0\n'})
    box = locator(tmp_path, Machine(), ESLINT, path=[node])
    found = box.locate(ESLINT, js(package_manager="yarn", requires=("eslint", "globals")))
    assert isinstance(found, LocatedTool)
    assert (found.prefix, found.version) == (("run", "eslint"), "9.1.0")
    assert box.dependencies(js(package_manager="yarn", requires=("eslint", "globals"))) is None
