"""A run that is ended from outside: by signals, politely and not, and by `kill -9`. Nothing outlives it, and what it says is true."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gatekeeper.store.journal import read_journal
from tests.fakes.faulty import is_locked, jobs_of, only_run, python, repository, run_folders, survivors, tasks_only, valid_reports
from tests.fakes.space import Ended, Space
from tests.fakes.stage import Actor, Stage, fake

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]
SIGNALS = ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129))
QUICK = python("print('done')")


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def started(space: Space, stage: Stage, *more: str) -> subprocess.Popen[bytes]:
    return space.start(*tasks_only("--jobs", "4", *more), env={"FAKE_STAGE": stage.path})


def ended(process: subprocess.Popen[bytes]) -> Ended:
    stdout, stderr = process.communicate(timeout=30)
    return Ended(argv=("gatekeeper",), exit_code=process.returncode, stdout=stdout.decode(), stderr=stderr.decode())


def works_again(space: Space, *skipped: str) -> None:
    """The next run in that tree is like any other."""
    again = space.run(*tasks_only(*(word for name in skipped for word in ("--skip", f"task.{name}"))))
    assert again.exit_code == 0, again


@pytest.mark.parametrize(("signum", "exit_code"), SIGNALS, ids=lambda value: getattr(value, "name", None))
def test_a_signal_ends_the_run_in_order_with_valid_partial_reports(tmp_path: Path, stage: Stage, signum: signal.Signals, exit_code: int) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow"), "later": QUICK}, later={"needs": ["slow"]})
    before = space.state()
    process = started(space, stage)
    slow = stage.actor("slow")
    process.send_signal(signum)
    done = ended(process)
    assert done.exit_code == exit_code, done
    assert slow.gone()
    summary = valid_reports(only_run(space))
    assert (summary["verdict"]["outcome"], summary["verdict"]["exit_code"]) == ("interrupted", exit_code)
    assert {name: job["status"] for name, job in jobs_of(summary).items()} == {"slow": "cancelled", "later": "not_run"}
    assert "interrupted" in done.stdout.lower()
    assert survivors(only_run(space).name) == []
    assert not is_locked(only_run(space))
    assert read_journal(str(only_run(space) / "journal.jsonl")).whole
    assert space.state() == before


def test_what_had_ended_before_the_signal_keeps_its_result(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"quick": QUICK, "slow": fake("told", "slow")}, slow={"needs": ["quick"]})
    process = started(space, stage)
    stage.actor("slow")
    process.send_signal(signal.SIGTERM)
    done = ended(process)
    assert {name: job["status"] for name, job in jobs_of(valid_reports(only_run(space))).items()} == {"quick": "passed", "slow": "cancelled"}, done


def test_a_second_signal_kills_at_once(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"stubborn": fake("ignores-term", "stubborn"), "polite": fake("spawns", "polite", "polite")})
    process = started(space, stage)
    stubborn, polite = stage.actor("stubborn"), stage.actor("polite-polite")
    process.send_signal(signal.SIGINT)
    assert polite.says() == "told to end"
    process.send_signal(signal.SIGINT)
    assert stubborn.gone(2.0)  # the ladder alone would give it 2.5 s
    done = ended(process)
    assert done.exit_code == 130, done
    assert jobs_of(valid_reports(only_run(space)))["stubborn"]["status"] == "cancelled"


def test_who_ignores_every_polite_signal_is_killed_all_the_same(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"family": fake("spawns", "family", *FAMILY, "nameless")})
    process = started(space, stage)
    actors = [stage.actor(name) for name in ("family", *(f"family-{kind}" for kind in (*FAMILY, "nameless")))]
    process.send_signal(signal.SIGTERM)
    done = ended(process)
    assert done.exit_code == 143, done
    assert [actor.name for actor in actors if not actor.gone()] == []


def test_a_job_that_ignores_sigterm_is_timed_out_and_killed(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"stubborn": fake("ignores-term", "stubborn")}, stubborn={"timeout": "200ms"})
    process = started(space, stage)
    stubborn = stage.actor("stubborn")
    done = ended(process)
    assert done.exit_code == 3, done
    assert stubborn.gone()
    assert jobs_of(valid_reports(only_run(space)))["stubborn"]["status"] == "timed_out"


#: not `nameless`: whoever leaves group and session and clears its environment is known only once the pool has looked at it, half a second at most
FAMILY = ("setsid", "daemon", "stubborn", "child")


def test_nothing_outlives_gatekeeper_when_it_is_killed(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"family": fake("spawns", "family", *FAMILY), "quick": QUICK})
    before = space.state()
    process = started(space, stage)
    actors = [stage.actor(name) for name in ("family", *(f"family-{kind}" for kind in FAMILY))]
    process.kill()
    process.communicate()
    assert [actor.name for actor in actors if not actor.gone()] == []
    folder = only_run(space)
    assert survivors(folder.name) == []
    assert space.state() == before
    assert not is_locked(folder)
    journal = read_journal(str(folder / "journal.jsonl"))
    assert journal.events
    assert not journal.whole
    assert not (folder / "summary.json").exists()
    works_again(space, "family")
    shown = space.run("show", "--run", folder.name)
    assert shown.exit_code == 2, shown
    assert "no record" in shown.stderr


def test_the_dead_run_is_listed_and_its_logs_can_be_read(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"talks": fake("told", "talks")})
    process = started(space, stage)
    talks = stage.actor("talks")
    talks.tell("print last words")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert talks.gone()
    logs = space.run("logs", "D3/talks", "--run", run_folders(space)[0].name)
    assert logs.exit_code == 0, logs
    assert "last words\n".startswith(logs.stdout)  # what it said in the last instant may not have been heard


def in_foreground(space: Space, stage: Stage, terminal: int, *more: str) -> subprocess.Popen[bytes]:
    """As a shell starts a job: in a process group of its own, in the shell's session, so that it can be stopped."""
    return subprocess.Popen([*space.program, *tasks_only(*more)], cwd=space.root, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal,
                            env={**space.environment, "FAKE_STAGE": stage.path, "TERM": "xterm-256color"}, process_group=0)


def stands_still(process: subprocess.Popen[bytes]) -> bool:
    """Whether it was stopped, once it is or has ended."""
    happened = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return happened is not None and happened.si_code == os.CLD_STOPPED


def frozen(actor: Actor) -> bool:
    """Whether it is stopped, or gets there: on a busy machine a signal takes its time."""
    def state() -> str:
        return Path(f"/proc/{actor.pid}/stat").read_text().rpartition(")")[2].split()[0]

    return any(state() == "T" or actor.gone(0.02) for _ in range(500))


def written(master: int) -> str:
    seen = b""
    while select.select([master], [], [], 0)[0]:
        with suppress(OSError):
            seen += (chunk := os.read(master, 65536))
            if chunk:
                continue
        break
    return seen.decode("utf-8", "replace")


def test_ctrl_z_stops_the_jobs_and_their_clocks_and_gives_the_terminal_back(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"slow": fake("spawns", "slow", "setsid")}, slow={"timeout": "900ms"})
    master, terminal = os.openpty()
    process = in_foreground(space, stage, terminal, "--timeout", "3s")
    slow, child = stage.actor("slow"), stage.actor("slow-setsid")
    process.send_signal(signal.SIGTSTP)
    assert stands_still(process)
    before = written(master)
    assert before.rindex("\x1b[?25h") > before.rindex("\x1b[?25l")
    assert frozen(slow)
    assert frozen(child)
    assert not slow.gone(1.2)
    process.send_signal(signal.SIGCONT)
    child.tell("exit 0")
    slow.tell("exit 0")
    assert process.wait(30) == 0, written(master)
    job = jobs_of(valid_reports(only_run(space)))["slow"]
    assert job["status"] == "passed"
    assert job["seconds"] < 1.2
    after = written(master)
    assert after.rindex("\x1b[?25h") > after.rindex("\x1b[?25l")
    os.close(master)
    os.close(terminal)


def test_a_run_that_stands_still_can_be_ended(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow")})
    with open(os.devnull, "wb") as quiet:
        process = in_foreground(space, stage, quiet.fileno())
    slow = stage.actor("slow")
    process.send_signal(signal.SIGTSTP)
    assert stands_still(process)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    assert process.wait(30) == 143
    assert slow.gone()
    assert jobs_of(valid_reports(only_run(space)))["slow"]["status"] == "cancelled"


def test_ctrl_z_where_nobody_could_let_it_go_on_does_not_stop_the_run_for_ever(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow")})
    process = started(space, stage)  # in a session of its own, as under setsid and in containers
    slow = stage.actor("slow")
    process.send_signal(signal.SIGTSTP)
    slow.tell("print still there")
    slow.tell("exit 0")
    assert ended(process).exit_code == 0


@pytest.mark.parametrize(("signum", "exit_code"), SIGNALS, ids=lambda value: getattr(value, "name", None))
def test_a_signal_before_anything_runs_ends_the_looking_and_the_helper_that_looks(tmp_path: Path, stage: Stage, signum: signal.Signals,
                                                                                  exit_code: int) -> None:
    space = repository(tmp_path, {"quick": QUICK})
    (space.bin / "git").write_text(f"#!/bin/sh\nexec {shlex.join(fake('told', 'git'))}\n")
    (space.bin / "git").chmod(0o755)
    process = started(space, stage)
    git = stage.actor("git")
    process.send_signal(signum)
    done = ended(process)
    assert done.exit_code == exit_code, done
    assert git.gone()
    assert "Traceback" not in done.stderr
    assert run_folders(space) == []
