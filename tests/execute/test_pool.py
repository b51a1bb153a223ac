"""The pool on real process trees, in both variants: strong (pidfds, subreaper) and portable (threads, process table)."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from gatekeeper.execute.guard import REPLACED_AT_MOST
from gatekeeper.execute.kills import MemoryKills
from gatekeeper.execute.lineage import set_subreaper
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.process import AT_ONCE, Ladder, ProcessSpec
from gatekeeper.model.result import Attempt
from tests.fakes.stage import BIN, Stage, fake

SHORT = Ladder(interrupt=0.2, terminate=0.2)


@pytest.fixture(params=["strong", "portable"])
def pool(request: pytest.FixtureRequest) -> Iterator[ProcessPool]:
    with ProcessPool(run_id=f"test-{os.getpid()}", portable=request.param == "portable") as pool:
        yield pool


@pytest.fixture
def strong() -> Iterator[ProcessPool]:
    if not hasattr(os, "pidfd_open"):
        pytest.skip("needs Linux: pidfds and a subreaper")
    with ProcessPool(run_id=f"test-{os.getpid()}", portable=False) as pool:
        yield pool


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


class Theatre:
    """A pool, a stage and a folder: starts fake tools and waits for their ends."""

    def __init__(self, folder: Path, stage: Stage) -> None:
        self.folder = folder
        self.stage = stage

    def spec(self, key: str, *argv: str, timeout: float | None = 20.0, interrupt: bool = False, cap: int = 1 << 20,
             niceness: int = 0, memory_limit_mb: int = 0) -> ProcessSpec:
        return ProcessSpec(key=key, argv=argv, cwd=str(self.folder), env=self.stage.environment, stdout=str(self.folder / f"{key}.out"),
                           stderr=str(self.folder / f"{key}.err"), timeout=timeout, interrupt=interrupt, ladder=SHORT, cap=cap,
                           niceness=niceness, memory_limit_mb=memory_limit_mb)

    def output(self, key: str) -> bytes:
        return (self.folder / f"{key}.out").read_bytes()


@pytest.fixture
def theatre(tmp_path: Path, stage: Stage) -> Theatre:
    return Theatre(tmp_path, stage)


def last(pool: ProcessPool, key: str) -> Attempt:
    """Wait until `key` is gone."""
    while True:
        for ended in pool.wait(20):
            if ended.key == key:
                return ended.attempt
        assert key in pool.running, "the tree vanished"


def test_an_exit_code_and_both_streams_are_recorded(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("exits", "7", "hello")))
    attempt = last(pool, "a")
    assert (attempt.exit_code, attempt.signal, attempt.spawn_error) == (7, None, None)
    assert theatre.output("a") == b"hello\n"
    assert (theatre.folder / "a.err").read_bytes() == b"exits\n"
    assert attempt.leaked == ()
    assert attempt.wall_seconds > 0
    assert attempt.cpu_seconds > 0


def test_bytes_come_through_unchanged(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("prints", "00ff1b5b0d0a", "c328")))
    last(pool, "a")
    assert theatre.output("a") == b"\x00\xff\x1b[\r\n"
    assert (theatre.folder / "a.err").read_bytes() == b"\xc3("


def test_a_signal_is_no_exit_code(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("segfaults")))
    attempt = last(pool, "a")
    assert (attempt.exit_code, attempt.signal) == (None, signal.SIGSEGV)
    assert not list(theatre.folder.glob("core*"))


def test_a_missing_program_is_a_spawn_error(pool: ProcessPool, theatre: Theatre) -> None:
    assert pool.start(theatre.spec("a", "/nowhere/tool", "x")) == 0
    attempt = last_of_failed(pool)
    assert attempt.exit_code is None
    assert attempt.spawn_error == "cannot start `/nowhere/tool`: No such file or directory"


def last_of_failed(pool: ProcessPool) -> Attempt:
    (ended,) = pool.wait(0)
    return ended.attempt


@pytest.mark.parametrize("word", ["a\0b", "x" * 3_000_000])
def test_argv_that_the_system_refuses_is_a_spawn_error(pool: ProcessPool, theatre: Theatre, word: str) -> None:
    pool.start(theatre.spec("a", sys.executable, word))
    assert last_of_failed(pool).spawn_error


def test_a_file_that_is_no_program_is_a_spawn_error(pool: ProcessPool, theatre: Theatre) -> None:
    path = theatre.folder / "tool"
    path.write_bytes(b"\x00\x01")
    pool.start(theatre.spec("a", str(path)))
    assert "Permission denied" in (last_of_failed(pool).spawn_error or "")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    pool.start(theatre.spec("a", str(path)))
    assert "Exec format error" in (last_of_failed(pool).spawn_error or "")


def test_a_missing_folder_is_named(pool: ProcessPool, theatre: Theatre) -> None:
    spec = theatre.spec("a", *fake("exits", "0"))
    pool.start(ProcessSpec(key="a", argv=spec.argv, cwd="/nowhere/here", env={}, stdout=spec.stdout, stderr=spec.stderr))
    assert "/nowhere/here" in (last_of_failed(pool).spawn_error or "")


def test_a_job_gets_a_clean_process(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("environment"), niceness=5))
    last(pool, "a")
    seen = json.loads(theatre.output("a"))
    assert seen["fds"] == [0, 1, 2]
    assert seen["leader"]
    assert seen["stdin"] == ""
    assert seen["cwd"] == str(theatre.folder)
    assert seen["nice"] == 5 + os.nice(0)
    assert seen["env"]["GATEKEEPER_JOB"] == "a"
    assert seen["env"]["GATEKEEPER_RUN_ID"].endswith(f"test-{os.getpid()}")


def test_jobs_end_in_their_own_order(pool: ProcessPool, theatre: Theatre) -> None:
    for key in ("a", "b", "c"):
        pool.start(theatre.spec(key, *fake("told", key)))
    for key, code in (("b", 3), ("c", 0), ("a", 1)):
        theatre.stage.actor(key).tell(f"exit {code}")
        assert last(pool, key).exit_code == code
    assert pool.running == ()


def test_output_is_there_while_the_job_runs(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("told", "a")))
    actor = theatre.stage.actor("a")
    actor.tell("print early")
    assert pool.wait(0.05) == []
    assert theatre.output("a") == b"early\n"
    actor.tell("exit 0")
    last(pool, "a")


def test_a_timeout_ends_the_whole_tree(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("spawns", "a", "child", "setsid", "daemon"), timeout=0.5))
    actors = [theatre.stage.actor(name) for name in ("a", "a-child", "a-setsid", "a-daemon")]
    attempt = last(pool, "a")
    assert attempt.timed_out
    assert attempt.signal == signal.SIGTERM
    assert not attempt.cancelled
    assert attempt.leaked == ()
    assert 0.4 < attempt.wall_seconds < 5
    assert all(actor.gone() for actor in actors)


def test_who_ignores_sigterm_is_killed_within_the_ladder(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("ignores-term", "a"), interrupt=True))
    actor = theatre.stage.actor("a")
    pool.stop("a", Ladder(interrupt=0.1, terminate=0.1))
    attempt = last(pool, "a")
    assert attempt.signal == signal.SIGKILL
    assert attempt.cancelled
    assert actor.gone()
    assert attempt.wall_seconds < 5


def test_the_default_ladder_takes_at_most_six_seconds() -> None:
    for interrupt in (True, False):
        assert sum(grace for _, grace in Ladder().steps(interrupt=interrupt)) + 0.5 <= 6


def test_a_test_runner_is_interrupted_first_and_writes_its_report(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("writes-on-interrupt", "a"), interrupt=True, timeout=0.3))
    attempt = last(pool, "a")
    assert attempt.timed_out
    assert attempt.exit_code == 2
    assert theatre.output("a") == b"report after interrupt\n"


def test_a_stubborn_daemon_of_a_stopped_job_is_killed(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("spawns", "a", "stubborn")))
    actors = [theatre.stage.actor("a"), theatre.stage.actor("a-stubborn")]
    pool.stop("a")
    assert last(pool, "a").cancelled
    assert all(actor.gone() for actor in actors)


@pytest.mark.parametrize("kind", ["child", "setsid", "daemon", "stubborn"])
def test_what_outlives_its_job_is_named_and_killed(pool: ProcessPool, theatre: Theatre, kind: str) -> None:
    pool.start(theatre.spec("a", *fake("spawns", "a", kind)))
    survivor = theatre.stage.actor(f"a-{kind}")
    theatre.stage.actor("a").tell("exit 0")
    attempt = last(pool, "a")
    assert attempt.exit_code == 0
    assert len(attempt.leaked) == 1
    assert f"(pid {survivor.pid})" in attempt.leaked[0]
    assert survivor.gone()


def test_what_outlives_its_job_is_told_to_end_before_it_is_killed(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("spawns", "a", "polite")))
    survivor = theatre.stage.actor("a-polite")
    theatre.stage.actor("a").tell("exit 0")
    assert last(pool, "a").leaked
    assert survivor.says() == "told to end"


def test_a_daemon_without_environment_is_found_too(strong: ProcessPool, theatre: Theatre) -> None:
    strong.start(theatre.spec("a", *fake("spawns", "a", "nameless")))
    survivor = theatre.stage.actor("a-nameless")
    theatre.stage.actor("a").tell("exit 0")
    assert str(survivor.pid) in last(strong, "a").leaked[0]
    assert survivor.gone()


def test_a_daemon_is_put_down_to_the_job_that_left_it(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("spawns", "a", "daemon")))
    pool.start(theatre.spec("b", *fake("spawns", "b", "daemon")))
    left, other = theatre.stage.actor("a-daemon"), theatre.stage.actor("b-daemon")
    theatre.stage.actor("a").tell("exit 0")
    assert str(left.pid) in last(pool, "a").leaked[0]
    assert left.gone()
    assert not other.gone(0.05)
    theatre.stage.actor("b").tell("exit 0")
    assert str(other.pid) in last(pool, "b").leaked[0]


def test_a_nameless_daemon_of_one_of_two_jobs_falls_to_the_last(strong: ProcessPool, theatre: Theatre) -> None:
    strong.start(theatre.spec("a", *fake("told", "a")))
    strong.start(theatre.spec("b", *fake("spawns", "b", "nameless")))
    survivor = theatre.stage.actor("b-nameless")
    theatre.stage.actor("b").tell("exit 0")
    last(strong, "b")
    theatre.stage.actor("a").tell("exit 0")
    last(strong, "a")
    assert survivor.gone()


def test_a_nameless_process_that_holds_the_output_of_one_of_two_jobs_is_put_down_to_that_job(strong: ProcessPool, theatre: Theatre) -> None:
    strong.start(theatre.spec("a", *fake("spawns", "a", "nameless-loud")))
    strong.start(theatre.spec("b", *fake("told", "b")))
    survivor = theatre.stage.actor("a-nameless-loud")
    theatre.stage.actor("a").tell("exit 0")
    assert str(survivor.pid) in " ".join(last(strong, "a").leaked)
    assert survivor.gone()
    theatre.stage.actor("b").tell("exit 0")
    assert last(strong, "b").leaked == ()


def test_a_nameless_daemon_of_one_of_two_jobs_stands_still_when_both_do(strong: ProcessPool, theatre: Theatre) -> None:
    strong.start(theatre.spec("a", *fake("told", "a")))
    strong.start(theatre.spec("b", *fake("spawns", "b", "nameless")))
    doubtful = theatre.stage.actor("b-nameless").pid
    others = [theatre.stage.actor(name) for name in ("a", "b")]
    strong.wait(0.05)
    strong.suspend("a")
    assert os.waitid(os.P_PID, doubtful, os.WSTOPPED | os.WNOHANG) is None
    strong.suspend("b")
    assert os.waitid(os.P_PID, doubtful, os.WSTOPPED) is not None
    strong.resume("a")
    assert os.waitid(os.P_PID, doubtful, os.WCONTINUED) is not None
    strong.resume("b")
    for actor, key in zip(others, ("a", "b"), strict=True):
        actor.tell("exit 0")
        assert last(strong, key).exit_code == 0


def test_a_child_that_ends_in_time_is_no_leak(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", "/bin/sh", "-c", "sleep 0.03 & exit 4"))
    attempt = last(pool, "a")
    assert attempt.exit_code == 4
    assert attempt.leaked == ()


def test_a_flood_is_capped_to_head_and_tail(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("floods", "20000000"), cap=100_000))
    attempt = last(pool, "a")
    kept = theatre.output("a")
    assert kept.startswith(b"first\nxxx")
    assert kept.endswith(b"last\n")
    assert len(kept) < 100_200
    assert attempt.dropped == 20_000_000 + len(b"first\nlast\n") - 100_000
    assert f"[... {attempt.dropped} bytes left out ...]".encode() in kept


def test_a_flood_without_newline_at_its_full_length_is_kept_below_the_cap(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("floods", "300000", "0")))
    assert last(pool, "a").dropped == 0
    assert theatre.output("a") == b"first\n" + b"x" * 300_000 + b"last\n"


def reads() -> int:
    """How often this process has read so far; the portable variant reads the process table as well, which would hide what it reads of the output."""
    return int(Path("/proc/self/io").read_text().split("syscr: ")[1].split()[0])


@pytest.mark.parametrize("chunk", [65536, 65520, 40_000])
def test_a_flood_is_taken_in_few_and_large_reads(strong: ProcessPool, theatre: Theatre, chunk: int) -> None:
    code = f"import os\nfor _ in range({60_000_000 // chunk}): os.write(1, b'x' * {chunk})"
    strong.start(theatre.spec("a", sys.executable, "-S", "-c", code))
    before = reads()
    assert last(strong, "a").dropped > 50_000_000
    assert reads() - before < 500  # of 64 KB each there would be a thousand


def test_a_flood_of_short_lines_costs_few_reads(strong: ProcessPool, theatre: Theatre) -> None:
    strong.start(theatre.spec("a", sys.executable, "-S", "-c", "import os\nfor _ in range(300_000): os.write(1, b'line\\n')"))
    before = reads()
    assert last(strong, "a").dropped == 1_500_000 - (1 << 20)
    assert reads() - before < 3000  # one a millisecond, not one a line


def test_a_leaked_process_that_floods_does_not_hold_the_pool(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", "/bin/sh", "-c", "yes & exit 0", cap=10_000))
    attempt = last(pool, "a")
    assert attempt.exit_code == 0
    assert "yes" in attempt.leaked[0]


def test_a_frozen_job_does_not_time_out(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("told", "a"), timeout=0.6))
    actor = theatre.stage.actor("a")
    pool.suspend("a")
    assert pool.wait(0.8) == []
    pool.resume("a")
    actor.tell("exit 0")
    attempt = last(pool, "a")
    assert attempt.exit_code == 0
    assert not attempt.timed_out
    assert attempt.wall_seconds < 0.6


def test_a_frozen_job_can_be_stopped(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("told", "a")))
    theatre.stage.actor("a")
    pool.suspend("a")
    pool.stop("a")
    assert last(pool, "a").signal == signal.SIGTERM


def test_memory_of_the_whole_tree_is_sampled(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("takes-memory", "60", "a")))
    theatre.stage.actor("a-child")
    pool.wait(0.02)
    theatre.stage.actor("a").tell("exit 0")
    assert last(pool, "a").peak_memory_mb > 60


def test_the_peak_of_two_hundred_megabytes_is_told_within_a_tenth(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("takes-memory", "190", "a")))
    theatre.stage.actor("a-child")
    pool.wait(0.02)
    theatre.stage.actor("a").tell("exit 0")
    assert 190 * 1.0 < last(pool, "a").peak_memory_mb < 230  # two interpreters hold some 20 MB beside the block


def test_a_peak_that_nobody_saw_is_told_by_the_system(pool: ProcessPool, theatre: Theatre) -> None:
    code = "block = b'x' * 400_000_000"
    pool.start(ProcessSpec(key="a", argv=(sys.executable, "-S", "-c", code), cwd=str(theatre.folder), env={}, stdout=str(theatre.folder / "a.out"),
                           stderr=str(theatre.folder / "a.err")))
    assert last(pool, "a").peak_memory_mb > 400


def test_a_tree_over_its_memory_limit_is_stopped_and_says_so(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("takes-memory", "80", "a"), memory_limit_mb=60))
    child = theatre.stage.actor("a-child")
    attempt = last(pool, "a")
    assert (attempt.over_memory_mb, attempt.cancelled, attempt.timed_out) == (60, False, False)
    assert attempt.signal == signal.SIGTERM
    assert attempt.peak_memory_mb > 60
    assert attempt.leaked == ()
    assert child.gone()


def test_memory_that_forks_share_counts_once_against_the_limit(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("takes-memory", "40", "a", "3"), memory_limit_mb=100))
    actors = [theatre.stage.actor(name) for name in ("a-child", "a-copy0", "a-copy1", "a-copy2")]
    pool.wait(0.25)
    for actor in (*actors, theatre.stage.actor("a")):
        actor.tell("exit 0")
    attempt = last(pool, "a")
    assert (attempt.exit_code, attempt.over_memory_mb) == (0, 0)


def test_a_tree_below_its_memory_limit_goes_on(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("takes-memory", "20", "a"), memory_limit_mb=500))
    theatre.stage.actor("a-child")
    pool.wait(0.25)
    theatre.stage.actor("a").tell("exit 0")
    assert (attempt := last(pool, "a")).exit_code == 0
    assert attempt.over_memory_mb == 0


def test_bytes_that_went_to_the_disk_are_told(strong: ProcessPool, theatre: Theatre) -> None:
    code = """import os, sys
sys.path.insert(0, sys.argv[1])
import stagehand
with open('big', 'wb') as file:
    file.write(b'x' * 5_000_000)
stagehand.obey('a')"""
    strong.start(theatre.spec("a", sys.executable, "-S", "-B", "-c", code, BIN))
    actor = theatre.stage.actor("a")
    strong.wait(0.05)
    actor.tell("exit 0")
    assert 5 <= last(strong, "a").write_mb < 7


def test_the_time_that_a_job_stood_still_is_told(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("told", "a")))
    actor = theatre.stage.actor("a")
    pool.suspend("a")
    pool.wait(0.1)
    pool.resume("a")
    actor.tell("exit 0")
    assert 0.1 <= last(pool, "a").suspended_seconds < 10


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("killed", [0, 1])
def test_who_was_killed_while_the_system_killed_for_memory_ran_out_of_it(tmp_path: Path, theatre: Theatre, portable: bool, killed: int) -> None:
    counter = tmp_path / "root" / "proc" / "vmstat"
    counter.parent.mkdir(parents=True)
    counter.write_text("pgfault 9\noom_kill 5\n")
    with ProcessPool(run_id="kills", portable=portable, kills=MemoryKills(str(tmp_path / "root"))) as pool:
        pool.start(theatre.spec("a", *fake("told", "a")))
        actor = theatre.stage.actor("a")
        counter.write_text(f"pgfault 9\noom_kill {5 + killed}\n")
        os.kill(actor.pid, signal.SIGKILL)
        assert last(pool, "a").out_of_memory is bool(killed)


def test_who_was_killed_by_us_did_not_run_out_of_memory(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("told", "a")))
    theatre.stage.actor("a")
    pool.stop("a", AT_ONCE)
    assert last(pool, "a").out_of_memory is False


def test_wake_makes_wait_return(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("told", "a")))
    theatre.stage.actor("a")
    pool.wake()
    assert pool.wait(20) == []
    assert pool.running == ("a",)


def test_waiting_for_nothing_returns(pool: ProcessPool) -> None:
    assert pool.wait() == []


def test_closing_kills_what_runs(theatre: Theatre) -> None:
    with ProcessPool(run_id="closing") as pool:
        pool.start(theatre.spec("a", *fake("spawns", "a", "setsid", "daemon")))
        actors = [theatre.stage.actor(name) for name in ("a", "a-setsid", "a-daemon")]
    assert all(actor.gone() for actor in actors)
    pool.close()


def test_what_carries_the_run_and_is_no_jobs_any_more_is_swept_when_the_pool_closes(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("exits", "0")))
    last(pool, "a")
    environment = {**theatre.stage.environment, "GATEKEEPER_RUN_ID": f"test-{os.getpid()}"}
    with subprocess.Popen(fake("told", "left"), env=environment, start_new_session=True) as left:
        actor = theatre.stage.actor("left")
        pool.close()
        swept = actor.gone(0.5)
        left.kill()
    assert swept
    assert left.returncode == -signal.SIGTERM


def test_killing_at_once_skips_the_ladder(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("told", "a")))
    theatre.stage.actor("a")
    pool.stop("a", AT_ONCE)
    assert last(pool, "a").signal == signal.SIGKILL


def test_a_second_stop_shortens_the_ladder(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("ignores-term", "a")))
    theatre.stage.actor("a")
    pool.stop("a", Ladder(interrupt=0, terminate=60))
    assert pool.wait(0.05) == []
    pool.stop("a", AT_ONCE)
    assert last(pool, "a").signal == signal.SIGKILL


def test_asking_twice_does_not_take_longer(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("ignores-term", "a")))
    theatre.stage.actor("a")
    pool.stop("a", Ladder(interrupt=0, terminate=0.3))
    assert pool.wait(0.05) == []
    pool.stop("a", Ladder(interrupt=0, terminate=60))
    assert last(pool, "a").wall_seconds < 20


def test_who_ended_while_nobody_looked_did_not_time_out(pool: ProcessPool, theatre: Theatre) -> None:
    pool.start(theatre.spec("a", *fake("told", "a"), timeout=0.2))
    actor = theatre.stage.actor("a")
    actor.tell("exit 0")
    assert actor.gone()
    select.select([], [], [], 0.25)  # the caller was busy elsewhere
    attempt = last(pool, "a")
    assert (attempt.exit_code, attempt.timed_out) == (0, False)


def test_who_has_ended_is_not_cancelled_any_more(strong: ProcessPool, theatre: Theatre) -> None:
    pid = strong.start(theatre.spec("a", *fake("exits", "3")))
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    strong.stop("a")
    attempt = last(strong, "a")
    assert (attempt.exit_code, attempt.cancelled) == (3, False)


def test_a_dead_guardian_is_replaced(pool: ProcessPool, theatre: Theatre) -> None:
    before = pool.guardian_pid
    os.kill(before, signal.SIGKILL)
    os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)
    pool.start(theatre.spec("a", *fake("exits", "0")))
    assert last(pool, "a").exit_code == 0
    assert pool.guardian_pid not in {0, before}


def test_a_run_whose_guardians_die_again_and_again_is_told_once_that_it_is_unguarded(theatre: Theatre) -> None:
    told: list[str] = []
    with ProcessPool(run_id="unguarded", unguarded=lambda: told.append("unguarded")) as pool:
        for number in range(REPLACED_AT_MOST + 1):
            assert told == []
            guardian = pool.guardian_pid
            os.kill(guardian, signal.SIGKILL)
            os.waitid(os.P_PID, guardian, os.WEXITED | os.WNOWAIT)
            pool.start(theatre.spec(f"j{number}", *fake("exits", "0")))
            assert last(pool, f"j{number}").exit_code == 0
        pool.start(theatre.spec("after", *fake("exits", "3")))
        assert last(pool, "after").exit_code == 3
        assert (told, pool.guardian_pid) == (["unguarded"], 0)


def test_an_exit_code_that_somebody_else_took_is_lost_and_not_made_up(strong: ProcessPool, theatre: Theatre) -> None:
    pid = strong.start(theatre.spec("a", *fake("exits", "0")))
    os.waitpid(pid, 0)
    attempt = last(strong, "a")
    assert (attempt.lost, attempt.exit_code, attempt.signal, attempt.leaked) == (True, None, None, ())


def test_the_pool_leaves_no_zombies_and_no_descriptors(theatre: Theatre) -> None:
    fds = len(os.listdir("/proc/self/fd"))
    for portable in (False, True):
        with ProcessPool(run_id="tidy", portable=portable) as pool:
            for number in range(5):
                pool.start(theatre.spec(f"j{number}", *fake("exits", "0")))
            while pool.running:
                pool.wait(5)
            pool.start(theatre.spec("missing", "/nowhere/tool"))
    assert len(os.listdir("/proc/self/fd")) == fds
    with suppress(ChildProcessError):
        assert os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")
def test_orphans_go_their_own_way_again_once_the_pool_is_closed() -> None:
    assert set_subreaper(on=False) is False
    with ProcessPool(run_id="adopting", portable=False):
        assert set_subreaper(on=True) is True
    assert set_subreaper(on=False) is False


def test_running_out_of_descriptors_is_a_spawn_error_and_leaves_nothing(pool: ProcessPool, theatre: Theatre) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    with ExitStack() as fillers:  # no gaps below the highest
        while fillers.enter_context(open(os.devnull, "rb")).fileno() < highest:
            continue
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        before, refused = len(os.listdir("/proc/self/fd")), 0
        for spare in range(12):
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest + spare, hard))
            try:
                started = pool.start(theatre.spec(f"j{spare}", *fake("exits", "0")))
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            attempt = last(pool, f"j{spare}") if started else last_of_failed(pool)
            refused += attempt.spawn_error is not None
            assert attempt.exit_code == 0 or "Too many open files" in (attempt.spawn_error or "")
            assert len(os.listdir("/proc/self/fd")) == before
    assert 3 < refused < 12


_NO_MORE_PROCESSES = """
import os, resource, sys
sys.path.insert(0, sys.argv[1])
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.process import ProcessSpec

def start(pool, key):
    pool.start(ProcessSpec(key=key, argv=("/bin/true",), cwd="/", env={}, stdout=f"{sys.argv[3]}/{key}", stderr=f"{sys.argv[3]}/{key}.err"))
    (ended,) = pool.wait(20)
    print(ended.attempt.exit_code, ended.attempt.spawn_error, len(os.listdir("/proc/self/fd")), flush=True)

soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
with ProcessPool(run_id="many", portable=sys.argv[2] == "portable") as pool:
    start(pool, "before")
    if os.getuid() == 0:  # the limit does not hold for root
        os.setresuid(65534, 65534, 0)
    for limit in range(6):
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, hard))
        start(pool, str(limit))
    resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
    if os.getresuid()[2] == 0:
        os.setresuid(0, 0, 0)
    start(pool, "after")
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors in /proc")
@pytest.mark.parametrize("variant", ["strong", "portable"])
def test_a_system_that_gives_no_more_processes_is_a_spawn_error_and_leaves_nothing(tmp_path: Path, variant: str) -> None:
    root = os.path.dirname(os.path.dirname(BIN))
    told = subprocess.run([sys.executable, "-B", "-c", _NO_MORE_PROCESSES, root, variant, str(tmp_path)], check=True, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    before, *limited, after = told.stdout.splitlines()
    fds = before.rpartition(" ")[2]
    refused = f"None cannot start `/bin/true`: Resource temporarily unavailable {fds}"
    assert before == after == f"0 None {fds}"
    assert limited[0] == refused
    assert set(limited) <= {refused, before}  # one more process, but no thread to wait for it: refused as well
    assert told.stderr == ""
