"""What the machine gives, read from made-up /proc and /sys trees."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatekeeper.execute.resources import capacity, cgroup_limits, process_table

GIB = 1024**3


def write(root: Path, files: dict[str, object]) -> str:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return str(root)


def limits(root: str) -> tuple[float, float]:
    found = list(cgroup_limits(root))
    return min(cores for cores, _ in found), min(room for _, room in found)


def test_version_2_limits_hold_from_any_group_above(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "proc/self/cgroup": "0::/user/run", "sys/fs/cgroup/user/cpu.max": "150000 100000", "sys/fs/cgroup/user/run/cpu.max": "max 100000",
        "sys/fs/cgroup/user/run/memory.max": 2 * GIB, "sys/fs/cgroup/user/run/memory.current": GIB,
        "sys/fs/cgroup/user/run/memory.stat": f"anon 5\ninactive_file {GIB // 2}", "sys/fs/cgroup/user/memory.max": "max"})
    assert limits(root) == (1.5, 1.5 * GIB / 1e6)


def test_version_1_limits_are_read_at_the_mount_inside_a_container(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "proc/self/cgroup": "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": 200000, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": 100000,
        "sys/fs/cgroup/memory/memory.limit_in_bytes": GIB, "sys/fs/cgroup/memory/memory.usage_in_bytes": 0})
    assert limits(root) == (2.0, GIB / 1e6)


def test_no_limit_is_no_limit(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "proc/self/cgroup": "4:memory:/\n2:cpu:/", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": -1, "sys/fs/cgroup/cpu/cpu.cfs_period_us": 100000,
        "sys/fs/cgroup/memory/memory.limit_in_bytes": 9223372036854771712})
    assert limits(root) == (float("inf"), float("inf"))


def test_capacity_is_the_tightest_of_all(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 8000000 kB", "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/cpu.max": "50000 100000", "sys/fs/cgroup/memory.max": GIB, "sys/fs/cgroup/memory.current": 0})
    found = capacity(root)
    assert (found.cpu, found.memory_mb) == (1, int(GIB / 1e6 * 0.8))


def test_without_any_information_one_job_can_run(tmp_path: Path) -> None:
    found = capacity(str(tmp_path))
    assert found.cpu >= 1
    assert found.memory_mb >= 256


def test_this_machine_has_a_capacity() -> None:
    assert 1 <= capacity().cpu <= (os.cpu_count() or 1)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="compares with /proc")
def test_the_portable_table_says_what_proc_says() -> None:
    row = process_table()[os.getpid()]
    assert (row.parent, row.group, row.session) == (os.getppid(), os.getpgid(0), os.getsid(0))
    assert row.memory_mb > 1
    assert not row.zombie
