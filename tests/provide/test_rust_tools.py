"""cargo as rustup would choose it, worked out from files so that nothing is installed by looking."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.tool import LocatedTool, MissingTool
from gatekeeper.provide.rust import pinned_channel, subcommands
from tests.provide.making import Machine, cargo_tool, component, locator, program, versions, write

CARGO = cargo_tool("cargo", "test")
CLIPPY = cargo_tool("clippy", "clippy")
HOST = "x86_64-unknown-linux-gnu"
CRATE: Component = component(language=Language.RUST, kind=Kind.CARGO_CRATE, manifest="Cargo.toml")


def rustup(tmp_path: Path, *toolchains: str, default: str = f"stable-{HOST}", overrides: str = "") -> Path:
    """A home with rustup, its proxies on PATH, and toolchains with cargo in them; gives the folder of the proxies."""
    home = tmp_path / "home"
    scripts = home / ".cargo" / "bin"
    program(scripts / "rustup")
    (scripts / "cargo").symlink_to("rustup")
    for name in toolchains:
        program(home / ".rustup" / "toolchains" / name / "bin" / "cargo")
    write(home, {".rustup/settings.toml": f'version = "12"\ndefault_toolchain = "{default}"\n[overrides]\n{overrides}'})
    return scripts


def test_the_default_toolchain_is_handed_to_every_job(tmp_path: Path) -> None:
    scripts = rustup(tmp_path, f"stable-{HOST}")
    found = locator(tmp_path, Machine(versions(cargo="1.95.0")), CARGO, path=[scripts]).locate(CARGO, CRATE)
    assert found == LocatedTool(path=str(scripts / "cargo"), version="1.95.0", source="toolchain",
                                env={"RUSTUP_TOOLCHAIN": f"stable-{HOST}", "RUSTUP_AUTO_INSTALL": "0"})


def test_no_proxy_is_started_to_learn_a_version(tmp_path: Path) -> None:
    scripts = rustup(tmp_path, f"stable-{HOST}")
    machine = Machine(versions(cargo="1.95.0"))
    locator(tmp_path, machine, CARGO, path=[scripts]).locate(CARGO, CRATE)
    assert [call[0] for call in machine.calls] == [str(tmp_path / f"home/.rustup/toolchains/stable-{HOST}/bin/cargo")]
    assert machine.folders == ["/"]


@pytest.mark.parametrize(("name", "text"), [
    ("rust-toolchain.toml", '[toolchain]\nchannel = "1.80.0"\n'), ("rust-toolchain", "1.80.0\n"), ("rust-toolchain", '[toolchain]\nchannel = "1.80.0"\n')])
def test_a_pinned_toolchain_is_used(tmp_path: Path, name: str, text: str) -> None:
    scripts = rustup(tmp_path, f"stable-{HOST}", f"1.80.0-{HOST}")
    write(tmp_path / "tree", {name: text})
    inner = component("crates/a", language=Language.RUST, kind=Kind.CARGO_WORKSPACE_MEMBER)
    found = locator(tmp_path, Machine(versions(cargo="1.80.0")), CARGO, path=[scripts]).locate(CARGO, inner)
    assert isinstance(found, LocatedTool)
    assert found.env["RUSTUP_TOOLCHAIN"] == f"1.80.0-{HOST}"


def test_a_pinned_toolchain_that_is_not_installed_is_missing_and_nothing_runs(tmp_path: Path) -> None:
    scripts = rustup(tmp_path, f"stable-{HOST}")
    write(tmp_path / "tree", {"rust-toolchain.toml": '[toolchain]\nchannel = "1.70.0"\n'})
    machine = Machine(versions(cargo="1.95.0"))
    found = locator(tmp_path, machine, CARGO, path=[scripts]).locate(CARGO, CRATE)
    assert found == MissingTool(reason="rust-toolchain.toml asks for the toolchain 1.70.0, which is not installed", hint="rustup toolchain install 1.70.0")
    assert machine.calls == []


def test_the_variable_comes_before_the_pin(tmp_path: Path) -> None:
    scripts = rustup(tmp_path, f"stable-{HOST}", f"nightly-{HOST}")
    write(tmp_path / "tree", {"rust-toolchain.toml": '[toolchain]\nchannel = "1.70.0"\n'})
    found = locator(tmp_path, Machine(versions(cargo="1.97.0")), CARGO, path=[scripts], RUSTUP_TOOLCHAIN="nightly").locate(CARGO, CRATE)
    assert isinstance(found, LocatedTool)
    assert found.env["RUSTUP_TOOLCHAIN"] == f"nightly-{HOST}"


def test_a_directory_override_of_rustup_is_honoured(tmp_path: Path) -> None:
    scripts = rustup(tmp_path, f"stable-{HOST}", f"beta-{HOST}", overrides=f'"{tmp_path / "tree"}" = "beta-{HOST}"\n')
    found = locator(tmp_path, Machine(versions(cargo="1.96.0")), CARGO, path=[scripts]).locate(CARGO, CRATE)
    assert isinstance(found, LocatedTool)
    assert found.env["RUSTUP_TOOLCHAIN"] == f"beta-{HOST}"


def test_a_missing_component_names_the_command_that_adds_it(tmp_path: Path) -> None:
    scripts = rustup(tmp_path, f"stable-{HOST}")
    (scripts / "cargo-clippy").symlink_to("rustup")
    found = locator(tmp_path, Machine(versions(cargo="1.95.0")), CLIPPY, path=[scripts]).locate(CLIPPY, CRATE)
    assert isinstance(found, MissingTool)
    assert found.hint == f"rustup component add clippy --toolchain stable-{HOST}"


def test_a_component_of_the_toolchain_is_found(tmp_path: Path) -> None:
    scripts = rustup(tmp_path, f"stable-{HOST}")
    program(tmp_path / f"home/.rustup/toolchains/stable-{HOST}/bin/cargo-clippy")
    found = locator(tmp_path, Machine(versions(cargo="0.1.95")), CLIPPY, path=[scripts]).locate(CLIPPY, CRATE)
    assert isinstance(found, LocatedTool)
    assert found.version == "0.1.95"


def test_cargo_without_rustup_is_used_as_it_is(tmp_path: Path) -> None:
    program(tmp_path / "usr" / "bin" / "cargo")
    found = locator(tmp_path, Machine(versions(cargo="1.63.0")), CARGO, path=[tmp_path / "usr" / "bin"]).locate(CARGO, CRATE)
    assert found == LocatedTool(path=str(tmp_path / "usr/bin/cargo"), version="1.63.0", source="toolchain")


def test_without_cargo_the_hint_tells_where_rust_comes_from(tmp_path: Path) -> None:
    found = locator(tmp_path, Machine(), CARGO).locate(CARGO, CRATE)
    assert isinstance(found, MissingTool)
    assert "rustup.rs" in found.hint


def test_a_program_beside_cargo_is_found_in_cargos_own_folder(tmp_path: Path) -> None:
    rustup(tmp_path, f"stable-{HOST}")
    tool = cargo_tool("cargo-audit", "audit", executable="cargo-audit")
    path = program(tmp_path / "home" / ".cargo" / "bin" / "cargo-audit")
    found = locator(tmp_path, Machine(versions(**{"cargo-audit": "0.22.0"})), tool).locate(tool, CRATE)
    assert isinstance(found, LocatedTool)
    assert (found.path, found.version) == (str(path), "0.22.0")


def test_commands_of_cargo_itself_need_no_program_beside_it() -> None:
    assert subcommands(CARGO) == ()
    assert subcommands(CLIPPY) == ("cargo-clippy",)


def test_a_toolchain_that_the_repository_brings_is_not_started_by_looking(tmp_path: Path) -> None:
    scripts = rustup(tmp_path, f"stable-{HOST}")
    write(tmp_path / "tree", {"rust-toolchain.toml": '[toolchain]\npath = "rust"\n'})
    program(tmp_path / "tree" / "rust" / "bin" / "cargo")
    machine = Machine(versions(cargo="6.6.6"))
    found = locator(tmp_path, machine, CARGO, path=[scripts]).locate(CARGO, CRATE)
    assert isinstance(found, LocatedTool)
    assert (found.version, found.env["RUSTUP_TOOLCHAIN"]) == (None, str(tmp_path / "tree" / "rust"))
    assert machine.calls == []


@pytest.mark.parametrize("text", ["", "[toolchain]\n", "[toolchain", "toolchain = 3\n", "two words\n"])
def test_a_broken_pin_is_no_pin(text: str) -> None:
    assert pinned_channel(text, "/x") is None


def test_a_toolchain_by_path_is_taken_relative_to_its_file(tmp_path: Path) -> None:
    assert pinned_channel('[toolchain]\npath = "tools/rust"\n', str(tmp_path)) == os.path.join(tmp_path, "tools", "rust")
