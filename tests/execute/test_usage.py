"""What processes of others take, from a /proc of our own making."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.execute.usage import usage_of

pytestmark = pytest.mark.unit
TICKS, PAGE_MB = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE") / 1e6


def process(root: Path, pid: int, parent: int, session: int, *, name: str = "x", ticks: int = 0, pages: int = 0) -> None:
    folder = root / "proc" / str(pid)
    folder.mkdir(parents=True)
    fields = ["S", parent, pid, session, *[0] * 7, ticks, ticks, *[0] * 8, pages, *[0] * 20]
    (folder / "stat").write_text(f"{pid} ({name}) {' '.join(map(str, fields))}\n")


def test_a_tree_is_its_descendants_and_its_session(tmp_path: Path) -> None:
    process(tmp_path, 10, 1, 10, name="a) R (b", ticks=TICKS, pages=100)
    process(tmp_path, 11, 10, 10, ticks=TICKS)
    process(tmp_path, 12, 11, 12)  # left the session, not its parents
    process(tmp_path, 13, 1, 10)  # left its parents, not the session
    process(tmp_path, 20, 1, 20, ticks=TICKS, pages=100)  # somebody else's
    usage = usage_of([10], str(tmp_path))
    assert usage is not None
    assert (usage.processes, usage.cpu_seconds, usage.memory_mb) == (4, 4.0, round(100 * PAGE_MB, 1))


def test_what_ended_meanwhile_and_what_is_no_process_is_passed_over(tmp_path: Path) -> None:
    process(tmp_path, 10, 1, 10)
    (tmp_path / "proc" / "11").mkdir()
    (tmp_path / "proc" / "12").mkdir()
    (tmp_path / "proc" / "12" / "stat").write_text("rubbish")
    (tmp_path / "proc" / "meminfo").write_text("")
    usage = usage_of([10, 99], str(tmp_path))
    assert usage is not None
    assert usage.processes == 1


def test_without_proc_nothing_is_claimed(tmp_path: Path) -> None:
    assert usage_of([1], str(tmp_path)) is None


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="this system has no /proc")
@pytest.mark.integration
def test_a_real_process_is_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        usage = usage_of([child.pid])
        child.communicate(b"\n")
    assert usage is not None
    assert usage.processes == 1
