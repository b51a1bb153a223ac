"""What a program runs with: environments by what their installers wrote, and what cannot be vouched for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gatekeeper.model.tool import LocatedTool
from gatekeeper.provide.installed import Installed, State, UnknownStateError, environment_around, modules_above
from gatekeeper.tree.digests import Digests


def installed(root: Path, **environment: str) -> Installed:
    return Installed(str(root), Digests(str(root)).of, environment)


def words(states: tuple[State, ...]) -> tuple[str, ...]:
    return tuple(word for state in states for name, word in state.words)


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A virtual environment with one distribution and a script of it."""
    folder = tmp_path / ".venv"
    site = folder / "lib" / "python3.11" / "site-packages"
    (site / "tool-1.0.dist-info").mkdir(parents=True)
    (site / "tool-1.0.dist-info" / "RECORD").write_text("tool.py,sha256=a,1\n")
    (site / "tool.py").write_text("pass\n")
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)
    script = folder / "bin" / "tool"
    script.write_text(f"#!{folder}/bin/python\n")
    script.chmod(0o755)
    return folder


def site(venv: Path) -> Path:
    return venv / "lib" / "python3.11" / "site-packages"


def state(venv: Path) -> tuple[str, ...]:
    return words(installed(venv.parent).program(str(venv / "bin" / "tool"), ""))


def test_the_same_environment_says_the_same(venv: Path) -> None:
    assert state(venv) == state(venv)


@pytest.mark.parametrize("change", ["record", "new distribution", "module", "interpreter", "script", "new name", "settings"])
def test_whatever_an_installer_does_shows(venv: Path, change: str) -> None:
    before = state(venv)
    match change:
        case "record":
            (site(venv) / "tool-1.0.dist-info" / "RECORD").write_text("tool.py,sha256=b,1\n")
        case "new distribution":
            (site(venv) / "more-2.0.dist-info").mkdir()
        case "module":
            (site(venv) / "tool.py").write_text("other\n")
        case "interpreter":
            (venv / "bin" / "python").unlink()
            (venv / "bin" / "python").write_text("another\n")
        case "script":
            (venv / "bin" / "tool").write_text(f"#!{venv}/bin/python\nmore\n")
        case "new name":
            (site(venv) / "package").mkdir()
        case _:
            (venv / "pyvenv.cfg").write_text("home = /usr/local/bin\nversion = 3.11.7\n")
    assert state(venv) != before


def test_what_python_leaves_of_itself_does_not_count(venv: Path) -> None:
    before = state(venv)
    (site(venv) / "__pycache__").mkdir()
    assert state(venv) == before


def test_a_folder_of_the_tree_that_is_installed_by_a_link_is_told(venv: Path) -> None:
    (venv.parent / "lib" / "src").mkdir(parents=True)
    (site(venv) / "lib.pth").write_text(f"{venv.parent}/lib/src\nimport something\n")
    found = installed(venv.parent).python(str(venv))
    assert found.sources == ("lib/src",)
    (site(venv) / "tool-1.0.dist-info" / "direct_url.json").write_text(f'{{"url": "file://{venv.parent}/lib", "dir_info": {{"editable": true}}}}')
    assert set(installed(venv.parent).python(str(venv)).sources) == {"lib/src", "lib"}


@pytest.mark.parametrize("way", ["pth", "editable"])
def test_what_is_installed_from_elsewhere_cannot_be_vouched_for(venv: Path, way: str) -> None:
    if way == "pth":
        (site(venv) / "far.pth").write_text("/somewhere/else\n")
    else:
        (site(venv) / "tool-1.0.dist-info" / "direct_url.json").write_text('{"url": "file:///somewhere/else", "dir_info": {"editable": true}}')
    with pytest.raises(UnknownStateError, match="outside of the tree"):
        installed(venv.parent).python(str(venv))


def test_a_program_of_its_own_is_only_itself(venv: Path) -> None:
    native = venv / "bin" / "native"
    native.write_bytes(b"\x7fELF")
    before = words(installed(venv.parent).program(str(native), ""))
    (site(venv) / "more-2.0.dist-info").mkdir()
    assert words(installed(venv.parent).program(str(native), "")) == before
    native.write_bytes(b"\x7fELF2")
    assert words(installed(venv.parent).program(str(native), "")) != before


def test_packages_of_node_are_told_by_their_manifests_and_the_records_of_the_manager(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    (modules / "eslint").mkdir(parents=True)
    (modules / "@scope" / "plugin").mkdir(parents=True)
    (modules / ".cache").mkdir()
    manifest = modules / "eslint" / "package.json"
    manifest.write_text('{"version": "1"}')

    def now() -> State:
        return installed(tmp_path).node(str(modules))

    seen = [now()]
    (modules / ".cache" / "x").write_text("")
    assert now() == seen[0]
    manifest.write_text('{"version": "2"}')
    seen.append(now())
    (modules / "@scope" / "plugin" / "package.json").write_text("{}")
    seen.append(now())
    (modules / ".package-lock.json").write_text("{}")
    seen.append(now())
    assert len({each.words for each in seen}) == 4


def test_a_linked_package_of_the_tree_is_told_and_one_from_elsewhere_cannot_be(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "node_modules").mkdir(parents=True)
    (root / "lib").mkdir()
    (root / "node_modules" / "lib").symlink_to("../lib")
    assert installed(root).node(str(root / "node_modules")).sources == ("lib",)
    (tmp_path / "far").mkdir()
    (root / "node_modules" / "far").symlink_to(tmp_path / "far")
    with pytest.raises(UnknownStateError, match="outside"):
        installed(root).node(str(root / "node_modules"))


def test_a_script_needs_the_interpreter_that_it_names(tmp_path: Path) -> None:
    script = tmp_path / "tool"
    script.write_text("#!/usr/bin/env node\n")
    with pytest.raises(UnknownStateError, match="node"):
        installed(tmp_path).program(str(script), str(tmp_path / "none"))
    node = tmp_path / "bin" / "node"
    node.parent.mkdir()
    node.write_bytes(b"\x7fELF")
    node.chmod(0o755)
    before = words(installed(tmp_path).program(str(script), str(node.parent)))
    node.write_bytes(b"\x7fELF2")
    assert words(installed(tmp_path).program(str(script), str(node.parent))) != before


def test_a_toolchain_is_told_by_what_rustup_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "rustup" / "toolchains" / "stable"
    (folder / "bin").mkdir(parents=True)
    (folder / "lib" / "rustlib").mkdir(parents=True)
    (folder / "bin" / "rustc").write_bytes(b"1")
    tool = LocatedTool(path="/bin/cargo", version="1", source="toolchain", env={"RUSTUP_TOOLCHAIN": "stable"})

    def now() -> State:
        return installed(tmp_path, RUSTUP_HOME=str(tmp_path / "rustup")).toolchain(tool)

    before = now()
    assert now() == before
    (folder / "lib" / "rustlib" / "components").write_text("clippy\n")
    assert now() != before


def test_where_to_look_for_environments(venv: Path) -> None:
    assert environment_around(str(site(venv))) == str(venv)
    assert environment_around("/nowhere/at/all") is None
    (venv.parent / "a" / "node_modules").mkdir(parents=True)
    assert modules_above(str(venv.parent / "a" / "b"))[:1] == (str(venv.parent / "a" / "node_modules"),)


@pytest.mark.parametrize(("first", "place", "told"), [("#!/bin/sh", "opt/ruff", False), ("#!/usr/bin/env bash", "opt/ruff", False), ("#!/bin/sh", "tree/bin/ruff", True),
                                                    ("#!/bin/sh", "opt/node_modules/.bin/ruff", True)])
def test_a_script_of_a_shell_from_elsewhere_may_start_anything(tmp_path: Path, first: str, place: str, *, told: bool) -> None:
    script = tmp_path / place
    script.parent.mkdir(parents=True)
    script.write_text(f"{first}\ntools exec ruff\n")
    (tmp_path / "tree").mkdir(exist_ok=True)
    ask = installed(tmp_path / "tree").program
    if told:
        assert ask(str(script), "/usr/bin:/bin")
    else:
        with pytest.raises(UnknownStateError, match="what it starts cannot be told"):
            ask(str(script), "/usr/bin:/bin")


def test_what_a_script_of_a_shell_starts_by_its_whole_name_counts(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    first, second, last = tmp_path / "ruff", tmp_path / "shim", tmp_path / "real"
    first.write_text(f'#!/bin/sh\nexec "{second}" "$@"\n')
    second.write_text(f"#!/bin/sh\nexec {last} $@\n")
    last.write_bytes(b"\x7fELF 1")
    before = words(installed(tmp_path / "tree").program(str(first), "/usr/bin:/bin"))
    last.write_bytes(b"\x7fELF 2")
    assert words(installed(tmp_path / "tree").program(str(first), "/usr/bin:/bin")) != before


@pytest.mark.parametrize(("path", "target", "told"), [("bin/ruff", "mise", False), ("bin/eslint", "volta-shim", False), ("home/.proto/shims/node", "", False),
                                                    ("bin/solc", "solc-0.8.20", True), ("bin/nodejs", "node", True), ("bin/mise", "mise-2026.1", True)])
def test_a_program_that_starts_others_by_their_names_is_none_that_can_be_told(tmp_path: Path, path: str, target: str, *, told: bool) -> None:
    program = tmp_path / path
    program.parent.mkdir(parents=True)
    if target:
        (tmp_path / target).write_bytes(b"\x7fELF")
        program.symlink_to(tmp_path / target)
    else:
        program.write_bytes(b"\x7fELF")
    ask = installed(tmp_path / "tree").program
    if told:
        assert ask(str(program), "")
    else:
        with pytest.raises(UnknownStateError, match="in this folder"):
            ask(str(program), "")


def test_a_folder_that_is_added_by_a_relative_name_is_seen_from_where_that_is_written(venv: Path) -> None:
    (site(venv) / "lib.pth").write_text("../../../../lib/src\n")
    assert installed(venv.parent).python(str(venv)).sources == ("lib/src",)
    (site(venv) / "lib.pth").write_text("../../../../../lib\n")
    with pytest.raises(UnknownStateError, match="outside of the tree"):
        installed(venv.parent).python(str(venv))


def test_a_folder_whose_name_only_begins_like_that_of_the_environment_lies_beside_it(venv: Path) -> None:
    (site(venv) / "lib.pth").write_text(f"{venv}-lib\n")
    assert installed(venv.parent).python(str(venv)).sources == (".venv-lib",)


@pytest.mark.parametrize("place", [".", ".pnpm/@prisma+client@5/node_modules"])
def test_code_that_was_generated_among_packages_counts(tmp_path: Path, place: str) -> None:
    """As `prisma generate` does it: no version and no record of a package manager tells."""
    modules = tmp_path / "node_modules"
    home = modules / place
    (home / "@prisma" / "client").mkdir(parents=True)
    (home / "@prisma" / "client" / "package.json").write_text('{"version": "5.0.0"}')
    if place != ".":
        (modules / "@prisma").mkdir()
        (modules / "@prisma" / "client").symlink_to(home / "@prisma" / "client")
    told = [installed(tmp_path).node(str(modules))]
    (home / ".prisma" / "client").mkdir(parents=True)
    for text in ("export type A = 1", "export type A = 2"):
        (home / ".prisma" / "client" / "index.d.ts").write_text(text)
        told.append(installed(tmp_path).node(str(modules)))
    assert len(set(told)) == 3
    (modules / ".cache").mkdir()
    (modules / ".cache" / "anything").write_text("changes all the time")
    assert installed(tmp_path).node(str(modules)) == told[-1]


def test_whether_patches_were_put_in_counts(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    (modules / "a").mkdir(parents=True)
    (modules / "a" / "package.json").write_text("{}")
    (tmp_path / "patches").mkdir()
    before = installed(tmp_path).node(str(modules))
    (modules / "a" / ".patch-package.json").write_text('{"patches": [1]}')
    assert installed(tmp_path).node(str(modules)) != before


def test_more_generated_code_than_can_be_looked_at_is_not_vouched_for(tmp_path: Path) -> None:
    made = tmp_path / "node_modules" / ".made"
    made.mkdir(parents=True)
    for number in range(501):
        (made / f"{number}.js").touch()
    with pytest.raises(UnknownStateError, match="more than can be looked at"):
        installed(tmp_path).node(str(tmp_path / "node_modules"))
