"""Runs that share a machine: two at once, one inside a job of another. Real processes; jobs say when they begin and end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faulty import configure, only_run, python, repository, tasks_only
from tests.fakes.space import PROGRAM, Space

pytestmark = [pytest.mark.concurrency, pytest.mark.timeout(110)]

#: works for a moment, and says so before and after, in one write each
WORK = """
import os, sys, time
log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(log, b"+")
while time.process_time() < 0.15: pass
os.write(log, b"-")
"""


def most_at_once(log: Path) -> tuple[int, int]:
    """Of the jobs that wrote the log: how many there were, and how many at once at most."""
    now = most = 0
    signs = log.read_text()
    for sign in signs:
        now += 1 if sign == "+" else -1
        most = max(most, now)
    return signs.count("+"), most


def nested(space: Space, *words: str) -> tuple[str, ...]:
    """argv of a task that runs gatekeeper in the folder of `space`."""
    return (*PROGRAM, "run", str(space.root), "--only", "task.*", "--no-provision", *words)


def summary(space: Space) -> Any:
    return json.loads((only_run(space) / "summary.json").read_bytes())


def test_two_runs_of_a_user_together_run_no_more_jobs_than_the_machine_has_cores_but_for_the_first_of_each(tmp_path: Path) -> None:
    log = tmp_path / "log"
    work = {f"t{number}": python(WORK, str(log)) for number in range(8)}
    first, second = repository(tmp_path / "one", work), repository(tmp_path / "two", work)
    for space in (first, second):
        space.write("gatekeeper.local.yaml", json.dumps({"version": 1, "limits": {"cores": 2}}))
        space.environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    runs = [space.start(*tasks_only("--jobs", "2")) for space in (first, second)]
    for run in runs:
        run.communicate(timeout=100)
        assert run.returncode == 0
    count, most = most_at_once(log)
    assert count == 16
    assert most <= 3


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_a_run_inside_a_job_uses_the_cores_of_that_job_and_ends(tmp_path: Path, jobs: str) -> None:
    log = tmp_path / "log"
    inner = repository(tmp_path / "inner", {f"t{number}": python(WORK, str(log)) for number in range(4)})
    outer = repository(tmp_path / "outer", {"nested": nested(inner, "--jobs", "4")}, nested={"cpu": 2})
    inner.environment = outer.environment
    ended = outer.run(*tasks_only("--jobs", jobs))
    assert ended.exit_code == 0, ended
    assert most_at_once(log) == (4, min(2, int(jobs)))
    assert summary(inner)["pool"] == {"size": min(2, int(jobs))}


def test_a_run_inside_a_job_of_the_same_repository_ends_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    space = Space(tmp_path)
    space.write("a.txt", "a\n")
    configure(space, {"outer": (*PROGRAM, "run", ".", "--only", "*/inner", "--no-provision"), "inner": python(WORK, str(log))})
    space.init()
    ended = space.run("run", ".", "--only", "*/outer", "--no-provision", "--jobs", "1")
    assert ended.exit_code == 0, ended
    assert most_at_once(log) == (1, 1)


def test_a_run_inside_a_run_inside_a_run_ends(tmp_path: Path) -> None:
    log = tmp_path / "log"
    inner = repository(tmp_path / "inner", {"work": python(WORK, str(log))})
    middle = repository(tmp_path / "middle", {"nested": nested(inner)})
    outer = repository(tmp_path / "outer", {"nested": nested(middle)})
    ended = outer.run(*tasks_only("--jobs", "1"))
    assert ended.exit_code == 0, ended
    assert most_at_once(log) == (1, 1)
