"""Cores that several runs share: locks in a folder, here taken by several in one process (a lock belongs to its descriptor)."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from gatekeeper.execute.slots import POLL, SEATS, Slots


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


class Runs:
    """Runs on one machine, and a clock that they share."""

    def __init__(self, folder: Path, stack: ExitStack, count: int) -> None:
        self.folder, self.stack, self.count = str(folder / "slots"), stack, count
        self.now = 0.0

    def another(self) -> Slots:
        return self.stack.enter_context(closing(Slots(self.folder, self.count)))

    def later(self) -> float:
        self.now += POLL
        return self.now


def test_a_run_that_is_alone_has_all(tmp_path: Path, stack: ExitStack) -> None:
    run = Runs(tmp_path, stack, 4).another()
    assert run.ask(0, 3, 0.0) == 3
    assert run.ask(0, 9, 1.0) == 4
    assert run.ask(1, 1, 2.0) == 1
    assert run.ask(0, 0, 3.0) == 0


def test_two_runs_never_hold_more_than_there_is_and_end_with_half_each(tmp_path: Path, stack: ExitStack) -> None:
    runs = Runs(tmp_path, stack, 4)
    first, second = runs.another(), runs.another()
    assert first.ask(0, 4, runs.later()) == 4
    assert second.ask(0, 4, runs.later()) == 0
    assert second.next() == POLL
    assert first.ask(4, 4, runs.later()) == 4  # what its jobs use is not taken from it
    assert first.ask(3, 4, runs.later()) == 3
    assert second.ask(0, 4, runs.later()) == 1
    assert first.ask(1, 4, runs.later()) == 2
    assert second.ask(1, 4, runs.later()) == 2
    assert (first.held, second.held) == (2, 2)
    second.close()
    assert first.ask(2, 4, runs.later()) == 4
    assert first.next() == math.inf


def test_nobody_is_modest_for_a_run_that_has_what_it_wants(tmp_path: Path, stack: ExitStack) -> None:
    runs = Runs(tmp_path, stack, 4)
    first, second = runs.another(), runs.another()
    assert second.ask(0, 1, runs.later()) == 1
    assert first.ask(0, 4, runs.later()) == 3
    assert second.ask(1, 1, runs.later()) == 1
    assert first.ask(1, 4, runs.later()) == 3


def test_three_runs_and_eight_cores_are_three_three_and_two(tmp_path: Path, stack: ExitStack) -> None:
    runs = Runs(tmp_path, stack, 8)
    all_runs = [runs.another() for _ in range(3)]
    used = [0, 0, 0]
    for _ in range(12):
        for number, run in enumerate(all_runs):
            used[number] = max(0, run.ask(max(0, used[number] - 1), 8, runs.later()))
            assert sum(each.held for each in all_runs) <= 8
    assert sorted(run.held for run in all_runs) == [2, 3, 3]


def test_the_slots_of_a_process_that_was_killed_are_free(tmp_path: Path, stack: ExitStack) -> None:
    folder = str(tmp_path / "slots")
    program = f"import sys\nfrom gatekeeper.execute.slots import Slots\nslots = Slots({folder!r}, 2)\nprint(slots.ask(0, 2, 0.0), flush=True)\nsys.stdin.read()"
    other = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "2\n"
        run = stack.enter_context(closing(Slots(folder, 2)))
        assert run.ask(0, 2, 0.0) == 0
        other.kill()
        other.wait()
    assert run.ask(0, 2, 1.0) == 2


def test_without_a_seat_a_run_takes_part_all_the_same(tmp_path: Path, stack: ExitStack) -> None:
    runs = Runs(tmp_path, stack, 2)
    seated = [runs.another() for _ in range(SEATS)]
    late = runs.another()
    assert seated[0].ask(0, 2, runs.later()) == 2
    assert late.ask(0, 1, runs.later()) == 0
    assert seated[0].ask(1, 2, runs.later()) == 1
    assert late.ask(0, 1, runs.later()) == 1


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "slots").write_text("")
    with pytest.raises(OSError, match="slots"):
        Slots(str(tmp_path / "slots"), 2)


def test_slots_are_not_inherited_by_jobs(tmp_path: Path, stack: ExitStack) -> None:
    runs = Runs(tmp_path, stack, 2)
    run = runs.another()
    run.ask(0, 2, 0.0)
    held = [int(name) for name in os.listdir("/dev/fd") if os.path.exists(f"/dev/fd/{name}") and "slots" in os.path.realpath(f"/dev/fd/{name}")]
    assert held
    assert not any(os.get_inheritable(descriptor) for descriptor in held)
