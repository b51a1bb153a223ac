"""The real tools, where they are installed at the recorded version, still say what was recorded of them.

A recording marked `live` in its cmd.json holds all files that the call needs; it is made again and must mean what its reader wrote.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.config.compiled import cache_folder
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output
from tests.parse.recordings import OUTPUTS, load
from tests.parse.test_recordings import told

pytestmark = pytest.mark.tools
LIVE = [path.parent for path in sorted(OUTPUTS.glob("*/*/*/cmd.json")) if json.loads(path.read_bytes()).get("live")]
GROUPS = sorted({(case.parent.parent.name, case.parent.name) for case in LIVE})


def places() -> Iterable[str]:
    """Folders of programs: beside this interpreter, managed tools of this user, PATH."""
    yield os.path.dirname(sys.executable)
    managed = Path(cache_folder(os.environ) or "/nonexistent", "tools")
    yield from (str(path) for pattern in ("*/bin", "*/node_modules/.bin") for path in sorted(managed.glob(pattern)))
    yield from os.environ.get("PATH", os.defpath).split(os.pathsep)


@cache
def program(name: str, version: str) -> str | None:
    """The program at exactly this version, or None."""
    for folder in places():
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
            if re.search(rf"(?<![\d.]){re.escape(version)}(?!\d)", said.stdout + said.stderr):
                return path
    return None


@pytest.mark.parametrize(("tool", "version"), GROUPS, ids=["-".join(group) for group in GROUPS])
def test_a_real_tool_still_means_what_was_recorded_of_it(tool: str, version: str, tmp_path: Path) -> None:
    cases = [case for case in LIVE if (case.parent.parent.name, case.parent.name) == (tool, version)]
    missing = sorted({name for case in cases if program(name := json.loads((case / "cmd.json").read_bytes())["argv"][0], version) is None})
    if missing:
        pytest.skip(f"{', '.join(missing)} {version} is not installed here")
    for case in cases:
        assert again(case, tmp_path / case.name) == comparable(json.loads((case / "expected.json").read_bytes())), case


def again(case: Path, folder: Path) -> object:
    """What the recorded call means when it is made now."""
    command = json.loads((case / "cmd.json").read_bytes())
    name, *words = command["argv"]
    path = program(name, case.parent.name)
    assert path is not None
    root = folder / "repo"
    shutil.copytree(case / "source", root)
    environment = {**os.environ, "PATH": os.pathsep.join((os.path.dirname(path), os.environ.get("PATH", os.defpath))), "CARGO_TARGET_DIR": str(folder / "target")}
    ended = subprocess.run([path, *words], cwd=f"{root}{command['cwd'].removeprefix('/repo')}", env=environment, capture_output=True, check=False,
                           stdin=subprocess.DEVNULL, timeout=100)
    here = str(root).encode()
    raw = replace(load(case).raw, stdout=ended.stdout.replace(here, b"/repo"), stderr=ended.stderr.replace(here, b"/repo"), exit_code=ended.returncode)
    return comparable(told(parse_output(command["parser"], raw, ExitSpec())))


def comparable(document: Mapping[str, Any]) -> object:
    """The document without what differs from run to run: seconds, and the order in which threads tell what they find."""
    plain = json.loads(re.sub(r'"seconds": [\d.e-]+', '"seconds": 0', json.dumps(document)))
    return {key: sorted(value, key=json.dumps) if isinstance(value, list) else value for key, value in plain.items()}
