"""The system's counters of kills for want of memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.execute.kills import MemoryKills, memory_kills


def put(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_where_nothing_counts_nobody_knows(tmp_path: Path) -> None:
    assert memory_kills(str(tmp_path)) is None
    assert MemoryKills(str(tmp_path)).since(1.0, 2.0)


@pytest.mark.parametrize(("group", "path", "text"), [
    ("0::/a/b\n", "sys/fs/cgroup/a/b/memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n"),
    ("0::/a/b\n", "sys/fs/cgroup/unified/a/b/memory.events", "oom_kill 2\n"),
    ("3:cpu:/x\n4:memory:/a/b\n", "sys/fs/cgroup/memory/a/b/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
])
def test_the_control_group_counts_in_both_versions(tmp_path: Path, group: str, path: str, text: str) -> None:
    put(tmp_path, "proc/self/cgroup", group)
    put(tmp_path, path, text)
    assert memory_kills(str(tmp_path)) == 2
    put(tmp_path, "proc/vmstat", "nr_free_pages 7\noom_kill 10\n")
    assert memory_kills(str(tmp_path)) == 12


def test_a_kill_counts_for_all_who_lived_at_that_time_and_for_no_later_one(tmp_path: Path) -> None:
    put(tmp_path, "proc/vmstat", "oom_kill 1\n")
    kills = MemoryKills(str(tmp_path))
    assert not kills.since(started=1.0, now=2.0)
    put(tmp_path, "proc/vmstat", "oom_kill 2\n")
    assert kills.since(started=1.0, now=3.0)
    assert kills.since(started=2.5, now=4.0)
    assert not kills.since(started=3.5, now=5.0)
