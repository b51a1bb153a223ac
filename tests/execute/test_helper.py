"""Short helper processes: whatever they do, it is a value."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gatekeeper.execute.helper import Helper, run_helper
from gatekeeper.model.ports import Runner
from tests.fakes.stage import BIN, Stage, fake

RUN: Runner = run_helper


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def test_output_exit_code_and_stdin() -> None:
    done = RUN([sys.executable, "-S", "-c", "import sys; print(sys.stdin.read()[::-1]); print('e', file=sys.stderr); sys.exit(3)"], cwd="/",
               stdin=b"abc")
    assert (done.exit_code, done.stdout, done.stderr) == (3, b"cba\n", b"e\n")
    assert not done.ok


def test_without_stdin_it_reads_nothing() -> None:
    assert RUN([sys.executable, "-S", "-c", "import sys; print(len(sys.stdin.read()))"], cwd="/").stdout == b"0\n"


def test_a_missing_program_and_a_missing_folder_are_values() -> None:
    missing = RUN(["/nowhere/git", "status"], cwd="/")
    assert missing.exit_code is None
    assert b"cannot start `/nowhere/git`" in missing.stderr
    assert RUN(["true"], cwd="/nowhere").exit_code is None
    assert RUN(["true", "a\0b"], cwd="/").exit_code is None


def test_a_signal_is_negative() -> None:
    assert RUN(fake("segfaults"), cwd="/").exit_code == -11


def test_a_large_output_comes_whole() -> None:
    assert len(RUN(fake("floods", "5000000"), cwd="/").stdout) == 5_000_000 + len(b"first\nlast\n")


def test_the_environment_is_ours_or_the_one_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPER_TEST", "ours")
    script = [sys.executable, "-S", "-c", "import os; print(os.environ.get('HELPER_TEST'))"]
    assert RUN(script, cwd="/").stdout == b"ours\n"
    assert RUN(script, cwd="/", env={"HELPER_TEST": "given"}).stdout == b"given\n"


def test_a_timeout_ends_the_whole_group(stage: Stage) -> None:
    done = RUN(fake("spawns", "a", "child"), cwd="/", env=stage.environment, timeout=0.4)
    assert done.exit_code is None
    assert b"timed out after 0.4 s" in done.stderr
    assert stage.actor("a").gone()
    assert stage.actor("a-child").gone()


def test_a_background_process_that_holds_the_output_does_not_block(tmp_path: Path) -> None:
    done = RUN(["/bin/sh", "-c", "sleep 60 & echo $!"], cwd=str(tmp_path), timeout=30)
    assert done.exit_code == 0
    with suppress(ProcessLookupError):  # already gone and buried
        watched = os.pidfd_open(int(done.stdout))
        assert select.select([watched], [], [], 20)[0]
        os.close(watched)


_LEAVES = """
import sys, threading
sys.path[:0] = sys.argv[1:3]
from gatekeeper.execute.helper import run_helper
threading.Thread(target=run_helper, args=(sys.argv[3:],), kwargs={"cwd": "/"}, daemon=True).start()
sys.stdin.read()
"""


def test_one_that_runs_in_a_daemon_thread_ends_with_the_program(stage: Stage) -> None:
    argv = [sys.executable, "-B", "-c", _LEAVES, os.path.dirname(os.path.dirname(BIN)), BIN, *fake("ignores-term", "left")]
    with subprocess.Popen(argv, env=stage.environment, stdin=subprocess.PIPE) as program:
        left = stage.actor("left")
        program.communicate(b"")
    assert program.returncode == 0
    assert left.gone()


def test_it_leaves_no_descriptors() -> None:
    before = len(os.listdir("/proc/self/fd"))
    RUN(["true"], cwd="/")
    RUN(["/nowhere"], cwd="/")
    RUN([sys.executable, "-c", "while True: pass"], cwd="/", timeout=0.1)
    assert len(os.listdir("/proc/self/fd")) == before


def test_one_whose_answer_nobody_wants_is_ended(stage: Stage) -> None:
    before = len(os.listdir("/proc/self/fd"))
    helper = Helper(fake("ignores-term", "unwanted"), cwd="/", env=stage.environment)
    assert helper.started
    unwanted = stage.actor("unwanted")
    helper.end()
    helper.end()
    assert unwanted.gone()
    assert not Helper(["/nowhere"], cwd="/").started
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # the stage's end of the talk with it
