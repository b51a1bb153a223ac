"""The `python` on PATH, asked for real."""

from __future__ import annotations

import os
import venv
from pathlib import Path

from gatekeeper.execute.helper import run_helper
from gatekeeper.provide.interpreter import path_environment
from gatekeeper.provide.places import Surroundings


def test_a_virtual_environment_that_is_only_on_path_is_not_taken_for_its_base(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", symlinks=True, with_pip=False)
    surroundings = Surroundings(root=str(tmp_path / "tree"), environment={"PATH": f"{tmp_path}/env/bin{os.pathsep}{os.environ['PATH']}"})
    found = path_environment(surroundings, run_helper, str(tmp_path))
    assert found is not None
    assert found.prefix == str(tmp_path / "env")
    assert all(path.startswith(str(tmp_path)) for path in found.site)
    assert not found.dedicated
