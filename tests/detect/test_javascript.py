"""Packages and workspaces, as npm, yarn, pnpm and bun define them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.detect.looking import at, look, one, shape


def package(name: str | None = "x", **keys: object) -> str:
    return json.dumps(({"name": name} if name else {}) | {key.replace("_", "-"): value for key, value in keys.items()}, indent=1)


def member(name: str = "x", **keys: object) -> str:
    return package(name, scripts={"test": "node --test"}, **keys)


def test_a_package_with_scripts_is_a_component(tmp_path: Path) -> None:
    component = one(look(tmp_path, {"package.json": member("@org/p-limit", engines={"node": ">=20"}), "index.js": ""}))
    assert (component.id, component.language, component.kind, component.name) == ("p-limit", "javascript", "npm-package", "@org/p-limit")
    assert (component.package_manager, component.lockfile, component.toolchain_pin) == ("npm", None, "node >=20")
    assert component.scripts == (("test", "node --test"),)


@pytest.mark.parametrize("workspaces", [["packages/*"], {"packages": ["packages/*"]}, ["./packages/*/"], ["packages/**"]])
def test_lists_of_workspaces_may_be_arrays_or_tables(tmp_path: Path, workspaces: object) -> None:
    files = {"package.json": package("root", private=True, workspaces=workspaces), "packages/a/package.json": member("a"), "other/package.json": member("o")}
    assert shape(look(tmp_path, files)) == {".": "npm-workspace-root", "packages/a": "npm-workspace-member", "other": "npm-package"}


def test_negations_take_members_out_again(tmp_path: Path) -> None:
    files = {"package.json": package("root", workspaces=["packages/*", "!packages/old"]), "packages/a/package.json": member("a"), "packages/old/package.json": member("old")}
    assert shape(look(tmp_path, files))["packages/old"] == "npm-package"


def test_npm_lets_a_later_pattern_bring_back_what_was_taken_out(tmp_path: Path) -> None:
    files = {"package.json": package("root", workspaces=["packages/*", "!packages/*", "packages/a"]), "packages/a/package.json": member("a"), "packages/b/package.json": member("b")}
    detection = shape(look(tmp_path, files))
    assert (detection["packages/a"], detection["packages/b"]) == ("npm-workspace-member", "npm-package")


def test_pnpm_lists_win_over_package_json_and_deny_for_good(tmp_path: Path) -> None:
    files = {"package.json": package("root", workspaces=["old/*"]), "pnpm-workspace.yaml": "packages:\n  - '!apps/b'\n  - apps/*\n  - docs\n", "pnpm-lock.yaml": "",
             "apps/a/package.json": member("a"), "apps/b/package.json": member("b"), "docs/package.json": member("docs"), "old/c/package.json": member("c")}
    detection = look(tmp_path, files)
    assert {root for root, kind in shape(detection).items() if kind == "npm-workspace-member"} == {"apps/a", "docs"}
    assert (at(detection, "docs").package_manager, at(detection, "docs").lockfile) == ("pnpm", "pnpm-lock.yaml")


def test_two_stars_take_in_the_folder_itself(tmp_path: Path) -> None:
    files = {"package.json": package("root"), "pnpm-workspace.yaml": "packages: ['playground/**']\n", "playground/package.json": member("p"), "playground/a/b/package.json": member("b")}
    assert {root for root, kind in shape(look(tmp_path, files)).items() if kind == "npm-workspace-member"} == {"playground", "playground/a/b"}


def test_a_member_outside_the_workspace_is_refused(tmp_path: Path) -> None:
    detection = look(tmp_path, {"web/package.json": package("web", workspaces=["packages/*", "../api"]), "web/packages/a/package.json": member("a"), "api/package.json": member("api")})
    assert at(detection, "api").kind == "npm-package"
    assert [(problem.file, problem.message) for problem in detection.problems] == [
        ("web/package.json", "workspace member '../api' leads out of the workspace and is left out")]


def test_a_member_that_does_not_exist_is_a_problem(tmp_path: Path) -> None:
    (problem,) = look(tmp_path, {"package.json": package("root", scripts={"test": "x"}, workspaces=["gone"])}).problems
    assert problem.message == "workspace member 'gone' has no package.json"


def test_only_yarn_knows_workspaces_in_workspaces(tmp_path: Path) -> None:
    files = {"package.json": package("root", workspaces=["a"]), "a/package.json": member("a", workspaces=["b"]), "a/b/package.json": member("b")}
    assert shape(look(tmp_path, files))["a/b"] == "npm-package"
    assert shape(look(tmp_path, {**files, "yarn.lock": ""}))["a/b"] == "npm-workspace-member"


@pytest.mark.parametrize(("files", "manager", "lockfile"), [
    ({"package-lock.json": "{}"}, "npm", "package-lock.json"), ({"yarn.lock": ""}, "yarn", "yarn.lock"), ({"bun.lock": ""}, "bun", "bun.lock"),
    ({"bunfig.toml": ""}, "bun", None), ({".yarnrc.yml": ""}, "yarn", None), ({}, "npm", None),
    ({".github/workflows/ci.yml": "on: push\njobs: {a: {steps: [{run: pnpm install}]}}"}, "pnpm", None)])
def test_the_package_manager_is_told_by_files_and_by_ci(tmp_path: Path, files: dict[str, str], manager: str, lockfile: str | None) -> None:
    component = one(look(tmp_path, {"package.json": member(), **files}))
    assert (component.package_manager, component.lockfile) == (manager, lockfile)


def test_the_package_manager_field_gives_the_bare_name_and_outweighs_lock_files(tmp_path: Path) -> None:
    component = one(look(tmp_path, {"package.json": member(packageManager="yarn@4.13.0+sha512.x"), "package-lock.json": "{}", "yarn.lock": ""}))
    assert (component.package_manager, component.lockfile) == ("yarn", "yarn.lock")


def test_a_tsconfig_makes_it_typescript(tmp_path: Path) -> None:
    assert one(look(tmp_path / "a", {"package.json": member(), "tsconfig.json": "{}"})).language == "typescript"
    assert one(look(tmp_path / "b", {"package.json": member(devDependencies={"typescript": "5"}), "src/a.ts": ""})).language == "typescript"
    assert one(look(tmp_path / "c", {"package.json": member(devDependencies={"typescript": "5"}), "index.d.ts": "", "index.js": ""})).language == "javascript"


@pytest.mark.parametrize("content", [
    {"type": "module"}, {"name": "@org/contracts", "version": "1.0.0", "files": ["src/**"]}, {"name": "c", "scripts": {"prepack": "x"}}, {"name": "pin", "dependencies": {"pyright": "1"}}])
def test_a_package_json_that_only_publishes_marks_or_pins_is_no_component(tmp_path: Path, content: dict[str, object]) -> None:
    detection = look(tmp_path, {"a/package.json": json.dumps(content), "a/data.txt": ""})
    assert detection.components == ()
    assert [item.root for item in detection.excluded] == ["a"]


def test_installed_packages_are_left_out_as_a_whole(tmp_path: Path) -> None:
    detection = look(tmp_path, {"package.json": member(), "node_modules/a/package.json": member("a"), "node_modules/@o/b/package.json": member("b")})
    assert shape(detection) == {".": "npm-package"}
    assert [item.root for item in detection.excluded] == ["node_modules"]


def test_templates_and_fixtures_are_left_out_and_listed_playgrounds_stay(tmp_path: Path) -> None:
    files = {"package.json": package("root", workspaces=["packages/*", "playground/*", "packages/**/__tests__/**"]), "packages/create/package.json": member("create"),
             "packages/create/template-vue/package.json": member("t"), "playground/a/package.json": package("play"), "packages/create/__tests__/fixtures/x/package.json": member("f"),
             "packages/create/__tests__/data/package.json": package("d")}
    detection = look(tmp_path, files)
    assert shape(detection) == {".": "npm-workspace-root", "packages/create": "npm-workspace-member", "playground/a": "npm-workspace-member"}
    assert [item.root for item in detection.excluded] == ["packages/create/__tests__/data", "packages/create/__tests__/fixtures", "packages/create/template-vue"]


def test_packages_of_the_tree_are_dependencies_and_their_links_are_required(tmp_path: Path) -> None:
    files = {"package.json": package("root", workspaces=["a", "b"]), "a/package.json": member("@o/a"), "b/package.json": member(
        "@o/b", dependencies={"@o/a": "workspace:*", "left-pad": "1"}, devDependencies={"vitest": "1"}, peerDependencies={"react": "18", "vue": "3"},
        peerDependenciesMeta={"vue": {"optional": True}})}
    detection = look(tmp_path, files)
    component = at(detection, "b")
    assert component.depends_on == ("a",)
    assert component.requires == ("@o/a", "left-pad", "react", "vitest")
    assert at(detection, ".").requires == ("@o/a", "@o/b")


def test_local_links_connect_packages_without_a_workspace(tmp_path: Path) -> None:
    files = {"app/package.json": member("app", dependencies={"lib": "file:../lib"}), "lib/package.json": member("lib")}
    assert at(look(tmp_path, files), "app").depends_on == ("lib",)


def test_a_workspace_that_lists_its_own_root_is_refused(tmp_path: Path) -> None:
    detection = look(tmp_path, {"package.json": package("root", workspaces=["a"]), "yarn.lock": "", "a/package.json": member("a", workspaces=["../"])})
    assert shape(detection) == {".": "npm-workspace-root", "a": "npm-workspace-member"}
    assert len(detection.problems) == 1


def test_scripts_say_what_they_are(tmp_path: Path) -> None:
    scripts = {"lint": "eslint .", "typecheck": "tsc -p . && tsc -p web", "test": "npm run build && vitest run", "build": "vite build", "check": "npm run lint"}
    traits = one(look(tmp_path, {"package.json": package("x", scripts=scripts)})).traits
    assert "script:lint=eslint" in traits
    assert "script:check=eslint" in traits
    assert "script:typecheck" in traits
    assert "script:typecheck=tsc" not in traits
    assert "test-runner:vitest" in traits


@pytest.mark.parametrize(("line", "runner"), [("vitest run", "vitest"), ("cross-env CI=1 jest --ci", "jest"), ("c8 mocha", "mocha"), ("tsc && node --test dist", "node"),
                                              ("vitest run && echo done", None), ("vitest | tee log", None), ("ava", None), ("jest --watch", None)])
def test_a_known_runner_at_the_end_of_the_test_script_is_told(tmp_path: Path, line: str, runner: str | None) -> None:
    traits = one(look(tmp_path, {"package.json": package("x", scripts={"test": line})})).traits
    assert [trait for trait in traits if trait.startswith("test-runner:")] == ([f"test-runner:{runner}"] if runner else [])


@pytest.mark.parametrize("line", ["turbo run lint", "pnpm -r run lint", "yarn workspaces foreach -A run lint", "npm run lint --workspaces", "yarn workspace a lint", "npm run all:lint", "lerna run lint"])
def test_a_root_script_that_only_hands_on_delegates(tmp_path: Path, line: str) -> None:
    files = {"package.json": package("root", scripts={"lint": line, "all:lint": "turbo lint", "test": "vitest run"}, workspaces=["a"]),
             "a/package.json": package("a", scripts={"lint": "eslint ."})}
    traits = at(look(tmp_path, files), ".").traits
    assert "delegates:lint" in traits
    assert "delegates:test" not in traits


@pytest.mark.parametrize(("line", "reached"), [
    ("yarn workspaces foreach -A --exclude '{b,root}' run test", ["a"]), ("yarn workspaces foreach -A --exclude b run test", ["a"]), ("pnpm -r --filter '!b' run test", ["a"]),
    ("lerna run test --ignore b", ["a"]), ("yarn workspace b test && yarn a:test", ["b", "a"]), ("pnpm -r run test", ["a", "b"])])
def test_a_delegating_script_tells_which_packages_it_reaches(tmp_path: Path, line: str, reached: list[str]) -> None:
    files = {"package.json": package("root", scripts={"test": line, "a:test": "yarn workspace a test"}, workspaces=["a", "b"]),
             "a/package.json": package("a", scripts={"test": "node test.js"}), "b/package.json": package("b", scripts={"test": "node test.js"})}
    traits = at(look(tmp_path, files), ".").traits
    assert [trait.partition("=")[2] for trait in traits if trait.startswith("delegates:test=")] == reached
    assert "folded:test" not in traits


def test_a_delegating_script_is_folded_where_its_packages_call_one_tool_each(tmp_path: Path) -> None:
    files = {"package.json": package("root", scripts={"lint": "yarn workspace a lint && yarn workspace b lint"}, workspaces=["a", "b"]),
             "a/package.json": package("a", scripts={"lint": "eslint ."}), "b/package.json": package("b", scripts={"lint": "yarn eslint src"})}
    assert "folded:lint" in at(look(tmp_path, files), ".").traits


def test_the_npm_placeholder_is_marked(tmp_path: Path) -> None:
    component = one(look(tmp_path, {"package.json": package("x", scripts={"test": 'echo "Error: no test specified" && exit 1', "build": "tsc"})}))
    assert "placeholder:test" in component.traits
    assert "script:test" not in component.traits
    assert component.test is None


@pytest.mark.parametrize("tool", ["xo", "oxfmt --check"])
def test_a_script_is_not_said_to_be_a_tool_that_no_job_could_run(tmp_path: Path, tool: str) -> None:
    traits = one(look(tmp_path, {"package.json": package("x", scripts={"lint": tool}, devDependencies={tool.partition(" ")[0]: "1"})})).traits
    assert "script:lint" in traits
    assert not [trait for trait in traits if trait.startswith("script:lint=")]


@pytest.mark.parametrize(("settings", "extra", "solution"), [
    ('{"files": [], "references": [{"path": "./tsconfig.app.json"}]}', {}, True), ('{"files": [], /* why */ "references": [{"path": "./a"}],}', {}, True),
    ('{"include": ["src"], "references": [{"path": "./a"}]}', {}, False), ('{"references": [{"path": "./a"}]}', {}, False), ('{"files": []}', {}, False),
    ('{"files": [], "references": [{"path": "./a"}]}', {"devDependencies": {"vue-tsc": "2"}}, False)])
def test_a_tsconfig_that_only_refers_to_others_is_a_solution(tmp_path: Path, settings: str, extra: dict[str, object], solution: bool) -> None:
    component = one(look(tmp_path, {"package.json": package("x", scripts={"build": "tsc -b"}, **extra), "tsconfig.json": settings, "src/a.ts": ""}))
    assert ("solution:tsc -b" in component.traits) is solution
