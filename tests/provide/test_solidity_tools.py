"""Solidity compilers by pragma, and how forge finds them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.ports import Completed
from gatekeeper.model.tool import LocatedTool, MissingTool, Provide, Tool, Traces, VersionProbe
from gatekeeper.provide.foundry import foundry_solc, output_variables
from gatekeeper.provide.managed import Permission
from gatekeeper.provide.places import Surroundings
from gatekeeper.provide.pragma import allows, choose, choose_each, expressions, parse_version
from gatekeeper.provide.sources import own_sources, wanted_versions
from tests.provide.making import Machine, component, locator, npm_tool, program, versions, virtual_environment, write

SOLC = npm_tool("solc", "0.8.37", languages=(Language.SOLIDITY,), version_probe=VersionProbe(pattern=r"(\d+\.\d+\.\d+\S*)"))
FORGE = npm_tool("forge", languages=(Language.SOLIDITY,), provide=Provide(npm="@foundry-rs/forge-linux-amd64@1.7.1", binary="bin/forge"))
CONTRACTS: Component = component(language=Language.SOLIDITY, kind=Kind.FOUNDRY_PROJECT, manifest="foundry.toml", package_manager="forge")
NEWEST = (0, 8, 37)


def npm_with_solc(argv: Sequence[str], cwd: str) -> Completed | None:
    """An npm that remembers which solc it installed, and forge; a `solc` that answers with that version."""
    name = os.path.basename(argv[0])
    if name == "npm":
        write(Path(cwd), {"package-lock.json": '{"packages": {"node_modules/solc": {"integrity": "sha512-00"}}}'})
        for word in argv:
            if word.startswith("solc@"):
                write(Path(cwd), {"version": word.partition("@")[2]})
        for forge in ("linux-amd64", "linux-arm64", "darwin-arm64"):
            program(Path(cwd) / "node_modules" / "@foundry-rs" / f"forge-{forge}" / "bin" / "forge")
        return Completed(exit_code=0)
    if name == "solc":
        return Completed(exit_code=0, stdout=(Path(argv[0]).parents[1] / "version").read_bytes() + b"+commit.x\n")
    return None


def tools(tmp_path: Path) -> tuple[Machine, Path]:
    write(tmp_path / "tree", {".gitignore": "out/\n/cache\n"})
    program(tmp_path / "usr" / "npm")
    program(tmp_path / "usr" / "node")
    return Machine(npm_with_solc, versions(forge="1.7.1")), tmp_path / "usr"


@pytest.mark.parametrize(("expression", "accepted", "refused"), [
    ("^0.8.20", "0.8.20 0.8.37", "0.8.19 0.9.0 0.7.6"),
    ("0.8.19", "0.8.19", "0.8.18 0.8.20"),
    ("=0.7.6", "0.7.6", "0.7.5 0.8.0"),
    (">=0.6.2 <0.9.0", "0.6.2 0.8.37", "0.6.1 0.9.0"),
    (">0.8.4", "0.8.5", "0.8.4"),
    ("<=0.8.4", "0.8.4 0.4.26", "0.8.5"),
    ("~0.8.4", "0.8.37", "0.9.0 0.8.3"),
    ("^0.7.0 || ^0.8.0", "0.7.1 0.8.1", "0.6.12"),
    ("0.7.0 - 0.8.2", "0.7.6 0.8.2", "0.8.3 0.6.12"),
    ("0.8", "0.8.0 0.8.37", "0.7.6"),
    ("*", "0.8.37", ""),
    (">= 0.8.0 < 0.9.0", "0.8.1", "0.9.1"),
])
def test_version_expressions_mean_what_solc_takes_them_for(expression: str, accepted: str, refused: str) -> None:
    for text in accepted.split():
        assert allows(expression, parse_version(text) or (9, 9, 9)), text
    for text in refused.split():
        assert not allows(expression, parse_version(text) or (9, 9, 9)), text


def test_pragmas_in_comments_do_not_count() -> None:
    source = "// pragma solidity 0.4.0;\n/* pragma solidity 0.5.0; */\npragma solidity\n  >=0.8.0\n  <0.9.0;\npragma abicoder v2;\n"
    assert expressions(source) == (">=0.8.0 <0.9.0",)


def test_one_compiler_is_the_default_where_it_fits_and_else_the_highest_that_does() -> None:
    assert choose(["^0.8.0", ">=0.6.0"], NEWEST) == NEWEST
    assert choose(["^0.8.0", "<0.8.20"], NEWEST) == (0, 8, 19)
    assert choose([">=0.7.0 <0.8.0"], NEWEST) == (0, 7, 6)
    assert choose(["=0.7.6", "^0.8.0"], NEWEST) is None
    assert choose([], NEWEST) == NEWEST


def test_several_compilers_are_as_few_as_the_sources_need() -> None:
    assert choose_each(["=0.7.6", "^0.8.0", ">=0.7.0"], NEWEST) == ((NEWEST, (0, 7, 6)), ())
    assert choose_each(["<0.4.0", "^0.8.0"], NEWEST) == ((NEWEST,), ("<0.4.0",))


def test_forge_gets_a_folder_with_every_compiler_that_its_sources_need(tmp_path: Path) -> None:
    machine, path = tools(tmp_path)
    write(tmp_path / "tree", {"src/A.sol": "pragma solidity ^0.8.20;", "src/B.sol": "pragma solidity =0.7.6;", "lib/x/C.sol": "pragma solidity 0.5.0;"})
    found = locator(tmp_path, machine, SOLC, FORGE, path=[path]).locate(FORGE, CONTRACTS)
    assert isinstance(found, LocatedTool)
    assert found.env["FOUNDRY_OFFLINE"] == "true"
    svm = Path(found.env["XDG_DATA_HOME"]) / "svm"
    assert sorted(os.listdir(svm)) == ["0.7.6", "0.8.37"]
    assert os.access(svm / "0.7.6" / "solc-0.7.6", os.X_OK)


def test_the_version_in_foundry_toml_decides(tmp_path: Path) -> None:
    machine, path = tools(tmp_path)
    write(tmp_path / "tree", {"foundry.toml": '[profile.default]\nsolc_version = "0.8.19"\n', "src/A.sol": "pragma solidity ^0.8.0;"})
    box = locator(tmp_path, machine, SOLC, FORGE, path=[path])
    found = box.locate(FORGE, CONTRACTS)
    assert isinstance(found, LocatedTool)
    assert os.listdir(Path(found.env["XDG_DATA_HOME"]) / "svm") == ["0.8.19"]
    assert "solc@0.8.19" in machine.started("solc@0.8.19")[0]
    assert (box.solc(CONTRACTS) or "").endswith("/bin/solc")


def test_compilers_that_svm_has_already_are_left_to_forge(tmp_path: Path) -> None:
    machine, path = tools(tmp_path)
    write(tmp_path / "tree", {"src/A.sol": "pragma solidity 0.8.20;"})
    program(tmp_path / "home" / ".svm" / "0.8.20" / "solc-0.8.20")
    box = locator(tmp_path, machine, SOLC, FORGE, path=[path])
    found = box.locate(FORGE, CONTRACTS)
    assert isinstance(found, LocatedTool)
    assert found.env == {"FOUNDRY_OFFLINE": "true"}
    assert box.solc(CONTRACTS) == str(tmp_path / "home/.svm/0.8.20/solc-0.8.20")


def test_where_svm_lacks_the_compiler_forge_is_given_one(tmp_path: Path) -> None:
    machine, path = tools(tmp_path)
    write(tmp_path / "tree", {"src/A.sol": "pragma solidity 0.8.20;"})
    program(tmp_path / "home" / ".svm" / "0.8.1" / "solc-0.8.1")
    found = locator(tmp_path, machine, SOLC, FORGE, path=[path]).locate(FORGE, CONTRACTS)
    assert isinstance(found, LocatedTool)
    assert found.env["FOUNDRY_SOLC"].endswith("/bin/solc")


def test_a_native_compiler_on_path_comes_before_npms(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"A.sol": "pragma solidity ^0.8.0;"})
    program(tmp_path / "native" / "solc")
    box = locator(tmp_path, Machine(versions(solc="0.8.30+commit.x")), SOLC, path=[tmp_path / "native"])
    bare = component(language=Language.SOLIDITY, kind=Kind.SOLIDITY_CONTRACTS)
    found = box.locate(SOLC, bare)
    assert isinstance(found, LocatedTool)
    assert (found.version, found.source) == ("0.8.30", "path")


def test_a_native_compiler_that_the_sources_refuse_is_not_used(tmp_path: Path) -> None:
    machine, path = tools(tmp_path)
    write(tmp_path / "tree", {"A.sol": "pragma solidity 0.8.20;"})
    program(tmp_path / "native" / "solc")
    machine.answers.insert(0, lambda argv, _cwd: Completed(exit_code=0, stdout=b"Version: 0.8.30+x") if argv[0] == str(tmp_path / "native/solc") else None)
    found = locator(tmp_path, machine, SOLC, path=[tmp_path / "native", path]).locate(SOLC, component(language=Language.SOLIDITY, kind=Kind.SOLIDITY_CONTRACTS))
    assert isinstance(found, LocatedTool)
    assert (found.version, found.source) == ("0.8.20", "pinned")


def test_sources_that_no_compiler_fits_are_said_to_be_so(tmp_path: Path) -> None:
    machine, path = tools(tmp_path)
    write(tmp_path / "tree", {"A.sol": "pragma solidity 0.8.20;", "B.sol": "pragma solidity 0.7.6;"})
    found = locator(tmp_path, machine, SOLC, path=[path]).locate(SOLC, component(language=Language.SOLIDITY, kind=Kind.SOLIDITY_CONTRACTS))
    assert isinstance(found, MissingTool)
    assert "0.7.6, 0.8.20" in found.reason


def test_without_a_compiler_forge_still_formats_but_cannot_build(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"src/A.sol": "pragma solidity ^0.8.20;"})
    program(tmp_path / "usr" / "forge")
    box = locator(tmp_path, Machine(versions(forge="1.7.1")), SOLC, FORGE, path=[tmp_path / "usr"], permission=Permission.NEVER)
    assert isinstance(box.locate(FORGE, CONTRACTS), LocatedTool)
    absent = box.dependencies(CONTRACTS)
    assert isinstance(absent, MissingTool)
    assert absent.reason.startswith("solc 0.8.37 is not installed")


def test_looking_makes_no_folder_of_compilers(tmp_path: Path) -> None:
    machine, path = tools(tmp_path)
    write(tmp_path / "tree", {"src/A.sol": "pragma solidity ^0.8.20;"})
    found = locator(tmp_path, machine, SOLC, FORGE, path=[path], permission=Permission.ANNOUNCE).locate(FORGE, CONTRACTS)
    assert isinstance(found, LocatedTool)
    assert not (tmp_path / "cache").exists()
    assert machine.calls == []


@pytest.mark.parametrize(("files", "kept"), [
    ({}, False),
    ({".gitignore": "out/\ncache\n"}, True),
    ({".gitignore": "/sol/out\nsol/cache/\n"}, True),
    ({"sol/.gitignore": "/out\n**/cache/\n"}, True),
    ({".gitignore": "out/\n"}, False),
    ({"sol/foundry.toml": '[profile.default]\nout = "artifacts"\n', ".gitignore": "out/\ncache/\n"}, False),
    ({"sol/foundry.toml": '[profile.default]\nfs_permissions = [{ access = "read", path = "./out" }]\n'}, True),
])
def test_forge_writes_into_our_cache_where_the_project_does_not_ignore_its_output(tmp_path: Path, files: Mapping[str, str], kept: bool) -> None:
    root = write(tmp_path / "tree", {"sol/foundry.toml": "", **files})
    said = output_variables(Surroundings(root=str(root), environment={}), component("sol", Language.SOLIDITY, Kind.FOUNDRY_PROJECT), str(tmp_path / "home"))
    assert (said == {}) == kept
    assert all(path.startswith(str(tmp_path / "home")) for path in said.values())


@pytest.mark.parametrize(("statement", "files"), [
    ('import "./sub/L.sol";', {"src/sub/L.sol": "pragma solidity 0.8.1;"}),
    ('import {L as M} from "../lib/x/L.sol";', {"lib/x/L.sol": "pragma solidity 0.8.1;"}),
    ('import "x/L.sol";', {"lib/x/src/L.sol": "pragma solidity 0.8.1;"}),
    ('import * as L from "x/src/L.sol";', {"lib/x/src/L.sol": "pragma solidity 0.8.1;", "remappings.txt": "x/=lib/x/\n"}),
    ('import {\n  L,\n  M\n} from "@oz/L.sol";', {"lib/oz/L.sol": "pragma solidity 0.8.1;", "foundry.toml": '[profile.default]\nremappings = ["@oz/=lib/oz/"]\n'}),
    ('import "@scope/p/L.sol";', {"node_modules/@scope/p/L.sol": "pragma solidity 0.8.1;"}),
])
def test_what_sources_import_has_a_say_in_the_compiler(tmp_path: Path, statement: str, files: Mapping[str, str]) -> None:
    root = write(tmp_path, {"src/A.sol": f"pragma solidity ^0.8.0;\n{statement}\n", "lib/other/U.sol": "pragma solidity 0.4.0;", **files})
    assert wanted_versions(Surroundings(root=str(root), environment={}), None) == ["^0.8.0", "0.8.1"]


def test_imports_in_a_circle_or_out_of_the_tree_end(tmp_path: Path) -> None:
    write(tmp_path, {"evil.sol": "pragma solidity 0.4.0;"})
    root = write(tmp_path / "tree", {"A.sol": 'import "./B.sol";\nimport "../evil.sol";\n', "B.sol": 'pragma solidity 0.8.1;\nimport "./A.sol";\nimport "gone.sol";'})
    assert wanted_versions(Surroundings(root=str(root), environment={}), None) == ["0.8.1"]


def test_libraries_and_build_output_are_not_the_components_sources(tmp_path: Path) -> None:
    write(tmp_path, {"src/A.sol": "", "lib/x/B.sol": "", "node_modules/y/C.sol": "", "out/D.sol/E.sol": "", ".hidden/F.sol": "", "test/G.t.sol": ""})
    assert [os.path.relpath(path, tmp_path) for path in own_sources(str(tmp_path))] == ["src/A.sol", "test/G.t.sol"]


@pytest.mark.parametrize("text", ["", "[profile", "profile = 3\n", "[profile.default]\nsolc = 8\n"])
def test_a_broken_foundry_toml_names_no_compiler(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"foundry.toml": text})
    assert foundry_solc(str(tmp_path)) is None


def test_slither_finds_the_forge_that_builds_for_it(tmp_path: Path) -> None:
    machine, path = tools(tmp_path)
    slither = Tool(id="slither", executable="slither", languages=(Language.SOLIDITY,), traces=Traces(pypi=("slither-analyzer",)), version_probe=VersionProbe(pattern=r"(\S+)"))
    virtual_environment(tmp_path / "tree" / ".venv", "slither_analyzer-0.11.6", scripts=["slither"])
    found = locator(tmp_path, machine, FORGE, SOLC, slither, path=[path]).locate(slither, CONTRACTS)
    assert isinstance(found, LocatedTool)
    assert "forge" in os.listdir(found.env["PATH"].split(os.pathsep)[0])
    assert found.env["FOUNDRY_OFFLINE"] == "true"
