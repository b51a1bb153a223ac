"""How loaded the machine is, and what a run does about it: slow down, freeze its newest job, let it go on. Linux; elsewhere nothing is measured.

`Gauge` reads /proc (and our control group), `Monitor` decides, and neither knows the other, processes or plans.

A run that uses all cores is not under pressure, it works. What our own process tree used (every descendant, also those that were adopted) is told
from what the machine used; only where the machine is full *and* our jobs get less than half of the cores that they were given does foreign load
hold back further jobs. Much memory in use is no harm by itself either: where the kernel tells stalls (PSI), it holds only together with stalls, or
when half of what the limit left is used too; where it does not, the limit alone holds. Held means: nothing more starts as long as anything moves.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from gatekeeper.execute.resources import memory_limits, memory_stalls, read_text
from gatekeeper.model.event import Pressure
from gatekeeper.model.value import dataclass, field

#: percent of the last ten seconds in which something waited for memory: from here on use of memory hurts
STALLS = 1.0
#: and in which everything waited: from here on a job is frozen
STANDSTILL = 10.0
#: our jobs are starved when they get less than this part of their cores
FAIR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PressureLimits:
    """Percent of the machine (of the control group, where that has less) from which on a run is careful."""

    cpu_percent: float = 95.0
    memory_percent: float = 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look. CPU since the look before: `cpu` in percent of the machine, `ours` in cores (None: not known). Memory in percent.

    `some` and `full`: percent of the last ten seconds in which some or all processes waited for memory (None: the kernel does not tell).
    """

    cpu: float | None = None
    ours: float | None = None
    memory: float | None = None
    some: float | None = None
    full: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do now. `freeze` and `thaw` are ids of jobs; `told` are the events to publish."""

    hold: bool = False
    freeze: str | None = None
    thaw: str | None = None
    told: tuple[Pressure, ...] = field(default=())


class Monitor:
    """Decides by what was seen now and before. At most one job is frozen or thawed per look; the oldest never stands still."""

    def __init__(self, limits: PressureLimits) -> None:
        self._limits = limits
        #: by resource: whether it is over its limit, and whether that holds the run back
        self._said: dict[str, tuple[bool, bool]] = {}

    def heed(self, sample: Sample, *, now: float, cores: int, moving: Sequence[str], frozen: Sequence[str]) -> Step:
        """`moving` are the jobs that run, `frozen` those that stand still because we said so, each from the oldest; `cores` is what `moving` were given."""
        cpu = self._cpu_holds(sample, cores)
        memory = self._memory_holds(sample)
        told = (*self._news("cpu", sample.cpu, self._limits.cpu_percent, now, holds=cpu),
                *self._news("memory", sample.memory, self._limits.memory_percent, now, holds=memory))
        freeze = moving[-1] if memory and self._dire(sample) and len(moving) > 1 else None
        thaw = frozen[0] if frozen and (not memory or not moving) else None
        return Step(hold=cpu or memory, freeze=freeze, thaw=thaw, told=told)

    def _cpu_holds(self, sample: Sample, cores: int) -> bool:
        full = sample.cpu is not None and sample.cpu >= self._limits.cpu_percent
        return full and sample.ours is not None and sample.ours < FAIR * cores

    def _memory_holds(self, sample: Sample) -> bool:
        if sample.memory is None or sample.memory < self._limits.memory_percent:
            return False
        return sample.some is None or sample.some >= STALLS or sample.memory >= self._brink

    def _dire(self, sample: Sample) -> bool:
        return (sample.memory or 0.0) >= self._brink or (sample.full or 0.0) >= STANDSTILL

    @property
    def _brink(self) -> float:
        """Half of what the limit leaves is gone too."""
        return (self._limits.memory_percent + 100.0) / 2

    def _news(self, resource: str, value: float | None, limit: float, now: float, *, holds: bool) -> tuple[Pressure, ...]:
        state = (value is not None and value >= limit, holds)
        if value is None or state == self._said.get(resource, (False, False)):
            return ()
        self._said[resource] = state
        return (Pressure(at=now, resource=resource, value=round(value, 1), limit=limit, held=holds),)


class Gauge:
    """Reads the load of this machine; `root` is where /proc and /sys are found, `pid` the top of our own tree."""

    def __init__(self, root: str = "/", pid: int = 0) -> None:
        self._root, self._pid = root, pid or os.getpid()
        self._machine: tuple[int, int] | None = None
        self._ours: int | None = None
        self._tick = os.sysconf("SC_CLK_TCK") if root == "/" else 100

    def look(self, seconds: float) -> Sample:
        """`seconds` have passed since the look before (the first one knows nothing of the CPU)."""
        busy, ours = self._used(), self._tree()
        cpu = cores = None
        if busy is not None and self._machine is not None and busy[1] > self._machine[1]:
            cpu = 100.0 * (busy[0] - self._machine[0]) / (busy[1] - self._machine[1])
        if ours is not None and self._ours is not None and seconds > 0:
            cores = max(0, ours - self._ours) / self._tick / seconds
        self._machine, self._ours = busy, ours
        some, full = self._stalls()
        return Sample(cpu=cpu, ours=cores, memory=self._memory(), some=some, full=full)

    def _used(self) -> tuple[int, int] | None:
        """Ticks that the machine worked, and all ticks."""
        fields = read_text(self._root, "proc/stat").partition("\n")[0].split()[1:9]
        if len(fields) < 5 or not all(number.isdigit() for number in fields):
            return None
        ticks = [int(number) for number in fields]
        return sum(ticks) - ticks[3] - ticks[4], sum(ticks)

    def _tree(self) -> int | None:
        """Ticks that we and all our descendants used, those that ended included: whoever waits for a child takes over its time."""
        total, pids = 0, [self._pid]
        while pids:
            pid = pids.pop()
            words = read_text(self._root, f"proc/{pid}/stat").rpartition(")")[2].split()
            if len(words) < 15:
                if pid == self._pid:
                    return None
                continue
            total += sum(int(word) for word in words[11:15])
            pids += self._children(pid)
        return total

    def _children(self, pid: int) -> list[int]:
        try:
            tasks = os.listdir(os.path.join(self._root, f"proc/{pid}/task"))
        except OSError:
            return []
        return [int(word) for task in tasks for word in read_text(self._root, f"proc/{pid}/task/{task}/children").split()]

    def _memory(self) -> float | None:
        """The highest use in percent: of the machine, and of each control group above us that has a limit."""
        told = dict(line.split(":", 1) for line in read_text(self._root, "proc/meminfo").splitlines() if ":" in line)
        found = []
        if "MemTotal" in told and "MemAvailable" in told:
            total, free = (int(told[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
            found.append(100.0 * (1 - free / total))
        found += [100.0 * (1 - room / limit) for limit, room in memory_limits(self._root) if limit]
        return max(found, default=None)

    def _stalls(self) -> tuple[float | None, float | None]:
        """The worst of the machine and of our own control group."""
        found = [line.split() for text in memory_stalls(self._root) for line in text.splitlines()]
        stalls = {kind: [float(words[1].removeprefix("avg10=")) for words in found if words[0] == kind and words[1:]] for kind in ("some", "full")}
        return max(stalls["some"], default=None), max(stalls["full"], default=None)
