"""Who survives? The tables of thirteen runners and five hook managers that were tried by hand, with Gatekeeper in their place.

A job starts a child, a child in a session of its own, a daemon (double fork) and a daemon that cleared its environment. Then Gatekeeper alone gets
a signal, as a cancelled CI job sends it (a terminal would signal the whole group), or the job is stopped by Gatekeeper. On `kill -9` all thirteen
left processes behind, on SIGTERM all but one. The hook managers lost unstaged work when they were ended while a hook ran.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fakes.faulty import is_locked, jobs_of, only_run, repository, survivors, tasks_only, valid_reports
from tests.fakes.space import Space
from tests.fakes.stage import Actor, Stage, fake

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]
KINDS = ("child", "setsid", "daemon", "nameless")
ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -9}
#: seconds after which Gatekeeper looks at a tree for the first time; a process without group, session and environment is known from then on
LOOKED_AT = 0.5


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def family(folder: Path, stage: Stage, *more: str, **task: object) -> tuple[Space, subprocess.Popen[bytes], list[Actor]]:
    """A run whose one job has started all kinds of descendants."""
    space = repository(folder, {"family": fake("spawns", "family", *KINDS)}, family=task)
    process = space.start(*tasks_only(*more), env={"FAKE_STAGE": stage.path})
    return space, process, [stage.actor(name) for name in ("family", *(f"family-{kind}" for kind in KINDS))]


def alive(actors: list[Actor]) -> list[str]:
    return [actor.name for actor in actors if not actor.gone()]


@pytest.mark.parametrize("signum", ENDS, ids=lambda signum: signum.name)
def test_no_descendant_survives_a_signal_to_gatekeeper(tmp_path: Path, stage: Stage, signum: signal.Signals) -> None:
    space, process, actors = family(tmp_path, stage)
    assert not actors[0].gone(LOOKED_AT)
    started = time.monotonic()
    process.send_signal(signum)
    process.communicate(timeout=30)
    assert process.returncode == ENDS[signum]
    assert time.monotonic() - started < 14, "it hangs, as several did"
    assert alive(actors) == []
    assert survivors(only_run(space).name) == []
    assert not is_locked(only_run(space))


def test_no_descendant_survives_a_timeout(tmp_path: Path, stage: Stage) -> None:
    space, process, actors = family(tmp_path, stage, timeout="600ms")
    process.communicate(timeout=30)
    assert process.returncode == 3
    assert jobs_of(valid_reports(only_run(space)))["family"]["status"] == "timed_out"
    assert alive(actors) == []


def test_no_descendant_survives_a_cancelled_job(tmp_path: Path, stage: Stage) -> None:
    space, process, actors = family(tmp_path, stage)
    cancelled = space.run("cancel", "D3/family")
    assert cancelled.exit_code == 0, cancelled
    process.communicate(timeout=30)
    assert jobs_of(valid_reports(only_run(space)))["family"]["status"] == "cancelled"
    assert alive(actors) == []


def test_no_descendant_survives_a_job_that_ends_by_itself_and_they_are_named(tmp_path: Path, stage: Stage) -> None:
    space, process, actors = family(tmp_path, stage)
    actors[0].tell("exit 0")
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert alive(actors) == []
    leaked = jobs_of(valid_reports(only_run(space)))["family"]["leaked"]
    assert {int(word.rpartition("pid ")[2].rstrip(")")) for word in leaked} == {actor.pid for actor in actors[1:]}


def half_staged(folder: Path) -> Space:
    """`a.txt` with one change staged and one not, `b.txt` with one that is not staged, `c.txt` new and unknown to git."""
    space = repository(folder, {"slow": fake("spawns", "slow", *KINDS)})
    space.write("b.txt", "b\n")
    space.commit("b")
    space.write("a.txt", "a\nstaged\n")
    space.git("add", "a.txt")
    space.write("a.txt", "a\nstaged\nunstaged\n")
    space.write("b.txt", "b\nunstaged\n")
    space.write("c.txt", "untracked\n")
    return space


def whole_state(space: Space) -> Mapping[str, str]:
    """All that git knows and all that lies in the folder, times aside."""
    return {**space.state(), "(status)": space.git("status", "--porcelain=v2", "--untracked-files=all")}


@pytest.mark.parametrize("group", [False, True], ids=["to-gatekeeper", "to-the-group"])
@pytest.mark.parametrize("signum", ENDS, ids=lambda signum: signum.name)
def test_a_hook_that_is_ended_leaves_files_and_index_as_they_were(tmp_path: Path, stage: Stage, signum: signal.Signals, group: bool) -> None:
    space = half_staged(tmp_path)
    before = whole_state(space)
    process = space.start(*tasks_only("--staged"), env={"FAKE_STAGE": stage.path})
    actors = [stage.actor(name) for name in ("slow", *(f"slow-{kind}" for kind in KINDS))]
    assert not actors[0].gone(LOOKED_AT)
    if group:  # as a terminal does it: in a session of its own Gatekeeper leads the group
        os.killpg(process.pid, signum)
    else:
        process.send_signal(signum)
    process.wait(30)
    assert whole_state(space) == before, "state right after exit"
    assert process.returncode == ENDS[signum]
    assert alive(actors) == []
    assert whole_state(space) == before
    assert space.git("stash", "list") == ""
    process.communicate()
