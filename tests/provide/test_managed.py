"""Managed tools: built beside, probed, marked, renamed; or nothing at all."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from gatekeeper.model.ports import Completed
from gatekeeper.model.tool import LocatedTool, MissingTool, Provide, Tool
from gatekeeper.provide.kits import Ecosystem, for_this_platform, kit_for, package_of, split_pin
from gatekeeper.provide.managed import ManagedTools, Permission
from gatekeeper.provide.places import Surroundings, usable_home
from tests.provide.making import Answer, Machine, npm, npm_tool, program, python_tool, refusing, uv, versions, write

RUFF = python_tool("ruff", "0.17.5")
PRETTIER = npm_tool("prettier", "3.10.1")


def managed(tmp_path: Path, machine: Machine, permission: Permission = Permission.INSTALL, *, offline: bool = False, **environment: str) -> ManagedTools:
    scripts = tmp_path / "bin"
    for name in ("node", "npm"):
        program(scripts / name)
    (tmp_path / "home").mkdir(exist_ok=True)
    variables = {"HOME": str(tmp_path / "home"), "PATH": str(scripts), **environment}
    return ManagedTools(home=str(tmp_path / "cache"), runner=machine, locks=str(tmp_path / "locks"), permission=permission, offline=offline,
                        surroundings=Surroundings(root=str(tmp_path / "tree"), environment=variables))


def get(tools: ManagedTools, tool: Tool = RUFF, version: str | None = None) -> LocatedTool | MissingTool:
    kit = kit_for(tool, tools.locks, version)
    assert kit is not None
    return tools.get(kit)


def left(tmp_path: Path) -> list[str]:
    """What lies in the folder of tools, the lock file apart."""
    folder = tmp_path / "cache" / "tools"
    return sorted(name for name in os.listdir(folder) if name != ".lock") if folder.exists() else []


def test_a_tool_is_installed_once_and_found_by_the_next_run(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    first = get(managed(tmp_path, machine))
    calls = len(machine.calls)
    assert get(managed(tmp_path, machine)) == first
    assert len(machine.calls) == calls
    assert isinstance(first, LocatedTool)
    assert os.access(first.path, os.X_OK)


def test_an_installed_tool_is_found_without_permission_and_without_network(tmp_path: Path) -> None:
    first = get(managed(tmp_path, Machine(uv("ruff"), versions(ruff="0.17.5"))))
    machine = Machine()
    assert get(managed(tmp_path, machine, Permission.NEVER, offline=True)) == first
    assert machine.calls == []


def test_without_permission_nothing_is_started(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    found = get(managed(tmp_path, machine, Permission.NEVER))
    assert isinstance(found, MissingTool)
    assert found.hint == "gatekeeper setup"
    assert machine.calls == []
    assert left(tmp_path) == []


def test_an_announced_tool_is_told_but_not_installed(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    found = get(managed(tmp_path, machine, Permission.ANNOUNCE))
    assert isinstance(found, LocatedTool)
    assert found.version == "0.17.5"
    assert machine.calls == []
    assert get(managed(tmp_path, machine)) == found


@pytest.mark.parametrize("answers", [
    [refusing("uv", "error: No solution found\n  cause: there is no version of ruff==0.17.5\n")],
    [uv("ruff")],
    [uv("ruff"), versions(ruff="0.4.0")],
    [uv("something-else"), versions(ruff="0.17.5")],
], ids=["installer fails", "does not run", "is another version", "has no such program"])
def test_a_failed_install_is_a_missing_tool_and_leaves_nothing(tmp_path: Path, answers: Sequence[Answer]) -> None:
    found = get(managed(tmp_path, Machine(*answers)))
    assert isinstance(found, MissingTool)
    assert found.reason.startswith("ruff 0.17.5 is not installed: ")
    assert left(tmp_path) == []


def test_the_installers_own_words_say_why(tmp_path: Path) -> None:
    found = get(managed(tmp_path, Machine(refusing("uv", "warning: x\nerror: No solution found\n  cause: no version of ruff==0.17.5\n\nhint: look\n"))))
    assert isinstance(found, MissingTool)
    assert found.reason.endswith("No solution found: no version of ruff==0.17.5")


def test_npms_own_words_say_why_without_its_noise(tmp_path: Path) -> None:
    text = "npm error code ETARGET\nnpm error notarget No matching version found for prettier@9.9.9.\nnpm error A complete log of this run can be found in: /x\n"
    found = get(managed(tmp_path, Machine(refusing("npm", text))), PRETTIER)
    assert isinstance(found, MissingTool)
    assert found.reason.endswith("No matching version found for prettier@9.9.9.")


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    found = get(managed(tmp_path, Machine(refusing("uv", "error: bad answer from https://me:secret@index.example/simple\n"))))
    assert isinstance(found, MissingTool)
    assert "secret" not in found.reason


def test_without_a_network_the_installers_caches_are_asked_and_then_only_those(tmp_path: Path) -> None:
    def cached_only(argv: Sequence[str], cwd: str) -> Completed | None:
        if os.path.basename(argv[0]) == "uv" and argv[1] == "pip" and "--offline" not in argv:
            return Completed(exit_code=2, stderr=b"error: Failed to fetch: https://x/\n  cause: dns error\n")
        return None
    machine = Machine(cached_only, uv("ruff"), versions(ruff="0.17.5"))
    tools = managed(tmp_path, machine)
    assert isinstance(get(tools), LocatedTool)
    assert isinstance(get(tools, version="0.4.0"), MissingTool)
    asked = machine.started("pip")
    assert ["--offline" in call for call in asked] == [False, *[True] * (len(asked) - 1)]


def test_without_network_and_cache_the_hint_asks_for_a_network(tmp_path: Path) -> None:
    found = get(managed(tmp_path, Machine(refusing("uv", "error: Failed to fetch: https://x/\n  cause: Connection refused (os error 111)\n"))))
    assert isinstance(found, MissingTool)
    assert "no network" in found.reason
    assert found.hint == "with a network: gatekeeper setup"


def test_an_optional_package_that_npm_passed_over_is_missing(tmp_path: Path) -> None:
    forge = npm_tool("forge", provide=Provide(npm="@foundry-rs/forge-linux-amd64@1.7.1", binary="bin/forge"))
    tools = managed(tmp_path, Machine(npm("other")))
    found = get(tools, forge)
    assert isinstance(found, MissingTool)
    assert "could not be fetched, or does not exist for this platform" in found.reason
    assert left(tmp_path) == []


@pytest.mark.parametrize("words", [
    "error: Request failed after 1 retry in 1.0s\n  cause: failed to lookup address information: Temporary failure in name resolution\n",
    "error: Failed to fetch: `https://x/simple/ruff/`\n  cause: operation timed out\n",
])
def test_an_unreachable_registry_is_told_from_a_refusal(tmp_path: Path, words: str) -> None:
    found = get(managed(tmp_path, Machine(refusing("uv", words))))
    assert isinstance(found, MissingTool)
    assert found.reason.startswith("ruff 0.17.5 is not installed: no network")


def test_no_install_script_runs(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), npm("prettier"), versions(ruff="0.17.5", prettier="3.10.1"))
    tools = managed(tmp_path, machine)
    get(tools)
    get(tools, PRETTIER)
    assert all("--only-binary" in call for call in machine.started("pip"))
    assert all("--ignore-scripts" in call for call in machine.started("npm"))


def test_npm_tools_come_from_their_lock(tmp_path: Path) -> None:
    write(tmp_path / "locks" / "npm" / "prettier", {"package.json": '{"dependencies": {"prettier": "3.10.1"}}', "package-lock.json": "{}"})
    machine = Machine(npm("prettier"), versions(prettier="3.10.1"))
    found = get(managed(tmp_path, machine), PRETTIER)
    assert isinstance(found, LocatedTool)
    assert found.source == "managed"
    assert machine.started("npm")[0][1] == "ci"
    assert json.loads((Path(found.path).parents[2] / "package.json").read_text()) == {"dependencies": {"prettier": "3.10.1"}}


def test_a_lock_of_another_version_is_not_used(tmp_path: Path) -> None:
    write(tmp_path / "locks" / "npm" / "prettier", {"package.json": '{"dependencies": {"prettier": "3.9.0"}}', "package-lock.json": "{}"})
    write(tmp_path / "locks" / "pypi", {"ruff.txt": "ruff==0.17.50 \\\n"})
    assert [kit.lock for tool in (PRETTIER, RUFF) if (kit := kit_for(tool, str(tmp_path / "locks")))] == [None, None]


def test_a_version_that_only_the_project_pins_is_installed_from_a_lock_with_hashes(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), npm("prettier"), versions(ruff="0.4.0", prettier="3.9.0"))
    tools = managed(tmp_path, machine)
    assert isinstance(get(tools, version="0.4.0"), LocatedTool)
    assert isinstance(get(tools, PRETTIER, "3.9.0"), LocatedTool)
    assert [("--generate-hashes" in call, "--require-hashes" in call) for call in machine.started("pip")] == [(True, False), (False, True)]
    assert [(call[1], "--package-lock-only" in call) for call in machine.started("npm")] == [("install", True), ("ci", False)]


def test_the_lock_of_a_pinned_version_is_made_once_and_holds_for_every_later_install(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), npm("prettier"), versions(ruff="0.4.0", prettier="3.9.0"))
    for tool, version in ((RUFF, "0.4.0"), (PRETTIER, "3.9.0")):
        first = get(managed(tmp_path, machine), tool, version)
        assert isinstance(first, LocatedTool)
        Path(first.path).unlink()
        assert get(managed(tmp_path, machine), tool, version) == first
    assert len(machine.started("compile")) == 1
    assert [call[1] for call in machine.started("npm")] == ["install", "ci", "ci"]


def test_a_registry_that_knows_no_hashes_provides_nothing(tmp_path: Path) -> None:
    def bare(argv: Sequence[str], cwd: str) -> Completed | None:
        if "--package-lock-only" not in argv:
            return None
        write(Path(cwd), {"package-lock.json": '{"packages": {"node_modules/prettier": {}}}'})
        return Completed(exit_code=0)
    found = get(managed(tmp_path, Machine(bare, npm("prettier"), versions(prettier="3.9.0"))), PRETTIER, "3.9.0")
    assert isinstance(found, MissingTool)
    assert "no hashes are known for prettier 3.9.0" in found.reason
    assert left(tmp_path) == []


def test_a_changed_lock_makes_another_folder(tmp_path: Path) -> None:
    names = set()
    for digest in ("00", "11"):
        write(tmp_path / "locks" / "pypi", {"ruff.txt": f"ruff==0.17.5 \\\n    --hash=sha256:{digest}\n"})
        kit = kit_for(RUFF, str(tmp_path / "locks"))
        assert kit is not None
        names.add(kit.folder_name)
    assert len(names) == 2


def test_a_tool_whose_interpreter_is_gone_is_installed_anew(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    first = get(managed(tmp_path, machine))
    assert isinstance(first, LocatedTool)
    (Path(first.path).parent / "python").unlink()
    assert get(managed(tmp_path, machine)) == first
    assert len(machine.started("venv")) == 2
    assert left(tmp_path) == [Path(first.path).parents[1].name]


def test_a_folder_that_a_killed_install_left_behind_is_cleared(tmp_path: Path) -> None:
    kit = kit_for(RUFF, str(tmp_path / "locks"))
    assert kit is not None
    write(tmp_path / "cache" / "tools" / f".{kit.folder_name}.building", {"half": ""})
    write(tmp_path / "cache" / "tools" / kit.folder_name / "bin", {"ruff": "half"})
    found = get(managed(tmp_path, Machine(uv("ruff"), versions(ruff="0.17.5"))))
    assert isinstance(found, LocatedTool)
    assert left(tmp_path) == [kit.folder_name]


@pytest.mark.concurrency
def test_two_processes_do_not_install_the_same_tool_twice(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    folder = tmp_path / "cache" / "tools"
    folder.mkdir(parents=True)
    with open(folder / ".lock", "w", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        answers: list[LocatedTool | MissingTool] = []
        other = threading.Thread(target=lambda: answers.append(get(managed(tmp_path, machine))))
        other.start()
        kit = kit_for(RUFF, str(tmp_path / "locks"))
        assert kit is not None
        first = folder / kit.folder_name
        program(first / "bin" / "python")
        program(first / "bin" / "ruff")
        write(first, {"gatekeeper-tool.json": '{"version": "0.17.5"}'})
    other.join(timeout=20)
    assert isinstance(answers[0], LocatedTool)
    assert machine.started("uv") == []


def test_a_cache_that_cannot_be_written_is_a_missing_tool(tmp_path: Path) -> None:
    write(tmp_path, {"cache": "a file where a folder is needed"})
    found = get(managed(tmp_path, Machine(uv("ruff"), versions(ruff="0.17.5"))))
    assert isinstance(found, MissingTool)
    assert "cache" in found.reason


def test_installers_are_not_led_astray_by_the_environment(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), npm("prettier"), versions(ruff="0.17.5", prettier="3.10.1"))
    tools = managed(tmp_path, machine, VIRTUAL_ENV="/x", PYTHONPATH="/x", npm_config_prefix="/x", NODE_OPTIONS="--require /x", HTTPS_PROXY="http://proxy", UV_INDEX_URL="http://index")
    get(tools)
    get(tools, PRETTIER)
    for environment in machine.environments:
        assert not {"VIRTUAL_ENV", "PYTHONPATH", "npm_config_prefix", "NODE_OPTIONS"} & set(environment)
        assert environment["HTTPS_PROXY"] == "http://proxy"
        assert environment["UV_INDEX_URL"] == "http://index"


def test_without_a_home_the_installers_caches_lie_in_ours(tmp_path: Path) -> None:
    machine = Machine(uv("ruff"), versions(ruff="0.17.5"))
    get(managed(tmp_path, machine, HOME="/nonexistent"))
    assert machine.environments[0]["UV_CACHE_DIR"] == str(tmp_path / "cache" / "uv")


def test_a_cache_that_can_be_made_is_used(tmp_path: Path) -> None:
    assert usable_home(str(tmp_path / "a" / "b")) == str(tmp_path / "a" / "b")


def test_without_a_cache_a_private_temporary_folder_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    write(tmp_path, {"file": ""})
    expected = tmp_path / f"gatekeeper-{os.getuid()}"
    assert [usable_home(wanted) for wanted in (None, str(tmp_path / "file"), "relative")] == [str(expected)] * 3
    assert expected.stat().st_mode & 0o777 == 0o700


def test_a_temporary_folder_that_others_may_write_to_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    open_to_all = tmp_path / f"gatekeeper-{os.getuid()}"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    assert usable_home(None) != str(open_to_all)


def test_pins_name_package_and_version() -> None:
    assert split_pin("ruff==0.17.5") == ("ruff", "0.17.5")
    assert split_pin("@eslint/js@10.0.1") == ("@eslint/js", "10.0.1")
    assert package_of(PRETTIER) == (Ecosystem.NPM, "prettier", "3.10.1")
    assert for_this_platform("prettier") == "prettier"
