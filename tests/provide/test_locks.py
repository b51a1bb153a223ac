"""The shipped locks: they pin what the catalogue provides, by hash, and name no host. With real tools where those are installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from gatekeeper.catalog.load import load_catalog
from gatekeeper.catalog.location import pipelines_folder
from gatekeeper.model.ports import Completed
from gatekeeper.model.tool import LocatedTool, Tool
from gatekeeper.provide.compilers import write_shim
from gatekeeper.provide.kits import Ecosystem, kit_for, locked_packages
from gatekeeper.provide.managed import ManagedTools
from gatekeeper.provide.node import manager_tool
from gatekeeper.provide.places import Surroundings

LOCKS = os.path.join(pipelines_folder(), "locks")
PROVIDED = tuple(tool for tool in load_catalog().tools if tool.provide)
MANAGERS = tuple(tool for name in ("pnpm", "yarn") if (tool := manager_tool(name, None)))


@pytest.mark.parametrize("tool", [*PROVIDED, *MANAGERS], ids=lambda tool: tool.id)
def test_everything_that_the_catalogue_provides_is_locked_by_hash(tool: Tool) -> None:
    kit = kit_for(tool, LOCKS)
    assert kit is not None
    assert kit.lock is not None
    if kit.ecosystem is Ecosystem.PYPI:
        entries = [line for line in Path(kit.lock).read_text().splitlines() if "==" in line]
        assert all(line.endswith("\\") for line in entries), "an entry without hashes"
    else:
        packages = json.loads(Path(kit.lock, "package-lock.json").read_text())["packages"]
        assert all("integrity" in entry for name, entry in packages.items() if name)
        assert {f"{name.removeprefix('node_modules/')}@{entry['version']}" for name, entry in packages.items() if name} >= locked_packages(kit.lock)


def test_extras_of_the_catalogue_are_in_the_same_lock() -> None:
    for tool in PROVIDED:
        kit = kit_for(tool, LOCKS)
        assert kit is not None
        if tool.provide and tool.provide.extra and kit.lock:
            assert set(tool.provide.extra) <= locked_packages(kit.lock)


def test_no_lock_names_a_host() -> None:
    for folder, _folders, files in os.walk(LOCKS):
        for name in files:
            text = Path(folder, name).read_text()
            assert '"resolved"' not in text
            assert "--index-url" not in text
            assert "--find-links" not in text


def run(argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
    """A plain Runner for the tests below."""
    done = subprocess.run(list(argv), cwd=cwd, env=dict(env) if env is not None else None, input=stdin, capture_output=True, timeout=timeout, check=False)
    return Completed(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)


@pytest.mark.tools
def test_a_real_uv_installs_ruff_from_its_cache(tmp_path: Path) -> None:
    tool = next(tool for tool in PROVIDED if tool.id == "ruff")
    kit = kit_for(tool, LOCKS)
    assert kit is not None
    managed = ManagedTools(home=str(tmp_path), runner=run, locks=LOCKS, offline=True,
                           surroundings=Surroundings(root=str(tmp_path / "tree"), environment=dict(os.environ)))
    found = managed.get(kit)
    if not isinstance(found, LocatedTool):
        pytest.skip(found.reason)
    (tmp_path / "bad.py").write_text("import os\n")
    checked = run([found.path, "check", "--isolated", "--no-cache", "bad.py"], cwd=str(tmp_path))
    assert checked.exit_code == 1
    assert b"F401" in checked.stdout


@pytest.mark.tools
def test_the_solc_script_answers_as_solc_does(tmp_path: Path) -> None:
    """Over a stand-in for npm's `solc`: what forge asks for is `--version` and `--standard-json` on standard input, larger than a pipe holds."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    module = tmp_path / "node_modules" / "solc"
    module.mkdir(parents=True)
    (module / "index.js").write_text('exports.version = () => "0.8.37+commit.abc.Emscripten.clang"; exports.compile = (text) => text.repeat(300000);')
    assert write_shim(str(tmp_path)) is None
    solc = str(tmp_path / "bin" / "solc")
    said = run([solc, "--version"], cwd="/", env=os.environ)
    assert said.stdout == b"solc, the solidity compiler commandline interface\nVersion: 0.8.37+commit.abc.Linux.g++\n"
    assert run([solc, "--allow-paths", "/x", "--standard-json"], cwd="/", env=os.environ, stdin=b'{"a":1}').stdout == b'{"a":1}' * 300000
    (tmp_path / "input.json").write_text("{}")
    assert run([solc, "--standard-json", str(tmp_path / "input.json")], cwd="/", env=os.environ).stdout == b"{}" * 300000
    assert run([solc, "--bin", "A.sol"], cwd="/", env=os.environ).exit_code == 1
