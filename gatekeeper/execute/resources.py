"""What the machine gives us: cores and memory, as affinity, control groups and hardware allow; and the process table where /proc is missing.

Knows no jobs. Control groups are read in both versions, from our own group up to the root, because a limit anywhere above holds too.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress

from gatekeeper.execute.line import Capacity
from gatekeeper.execute.lineage import JOB_COOKIE, RUN_COOKIE, Row, read_cookie

#: the part of the free memory that jobs may plan with
MEMORY_SHARE = 0.8
#: megabytes that a run may always plan with: at least one job runs in any case
MEMORY_FLOOR = 256


def capacity(root: str = "/") -> Capacity:
    """Cores and megabytes that jobs may take now; `root` is where /proc and /sys are found."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    free = free_memory_mb(root)
    for quota, room in cgroup_limits(root):
        cores = min(cores, quota)
        free = min(free, room)
    return Capacity(cpu=max(1, math.ceil(cores)), memory_mb=max(MEMORY_FLOOR, int(free * MEMORY_SHARE)))


def free_memory_mb(root: str = "/") -> float:
    """Memory that can be had without swapping, in MB."""
    for line in _read(root, "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024 / 1e6
    import psutil

    return float(psutil.virtual_memory().available) / 1e6


def cgroup_limits(root: str = "/") -> Iterator[tuple[float, float]]:
    """Cores and free megabytes that each control group above us allows; infinite where it sets no limit."""
    for line in _read(root, "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        names = set(controllers.split(","))
        if not controllers:
            for mount in ("sys/fs/cgroup", "sys/fs/cgroup/unified"):
                yield from (_limits_v2(root, folder) for folder in _upwards(mount, path))
        elif "cpu" in names:
            for mount in ("sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"):
                yield from ((_quota_v1(root, folder), math.inf) for folder in _upwards(mount, path))
        elif "memory" in names:
            yield from ((math.inf, _room_v1(root, folder)) for folder in _upwards("sys/fs/cgroup/memory", path))


def _upwards(mount: str, path: str) -> Iterator[str]:
    """The folders of a control group and of all above it; inside a container the mount point itself stands for our group."""
    parts = [part for part in path.split("/") if part and part != ".."]
    for count in range(len(parts), -1, -1):
        yield "/".join([mount, *parts[:count]])


def _limits_v2(root: str, folder: str) -> tuple[float, float]:
    quota, _, period = _read(root, f"{folder}/cpu.max").strip().partition(" ")
    cores = int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else math.inf
    return cores, _room(_read(root, f"{folder}/memory.max"), _read(root, f"{folder}/memory.current"), _reclaimable(root, folder, "inactive_file"))


def _quota_v1(root: str, folder: str) -> float:
    quota, period = _read(root, f"{folder}/cpu.cfs_quota_us").strip(), _read(root, f"{folder}/cpu.cfs_period_us").strip()
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else math.inf


def _room_v1(root: str, folder: str) -> float:
    limit, usage = _read(root, f"{folder}/memory.limit_in_bytes"), _read(root, f"{folder}/memory.usage_in_bytes")
    return _room(limit, usage, _reclaimable(root, folder, "total_inactive_file"))


def _room(limit: str, usage: str, reclaimable: int) -> float:
    """Megabytes below a limit; the page cache that the kernel would give back counts as free. Infinite without a limit."""
    if not limit.strip().isdigit() or int(limit) >= 1 << 60:
        return math.inf
    used = int(usage) if usage.strip().isdigit() else 0
    return (int(limit) - max(0, used - reclaimable)) / 1e6


def _reclaimable(root: str, folder: str, name: str) -> int:
    for line in _read(root, f"{folder}/memory.stat").splitlines():
        if line.startswith(f"{name} "):
            return int(line.split()[1])
    return 0


def _read(root: str, path: str) -> str:
    try:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def process_table() -> Mapping[int, Row]:
    """Processes that are not older than we are, by pid, with their cookies: the portable way; the older ones cannot be of our making."""
    import psutil

    rows = {}
    since = psutil.Process().create_time()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError), process.oneshot():
            if process.create_time() >= since:
                run, job = _cookie(process.pid)
                rows[process.pid] = Row(pid=process.pid, parent=process.ppid(), group=os.getpgid(process.pid), session=os.getsid(process.pid),
                                        started=round(process.create_time() * 100), name=process.name(),
                                        memory_mb=process.memory_info().rss / 1e6, zombie=process.status() == psutil.STATUS_ZOMBIE,
                                        run=run, job=job)
    return rows


def _cookie(pid: int) -> tuple[str, str]:
    if os.path.exists("/proc/self/environ"):
        return read_cookie(pid)
    import psutil

    environ = psutil.Process(pid).environ()
    return environ.get(RUN_COOKIE, ""), environ.get(JOB_COOKIE, "")
