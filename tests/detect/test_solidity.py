"""Foundry and Hardhat projects, and contracts that have neither."""

from __future__ import annotations

from pathlib import Path

from tests.detect.looking import at, look, one, shape

HARDHAT = 'export default defineConfig({ solidity: { version: "0.8.30", settings: {} } });\n'
PACKAGE = '{"name": "@o/c", "scripts": {"test": "hardhat test --network hardhat --gas-stats"}, "devDependencies": {"hardhat": "3"}}'


def test_a_foundry_project_is_one_component_and_its_libraries_are_none(tmp_path: Path) -> None:
    files = {"foundry.toml": "[profile.default]\nsolc = '0.8.17'\n", "src/A.sol": "", "test/A.t.sol": "", "lib/solmate/foundry.toml": "[profile.default]\n", "lib/solmate/package.json": PACKAGE,
             "package.json": '{"name": "@uniswap/permit2", "version": "1.0.0"}'}
    detection = look(tmp_path, files, submodules=("lib/forge-std",))
    component = one(detection)
    assert (component.kind, component.name, component.id, component.toolchain_pin) == ("foundry-project", "@uniswap/permit2", "permit2", "solc 0.8.17")
    assert component.traits[:2] == ("sources:src", "tests")
    assert [(item.root, item.reason) for item in detection.excluded] == [("lib", "vendored code of others")]


def test_library_folders_are_those_that_the_configuration_names(tmp_path: Path) -> None:
    files = {"foundry.toml": "[profile.default]\nlibs = ['deps']\n", "src/A.sol": "", "deps/x/foundry.toml": "", "lib/own/foundry.toml": "[profile.default]\n", "lib/own/src/B.sol": ""}
    assert shape(look(tmp_path, files)) == {".": "foundry-project", "lib/own": "foundry-project"}


def test_a_hardhat_root_is_one_component_per_language(tmp_path: Path) -> None:
    detection = look(tmp_path, {"hardhat.config.ts": HARDHAT, "package.json": PACKAGE, "tsconfig.json": "{}", "contracts/A.sol": "", "test/A.ts": ""})
    assert shape(detection) == {". typescript": "npm-package", ". solidity": "hardhat-project"}
    solidity = at(detection, ".", "solidity")
    assert (solidity.manifest, solidity.package_manager, solidity.lockfile, solidity.toolchain_pin) == ("hardhat.config.ts", None, None, "solc 0.8.30")
    assert at(detection, ".", "typescript").depends_on == (solidity.id,)


def test_with_both_configurations_the_test_script_decides(tmp_path: Path) -> None:
    files = {"foundry.toml": "[profile.default]\n", "hardhat.config.ts": HARDHAT, "contracts/A.sol": "", "test/A.t.sol": "", "package.json": PACKAGE}
    assert at(look(tmp_path / "a", files), ".", "solidity").kind == "hardhat-project"
    foundry = {**files, "package.json": PACKAGE.replace("hardhat test --network hardhat --gas-stats", "forge test")}
    assert at(look(tmp_path / "b", foundry), ".", "solidity").kind == "foundry-project"


def test_a_folder_called_contracts_without_solidity_is_nothing(tmp_path: Path) -> None:
    detection = look(tmp_path, {"package.json": '{"name": "web", "scripts": {"build": "next build"}}', "contracts/deployedContracts.ts": "", "hardhat.config.ts": HARDHAT})
    assert shape(detection) == {".": "npm-package"}


def test_bare_contracts_are_a_component_and_those_of_tests_are_not(tmp_path: Path) -> None:
    component = one(look(tmp_path, {"contracts/token/A.sol": "", "contracts/B.sol": "", "test/data/C.sol": "", "tests/fixtures/D.sol": ""}))
    assert (component.kind, component.root, component.manifest) == ("solidity-contracts", ".", "contracts")
    assert component.traits == ("sources:contracts",)


def test_solidity_among_the_test_data_of_another_project_is_nothing(tmp_path: Path) -> None:
    detection = look(tmp_path, {"Cargo.toml": '[package]\nname = "solang"\nversion = "1.0.0"\n', "src/main.rs": "", "testdata/a.sol": "", "tests/b.sol": ""})
    assert shape(detection) == {".": "cargo-crate"}


def test_a_broken_foundry_toml_is_a_problem_and_the_rest_is_found(tmp_path: Path) -> None:
    detection = look(tmp_path, {"a/foundry.toml": "[profile.default\n", "a/src/A.sol": "", "b/foundry.toml": "[profile.default]\nsrc = 'src'\n", "b/src/B.sol": ""})
    assert [component.root for component in detection.components if component.kind == "foundry-project"] == ["b"]
    assert [problem.file for problem in detection.problems] == ["a/foundry.toml"]
