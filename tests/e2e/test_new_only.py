"""Only what a change brings counts: against a run on the merge-base, and on the lines that it touches."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.test_baseline import CONFIGURATION, LINTER, OLD
from tests.fakes.space import Ended, Space

COUNTED = "import pathlib\npathlib.Path('{folder}/calls').open('a').write('x')\n"


@pytest.fixture
def space(tmp_path: Path) -> Space:
    space = Space(tmp_path)
    (space.bin / "python3").symlink_to(sys.executable)
    space.write("tools/todo.py", COUNTED.format(folder=tmp_path) + LINTER)
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n')
    space.write("gatekeeper.yaml", CONFIGURATION)
    space.write("app.py", OLD)
    space.init()
    space.git("checkout", "-q", "-b", "topic")
    return space


def run(space: Space, *options: str) -> Ended:
    return space.run("run", ".", "--no-provision", "--no-backup", "--only", "todo", "--json", *options)


def calls(space: Space) -> int:
    return len((space.folder / "calls").read_text())


def states(space: Space) -> list[tuple[int, str | None]]:
    return [(one["line"], one["state"]) for one in space.run("show", "todo", "--json").json()["result"]["findings"]]


def test_what_the_merge_base_has_does_not_count_and_what_the_change_brings_does(space: Space) -> None:
    assert run(space, "--new-since", "main").exit_code == 0
    space.write("app.py", "\n\n" + OLD + "y = 2  # TODO new\n")
    space.commit("topic")
    ended = run(space, "--new-since", "main")
    assert ended.exit_code == 1, ended
    assert states(space) == [(7, "unchanged"), (11, "unchanged"), (13, "new")]
    assert space.run("show").stdout.count("compared with the merge-base") == 1


def test_the_merge_base_is_run_once_for_each_commit_and_leaves_nothing_in_the_repository(space: Space) -> None:
    before = space.state()
    assert run(space, "--new-since", "main").exit_code == 0
    assert calls(space) == 2
    assert run(space, "--new-since", "main").exit_code == 0
    assert calls(space) == 3
    assert space.state() == before
    assert not list((space.home / ".cache" / "gatekeeper" / "bases").glob("*/work-*"))
    space.git("checkout", "-q", "main")
    space.write("other.py", "z = 3  # TODO\n")
    space.commit("main goes on")
    space.git("checkout", "-q", "topic")
    space.git("merge", "-q", "--no-edit", "main")
    assert run(space, "--new-since", "main").exit_code == 0
    assert calls(space) == 5


def test_what_could_not_be_measured_at_the_merge_base_counts_and_says_so(space: Space) -> None:
    space.write("tools/todo.py", "raise SystemExit(7)\n")
    space.commit("broken")
    space.git("branch", "-f", "main")
    space.write("tools/todo.py", LINTER)
    ended = run(space, "--new-since", "main")
    assert ended.exit_code == 1, ended
    assert "nothing to compare with: errored there" in space.run("show").stdout


def test_where_the_code_of_the_merge_base_was_broken_it_is_said_that_nothing_else_was_found_there(space: Space) -> None:
    told = '{"file": "app.py", "line": 1, "rule": "syntax", "level": "error", "category": "build", "message": "cannot be read"}'
    space.write("tools/todo.py", f"print('{{\"schema\": 1, \"findings\": [{told}]}}')\nraise SystemExit(1)\n")
    space.commit("broken")
    space.git("branch", "-f", "main")
    space.write("tools/todo.py", LINTER)
    assert run(space, "--new-since", "main").exit_code == 1
    assert "its code is broken there, so nothing else was found" in space.run("show").stdout


def test_the_checkout_of_the_merge_base_starts_nothing_that_git_is_set_up_to_start(space: Space) -> None:
    trap = space.folder / "trap"
    program = space.folder / "trap.sh"
    program.write_text(f"#!/bin/sh\necho > {trap}\n")
    program.chmod(0o755)
    space.write(".gitattributes", "*.py filter=trap\n")
    space.commit("attributes")
    space.git("branch", "-f", "main")
    for key in ("filter.trap.smudge", "core.fsmonitor"):
        space.git("config", key, str(program))
    hook = space.root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.symlink_to(program)
    trap.unlink(missing_ok=True)
    assert run(space, "--new-since", "main").exit_code == 0
    assert calls(space) == 2
    assert not trap.exists()


def test_a_ref_that_does_not_exist_is_an_error_and_a_history_that_is_missing_a_note(space: Space) -> None:
    ended = run(space, "--new-since", "nowhere")
    assert ended.exit_code == 2, ended
    space.git("checkout", "-q", "--orphan", "alone")
    space.commit("alone")
    ended = run(space, "--new-since", "main")
    assert ended.exit_code == 1, ended
    assert "no merge-base" in space.run("show").stdout


def test_only_findings_on_changed_lines_count(space: Space) -> None:
    space.write("app.py", OLD.replace("return x\n", "return x + 1\n"))
    assert run(space, "--changed-lines").exit_code == 0
    space.write("app.py", OLD.replace("x = 1  # TODO old", "x = 2  # TODO old"))
    ended = run(space, "--changed-lines")
    assert ended.exit_code == 1, ended
    assert states(space) == [(5, "unchanged"), (9, "new")]


def test_in_a_new_file_every_line_is_a_changed_one(space: Space) -> None:
    space.write("new.py", "a = 1  # TODO\n")
    assert run(space, "--changed-lines").exit_code == 1


def test_a_finding_counts_only_if_all_comparisons_call_it_new(space: Space) -> None:
    space.run("run", ".", "--no-provision", "--no-backup", "--only", "todo")
    assert space.run("baseline", "create").exit_code == 0
    space.write("app.py", OLD.replace("import os\n", "import os  # TODO here\n"))
    assert run(space, "--changed-lines", "--new-since", "main").exit_code == 1
    space.commit("accepted on main")
    space.git("branch", "-f", "main")
    assert run(space).exit_code == 1
    assert run(space, "--new-since", "main").exit_code == 0
    assert run(space, "--changed-lines").exit_code == 0


def test_a_scoped_run_says_which_findings_lie_on_changed_lines(space: Space) -> None:
    space.write("app.py", OLD.replace("x = 1  # TODO old", "x = 2  # TODO old"))
    assert run(space, "--since", "main").exit_code == 1
    found = space.run("show", "todo", "--json").json()["result"]["findings"]
    assert [(one["line"], one["on_changed_line"], one["state"]) for one in found] == [(5, False, None), (9, True, None)]
