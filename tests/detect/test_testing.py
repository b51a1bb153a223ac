"""The test command is what the project itself runs, with its scope."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.detect.looking import CI, at, look, one, workflow

CRATE = {"Cargo.toml": '[package]\nname = "a"\nversion = "1.0.0"\n', "src/lib.rs": "#[test] fn x() {}"}
PROJECT = {"pyproject.toml": '[project]\nname = "x"\nversion = "1"\n', "tests/test_x.py": "", "src/x.py": ""}


def command(folder: Path, files: dict[str, str]) -> str | None:
    test = one(look(folder, files)).test
    return test.command if test else None


@pytest.mark.parametrize(("call", "said"), [
    ('cargo test --locked "${MSRV_FEATURES}"', "cargo test"), ("cargo +nightly t --workspace --no-fail-fast -- --nocapture", "cargo test --workspace"), ("cargo nextest run --workspace --profile ci", "cargo nextest run --workspace"),
    ("cargo test --no-run", "cargo test"), ("cargo test --doc\ncargo nextest run", "cargo nextest run"), ("cargo llvm-cov --lcov", "cargo test")])
def test_crates_run_what_ci_runs(tmp_path: Path, call: str, said: str) -> None:
    assert command(tmp_path, {**CRATE, CI: workflow(call)}) == said


def test_a_crate_with_tests_and_no_call_is_tested_by_cargo(tmp_path: Path) -> None:
    assert command(tmp_path / "a", CRATE) == "cargo test"
    assert command(tmp_path / "b", {**CRATE, "src/lib.rs": ""}) is None


def test_members_are_tested_as_part_of_their_workspace(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[workspace]\nmembers = ["a", "b"]\n', "a/Cargo.toml": CRATE["Cargo.toml"], "a/src/lib.rs": "#[test] fn x() {}", "b/Cargo.toml": CRATE["Cargo.toml"].replace('"a"', '"b"'),
             CI: workflow("cargo test --workspace")}
    detection = look(tmp_path, files)
    commands = {component.root: component.test.command if component.test else None for component in detection.components}
    assert commands == {".": "cargo test --workspace", "a": "cargo test -p a", "b": None}


def test_a_call_for_the_whole_workspace_is_the_roots_from_any_member(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[workspace]\nmembers = ["a"]\n', "a/Cargo.toml": CRATE["Cargo.toml"], CI: workflow("cd a && cargo test --workspace --exclude x")}
    test = at(look(tmp_path, files), ".").test
    assert test is not None
    assert test.command == "cargo test --workspace --exclude x"


@pytest.mark.parametrize(("call", "said"), [
    ("uv run pytest -v --tb=short", "pytest"), ("poetry run python -m pytest -p no:sugar -q tests/", "pytest tests/"), ("coverage run -m pytest", "pytest"), ('pytest -n auto -m "not slow" src tests', "pytest -m 'not slow' src tests"),
    ("python -m unittest discover -v -s tests", "python -m unittest discover -s tests"), ("python manage.py test", "python manage.py test"), ("make nothing", None)])
def test_python_projects_run_what_ci_runs(tmp_path: Path, call: str, said: str | None) -> None:
    assert command(tmp_path, {**PROJECT, CI: workflow(call)}) == said


def test_a_call_that_says_all_is_better_than_one_that_does_not(tmp_path: Path) -> None:
    files = {**PROJECT, CI: workflow("pytest tests/${{ matrix.part }}"), "tox.ini": "[testenv]\ncommands = pytest {posargs:tests}\n"}
    assert command(tmp_path, files) == "pytest tests"


def test_pytest_that_is_configured_and_has_tests_is_the_command(tmp_path: Path) -> None:
    configured = {**PROJECT, "pyproject.toml": PROJECT["pyproject.toml"] + "[tool.pytest.ini_options]\n"}
    assert command(tmp_path / "a", configured) == "pytest"
    assert command(tmp_path / "b", {name: text for name, text in configured.items() if "test_x" not in name}) is None
    assert command(tmp_path / "c", PROJECT) is None


@pytest.mark.parametrize(("package", "said"), [
    ('"scripts": {"test": "xo && ava"}', "npm test"), ('"packageManager": "pnpm@9.0.0", "scripts": {"test": "vitest"}', "pnpm test"), ('"packageManager": "bun@1.0.0", "scripts": {"test": "bun test"}', "bun run test"),
    ('"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1", "build": "tsc"}', None), ('"scripts": {"test:unit": "vitest run"}', "npm run test:unit"), ('"scripts": {"bench": "vitest bench"}', None)])
def test_packages_run_their_test_script(tmp_path: Path, package: str, said: str | None) -> None:
    assert command(tmp_path, {"package.json": f'{{"name": "x", {package}}}'}) == said


def test_a_package_without_test_script_runs_what_ci_runs(tmp_path: Path) -> None:
    assert command(tmp_path, {"package.json": '{"name": "x", "scripts": {"build": "tsc"}}', CI: workflow("npx playwright install", "npx vitest run --coverage")}) == "vitest run --coverage"


@pytest.mark.parametrize(("manager", "said"), [("yarn@4.0.0", "yarn workspace @o/a test"), ("pnpm@9.0.0", "pnpm --filter @o/a test"), ("npm@10.0.0", "npm test --workspace=@o/a"), ("bun@1.0.0", "bun run --filter @o/a test")])
def test_members_are_tested_from_the_root(tmp_path: Path, manager: str, said: str) -> None:
    files = {"package.json": f'{{"name": "r", "packageManager": "{manager}", "workspaces": ["a"], "scripts": {{"test": "x"}}}}', "a/package.json": '{"name": "@o/a", "scripts": {"test": "vitest"}}'}
    test = at(look(tmp_path, files), "a").test
    assert test is not None
    assert (test.command, test.evidence) == (said, "a/package.json scripts.test: vitest")


def test_hardhat_keeps_its_network_and_drops_its_reports(tmp_path: Path) -> None:
    files = {"package.json": '{"name": "c", "scripts": {"test": "hardhat test --network hardhat --gas-stats"}}', "hardhat.config.ts": "", "contracts/A.sol": ""}
    detection = look(tmp_path, files)
    solidity, javascript = at(detection, ".", "solidity").test, at(detection, ".", "javascript").test
    assert solidity is not None
    assert javascript is not None
    assert (solidity.command, javascript.command) == ("hardhat test --network hardhat", "npm test")


@pytest.mark.parametrize(("call", "said"), [("forge test -vvv", "forge test"), ("FOUNDRY_PROFILE=ci forge test --match-path 'test/unit/*' --gas-report", "forge test --match-path test/unit/*"), ("forge build", None)])
def test_foundry_projects_run_what_ci_runs(tmp_path: Path, call: str, said: str | None) -> None:
    assert command(tmp_path, {"foundry.toml": "[profile.default]\n", "src/A.sol": "", CI: workflow(call)}) == said


def test_a_foundry_project_with_tests_and_no_call_is_tested_by_forge(tmp_path: Path) -> None:
    assert command(tmp_path, {"foundry.toml": "[profile.default]\n", "src/A.sol": "", "test/A.t.sol": ""}) == "forge test"


def test_bun_test_is_the_runner_of_bun_whatever_the_script_is_called(tmp_path: Path) -> None:
    found = one(look(tmp_path, {"package.json": '{"name": "x", "scripts": {"test": "bun test"}}', "bun.lock": "{}", "a.test.ts": ""}))
    assert "test-runner:bun" in found.traits
