"""What load does to a run: read from made-up /proc trees, decided without a machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gatekeeper.execute.pressure import Gauge, Monitor, PressureLimits, Sample, Step

IDLE = Sample(cpu=10.0, ours=0.1, memory=20.0, some=0.0, full=0.0)
FOREIGN = Sample(cpu=99.0, ours=0.4, memory=20.0, some=0.0, full=0.0)
OWN = Sample(cpu=99.0, ours=1.9, memory=20.0, some=0.0, full=0.0)
TIGHT = Sample(cpu=10.0, ours=0.1, memory=85.0, some=2.5, full=0.0)
DIRE = Sample(cpu=10.0, ours=0.1, memory=96.0, some=40.0, full=15.0)


class Watched:
    """A run with jobs in order of age, as the monitor tells it to behave."""

    def __init__(self, *jobs: str) -> None:
        self.monitor = Monitor(PressureLimits())
        self.moving, self.frozen = list(jobs), list[str]()
        self.now = 0.0

    def see(self, sample: Sample) -> Step:
        self.now += 1
        step = self.monitor.heed(sample, now=self.now, cores=len(self.moving), moving=self.moving, frozen=self.frozen)
        if step.freeze is not None:
            self.moving.remove(step.freeze)
            self.frozen.insert(0, step.freeze)
        if step.thaw is not None:
            self.frozen.remove(step.thaw)
            self.moving.append(step.thaw)
        return step


def told(step: Step) -> list[tuple[str, float, float, bool]]:
    return [(event.resource, event.value, event.limit, event.held) for event in step.told]


def test_a_full_machine_that_works_for_us_is_told_and_holds_nothing() -> None:
    run = Watched("a", "b")
    step = run.see(OWN)
    assert told(step) == [("cpu", 99.0, 95.0, False)]
    assert not step.hold
    assert run.see(OWN) == Step()


def test_a_full_machine_that_works_for_others_holds_back_what_has_not_started() -> None:
    run = Watched("a", "b")
    step = run.see(FOREIGN)
    assert told(step) == [("cpu", 99.0, 95.0, True)]
    assert step.hold
    assert step.freeze is None
    again = run.see(FOREIGN)
    assert (again.hold, again.told) == (True, ())
    assert told(run.see(IDLE)) == [("cpu", 10.0, 95.0, False)]
    assert not run.see(IDLE).hold


def test_memory_that_is_used_but_not_waited_for_holds_nothing() -> None:
    step = Watched("a").see(Sample(memory=85.0, some=0.2, full=0.0))
    assert told(step) == [("memory", 85.0, 80.0, False)]
    assert not step.hold


@pytest.mark.parametrize("sample", [TIGHT, Sample(memory=81.0), Sample(memory=91.0, some=0.0, full=0.0)],
                         ids=["stalls", "nothing known of stalls", "nearly all used"])
def test_short_memory_holds_back_what_has_not_started(sample: Sample) -> None:
    step = Watched("a", "b").see(sample)
    assert step.hold
    assert told(step) == [("memory", sample.memory, 80.0, True)]


def test_the_newest_is_frozen_one_by_one_and_the_oldest_never() -> None:
    run = Watched("old", "middle", "new")
    assert [run.see(DIRE).freeze for _ in range(4)] == ["new", "middle", None, None]
    assert run.moving == ["old"]


def test_they_go_on_one_by_one_the_oldest_first_when_it_passes() -> None:
    run = Watched("old", "middle", "new")
    for _ in range(2):
        run.see(DIRE)
    assert run.see(TIGHT).thaw is None
    assert [run.see(IDLE).thaw for _ in range(3)] == ["middle", "new", None]


def test_something_always_moves() -> None:
    run = Watched("old", "new")
    run.see(DIRE)
    run.moving.remove("old")
    assert run.see(DIRE).thaw == "new"
    assert run.see(DIRE).freeze is None


def test_what_is_not_known_holds_nothing() -> None:
    assert Watched("a", "b").see(Sample()) == Step()
    assert not Watched("a").see(Sample(cpu=99.0)).hold


def test_limits_are_the_callers() -> None:
    monitor = Monitor(PressureLimits(cpu_percent=5.0, memory_percent=10.0))
    step = monitor.heed(Sample(cpu=6.0, ours=0.0, memory=12.0), now=1.0, cores=1, moving=["a"], frozen=[])
    assert told(step) == [("cpu", 6.0, 5.0, True), ("memory", 12.0, 10.0, True)]


# the gauge


def machine(root: Path, *, busy: int, idle: int, trees: Mapping[int, tuple[int, tuple[int, ...]]], memory: tuple[int, int] = (1000, 900),
            files: Mapping[str, str] | None = None) -> str:
    """`trees`: by pid, ticks used and children."""
    texts = {"proc/stat": f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 1 1 1", "proc/meminfo": f"MemTotal: {memory[0]} kB\nMemAvailable: {memory[1]} kB", **(files or {})}
    for pid, (ticks, children) in trees.items():
        texts[f"proc/{pid}/stat"] = f"{pid} (a (b) c) S 1 1 1 0 -1 0 0 0 0 0 {ticks} 1 2 3 20"
        texts[f"proc/{pid}/task/{pid}/children"] = " ".join(str(child) for child in children)
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return str(root)


def test_what_our_tree_used_is_told_from_what_the_machine_used(tmp_path: Path) -> None:
    root = machine(tmp_path, busy=1000, idle=1000, trees={7: (100, (8, 9)), 8: (50, ()), 9: (10, (10,)), 10: (5, ()), 66: (800, ())})
    gauge = Gauge(root, 7)
    first = gauge.look(1.0)
    assert (first.cpu, first.ours) == (None, None)
    machine(tmp_path, busy=1180, idle=1020, trees={7: (120, (8, 9)), 8: (60, ()), 9: (40, ())})
    second = gauge.look(1.0)
    assert second.cpu == pytest.approx(90.0)
    assert second.ours == pytest.approx((20 + 10 + 30 - 5 - 6) / 100)


def test_memory_is_that_of_the_machine_or_of_a_tighter_group(tmp_path: Path) -> None:
    root = machine(tmp_path, busy=1, idle=1, trees={}, memory=(1000, 750))
    assert Gauge(root, 7).look(1.0).memory == pytest.approx(25.0)
    machine(tmp_path, busy=1, idle=1, trees={}, files={
        "proc/self/cgroup": "0::/run", "sys/fs/cgroup/run/memory.max": "1000", "sys/fs/cgroup/run/memory.current": "900",
        "sys/fs/cgroup/run/memory.stat": "inactive_file 100"})
    assert Gauge(root, 7).look(1.0).memory == pytest.approx(80.0)


def test_stalls_are_the_worst_of_the_machine_and_of_our_groups(tmp_path: Path) -> None:
    psi = "some avg10={} avg60=9 avg300=9 total=1\nfull avg10={} avg60=9 avg300=9 total=1"
    root = machine(tmp_path, busy=1, idle=1, trees={}, files={"proc/pressure/memory": psi.format("1.50", "0.10")})
    assert (Gauge(root, 7).look(1.0).some, Gauge(root, 7).look(1.0).full) == (1.5, 0.1)
    machine(tmp_path, busy=1, idle=1, trees={}, files={"proc/self/cgroup": "0::/run", "sys/fs/cgroup/run/memory.pressure": psi.format("0.30", "7.00")})
    assert (Gauge(root, 7).look(1.0).some, Gauge(root, 7).look(1.0).full) == (1.5, 7.0)


def test_where_there_is_no_proc_nothing_is_known(tmp_path: Path) -> None:
    gauge = Gauge(str(tmp_path), 7)
    assert (gauge.look(1.0), gauge.look(1.0)) == (Sample(), Sample())


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="reads /proc")
def test_a_child_counts_as_ours_while_it_runs_and_when_it_has_ended() -> None:
    gauge = Gauge()
    gauge.look(1.0)
    burn = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\nimport sys\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        used = gauge.look(1.0).ours
        assert used is not None
        assert used >= 0.28
        child.kill()
        child.wait()
    after = gauge.look(1.0).ours
    assert after is not None
    assert 0.0 <= after < used
