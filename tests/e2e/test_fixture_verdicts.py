"""`gatekeeper run .` on every fixture repository, with the real tools of the machine: the verdict, the jobs behind it, and every report of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gatekeeper.report.formats import FORMATS
from tests.fakes.fixture import Expectation, Fixture, fixture_names, load_fixture
from tests.fakes.shown import wrong_reports
from tests.fakes.space import Ended, Space

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]

FIXTURES = [load_fixture(name) for name in fixture_names()]
#: how this machine reaches the registries, from which Gatekeeper provides its tools the first time
NETWORK = re.compile(r"(?i)_proxy$|cert|ca_bundle|^uv_|^pip_|^npm_config_")
#: what the start scripts of installed tools call
COREUTILS = ("dirname", "env", "realpath", "sed", "uname")
EVERY_REPORT = tuple(word for format_id in FORMATS for word in ("--report", format_id))
UNPREPARED = [fixture for fixture in FIXTURES if fixture.without_setup]


def named(fixture: Fixture) -> str:
    return fixture.name


def skip_without(programs: tuple[str, ...]) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")


def laid_out(fixture: Fixture, folder: Path) -> Space:
    """The fixture in a scratch repository on this machine."""
    skip_without(fixture.needs)
    space = Space(folder, machine=True)
    space.copy(fixture.name)
    space.init()
    return space


def fresh_clone(fixture: Fixture, folder: Path) -> Space:
    """The fixture on a machine with nothing but what it needs: no pytest anywhere on PATH, a Python without packages."""
    skip_without(fixture.needs)
    space = Space(folder, programs=(*COREUTILS, *fixture.needs))
    space.environment["PATH"] += os.pathsep + str(space.python_env(folder="../bare"))
    space.environment["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    space.environment.update({name: value for name, value in os.environ.items() if NETWORK.search(name)})
    space.copy(fixture.name)
    space.init()
    return space


def set_up(fixture: Fixture, space: Space) -> None:
    """What a developer would have done before."""
    if fixture.python:
        space.python_env(*fixture.python)
    if fixture.npm:
        done = subprocess.run(["npm", fixture.npm, "--ignore-scripts", "--no-audit", "--no-fund"], cwd=space.root, env=space.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm {fixture.npm} has no registry here: {done.stderr[-200:]}")


def judged(space: Space, expect: Expectation) -> Ended:
    """Run everything; the verdict is the expected one, the exit code too, and nothing that checking must not touch has changed."""
    before = space.state()
    ended = space.run("run", ".", "--json", "--no-backup", *EVERY_REPORT, timeout=280)
    assert list(expect.disagreements(ended.json())) == [], ended.stderr
    assert ended.exit_code == expect.exit_code, ended
    assert space.state() == before
    return ended


@pytest.mark.parametrize("fixture", FIXTURES, ids=named)
def test_the_components_of_a_fixture_are_found(fixture: Fixture, tmp_path: Path) -> None:
    space = Space(tmp_path)
    space.copy(fixture.name)
    space.init()
    ended = space.run("detect", ".", "--json")
    assert ended.exit_code == 0, ended
    assert fixture.wrong_components(ended.json()) == ()


@pytest.mark.parametrize("fixture", FIXTURES, ids=named)
def test_the_verdict_on_a_fixture_is_right_and_every_report_shows_the_planted_defects_and_no_other(fixture: Fixture, tmp_path: Path) -> None:
    space = laid_out(fixture, tmp_path)
    set_up(fixture, space)
    ended = judged(space, fixture.expect)
    assert fixture.wrong_defects(ended.json()) == ()
    assert wrong_reports(space.root / ".gatekeeper" / "latest") == ()


@pytest.mark.parametrize("fixture", UNPREPARED, ids=named)
def test_a_missing_installation_is_told_and_neither_green_nor_red(fixture: Fixture, tmp_path: Path) -> None:
    assert fixture.without_setup
    ended = judged(fresh_clone(fixture, tmp_path), fixture.without_setup)
    unavailable = [job for job in ended.json()["jobs"] if job["status"] == "unavailable" and job["blocking"]]
    assert unavailable
    assert [job["id"] for job in unavailable if not job["hint"]] == []
