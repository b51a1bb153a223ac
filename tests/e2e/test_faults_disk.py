"""A machine that refuses: full disks, no descriptors, places that cannot be written or read. One line or a true verdict, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fakes.faulty import jobs_of, only_run, python, repository, run_folders, tasks_only, valid_reports
from tests.fakes.space import PROGRAM, Ended, Space

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]


def limited(space: Space, limit: str, value: int, words: Sequence[str]) -> Ended:
    """A run of Gatekeeper, and all it starts, under this resource limit. SIGXFSZ is ignored, as Python does: a write then fails as on a full disk."""
    code = f"import os, resource, sys; resource.setrlimit(resource.{limit}, ({value}, {value})); os.execv(sys.argv[1], sys.argv[1:])"
    space.program = (sys.executable, "-I", "-S", "-c", code, *PROGRAM)
    try:
        # a Python that cannot write the whole of a compiled module keeps the half of it
        return space.run(*words, env={"PYTHONDONTWRITEBYTECODE": "1"})
    finally:
        space.program = PROGRAM


def told(ended: Ended) -> bool:
    """Not green, not our bug, and in words."""
    return ended.exit_code in {2, 3} and "Traceback" not in ended.stderr and "this is a bug" not in ended.stderr and bool(ended.stderr.strip())


@pytest.mark.parametrize("size", [0, 10, 200, 1_000, 2_000, 3_000, 4_000, 6_000])
def test_a_disk_that_fills_up_at_any_moment_is_never_green(tmp_path: Path, size: int) -> None:
    space = repository(tmp_path, {"one": python("print('x' * 100)"), "two": python("print('y' * 5000)")})
    before = space.state()
    ended = limited(space, "RLIMIT_FSIZE", size, tasks_only())
    assert told(ended), ended
    assert space.state() == before
    for folder in run_folders(space):
        assert not [path.name for path in folder.iterdir() if path.name.startswith(".unfinished")]
        assert not (folder / "record.json").exists() or valid_reports(folder)
    assert space.run(*tasks_only()).exit_code == 0


@pytest.mark.parametrize(("exit_with", "exit_code", "first"), [("0", 3, "INCOMPLETE"), ("1", 1, "FAIL")])
def test_where_reports_cannot_be_written_the_verdict_is_told_all_the_same(tmp_path: Path, exit_with: str, exit_code: int, first: str) -> None:
    space = repository(tmp_path, {"one": python(f"raise SystemExit({exit_with})")})
    assert space.run(*tasks_only()).exit_code == int(exit_with)
    written = only_run(space)
    size = (written / "summary.json").stat().st_size - 500  # a little differs from run to run
    ended = limited(space, "RLIMIT_FSIZE", size, tasks_only())
    assert ended.exit_code == exit_code, ended
    assert ended.stdout.startswith(first)
    assert "summary.json: cannot be written" in ended.stdout
    assert (space.root / ".gatekeeper" / "latest").resolve() == written


@pytest.mark.parametrize("count", [6, 8, 10, 12, 14, 16, 18, 20, 24, 28])
def test_without_descriptors_the_run_says_so_or_decides(tmp_path: Path, count: int) -> None:
    space = repository(tmp_path, {f"job-{number}": python("print(1)") for number in range(4)})
    ended = limited(space, "RLIMIT_NOFILE", count, tasks_only("--jobs", "4"))
    assert told(ended) or ended.exit_code == 0, ended
    if ended.exit_code == 0:
        assert {job["status"] for job in jobs_of(valid_reports(only_run(space))).values()} == {"passed"}


def test_a_tree_that_cannot_hold_our_folder_is_checked_all_the_same(tmp_path: Path) -> None:
    space = repository(tmp_path, {"one": python("print(1)")})
    space.write(".gitignore", ".gatekeeper\n")
    space.write(".gatekeeper", "a file in its place\n")
    before = space.state()
    ended = space.run(*tasks_only())
    assert ended.exit_code == 0, ended
    assert ".cache" in ended.stdout
    assert space.state() == before
    assert space.run("show").exit_code == 0


def test_where_nothing_can_be_kept_one_line_says_so(tmp_path: Path) -> None:
    space = repository(tmp_path, {"one": python("print(1)")})
    space.write(".gatekeeper", "a file in its place\n")
    file = str(space.root / "a.txt")
    ended = space.run(*tasks_only(), env={"HOME": file, "XDG_CACHE_HOME": file, "TMPDIR": file})
    assert told(ended), ended


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    space = repository(tmp_path, {"one": python("print(1)")})
    space.write("secret.json", "{}").chmod(0)
    ended = space.run("run", ".", "--only", "hygiene.*", "--no-provision")
    assert ended.exit_code != 0, ended
    assert "secret.json" in ended.stdout


def test_a_report_that_cannot_be_written_is_said_before_anything_runs(tmp_path: Path) -> None:
    space = repository(tmp_path, {"one": python("open('ran', 'w').close()")})
    ended = space.run(*tasks_only("--report", "junit=a.txt/junit.xml"))
    assert ended.exit_code == 2, ended
    assert "a.txt" in ended.stderr
    assert not (space.root / "ran").exists()


def test_a_clock_that_is_set_back_meanwhile_changes_nothing(tmp_path: Path) -> None:
    """The wall clock is only for names and dates: a program that sees another one, decades away, measures the same durations."""
    space = repository(tmp_path, {"one": python("print(1)")})
    code = ("import sys, time; real = time.time; calls = iter(range(10**9)); time.time = lambda: real() - 3e8 * (next(calls) % 2); "
            "sys.argv = ['gatekeeper', *sys.argv[1:]]; from gatekeeper.cli.start import main; sys.exit(main())")
    space.program = (sys.executable, "-P", "-c", code)
    ended = space.run(*tasks_only("--json"))
    assert ended.exit_code == 0, ended
    seconds = [ended.json()["seconds"], *(job["seconds"] for job in ended.json()["jobs"])]
    assert [value for value in seconds if not 0 <= value < 60] == []
