"""Runs commands in rounds, each round in another order, and compares medians: wall and CPU seconds of the whole process tree, peak memory.

Knows no Gatekeeper and no peer. A ratio is only taken within one run on one machine: seconds of different machines say nothing about each other.
"""

from __future__ import annotations

import glob
import os
import random
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Row = tuple[str, ...]
#: seconds between two looks at the memory of a tree
_LOOK = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A command to be timed. Its exit code must be one of `exits`: what fails early must not look fast. `before` runs untimed each time."""

    name: str
    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    exits: frozenset[int] = frozenset({0})
    before: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One execution: seconds and megabytes."""

    wall: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Medians:
    """The medians of all executions of one contestant, and the range of the wall seconds."""

    wall: float
    cpu: float
    peak_mb: float
    least: float
    most: float


def compare(contestants: Sequence[Contestant], repeats: int) -> dict[str, Medians]:
    """Runs all in rounds, shuffled, so that a slow moment of the machine and what ran before hit all alike; the first round warms caches and is not counted.

    Raises RuntimeError with the output when one ends with an unexpected exit code.
    """
    costs: dict[str, list[Cost]] = {contestant.name: [] for contestant in contestants}
    order, chance = list(contestants), random.Random(len(contestants))
    for round_number in range(repeats + 1):
        chance.shuffle(order)
        for contestant in order:
            contestant.before()
            cost = run_once(contestant)
            if round_number:
                costs[contestant.name].append(cost)
    return {name: _medians(found) for name, found in costs.items()}


def run_once(contestant: Contestant) -> Cost:
    """One timed execution. CPU holds every process that was waited for below it."""
    output = os.open(os.path.join(os.path.dirname(contestant.cwd), "output.txt"), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        started = time.perf_counter()
        process = subprocess.Popen(contestant.argv, cwd=contestant.cwd, env=contestant.env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for: nobody must do it again
        if process.returncode not in contestant.exits:
            said = os.pread(output, 3000, 0).decode("utf-8", "replace")
            raise RuntimeError(f"{contestant.name}: exit code {process.returncode}\n{said}")
    finally:
        os.close(output)
    return Cost(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak_mb=usage.ru_maxrss / 1024)


def peak_of_tree(contestant: Contestant) -> float | None:
    """One more execution, not timed: the most memory in MB that all its processes had together, shared pages counted once. None where there is no /proc."""
    if not os.path.exists("/proc/self/smaps_rollup"):
        return None
    contestant.before()
    process = subprocess.Popen(contestant.argv, cwd=contestant.cwd, env=contestant.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(_held(pid) for pid in _tree(process.pid)))
        time.sleep(_LOOK)
    return most


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for task in glob.glob(f"/proc/{one}/task/*/children"):
            try:
                with open(task, encoding="ascii") as file:
                    found += [int(word) for word in file.read().split()]
            except OSError:
                continue  # it has just ended
    return found


def _held(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0) / 1024
    except OSError:
        return 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a benchmark found: its table, the figure that the budget is about in words, and whether it is met (None: not to be said here)."""

    rows: list[Row]
    measured: str
    met: bool | None


def ratio(medians: Mapping[str, Medians], ours: str, theirs: str, most: float) -> tuple[str, bool]:
    """The wall time of one over that of another in words, and whether it is at most `most` times."""
    found = medians[ours].wall / medians[theirs].wall
    return f"{found:.2f} x {theirs}", found <= most


def _medians(costs: Sequence[Cost]) -> Medians:
    walls = [cost.wall for cost in costs]
    return Medians(wall=statistics.median(walls), cpu=statistics.median(cost.cpu for cost in costs), peak_mb=statistics.median(cost.peak_mb for cost in costs),
                   least=min(walls), most=max(walls))


HEADER: Row = ("what", "wall ms (least to most)", "CPU ms", "peak MB", "ratio of wall", "ratio of CPU")


def table(medians: Mapping[str, Medians], baseline: str) -> list[Row]:
    """Rows for people; ratios are over `baseline`."""
    base = medians[baseline]
    return [HEADER, *((name, f"{one.wall * 1000:.1f} ({one.least * 1000:.1f} to {one.most * 1000:.1f})", f"{one.cpu * 1000:.1f}", f"{one.peak_mb:.0f}",
                       f"{one.wall / base.wall:.2f}", f"{one.cpu / base.cpu:.2f}") for name, one in medians.items())]
