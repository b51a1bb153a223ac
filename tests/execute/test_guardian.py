"""Gatekeeper is killed with SIGKILL: its guardian leaves nothing of its jobs."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gatekeeper.execute import guardian
from gatekeeper.execute.guard import Guard
from gatekeeper.execute.proc import read_row
from tests.fakes.stage import BIN, Stage, fake

ROOT = os.path.dirname(os.path.dirname(BIN))

PARENT = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import stagehand
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.process import ProcessSpec

pool = ProcessPool(run_id=sys.argv[4], portable=sys.argv[3] == "portable")
folder, argv = sys.argv[5], tuple(sys.argv[6:])
if sys.argv[3] == "crowded":
    pool.start(ProcessSpec(key="other", argv=(sys.executable, "-S", "-B", sys.argv[2] + "/told", "other"), cwd=folder,
                           env=dict(__import__("os").environ), stdout=folder + "/out2", stderr=folder + "/err2"))
pool.start(ProcessSpec(key="job", argv=argv, cwd=folder, env=dict(__import__("os").environ), stdout=folder + "/out", stderr=folder + "/err"))
print("guardian", pool.guardian_pid, flush=True)
stagehand.fork(lambda: stagehand.obey("worker"))  # a forked copy of the parent must not keep the guardian waiting
sys.stdin.readline()  # all of the tree is there: look at it once
pool.wait(0.05)
stagehand.obey("parent")
"""


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def look(parent: subprocess.Popen[bytes], stage: Stage) -> None:
    """Have the parent look at its tree once."""
    assert parent.stdin is not None
    parent.stdin.write(b"\n")
    parent.stdin.flush()
    stage.actor("parent")


def end(parent: subprocess.Popen[bytes]) -> None:
    """SIGKILL; its forked worker keeps the pipes, so they are not read to their end."""
    parent.kill()
    parent.wait()
    for pipe in (parent.stdin, parent.stdout):
        if pipe is not None:
            pipe.close()


def start_parent(stage: Stage, folder: Path, variant: str, *kinds: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-B", "-c", PARENT, ROOT, BIN, variant, f"run-{os.getpid()}", str(folder), *fake("spawns", "job", *kinds)]
    return subprocess.Popen(argv, env=stage.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


@pytest.mark.parametrize(("variant", "kinds"), [
    ("strong", ("child", "setsid", "daemon", "stubborn", "nameless")),
    ("portable", ("child", "setsid", "daemon", "stubborn")),
])
def test_nothing_is_left_after_kill_9(stage: Stage, tmp_path: Path, variant: str, kinds: tuple[str, ...]) -> None:
    parent = start_parent(stage, tmp_path, variant, *kinds)
    actors = [stage.actor(name) for name in ("job", *(f"job-{kind}" for kind in kinds))]
    look(parent, stage)
    assert not any(actor.gone(0.01) for actor in actors)
    end(parent)
    assert all(actor.gone() for actor in actors)
    stage.actor("worker").tell("exit 0")


def test_what_may_be_of_either_of_two_jobs_does_not_survive_kill_9(stage: Stage, tmp_path: Path) -> None:
    parent = start_parent(stage, tmp_path, "crowded", "nameless")
    actors = [stage.actor(name) for name in ("other", "job", "job-nameless")]
    look(parent, stage)
    end(parent)
    assert all(actor.gone() for actor in actors)
    stage.actor("worker").tell("exit 0")


def test_the_guardian_notes_when_gatekeeper_died_before_it_ends_what_is_left(stage: Stage, tmp_path: Path) -> None:
    note = tmp_path / "note"
    note.touch()
    os.utime(note, (1.0, 1.0))
    guard = Guard("run-noted", str(note))
    process = subprocess.Popen(fake("told", "left"), env=stage.environment, start_new_session=True)
    actor = stage.actor("left")
    guard.add(process.pid)
    assert note.stat().st_mtime == 1.0
    guard.close()  # to the guardian this is the same
    assert actor.gone()
    process.wait()
    assert note.stat().st_mtime > 1.0


def test_what_may_be_of_two_jobs_is_ended_until_both_are_gone(stage: Stage) -> None:
    guard = Guard("run-of-two")
    process = subprocess.Popen(fake("told", "doubtful"), env=stage.environment, start_new_session=True)
    actor = stage.actor("doubtful")
    row = read_row(process.pid)
    assert row is not None
    for group in (999_999_998, 999_999_999):
        guard.add_single(group, process.pid, row.started)
    guard.remove(999_999_998)
    guard.close()
    assert actor.gone()
    process.wait()


def test_the_guardian_goes_when_its_work_is_done(stage: Stage, tmp_path: Path) -> None:
    parent = start_parent(stage, tmp_path, "strong", "setsid")
    assert parent.stdout is not None
    word, pid = parent.stdout.readline().split()
    assert word == b"guardian"
    watched = os.pidfd_open(int(pid))
    actor = stage.actor("job-setsid")
    end(parent)
    assert actor.gone()
    assert select.select([watched], [], [], 20)[0]
    os.close(watched)
    stage.actor("worker").tell("exit 0")


def test_only_processes_that_carry_the_run_are_swept(stage: Stage) -> None:
    ours = subprocess.Popen(fake("told", "ours"), env={**stage.environment, "GATEKEEPER_RUN_ID": "outer:r1"})
    inner = subprocess.Popen(fake("told", "inner"), env={**stage.environment, "GATEKEEPER_RUN_ID": "r1:r2"})
    other = subprocess.Popen(fake("told", "other"), env={**stage.environment, "GATEKEEPER_RUN_ID": "r12"})
    actors = [stage.actor(name) for name in ("ours", "inner", "other")]
    guardian.end(set(), {}, "r1")
    assert [actor.gone(0.05) for actor in actors] == [True, True, False]
    other.kill()
    assert [process.wait() for process in (ours, inner, other)] == [-signal.SIGTERM, -signal.SIGTERM, -signal.SIGKILL]


def test_a_reused_pid_is_left_alone(stage: Stage) -> None:
    process = subprocess.Popen(fake("told", "late"), env=stage.environment)
    actor = stage.actor("late")
    guardian.end(set(), {process.pid: "1"}, "no-such-run")
    assert not actor.gone(0.05)
    actor.tell("exit 0")
    assert process.wait() == 0


def test_groups_that_live_at_the_end_are_ended_and_those_that_were_taken_back_are_not(stage: Stage) -> None:
    left, taken_back = (subprocess.Popen(fake("ignores-term", name), env=stage.environment, start_new_session=True) for name in ("left", "back"))
    actors = [stage.actor("left"), stage.actor("back")]
    guard = Guard("no-cookie")
    assert guard.alive
    for process in (left, taken_back):
        guard.add(process.pid)
    guard.remove(taken_back.pid)
    guard.close()
    assert actors[0].gone()
    assert not actors[1].gone(0.05)
    assert left.wait() == -signal.SIGKILL
    actors[1].tell("exit 0")
    assert taken_back.wait() == 0


@pytest.mark.skipif(shutil.which("ps") is None, reason="no ps")
def test_where_there_is_no_proc_ps_tells_who_lives_and_since_when(stage: Stage) -> None:
    group, single, other = (subprocess.Popen(fake("told", name), env=stage.environment, start_new_session=True) for name in ("group", "single", "other"))
    for name in ("group", "single", "other"):
        stage.actor(name)
    since = {process.pid: str(round(psutil.Process(process.pid).create_time() * 100)) for process in (single, other)}
    reused = {other.pid: str(int(since[other.pid]) - 1000)}
    assert guardian.listed({group.pid}, {single.pid: since[single.pid], **reused}) == sorted((group.pid, single.pid))
    group.kill()
    os.waitid(os.P_PID, group.pid, os.WEXITED | os.WNOWAIT)  # a zombie by now
    assert guardian.listed({group.pid}, {}) == []
    for process in (group, single, other):
        process.kill()
        process.wait()
