"""The direct start beside that of `subprocess`: the same process comes of both, or none."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gatekeeper.execute.direct import Direct
from gatekeeper.execute.start import forget, keep_descriptors, start_tree

_TELL = """
import json, os, sys
print(json.dumps({"argv": sys.argv[1:], "cwd": os.getcwd(), "env": {name: value for name, value in os.environ.items() if name != "LC_CTYPE"}, "leads": os.getsid(0) == os.getpid(),
                  "open": sorted(int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")),
                  "stdin": os.readlink("/proc/self/fd/0")}))
"""

pytestmark = pytest.mark.skipif(not Direct().usable, reason="needs Linux with a C library that can start a process in a folder")


def told(direct: Direct | None, folder: Path, argv: tuple[str, ...], env: Mapping[str, str], more: Mapping[str, str]) -> object:
    """What a process says of itself."""
    keep_descriptors()
    read, write = os.pipe()
    pid = start_tree(direct, (sys.executable, "-I", "-S", "-c", _TELL, *argv), cwd=str(folder), env=env, more=more, stdout=write, stderr=write)
    os.close(write)
    with open(read, "rb") as output:
        said = output.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said
    forget(pid)
    return json.loads(said)


@pytest.mark.parametrize(("env", "more"), [({}, {}), ({"A": "1"}, {}), ({}, {"B": "2"}), ({"A": "1", "B": "1", "C": ""}, {"B": "2", "D": "x=y"}),
                                           ({"ODD": "\udcff\u00e9", "N\udcfe": "1"}, {"MORE": "\udc80"})])
def test_the_same_process_comes_of_both_ways(tmp_path: Path, env: Mapping[str, str], more: Mapping[str, str]) -> None:
    folder = tmp_path / "fo ld\u00e9r"
    folder.mkdir()
    argv = ("", "two words", "\udcff", "-x")
    assert told(Direct(), folder, argv, env, more) == told(None, folder, argv, env, more)


def test_environments_are_told_apart_and_may_come_in_any_order(tmp_path: Path) -> None:
    direct, environments = Direct(), [{"NUMBER": str(number)} for number in range(9)]
    for env in [*environments, *reversed(environments)]:
        assert told(direct, tmp_path, (), env, {}) == told(None, tmp_path, (), env, {})


@pytest.mark.parametrize(("argv", "cwd", "env"), [
    (("/nowhere/tool",), "/", {}), (("/bin/true",), "/nowhere", {}), (("/etc",), "/", {}), (("/bin/true", "a\0b"), "/", {}), (("/bin/true",), "/", {"A": "a\0b"}),
    (("/bin/true",), "/", {"A=B": "c"}), (("/bin/true",), "/\0", {}), (("true",), "/", {}), ((), "/", {})])
def test_what_is_refused_leaves_no_process(argv: tuple[str, ...], cwd: str, env: Mapping[str, str]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    try:
        assert Direct().start(argv, cwd=cwd, env=env, more={}, stdout=null, stderr=null) == 0
        assert Direct().start(argv, cwd=cwd, env={}, more=env, stdout=null, stderr=null) == 0
    finally:
        os.close(null)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("direct", [Direct(), None], ids=["direct", "subprocess"])
def test_a_process_leads_a_session_and_ignores_no_signal(tmp_path: Path, direct: Direct | None) -> None:
    said = told(direct, tmp_path, (), {}, {})
    assert isinstance(said, dict)
    assert (said["leads"], said["open"][:3], said["stdin"]) == (True, [0, 1, 2], "/dev/null")
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN, "Python ignores it for itself"
    recorded = os.open(tmp_path / "status", os.O_RDWR | os.O_CREAT, 0o600)
    pid = start_tree(direct, ("/bin/cat", "/proc/self/status"), cwd="/", env={}, more={}, stdout=recorded, stderr=recorded)
    os.waitpid(pid, 0)
    forget(pid)
    os.close(recorded)
    ignored = next(int(line.split()[1], 16) for line in (tmp_path / "status").read_text().splitlines() if line.startswith("SigIgn"))
    assert not ignored & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)
