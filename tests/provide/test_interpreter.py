"""The `python` on PATH, asked for real."""

from __future__ import annotations

import os
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from gatekeeper.execute.helper import run_helper
from gatekeeper.model.ports import Completed
from gatekeeper.provide.interpreter import path_environment
from gatekeeper.provide.places import Surroundings
from gatekeeper.provide.pythons import Pythons
from tests.provide.making import component


def _refuse(argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
    raise AssertionError(argv)


def test_a_virtual_environment_behind_a_link_on_path_is_asked(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", symlinks=True, with_pip=False)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec "{tmp_path}/env/bin/python" "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    surroundings = Surroundings(root=str(tmp_path / "tree"), environment={"PATH": f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"})
    found = path_environment(surroundings, run_helper, str(tmp_path))
    assert found is not None
    assert found.prefix == str(tmp_path / "env")


def test_a_virtual_environment_that_is_only_on_path_is_not_taken_for_its_base(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", symlinks=True, with_pip=False)
    surroundings = Surroundings(root=str(tmp_path / "tree"), environment={"PATH": f"{tmp_path}/env/bin{os.pathsep}{os.environ['PATH']}"})
    found = path_environment(surroundings, run_helper, str(tmp_path))
    assert found is not None
    assert path_environment(surroundings, _refuse, str(tmp_path)) == found, "its files tell all: nothing needs to be started"
    assert found.prefix == str(tmp_path / "env")
    assert all(path.startswith(str(tmp_path)) for path in found.site)
    assert not found.dedicated


def test_python_is_asked_once_for_all_folders_and_again_where_a_folder_may_switch_it(tmp_path: Path) -> None:
    folders: list[str] = []

    def run(argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        folders.append(os.path.relpath(cwd, tree))
        return run_helper(argv, cwd=cwd, env=env, stdin=stdin, timeout=timeout)

    tree = tmp_path / "tree"
    for name in ("a", "b", "c", "c/below", "d"):
        (tree / name).mkdir(parents=True)
    (tree / "c" / ".python-version").write_text("3.12\n")
    (tree / "d" / ".tool-versions").write_text("python 3.12\n")
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{os.path.realpath(sys.executable)}" "$@"\n')
    program.chmod(0o755)
    pythons = Pythons(surroundings=Surroundings(root=str(tree), environment={"PATH": str(program.parent)}), runner=run)
    for name in ("a", "b", "c", "c/below", "d", "d"):
        assert pythons.of(component(name)) is not None
    assert folders == ["a", "c", "d"]
