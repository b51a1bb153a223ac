"""What a run starts from and what is said to have changed since; when results hold; what a resume waits for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.errors import UsageError
from gatekeeper.execute.helper import run_helper
from gatekeeper.execute.proc import RUN_COOKIE
from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.document import DocumentError
from gatekeeper.model.event import JobFinished
from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Result
from gatekeeper.model.settings import CustomTask, Settings
from gatekeeper.model.status import Status
from gatekeeper.model.tool import LocatedTool
from gatekeeper.model.value import replace
from gatekeeper.provide.managed import Permission
from gatekeeper.session.beginning import Beginning, beginning, changes, kept, read_beginning
from gatekeeper.session.earlier import reached
from gatekeeper.session.leaves import missing_leaves
from gatekeeper.session.look import locator, see
from gatekeeper.session.resume import absolute, await_end_of_jobs
from gatekeeper.tree.snapshot import take
from tests.fakes.record import job

WEB = Component(id="web", root="web", language=Language.JAVASCRIPT, kind=Kind.NPM_PACKAGE, name="web", manifest="web/package.json")


def begun(root: Path, **environment: str) -> Beginning:
    """What a run in `root` would start from, with one job whose tool lies there."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(root / "home"), **environment}
    settings = Settings(root=str(root), exclude=("bin/**", "web/**", "home/**"), tasks=(CustomTask(id="t", batch="beta", argv=("x",)),))
    sight = see(settings, surroundings, run_helper)
    one = replace(job("ruff.lint"), tool=LocatedTool(path=str(root / "bin/ruff"), version="1", source="project", prefix=("-m", str(root / "bin/script"))), leaves=("*.lock",))
    plan = Plan(root=str(root), pipeline="default", batches=(), jobs=(one,), components=(WEB,))
    return beginning(sight, plan, locator(sight, Permission.NEVER), take(sight.tree, sight.git), missing_leaves(str(root), plan.jobs))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in (("a.txt", "a"), ("bin/ruff", "#!"), ("bin/script", "1"), ("web/node_modules/.package-lock.json", "{}"), ("gatekeeper.yaml", "version: 1\n")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("path", ["home/.config/ruff/ruff.toml", "../ruff.toml"])
def test_configuration_that_is_not_of_the_tree_is_part_of_what_a_run_starts_from(tmp_path: Path, path: str) -> None:
    root = tmp_path / "inner"
    (root / "bin").mkdir(parents=True)
    (root / "gatekeeper.yaml").write_text("version: 1\n")
    before = begun(root)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("line-length = 10\n")
    told = changes(before, begun(root))
    assert told == (f"the configuration {os.path.normpath(root / path)}",), told


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_what_git_was_told_not_to_look_at_is_looked_at(tmp_path: Path, flag: str) -> None:
    for words in (["init", "-q"], ["config", "user.email", "a@b"], ["config", "user.name", "n"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    (tmp_path / "a.py").write_text("a = 1\n")
    subprocess.run(["git", "add", "a.py"], cwd=tmp_path, check=True)
    subprocess.run(["git", "update-index", flag, "a.py"], cwd=tmp_path, check=True)
    before = begun(tmp_path)
    (tmp_path / "a.py").write_text("a = 2\n")
    assert changes(before, begun(tmp_path)) == ("a.py",)


def test_what_a_run_starts_from_survives_the_journal(root: Path) -> None:
    start = begun(root, RUSTFLAGS="-D warnings")
    assert read_beginning(kept(start, ())) == start
    assert set(start.tools) == {str(root / "bin/ruff"), str(root / "bin/script")}
    assert set(start.variables) == {"RUSTFLAGS"}
    assert "warnings" not in str(kept(start, ()))


def test_a_header_that_does_not_say_what_the_run_began_with_is_an_error() -> None:
    with pytest.raises(DocumentError):
        read_beginning({"journal": "gatekeeper"})


def test_settings_that_hold_a_secret_are_not_kept(root: Path) -> None:
    start = begun(root)
    assert start.settings is not None
    secret = replace(start, settings=replace(start.settings, tasks=(CustomTask(id="t", batch="beta", argv=("curl", "hunter2hunter2")),)))
    header = kept(secret, ("hunter2hunter2",))
    assert read_beginning(header).settings is None
    assert "hunter2" not in str(header)


def test_nothing_changed_where_nothing_changed(root: Path) -> None:
    assert changes(begun(root), begun(root)) == ()


@pytest.mark.parametrize(("name", "told"), [
    ("a.txt", "a.txt"), ("bin/ruff", "the program {root}/bin/ruff"), ("bin/script", "the program {root}/bin/script"),
    ("web/node_modules/.package-lock.json", "what is installed: {root}/web/node_modules/.package-lock.json"), ("gatekeeper.yaml", "gatekeeper.yaml")])
def test_each_change_is_told_by_name(root: Path, name: str, told: str) -> None:
    before = begun(root)
    (root / name).write_text("# something else, and longer\n")
    assert set(changes(before, begun(root))) == {told.format(root=root)}


def test_a_file_that_was_only_touched_did_not_change(root: Path) -> None:
    before = begun(root)
    os.utime(root / "a.txt", (1, 1))
    assert changes(before, begun(root)) == ()


def test_what_the_dead_run_would_have_taken_away_is_no_change(root: Path) -> None:
    before = begun(root)
    (root / "Cargo.lock").write_text("")
    assert changes(before, begun(root)) == ()
    (root / "Cargo.toml").write_text("")
    assert changes(before, begun(root)) == ("Cargo.toml",)


def test_a_variable_that_came_went_or_changed_is_told_and_its_value_is_not(root: Path) -> None:
    assert changes(begun(root, CI="1", NODE_ENV="test"), begun(root, CARGO_HOME="/x", NODE_ENV="production")) == (
        "the variable CARGO_HOME", "the variable CI", "the variable NODE_ENV")


def end(name: str, status: Status, message: str = "", facts: object = None) -> JobFinished:
    return JobFinished(at=1.0, job=name, result=Result(job=name, status=status, message=message), facts=facts)


def test_only_what_was_reached_is_taken_over() -> None:
    held = reached(end(status, status, facts={"of": status}) for status in Status)
    assert set(held.results) == {"passed", "failed", "errored", "timed_out", "unmeasured"}
    assert held.facts["passed"] == {"of": "passed"}


def test_of_two_ends_the_later_only_repeats_the_earlier() -> None:
    held = reached([end("a", Status.CANCELLED), end("a", Status.FAILED, "first"), end("a", Status.FAILED, "again")])
    assert held.results["a"].message == "first"


def test_reports_go_where_the_run_was_started() -> None:
    assert [absolute(report, "/home/u") for report in ("sarif", "junit=out/j.xml", "html=/tmp/x.html")] == ["sarif", "junit=/home/u/out/j.xml", "html=/tmp/x.html"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="marks of processes can be read there")
def test_processes_of_the_dead_run_are_waited_for_and_those_of_its_further_parts_too() -> None:
    await_end_of_jobs("20200101-000000-none", 0.0)
    for mark in ("20200101-000000-abcd", "outer:20200101-000000-abcd+2"):
        with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE, env={RUN_COOKIE: mark}) as process:
            with pytest.raises(UsageError, match=f"still run: {process.pid}"):
                await_end_of_jobs("20200101-000000-abcd", 0.0)
            await_end_of_jobs("20200101-000000-abc", 0.0)
            process.communicate(b"\n")
