"""What the machine gives us: cores and memory, as affinity, control groups and hardware allow; and the process table where /proc is missing.

Knows no jobs. Control groups are read in both versions, from our own group up to the root, because a limit anywhere above holds too.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from gatekeeper.execute.line import Capacity
from gatekeeper.execute.proc import JOB_COOKIE, RUN_COOKIE, Row, read_cookie

if TYPE_CHECKING:
    import psutil

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
    for line in read_text(root, "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024 / 1e6
    import psutil

    try:
        return float(psutil.virtual_memory().available) / 1e6
    except OSError:  # a Linux without /proc
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6


def cgroup_limits(root: str = "/") -> Iterator[tuple[float, float]]:
    """Cores and free megabytes that each control group above us allows; infinite where it sets no limit."""
    for controller, folder in _groups(root):
        if controller == "":
            quota, _, period = read_text(root, f"{folder}/cpu.max").strip().partition(" ")
            yield _cores(quota, period), _room(root, folder, controller)[1]
        elif controller == "cpu":
            quota, period = read_text(root, f"{folder}/cpu.cfs_quota_us"), read_text(root, f"{folder}/cpu.cfs_period_us")
            yield _cores(quota.strip(), period.strip()), math.inf
        else:
            yield math.inf, _room(root, folder, controller)[1]


def memory_limits(root: str = "/") -> Iterator[tuple[float, float]]:
    """Of each control group above us that limits memory: the limit and what is free below it, in MB."""
    rooms = (_room(root, folder, controller) for controller, folder in _groups(root) if controller != "cpu")
    return ((limit, room) for limit, room in rooms if limit < math.inf)


def memory_stalls(root: str = "/") -> Iterator[str]:
    """What the kernel tells of waiting for memory (PSI): of the machine, and of our control group and those above it."""
    yield read_text(root, "proc/pressure/memory")
    yield from (read_text(root, f"{folder}/memory.pressure") for controller, folder in _groups(root) if controller == "")


def _groups(root: str) -> Iterator[tuple[str, str]]:
    """Controller (empty: version 2, all of them) and folder of our control groups and of all above them."""
    for line in read_text(root, "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        names = set(controllers.split(","))
        if not controllers:
            mounts, controller = ["sys/fs/cgroup", "sys/fs/cgroup/unified"], ""
        elif "cpu" in names:
            mounts, controller = ["sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"], "cpu"
        elif "memory" in names:
            mounts, controller = ["sys/fs/cgroup/memory"], "memory"
        else:
            continue
        yield from ((controller, folder) for mount in mounts for folder in _upwards(mount, path))


def _upwards(mount: str, path: str) -> Iterator[str]:
    """The folders of a control group and of all above it; inside a container the mount point itself stands for our group."""
    parts = [part for part in path.split("/") if part and part != ".."]
    for count in range(len(parts), -1, -1):
        yield "/".join([mount, *parts[:count]])


def _cores(quota: str, period: str) -> float:
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else math.inf


def _room(root: str, folder: str, controller: str) -> tuple[float, float]:
    """The limit, and megabytes below it; the page cache that the kernel would give back counts as free. Infinite without a limit."""
    names = ("memory.max", "memory.current", "inactive_file") if controller == "" else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    limit = read_text(root, f"{folder}/{names[0]}").strip()
    if not limit.isdigit() or int(limit) >= 1 << 60:
        return math.inf, math.inf
    usage = read_text(root, f"{folder}/{names[1]}").strip()
    used = int(usage) - _reclaimable(root, folder, names[2]) if usage.isdigit() else 0
    return int(limit) / 1e6, (int(limit) - max(0, used)) / 1e6


def _reclaimable(root: str, folder: str, name: str) -> int:
    for line in read_text(root, f"{folder}/memory.stat").splitlines():
        if line.startswith(f"{name} "):
            return int(line.split()[1])
    return 0


def read_text(root: str, path: str) -> str:
    """A file of /proc or /sys, empty where there is none."""
    try:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def process_table() -> Mapping[int, Row]:
    """Processes that are not older than we are, by pid, with their cookies: the portable way; the older ones cannot be of our making.

    Empty where the system shows none.
    """
    import psutil

    rows: dict[int, Row] = {}
    try:
        since = psutil.Process().create_time()
    except (psutil.Error, OSError):
        return rows
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError), process.oneshot():
            if process.create_time() >= since:
                run, job = _cookie(process.pid)
                rows[process.pid] = Row(pid=process.pid, parent=process.ppid(), group=os.getpgid(process.pid), session=os.getsid(process.pid),
                                        started=round(process.create_time() * 100), name=process.name(), memory_mb=_memory_mb(process),
                                        zombie=process.status() == psutil.STATUS_ZOMBIE, run=run, job=job)
    return rows


def _memory_mb(process: psutil.Process) -> float:
    """0 for a process of somebody else, where the system keeps that to itself (macOS)."""
    import psutil

    with suppress(psutil.AccessDenied):
        return float(process.memory_info().rss) / 1e6
    return 0.0


def _cookie(pid: int) -> tuple[str, str]:
    if os.path.exists("/proc/self/environ"):
        return read_cookie(pid)
    import psutil

    with suppress(psutil.AccessDenied):  # macOS shows no environment of its own programs
        environ = psutil.Process(pid).environ()
        return environ.get(RUN_COOKIE, ""), environ.get(JOB_COOKIE, "")
    return "", ""
