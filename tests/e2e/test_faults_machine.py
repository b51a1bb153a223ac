"""The machine under the program: full disks, no processes left, many runs at once, ends at any moment, files that rot. The verdict stays what it was."""

from __future__ import annotations

import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.fakes.faulty import configure, is_locked, jobs_of, python, repository, run_folders, survivors, tasks_only, valid_reports
from tests.fakes.space import CHECKOUT, PROGRAM, Ended, Space

pytestmark = [pytest.mark.faults, pytest.mark.timeout(110)]

#: one that finds something, one that says much, one that takes a moment
TASKS = {"red": python("raise SystemExit(1)"), "loud": python("print('x' * 70 + '\\n' * 2000)"), "slow": python("for _ in range(3_000_000): pass")}
GREEN = {name: argv for name, argv in TASKS.items() if name != "red"}

Disk = Callable[[Path, str], None]


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Mounts a disk of the given size on a folder; it is gone after the test."""
    mounted: list[Path] = []

    def mount(folder: Path, size: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", str(folder)], capture_output=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no disk can be mounted: {os.fsdecode(done.stderr).strip()}")
        mounted.append(folder)

    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root mounts disks")
    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def plain(ended: Ended) -> bool:
    """Words for people, and no bug of ours."""
    return "Traceback" not in ended.stderr + ended.stdout and "this is a bug" not in ended.stderr and ended.exit_code in {0, 1, 2, 3}


def left_nothing(space: Space, seconds: float = 20.0) -> bool:
    """Whether no run of this tree has left a process or a lock."""
    return not any(survivors(folder.name, seconds) or is_locked(folder) for folder in run_folders(space))


# --- disks ------------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["16k", "64k", "160k"])
@pytest.mark.parametrize(("tasks", "usual"), [(TASKS, 1), (GREEN, 0)], ids=["red", "green"])
def test_a_small_disk_for_all_that_a_run_keeps_never_makes_it_greener(tmp_path: Path, disk: Disk, size: str, tasks: dict[str, Sequence[str]], usual: int) -> None:
    space = repository(tmp_path, tasks)
    disk(space.root / ".gatekeeper", size)
    before = space.state()
    ended = space.run(*tasks_only())
    assert plain(ended), ended
    assert ended.exit_code in {usual, 2, 3}, ended
    if ended.exit_code == usual and "cannot be written" not in ended.stdout:
        folders = (*run_folders(space), *(space.home / ".cache").glob("gatekeeper/homes/*/runs/2*"))
        assert [valid_reports(folder)["verdict"]["exit_code"] for folder in folders] == [usual]
    assert ended.exit_code != 0 or "cannot be written" not in ended.stdout
    assert space.state() == before
    assert left_nothing(space)


@pytest.mark.parametrize("size", ["4k", "100k"])
def test_a_full_cache_folder_of_the_user_changes_nothing(tmp_path: Path, disk: Disk, size: str) -> None:
    space = repository(tmp_path, TASKS)
    disk(space.home / ".cache", size)
    for _ in range(2):
        ended = space.run(*tasks_only())
        assert (ended.exit_code, plain(ended)) == (1, True), ended


def test_a_disk_that_is_full_for_a_while_costs_the_journal_and_not_the_verdict(tmp_path: Path, disk: Disk) -> None:
    fill = ("import os\nwith open('.gatekeeper/fill', 'wb', buffering=0) as file:\n  try:\n    while file.write(b'x' * 512): pass\n  except OSError: pass")
    space = repository(tmp_path, {"fill": python(fill), "quick": python("print('y' * 100_000)"), "free": python("import os; os.unlink('.gatekeeper/fill')")},
                       quick={"needs": ["fill"]}, free={"needs": ["quick"]})
    disk(space.root / ".gatekeeper", "4m")
    ended = space.run(*tasks_only("--no-cache"))
    assert plain(ended), ended
    (folder,) = run_folders(space)
    assert "the journal cannot be written any more" in ended.stdout + ended.stderr
    assert {name: job["status"] for name, job in jobs_of(valid_reports(folder)).items()} == {"fill": "passed", "quick": "passed", "free": "passed"}
    assert ended.exit_code == 0, ended


# --- processes --------------------------------------------------------------------------------------------------------------------------------------

#: as a user who may have so many processes and threads; the user's id is real, the rights to files stay
FEW = ("import ctypes, os, resource, sys; libc = ctypes.CDLL(None, use_errno=True); [libc.prctl(24, capability, 0, 0, 0) for capability in (21, 24)]; "
       "resource.setrlimit(resource.RLIMIT_NPROC, ({count}, {count})); os.setresuid({user}, 0, 0); os.execv(sys.argv[1], sys.argv[1:])")


@pytest.mark.skipif(os.geteuid() != 0 or not hasattr(ctypes.CDLL(None), "prctl"), reason="only root becomes somebody else")
@pytest.mark.parametrize("count", [1, 4, 6])
def test_without_a_process_or_thread_to_spare_the_run_says_so_or_decides(tmp_path: Path, count: int) -> None:
    space, user = repository(tmp_path, GREEN), 61_000 + count
    place = Path(tempfile.gettempdir(), f"gatekeeper-{user}")  # made by root it would not be that user's, and each run would make another one
    place.mkdir(mode=0o700, exist_ok=True)
    os.chown(place, user, user)
    space.program = (sys.executable, "-I", "-S", "-c", FEW.format(count=count, user=user), *PROGRAM)
    ended = space.run(*tasks_only("--jobs", "2"), env={"PYTHONPATH": str(CHECKOUT)})
    shutil.rmtree(place, ignore_errors=True)
    assert plain(ended), ended
    assert ended.exit_code in {0, 2, 3}, ended
    for folder in run_folders(space):
        statuses = {job["status"] for job in jobs_of(valid_reports(folder)).values()}
        assert (statuses == {"passed"}) is (ended.exit_code == 0)
    assert left_nothing(space)


def refusing(space: Space, which: str) -> Space:
    """The space on a machine that refuses to start that process or thread; with a dash, any from there on."""
    space.program = (sys.executable, "-P", str(CHECKOUT / "tests" / "fakes" / "refusing.py"), which)
    return space


def test_whichever_process_or_thread_is_refused_the_run_says_so_or_decides(tmp_path: Path) -> None:
    space = repository(tmp_path, {"good": python("print('fine')"), "other": python("import time; time.sleep(0.3)")})
    env = {"PYTHONPATH": str(CHECKOUT)}
    whole = refusing(space, "0").run(*tasks_only("--no-cache"), env=env)
    assert whole.exit_code == 0, whole
    starts = int(whole.stderr.splitlines()[-1])
    assert starts >= 5
    for which in (*map(str, range(1, starts + 1)), "1-", "3-", f"{starts}-"):
        ended = refusing(space, which).run(*tasks_only("--no-cache"), env=env)
        assert plain(ended), (which, ended)
        assert ended.exit_code in {0, 3}, (which, ended)
    assert left_nothing(space)


def test_a_terminal_is_written_to_where_no_thread_can_be_had(tmp_path: Path) -> None:
    ended = refusing(repository(tmp_path, GREEN), "1-").on_terminal(*tasks_only(), env={"PYTHONPATH": str(CHECKOUT)})
    assert plain(ended), ended
    assert "incomplete" in ended.stdout.lower(), ended


# --- many at once -----------------------------------------------------------------------------------------------------------------------------------


def together(spaces: Sequence[Space], *words: str) -> list[int]:
    """Exit codes of runs that go on at once, one in each space."""
    processes = [space.start(*words) for space in spaces]
    ends = [process.communicate(timeout=90) for process in processes]
    codes = [process.returncode for process in processes]
    assert not any(b"Traceback" in part for end in ends for part in end), ends
    return codes


@pytest.mark.parametrize("count", [2, 10])
def test_runs_at_once_in_one_tree_decide_alike_and_leave_nothing(tmp_path: Path, count: int) -> None:
    space = repository(tmp_path, TASKS)
    before = space.state()
    assert together([space] * count, *tasks_only()) == [1] * count
    assert len(run_folders(space)) == count
    assert {valid_reports(folder)["verdict"]["outcome"] for folder in run_folders(space)} == {"fail"}
    assert left_nothing(space)
    assert space.state() == before
    assert len(json.loads(space.run("history", "--json").stdout)["runs"]) == count


def test_runs_at_once_in_ten_worktrees_share_their_caches_and_decide_each_for_its_own(tmp_path: Path) -> None:
    space = repository(tmp_path, GREEN)
    trees = []
    for number in range(10):
        tree = Space(tmp_path)
        tree.root = space.folder / f"tree-{number}"
        space.git("worktree", "add", "-q", "--detach", str(tree.root))
        if number % 2:
            configure(tree, TASKS)
        trees.append(tree)
    for _ in range(2):  # cold, and from what the ten have kept
        assert together(trees, *tasks_only()) == [number % 2 for number in range(10)]
    assert all(left_nothing(tree) for tree in trees)
    assert [len(run_folders(tree)) for tree in trees] == [2] * 10


# --- ends -------------------------------------------------------------------------------------------------------------------------------------------


def test_twenty_runs_killed_at_any_moment_leave_nothing_and_the_next_decides_as_before(tmp_path: Path) -> None:
    space = repository(tmp_path, TASKS)
    before, draw = space.state(), random.Random(4)
    for _ in range(20):
        process = space.start(*tasks_only("--no-cache"))
        try:
            process.communicate(timeout=draw.uniform(0.05, 1.2))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
    assert left_nothing(space)
    assert space.state() == before
    ended = space.run(*tasks_only())
    assert ended.exit_code == 1, ended
    assert [path.name for path in (space.root / ".gatekeeper" / "runs").iterdir() if path.name.startswith(".")] == []
    assert space.run("history").exit_code == 0


# --- files that rot -----------------------------------------------------------------------------------------------------------------------------------

ROT: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda content: b"",
    "cut": lambda content: content[:len(content) // 2],
    "flipped": lambda content: content[:len(content) // 2] + bytes(byte ^ 0x55 for byte in content[len(content) // 2:len(content) // 2 + 16])
    + content[len(content) // 2 + 16:],
    "zeroed": lambda content: bytes(len(content)),
    "foreign": lambda content: b"\x80\x04\x95not what it was\n[[[{{{" * 3,
}


def rotten(folder: Path, rot: Callable[[bytes], bytes]) -> int:
    """Damages every file below a folder; how many there were."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    for path in files:
        path.write_bytes(rot(path.read_bytes()))
    return len(files)


@pytest.mark.parametrize("rot", ROT)
def test_whatever_has_rotted_of_what_is_kept_the_next_run_decides_as_before(tmp_path: Path, rot: str) -> None:
    space = repository(tmp_path, TASKS)
    assert space.run(*tasks_only()).exit_code == 1
    before = space.state()
    assert rotten(space.root / ".gatekeeper", ROT[rot]) > 10
    assert rotten(space.home / ".cache", ROT[rot]) > 2
    looking = [space.run(*words) for words in (("history",), ("show",), ("status",), ("ps",), ("explain", "D3/red"), ("logs", "D3/loud"), ("resume",), ("cache", "size"))]
    assert [ended for ended in looking if not plain(ended)] == []
    for _ in range(2):
        ended = space.run(*tasks_only("--json"))
        assert (ended.exit_code, plain(ended)) == (1, True), ended
        assert {name: job["status"] for name, job in jobs_of(ended.json()).items()} == {"red": "failed", "loud": "passed", "slow": "passed"}
    assert space.state() == before


def test_folders_in_the_place_of_files_and_the_other_way_round_change_no_verdict(tmp_path: Path) -> None:
    space = repository(tmp_path, TASKS)
    assert space.run(*tasks_only()).exit_code == 1
    kept = space.home / ".cache"
    for path in sorted(kept.rglob("*"), reverse=True):
        if path.is_file():
            path.unlink()
            path.mkdir()
    ended = space.run(*tasks_only())
    assert (ended.exit_code, plain(ended)) == (1, True), ended
    shutil.rmtree(kept / "gatekeeper")
    (kept / "gatekeeper").write_text("a file in its place\n")
    ended = space.run(*tasks_only())
    assert (ended.exit_code, plain(ended)) == (1, True), ended
