"""Checking does not write: tools that do so all the same are caught and named. Fixing keeps a backup, whatever happens to the fixer."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faulty import configure, jobs_of, only_run, python, repository, run_folders, survivors, tasks_only, valid_reports
from tests.fakes.space import Space
from tests.fakes.stage import BIN, Stage, fake

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]


def tree_condition(summary: Any) -> Any:
    (found,) = [condition for condition in summary["verdict"]["conditions"] if condition["subject"] == "tree"]
    return found


WRITES = {
    "changes": ("open('a.txt', 'a').write('more')", "a.txt"),
    "creates": ("open('new.txt', 'w').close()", "new.txt"),
    "deletes": ("import os; os.unlink('a.txt')", "a.txt"),
    "replaces-by-a-pipe": ("import os; os.unlink('a.txt'); os.mkfifo('a.txt')", "a.txt"),
    "replaces-by-a-link": ("import os; os.unlink('a.txt'); os.symlink('/etc/passwd', 'a.txt')", "a.txt"),
    "deep": ("import os; os.makedirs('x/y'); open('x/y/z', 'w').close()", "x/y/z"),
}


@pytest.mark.parametrize("kind", WRITES)
def test_a_tool_that_writes_while_checking_makes_the_run_incomplete_and_is_named(tmp_path: Path, kind: str) -> None:
    code, file = WRITES[kind]
    space = repository(tmp_path, {"writer": python(code)})
    ended = space.run(*tasks_only("--json"))
    assert ended.exit_code == 3, ended
    condition = tree_condition(ended.json())
    assert (condition["outcome"], file in condition["message"], "D3/writer" in condition["message"]) == ("incomplete", True, True), condition


@pytest.mark.parametrize(("words", "named"), [
    (("tag", "moved"), "(refs)"), (("add", "b.txt"), "(index)"), (("stash",), "(refs)"),
], ids=["tag", "stage", "stash"])
def test_a_tool_that_moves_refs_or_the_index_makes_the_run_incomplete(tmp_path: Path, words: tuple[str, ...], named: str) -> None:
    space = repository(tmp_path, {"writer": ("git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words)})
    space.write("b.txt", "b\n")
    space.write("a.txt", "changed\n")
    ended = space.run(*tasks_only("--json"))
    assert ended.exit_code == 3, ended
    assert named in tree_condition(ended.json())["message"]


def test_a_tree_without_git_is_watched_too(tmp_path: Path) -> None:
    space = Space(tmp_path)
    space.write("a.txt", "a\n")
    configure(space, {"writer": python("open('a.txt', 'a').write('more')")})
    ended = space.run(*tasks_only("--json"))
    assert ended.exit_code == 3, ended
    assert "a.txt" in tree_condition(ended.json())["message"]


@pytest.mark.parametrize("code", ["import os; os.rename('.git', '../gone')", "import os; os.rename(os.getcwd(), os.getcwd() + '-gone')"], ids=["git", "tree"])
def test_where_a_job_takes_the_tree_or_its_git_away_the_results_are_told_all_the_same(tmp_path: Path, code: str) -> None:
    space = repository(tmp_path, {"taker": python(code), "one": python("print(1)")}, taker={"needs": ["one"]})
    ended = space.run(*tasks_only("--json"))
    assert ended.exit_code == 3, ended
    assert {name: job["status"] for name, job in jobs_of(ended.json()).items()} == {"one": "passed", "taker": "passed"}
    assert "everything" in tree_condition(ended.json())["message"]


def test_ignored_files_may_be_written(tmp_path: Path) -> None:
    space = repository(tmp_path, {"writer": python("open('cache.log', 'w').close()")})
    space.write(".gitignore", "*.log\n")
    space.commit("ignore")
    ended = space.run(*tasks_only())
    assert ended.exit_code == 0, ended


def test_a_file_that_changed_during_a_failing_run_leaves_it_failed(tmp_path: Path) -> None:
    space = repository(tmp_path, {"writer": python("open('a.txt', 'a').write('more')"), "bad": python("raise SystemExit(1)")})
    ended = space.run(*tasks_only("--json"))
    assert ended.exit_code == 1, ended
    assert tree_condition(ended.json())


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


HALF = f"""
import os, sys
sys.path.insert(0, {BIN!r})
if "--version" in sys.argv:
    print("ruff 0.17.5"); raise SystemExit
if "format" not in sys.argv or "--check" in sys.argv:
    print("[]"); raise SystemExit
with open("app.py", "w") as file:
    file.write("half")
import stagehand
stagehand.obey("fixer")
"""


def python_project(folder: Path) -> Space:
    """A package whose CI runs ruff, with a ruff that breaks off in the middle of a file."""
    space = Space(folder)
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n')
    space.write("app.py", "import os\n")
    space.write(".github/workflows/ci.yml", "on: push\njobs:\n  lint:\n    runs-on: x\n    steps:\n      - run: ruff format --check .\n")
    tool = space.folder / "half.py"
    tool.write_text(HALF)
    (space.bin / "ruff").write_text(f"#!/bin/sh\nexec '{python('')[0]}' -S '{tool}' \"$@\"\n")
    (space.bin / "ruff").chmod(0o755)
    space.init()
    return space


def saved(space: Space) -> str:
    """What the backup from before the fix says of app.py."""
    (archive,) = (space.root / ".gatekeeper" / "backups" / "before-fix").glob("*.tar.gz")
    with tarfile.open(archive) as content:
        member = content.extractfile("files/app.py")
        assert member is not None
        return member.read().decode()


def test_no_pass_is_said_early_where_a_blocking_job_wrote_into_the_tree(tmp_path: Path) -> None:
    space = Space(tmp_path, programs=("sh", "sleep"))
    space.write("gatekeeper.yaml", "tasks:\n  - {id: writer, batch: beta, argv: [sh, -c, 'echo x > wrote.txt'], role: lint}\n"
                                   "  - {id: later, batch: beta, argv: [sleep, '1'], needs: [writer], blocking: false}\n")
    space.write("a.txt", "a\n")
    space.init()
    ended = space.run("run", ".", "--no-backup", "--only", "D3/*")
    assert ended.exit_code == 3, ended
    assert "PASS after" not in ended.stderr


FIX = ("run", ".", "--fix", "--no-provision", "--only", "ruff.*", "--json")


def test_a_fixer_that_dies_midway_is_not_green_and_the_backup_has_what_was_there(tmp_path: Path, stage: Stage) -> None:
    space = python_project(tmp_path)
    process = space.start(*FIX, env={"FAKE_STAGE": stage.path})
    os.kill(stage.actor("fixer").pid, 11)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 3, (stdout, stderr)
    summary = json.loads(stdout)
    assert [job["cause"] for job in summary["jobs"] if ".fix" in job["id"]] == ["signal"]
    assert space.read("app.py") == "half"
    assert "app.py" in stdout.decode()
    assert saved(space) == "import os\n"


def test_gatekeeper_killed_while_it_fixes_leaves_the_backup(tmp_path: Path, stage: Stage) -> None:
    space = python_project(tmp_path)
    process = space.start(*FIX, env={"FAKE_STAGE": stage.path})
    fixer = stage.actor("fixer")
    process.kill()
    process.communicate()
    assert fixer.gone()
    assert survivors(only_run(space).name) == []
    assert saved(space) == "import os\n"
    assert space.run("backup", "verify", "before-fix").exit_code == 0
    restored = space.folder / "restored"
    ended = space.run("backup", "restore", "before-fix", str(restored))
    assert ended.exit_code == 0, ended
    assert next(restored.rglob("app.py")).read_text() == "import os\n"


def test_two_runs_at_once_in_one_tree_both_decide(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow")})
    first = space.start(*tasks_only(), env={"FAKE_STAGE": stage.path})
    slow = stage.actor("slow")
    configure(space, {"quick": python("print(1)")})
    second = space.run(*tasks_only())
    assert second.exit_code == 0, second
    space.git("checkout", "-q", "gatekeeper.yaml")
    slow.tell("exit 0")
    stdout, stderr = first.communicate(timeout=30)
    assert first.returncode == 0, (stdout, stderr)
    assert len(run_folders(space)) == 2
    assert [valid_reports(folder)["verdict"]["outcome"] for folder in run_folders(space)] == ["pass", "pass"]
    assert len(space.run("history").stdout.splitlines()) >= 2


def test_a_run_inside_a_run_ends_and_its_verdict_is_that_of_its_job(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inside = repository(inner, {"bad": python("raise SystemExit(1)")})
    space = repository(tmp_path / "outer", {"inner": (*inside.program, *tasks_only()[:1], str(inside.root), *tasks_only()[2:])})
    ended = space.run(*tasks_only("--jobs", "1"))
    assert ended.exit_code == 1, ended
    assert only_run(inside).name != only_run(space).name
    assert valid_reports(only_run(inside))["verdict"]["outcome"] == "fail"


def test_a_run_of_the_same_tree_inside_a_run_ends(tmp_path: Path) -> None:
    space = Space(tmp_path)
    space.write("a.txt", "a\n")
    configure(space, {"outer": (*space.program, "run", ".", "--only", "task.quick", "--no-provision"), "quick": python("print(1)")})
    space.init()
    ended = space.run("run", ".", "--only", "task.outer", "--no-provision", "--jobs", "1")
    assert ended.exit_code == 0, ended
    assert len(run_folders(space)) == 2
