"""The jobserver with its real clients: make, cargo with a build script that runs make, ninja.

That nobody runs beyond the share needs no waiting: once as many processes have reported as the job has cores, all tokens are taken.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gatekeeper.execute.jobserver import Jobserver, Style
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.process import AT_ONCE, ProcessSpec
from gatekeeper.model.result import Attempt
from tests.fakes.stage import BIN, Stage

BOTH = pytest.mark.parametrize("style", list(Style))
#: a recipe that reports and waits for its word
WAITS = f"{sys.executable} -S -B {os.path.join(BIN, 'told')}"
RECIPES = 6


@pytest.fixture
def pool() -> Iterator[ProcessPool]:
    with ProcessPool(run_id=f"test-{os.getpid()}") as pool:
        yield pool


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join((os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath))))
    return found or pytest.skip(f"needs {name}")


def new_ninja() -> str:
    ninja = program("ninja")
    version = subprocess.run([ninja, "--version"], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    return ninja if tuple(map(int, version.split(".")[:2])) >= (1, 13) else pytest.skip("needs ninja 1.13")


def start(pool: ProcessPool, folder: Path, argv: tuple[str, ...], stage: Stage, server: Jobserver) -> None:
    home = {name: value for name, value in os.environ.items() if name in {"HOME", "CARGO_HOME", "RUSTUP_HOME", "XDG_CACHE_HOME"}}
    pool.start(ProcessSpec(key=folder.name, argv=argv, cwd=str(folder), env={**home, **stage.environment, **server.environment()}, timeout=60,
                           ladder=AT_ONCE, stdout=str(folder / "out"), stderr=str(folder / "err"), pass_fds=server.pass_fds))


def end(pool: ProcessPool, key: str) -> Attempt:
    while True:
        for ended in pool.wait(20):
            if ended.key == key:
                return ended.attempt
        assert key in pool.running, "the tree vanished"


def made(folder: Path, name: str) -> Path:
    """A folder whose Makefile has recipes that may all run at once."""
    place = folder / name
    place.mkdir()
    names = [f"{name}-{number}" for number in range(RECIPES)]
    (place / "Makefile").write_text(f"all: {' '.join(names)}\n" + "".join(f"{recipe}:\n\t@{WAITS} {recipe}\n" for recipe in names))
    return place


def crate(folder: Path, name: str) -> Path:
    """A package whose build script runs make, as those do that bring C code along."""
    place = made(folder, name)
    (place / "src").mkdir()
    (place / "src" / "lib.rs").write_text("")
    (place / "Cargo.toml").write_text('[package]\nname = "native"\nversion = "0.1.0"\nedition = "2021"\nbuild = "build.rs"\n[workspace]\n')
    (place / "build.rs").write_text('fn main() { assert!(std::process::Command::new("make").status().unwrap().success()); }\n')
    return place


def shares(pool: ProcessPool, stage: Stage, server: Jobserver, key: str, tokens: int) -> None:
    """All recipes run, never more at a time than the tokens and one, and the tokens come back."""
    actors = [stage.whoever() for _ in range(tokens + 1)]
    assert server.withdraw(RECIPES) == 0, "a token was left: more could have started"
    for _ in range(RECIPES - tokens - 1):
        actors.pop().tell("exit 0")
        actors.append(stage.whoever())
        assert server.withdraw(RECIPES) == 0
    for actor in actors:
        actor.tell("exit 0")
    attempt = end(pool, key)
    assert attempt.exit_code == 0, (Path(attempt.stdout).read_text(), Path(attempt.stderr).read_text())
    assert server.withdraw(RECIPES) == tokens


@pytest.mark.parametrize("tokens", [0, 1, 3])
def test_make_runs_as_many_recipes_as_it_has_tokens_and_one(pool: ProcessPool, stage: Stage, tmp_path: Path, tokens: int) -> None:
    with closing(Jobserver(Style.PIPE, tokens)) as server:
        start(pool, made(tmp_path, "m"), (program("make"),), stage, server)
        shares(pool, stage, server, "m", tokens)


@pytest.mark.parametrize("tokens", [0, 1])
def test_the_share_of_cargo_holds_for_the_make_of_a_build_script(pool: ProcessPool, stage: Stage, tmp_path: Path, tokens: int) -> None:
    cargo, _ = program("cargo"), program("make")
    with closing(Jobserver(Style.PIPE, tokens)) as server:
        start(pool, crate(tmp_path, "c"), (cargo, "check", "--offline", "--quiet"), stage, server)
        shares(pool, stage, server, "c", tokens)


@pytest.mark.parametrize("tokens", [0, 1, 3])
def test_ninja_runs_as_many_commands_as_it_has_tokens_and_one(pool: ProcessPool, stage: Stage, tmp_path: Path, tokens: int) -> None:
    place = tmp_path / "n"
    place.mkdir()
    rules = "".join(f"build r{number}: wait\n" for number in range(RECIPES))
    (place / "build.ninja").write_text(f"rule wait\n  command = {WAITS} $out\n{rules}")
    with closing(Jobserver(Style.FIFO, tokens)) as server:
        start(pool, place, (new_ninja(),), stage, server)
        shares(pool, stage, server, "n", tokens)


def test_two_jobs_do_not_run_more_than_the_sum_of_their_shares(pool: ProcessPool, stage: Stage, tmp_path: Path) -> None:
    make = program("make")
    with closing(Jobserver(Style.PIPE, 1)) as one, closing(Jobserver(Style.PIPE, 0)) as other:
        start(pool, made(tmp_path, "a"), (make,), stage, one)
        start(pool, made(tmp_path, "b"), (make,), stage, other)
        actors = [stage.actor(name) for name in ("a-0", "a-1", "b-0")]
        assert (one.withdraw(9), other.withdraw(9)) == (0, 0)
        # make without a jobserver of its own would take the next from nowhere
        actors[0].tell("exit 0")
        actors[2].tell("exit 0")
        assert {stage.whoever().name, stage.whoever().name} == {"a-2", "b-1"}


def test_cores_are_lent_and_taken_back_while_the_job_runs(pool: ProcessPool, stage: Stage, tmp_path: Path) -> None:
    with closing(Jobserver(Style.PIPE, 0)) as server:
        start(pool, made(tmp_path, "m"), (program("make"),), stage, server)
        actors = [stage.actor("m-0")]
        server.lend(2)
        actors += [stage.actor("m-1"), stage.actor("m-2")]
        assert server.withdraw(2) == 0
        for number in range(3, RECIPES):
            actors.pop(0).tell("exit 0")
            actors.append(stage.actor(f"m-{number}"))
        for actor in actors:
            actor.tell("exit 0")
        assert end(pool, "m").exit_code == 0
        assert server.withdraw(1) == 1
        assert server.withdraw(9) == 1
        assert server.withdraw(9) == 0


@BOTH
def test_a_killed_job_takes_its_tokens_along_and_nobody_elses(pool: ProcessPool, stage: Stage, tmp_path: Path, style: Style) -> None:
    with closing(Jobserver(style, 1)) as one, closing(Jobserver(Style.PIPE, 1)) as other:
        reads = f"fd = {one.pass_fds[0]}" if one.pass_fds else f"fd = os.open({one.environment()['MAKEFLAGS'].rpartition(':')[2]!r}, os.O_RDWR)"
        code = f"import os, sys; sys.path.insert(0, {BIN!r}); import stagehand; {reads}; assert os.read(fd, 1) == b'+'; stagehand.obey('taker')"
        (tmp_path / "k").mkdir()
        start(pool, tmp_path / "k", (sys.executable, "-S", "-B", "-c", code), stage, one)
        stage.actor("taker")
        pool.stop("k", AT_ONCE)
        end(pool, "k")
        assert one.withdraw(9) == 0
        assert other.withdraw(9) == 1


@BOTH
def test_a_closed_jobserver_leaves_nothing(style: Style) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    server = Jobserver(style, 5)
    path = server.environment()["MAKEFLAGS"].rpartition(":")[2]
    server.close()
    server.close()
    server.lend(3)
    assert server.withdraw(1) == 0
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert not os.path.exists(path)
    assert not os.path.exists(os.path.dirname(path)) or style is Style.PIPE


def test_what_a_killed_gatekeeper_left_goes_with_the_next_server_and_what_is_in_use_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, foreign = (tmp_path / name for name in ("gatekeeper-jobs-left", "gatekeeper-else"))
    for folder in (left, foreign):
        folder.mkdir()
        os.mkfifo(folder / "jobs")
    used = Jobserver(Style.FIFO, 1)
    assert not left.exists()
    in_use = Path(used.environment()["MAKEFLAGS"].rpartition("fifo:")[2]).parent
    left.mkdir()
    Jobserver(Style.FIFO, 1).close()
    assert sorted(tmp_path.iterdir()) == sorted((foreign, in_use))
    used.close()
    assert not in_use.exists()
