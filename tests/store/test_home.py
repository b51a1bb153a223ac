"""The home of a tree: where it lies, who may write it, what is kept how long."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekeeper.errors import StoreError, UsageError
from gatekeeper.store.atomic import UNFINISHED
from gatekeeper.store.home import LOCK, Home, home_of, is_running, open_home, prune, publish_latest, run_ids, start_run
from gatekeeper.store.lock import Lock
from gatekeeper.store.runs import find_run, verify_checksums, write_checksums

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]


def made(home: Home, count: int) -> list[str]:
    """Ids of finished runs, one per hour, oldest first."""
    ids = []
    for hour in range(count):
        run = start_run(home, now=NOON + timedelta(hours=hour))
        run.close()
        ids.append(run.run_id)
    return ids


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(str(tmp_path), {})


def test_the_home_lies_in_the_tree_and_ignores_itself(tmp_path: Path) -> None:
    home = open_home(str(tmp_path), {})
    assert home == Home(folder=str(tmp_path / ".gatekeeper"))
    assert (tmp_path / ".gatekeeper/.gitignore").read_text() == "*\n"
    assert home_of(str(tmp_path), {}) == home


def test_git_sees_nothing_of_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, capture_output=True)
    start_run(open_home(str(tmp_path), {})).close()
    done = subprocess.run(["git", "status", "--porcelain", "--untracked-files=all"], cwd=tmp_path, check=True, capture_output=True)
    assert done.stdout == b""


@pytest.mark.faults
def test_a_tree_that_cannot_be_written_is_kept_in_the_cache_and_that_is_said(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / ".gatekeeper").write_text("in the way")
    home = open_home(str(root), {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert home.folder.startswith(str(tmp_path / "cache/gatekeeper/homes/tree-"))
    assert home.notices == (f"the tree cannot hold .gatekeeper/ (File exists): everything is kept in {home.folder}",)
    assert home_of(str(root), {"XDG_CACHE_HOME": str(tmp_path / "cache")}).folder == home.folder
    start_run(home).close()


@pytest.mark.faults
def test_without_a_cache_folder_the_temporary_folder_serves(tmp_path: Path) -> None:
    (tmp_path / ".gatekeeper").write_text("in the way")
    home = open_home(str(tmp_path), {"XDG_CACHE_HOME": str(tmp_path / ".gatekeeper"), "TMPDIR": str(tmp_path / "temporary")})
    assert home.folder.startswith(str(tmp_path / f"temporary/gatekeeper-{os.getuid()}/"))
    assert (tmp_path / f"temporary/gatekeeper-{os.getuid()}").stat().st_mode & 0o777 == 0o700


@pytest.mark.faults
def test_when_nothing_can_be_written_anywhere_one_line_says_so(tmp_path: Path) -> None:
    (tmp_path / ".gatekeeper").write_text("in the way")
    with pytest.raises(StoreError, match=r"nothing can be kept anywhere: .*File exists.*Not a directory"):
        open_home(str(tmp_path), {"TMPDIR": str(tmp_path / ".gatekeeper")})


def test_a_link_that_came_with_the_repository_is_not_followed(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / ".gatekeeper").symlink_to(elsewhere)
    home = open_home(str(root), {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert "is a symbolic link" in home.notices[0]
    assert list(elsewhere.iterdir()) == []


def test_looking_for_a_home_creates_nothing(tmp_path: Path) -> None:
    assert home_of(str(tmp_path), {"XDG_CACHE_HOME": str(tmp_path / "cache")}).folder == str(tmp_path / ".gatekeeper")
    assert list(tmp_path.iterdir()) == []


def test_a_run_has_a_folder_named_by_time_and_locked_while_it_lasts(home: Home) -> None:
    run = start_run(home, now=NOON, token="abc")
    assert run.run_id == "20260102-120000-abc"
    assert is_running(run.path)
    run.close()
    run.close()
    assert not is_running(run.path)


def test_runs_of_one_second_stand_in_the_order_of_their_starts(home: Home) -> None:
    started = []
    for microsecond in (0, 400, 1_000, 250_000, 999_700):
        with closing(start_run(home, now=NOON.replace(microsecond=microsecond))) as run:
            started.append(run.run_id)
    assert run_ids(home) == tuple(reversed(started))
    assert {len(run_id) for run_id in started} == {len("20260102-120000-abcdef")}


def test_who_asks_whether_a_run_is_under_way_is_not_taken_for_the_run(home: Home) -> None:
    run = start_run(home)
    run.close()
    with open(os.path.join(run.path, LOCK), "rb") as asked:
        fcntl.flock(asked, fcntl.LOCK_SH)  # as somebody does who is asking at the same moment
        assert not is_running(run.path)


def test_a_run_that_did_not_begin_leaves_no_folder(home: Home) -> None:
    run = start_run(home, now=NOON, token="abc")
    Path(run.path, "inputs").mkdir()
    run.discard()
    run.close()
    assert os.listdir(home.runs) == []


def test_a_name_that_is_taken_is_not_used_twice(home: Home) -> None:
    start_run(home, now=NOON, token="abc").close()
    with pytest.raises(StoreError, match="cannot be created"):
        start_run(home, now=NOON, token="abc")
    assert run_ids(home) == ("20260102-120000-abc",)


@pytest.mark.faults
def test_a_run_that_was_killed_is_not_running_any_more(home: Home, tmp_path: Path) -> None:
    code = ("import os, signal, sys; from gatekeeper.store.home import open_home, start_run\n"
            "start_run(open_home(sys.argv[1], {})); os.kill(os.getpid(), signal.SIGKILL)")
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=REPOSITORY, check=False).returncode == -9
    [run_id] = run_ids(home)
    assert not is_running(os.path.join(home.runs, run_id))


def test_the_oldest_runs_go_and_the_newest_stay(home: Home) -> None:
    ids = made(home, 5)
    assert prune(home, keep=3) == (ids[1], ids[0])
    assert run_ids(home) == tuple(reversed(ids[2:]))


def test_running_and_latest_runs_are_never_deleted(home: Home) -> None:
    ids = made(home, 2)
    running = start_run(home, now=NOON - timedelta(days=1))
    publish_latest(home, ids[0])
    assert prune(home, keep=1) == ()
    running.close()
    assert prune(home, keep=1) == (running.run_id,)


def test_large_runs_go_before_their_number_is_reached_but_never_the_newest(home: Home) -> None:
    ids = made(home, 4)
    for run_id, size in zip(ids, (10, 10, 5000, 2000), strict=True):
        Path(home.runs, run_id, "report").write_bytes(b"x" * size)
    assert prune(home, max_bytes=3000) == (ids[2],)
    assert prune(home, max_bytes=10) == (ids[1], ids[0])
    assert run_ids(home) == (ids[3],)


def test_what_an_interrupted_deletion_left_is_swept(home: Home) -> None:
    Path(home.runs, ".deleting-x").mkdir()
    prune(home)
    assert os.listdir(home.runs) == []


@pytest.mark.faults
def test_half_written_files_of_a_dead_run_are_swept_when_nobody_can_write_them_any_more(home: Home) -> None:
    old, fresh = (Path(home.folder) / f"{UNFINISHED}{name}" for name in ("old", "fresh"))
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    prune(home)
    assert (old.exists(), fresh.exists()) == (False, True)


def test_latest_points_to_the_run_that_finished_last(home: Home) -> None:
    first, second = made(home, 2)
    publish_latest(home, second)
    publish_latest(home, first)
    assert os.path.realpath(home.latest) == os.path.join(home.runs, first)
    assert find_run(home) == os.path.join(home.runs, first)
    assert sorted(os.listdir(home.folder)) == [".gitignore", "latest", "runs"]


def test_latest_without_a_finished_run_is_the_newest(home: Home) -> None:
    ids = made(home, 2)
    assert find_run(home) == os.path.join(home.runs, ids[1])


@pytest.mark.faults
def test_a_folder_in_the_place_of_latest_is_told(home: Home) -> None:
    Path(home.latest, "x").mkdir(parents=True)
    with pytest.raises(StoreError, match="latest"):
        publish_latest(home, made(home, 1)[0])
    assert sorted(os.listdir(home.folder)) == [".gitignore", "latest", "runs"]


def test_runs_are_found_by_the_start_of_their_id_or_of_its_end(home: Home) -> None:
    for hour, token in enumerate(("aa11", "aa22", "bb33")):
        start_run(home, now=NOON + timedelta(hours=hour), token=token).close()
    assert find_run(home, "20260102-12").endswith("120000-aa11")
    assert find_run(home, "bb").endswith("140000-bb33")
    with pytest.raises(UsageError, match="aa: 2 runs start so"):
        find_run(home, "aa")
    with pytest.raises(UsageError, match="zz: no such run") as caught:
        find_run(home, "zz")
    assert "20260102-140000-bb33" in (caught.value.hint or "")


def test_without_runs_there_is_a_hint_how_to_make_one(home: Home) -> None:
    with pytest.raises(UsageError, match="there are no runs") as caught:
        find_run(home)
    assert caught.value.hint == "make one: gatekeeper run"


def test_checksums_tell_a_report_that_was_changed(home: Home) -> None:
    run = start_run(home)
    for name in ("a.xml", "b.json"):
        Path(run.path, name).write_text(name)
    write_checksums(run.path, ["b.json", "a.xml"])
    assert verify_checksums(run.path) == ()
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=run.path, check=False).returncode == 0
    Path(run.path, "a.xml").write_text("other")
    Path(run.path, "b.json").unlink()
    assert verify_checksums(run.path)[0] == "a.xml: is not as it was written"
    assert "b.json: cannot be read" in verify_checksums(run.path)[1]
    run.close()


@pytest.mark.concurrency
def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    lock = Lock.take(path)
    assert Lock.try_take(path) is None
    lock.release()
    again = Lock.try_take(path)
    assert again is not None
    again.release()


@pytest.mark.concurrency
@pytest.mark.parametrize("held", [True, False])
def test_whoever_may_only_read_a_lock_sees_whether_it_is_held(held: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "lock")
        lock = Lock.take(path)
        os.chmod(path, 0o444)
        if not held:
            lock.release()
        ask = f"import os; from gatekeeper.store.lock import Lock; os.geteuid() or os.setuid(65534); print(Lock.is_held({path!r}))"
        assert subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip() == str(held)
        lock.release()
