"""An old repository moves in: what was there is known, what comes is new, what is mended makes the baseline tighter."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.space import Answer, Ended, Space

NAME = "gatekeeper-baseline.jsonl"
#: a linter of the repository's own: tells every line that holds TODO, and exits 1 then
LINTER = r"""
import json, pathlib, sys
found = [{"file": str(path), "line": number, "rule": "no-todo", "level": "error", "message": "a TODO"}
         for path in sorted(pathlib.Path(".").rglob("*.py")) if "tools" not in path.parts
         for number, line in enumerate(path.read_text().split("\n"), 1) if "TODO" in line]
print(json.dumps({"schema": 1, "findings": found, "checked": 1}))
sys.exit(1 if found else 0)
"""
CONFIGURATION = ("version: 1\ntasks:\n- {id: todo, batch: beta, argv: [python3, tools/todo.py], takes: repository, role: lint, "
                 "output: {parser: gatekeeper-json}}\n")
OLD = "import os\n\n\ndef first():\n    return os.name  # TODO old\n\n\ndef second():\n    x = 1  # TODO old\n    return x\n"


@pytest.fixture
def space(tmp_path: Path) -> Space:
    space = Space(tmp_path)
    (space.bin / "python3").symlink_to(sys.executable)
    space.write("tools/todo.py", LINTER)
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n')
    space.write("gatekeeper.yaml", CONFIGURATION)
    space.write("app.py", OLD)
    space.init()
    return space


def run(space: Space, *options: str) -> Ended:
    return space.run("run", ".", "--no-provision", "--no-backup", "--only", "todo", "--json", *options)


def adopted(space: Space) -> None:
    assert run(space).exit_code == 1
    ended = space.run("baseline", "create")
    assert ended.exit_code == 0, ended
    space.commit("baseline")


def findings(ended: Ended) -> list[tuple[str, int, str | None]]:
    return [(one["file"], one["line"], one.get("state")) for one in ended.json()["findings"]]


def entries(space: Space) -> list[dict[str, Any]]:
    return [json.loads(line) for line in space.read(NAME).splitlines()]


def test_what_was_there_when_the_baseline_was_made_does_not_count(space: Space) -> None:
    adopted(space)
    ended = run(space)
    assert ended.exit_code == 0, ended
    (job,) = ended.json()["jobs"]
    assert "all known" in job["message"]


def test_only_the_new_finding_fails_though_the_old_ones_moved(space: Space) -> None:
    adopted(space)
    space.git("mv", "app.py", "core.py")
    space.write("core.py", '"""Docs."""\n\n' + OLD.replace("    x = 1", "\n\n    x = 1") + "\n\ndef third():\n    return 3  # TODO new\n")
    ended = run(space)
    assert ended.exit_code == 1, ended
    shown = space.run("show", "todo", "--json").json()["result"]["findings"]
    assert [(one["line"], one["state"]) for one in shown] == [(7, "moved"), (13, "moved"), (18, "new")]


def test_a_fixed_finding_makes_the_baseline_tighter_by_one(space: Space) -> None:
    adopted(space)
    before = space.read(NAME).splitlines()
    space.write("app.py", OLD.replace("    x = 1  # TODO old\n", "    x = 1\n"))
    said = space.run("run", ".", "--no-provision", "--no-backup", "--only", "todo")
    assert said.exit_code == 0, said
    assert "can be tightened by 1: gatekeeper baseline update" in said.stdout
    assert run(space, "--baseline-tight").exit_code == 1
    ended = space.run("baseline", "update")
    assert ended.exit_code == 0, ended
    after = space.read(NAME).splitlines()
    assert len(after) == len(before) - 1
    assert set(after) < set(before)
    assert run(space, "--baseline-tight").exit_code == 0


def test_a_fixed_finding_that_comes_back_after_tightening_is_new(space: Space) -> None:
    adopted(space)
    space.write("app.py", OLD.replace("# TODO old", ""))
    assert run(space).exit_code == 0
    space.run("baseline", "update")
    space.write("app.py", OLD)
    assert run(space).exit_code == 1


def test_update_adds_nothing_unless_asked_and_then_names_each(space: Space) -> None:
    adopted(space)
    space.write("app.py", OLD + "y = 2  # TODO new\n")
    assert run(space).exit_code == 1
    before = space.read(NAME)
    assert space.run("baseline", "update").exit_code == 0
    assert space.read(NAME) == before
    ended = space.run("baseline", "update", "--add")
    assert "app.py:11" in ended.stdout
    assert run(space).exit_code == 0


def test_create_replaces_no_baseline_unless_forced(space: Space) -> None:
    adopted(space)
    ended = space.run("baseline", "create")
    assert ended.exit_code == 2, ended
    assert "--force" in ended.stderr
    assert space.run("baseline", "create", "--force").exit_code == 0


def test_nothing_in_the_baseline_changes_while_nothing_moves(space: Space) -> None:
    adopted(space)
    before = space.read(NAME)
    space.write("app.py", "\n\n\n" + OLD)
    assert run(space).exit_code == 0
    assert space.run("baseline", "update").exit_code == 0
    assert space.read(NAME) == before


def test_a_baseline_with_conflict_marks_is_one_clear_error(space: Space) -> None:
    adopted(space)
    space.write(NAME, space.read(NAME) + "<<<<<<< HEAD\n")
    ended = run(space)
    assert ended.exit_code == 2, ended
    assert f"{NAME}:{len(entries_before(space)) + 1}: has a merge conflict" in ended.stderr


def entries_before(space: Space) -> list[str]:
    return [line for line in space.read(NAME).splitlines() if not line.startswith("<")]


def test_a_baseline_that_was_named_and_is_not_there_is_an_error(space: Space) -> None:
    ended = run(space, "--baseline", "other.jsonl")
    assert ended.exit_code == 2, ended
    assert "gatekeeper baseline create" in ended.stderr


def test_without_a_baseline_all_findings_count_again(space: Space) -> None:
    adopted(space)
    assert run(space, "--baseline", "none").exit_code == 1


def test_a_job_that_broke_fixes_nothing(space: Space) -> None:
    adopted(space)
    space.write("tools/todo.py", "raise SystemExit(7)\n")
    ended = run(space)
    assert ended.exit_code == 3, ended
    before = space.read(NAME)
    assert space.run("baseline", "update").exit_code == 0
    assert space.read(NAME) == before


def test_two_branches_that_both_shrink_the_baseline_merge(space: Space) -> None:
    for number in range(9):
        space.write(f"m{number}.py", f"def f{number}():\n    return {number}  # TODO old\n")
    space.write(".gitattributes", f"{NAME} merge=union\n")
    adopted(space)
    assert len(entries(space)) >= 12
    for branch, number in (("one", 3), ("other", 4)):
        space.git("checkout", "-q", "-b", branch, "main")
        space.write(f"m{number}.py", f"def f{number}():\n    return {number}\n")
        assert run(space).exit_code == 0
        assert space.run("baseline", "update").exit_code == 0
        space.commit(branch)
    space.git("merge", "-q", "--no-edit", "one")
    ended = run(space)
    assert ended.exit_code == 0, ended
    assert space.run("baseline", "update").exit_code == 0
    assert not {"m3.py", "m4.py"} & {entry.get("file") for entry in entries(space)}
    assert run(space, "--baseline-tight").exit_code == 0


def test_a_repository_adopts_itself_in_one_command_and_opens_green(tmp_path: Path) -> None:
    space = Space(tmp_path)
    unused = ('[{"code": "F401", "message": "`os` imported but unused", "filename": "app.py", "location": {"row": 1, "column": 8}, '
              '"end_location": {"row": 1, "column": 10}, "fix": null}]')
    space.fake("ruff", Answer(when=("--version",), stdout="ruff 0.17.5\n"), Answer(stdout=unused, exit_code=1))
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n')
    space.write(".github/workflows/ci.yml", "on: push\njobs:\n  lint:\n    runs-on: x\n    steps:\n      - run: ruff check .\n")
    space.write("app.py", "import os\n")
    space.init()
    none = {"GATEKEEPER_NO_PROVISION": "1", "GATEKEEPER_NO_BACKUP": "1"}
    first = space.run("init", "--baseline", env=none)
    assert first.exit_code == 0, first
    assert "the next run of this tree passes" in first.stderr
    assert {entry.get("rule") for entry in entries(space)} >= {"F401"}
    assert {"tool": "ruff", "version": "0.17.5"} in entries(space)
    second = space.run("run", ".", "--json", env=none)
    assert second.exit_code == 0, second
    assert second.json()["verdict"]["outcome"] == "pass"


def test_a_condition_that_a_baseline_does_not_help_is_named_when_it_is_made(space: Space) -> None:
    space.write("gatekeeper.yaml", CONFIGURATION + "policy: {conditions: [{id: none-at-all, severity: info, max: 0}]}\n")
    run(space)
    made = space.run("baseline", "create")
    assert "stay red unless they speak of what is new only: none-at-all" in made.stderr
    assert "passes" not in made.stderr
    assert run(space).exit_code == 1


def test_the_baseline_is_shown_by_rule_and_file(space: Space) -> None:
    adopted(space)
    shown = space.run("baseline", "show")
    assert shown.exit_code == 0, shown
    assert "no-todo" in shown.stdout
    assert "app.py" in shown.stdout
    assert len(space.run("baseline", "show", "--json").json()["findings"]) == 2


def ruff(space: Space, version: str, *found: tuple[int, str]) -> None:
    """A ruff on PATH of this version that tells these lines and rules of app.py."""
    told = [{"code": code, "message": f"about {code}", "filename": "app.py", "location": {"row": line, "column": 1},
             "end_location": {"row": line, "column": 2}, "fix": None} for line, code in found]
    space.fake("ruff", Answer(when=("--version",), stdout=f"ruff {version}\n"), Answer(stdout=json.dumps(told), exit_code=1 if told else 0))


@pytest.fixture
def linted(tmp_path: Path) -> Space:
    space = Space(tmp_path)
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n')
    space.write(".github/workflows/ci.yml", "on: push\njobs:\n  lint:\n    runs-on: x\n    steps:\n      - run: ruff check .\n")
    space.write("app.py", OLD)
    ruff(space, "0.17.5", (1, "F401"))
    space.init()
    assert space.run("run", ".", *LINT).exit_code == 1
    assert space.run("baseline", "create").exit_code == 0
    space.commit("baseline")
    return space


LINT = ("--no-provision", "--no-backup", "--only", "*ruff.lint*")


def test_what_only_another_version_of_a_tool_finds_does_not_count_before_the_baseline_is_updated(linted: Space) -> None:
    ruff(linted, "0.18.0", (1, "F401"), (5, "N999"))
    ended = linted.run("run", ".", *LINT)
    assert ended.exit_code == 0, ended
    assert "ruff is 0.18.0, gatekeeper-baseline.jsonl was made with 0.17.5: 1 finding on lines that nobody changed is new because of the tool change" in ended.stdout
    assert linted.run("run", ".", *LINT, "--tool-change", "count").exit_code == 1
    linted.run("run", ".", *LINT)
    updated = linted.run("baseline", "update")
    assert "1 finding that only another version" in updated.stderr
    assert linted.run("run", ".", *LINT).exit_code == 1
    assert "N999" in linted.run("baseline", "update", "--add").stdout
    assert linted.run("run", ".", *LINT).exit_code == 0


def test_on_lines_that_changed_another_version_excuses_nothing(linted: Space) -> None:
    ruff(linted, "0.18.0", (1, "F401"), (5, "N999"))
    linted.write("app.py", OLD.replace("return os.name", "return os.sep"))
    ended = linted.run("run", ".", *LINT)
    assert ended.exit_code == 1, ended


def test_a_commit_that_changes_code_and_baseline_at_once_is_excused_by_no_other_version(linted: Space) -> None:
    ruff(linted, "0.18.0", (1, "F401"), (5, "N999"))
    linted.write("app.py", OLD.replace("return os.name", "return os.sep"))
    linted.write("gatekeeper-baseline.jsonl", (linted.root / "gatekeeper-baseline.jsonl").read_text() + '{"tool": "other","version": "1"}\n')
    linted.commit("both")
    assert linted.run("run", ".", *LINT).exit_code == 1


def test_lines_of_a_branch_are_excused_by_no_other_version_whatever_it_does_to_the_baseline_later(linted: Space) -> None:
    ruff(linted, "0.18.0", (1, "F401"), (5, "N999"))
    linted.git("checkout", "-q", "-b", "branch")
    linted.write("app.py", OLD.replace("return os.name", "return os.sep"))
    linted.commit("code")
    for version in ("1", "2"):
        linted.write("gatekeeper-baseline.jsonl", (linted.root / "gatekeeper-baseline.jsonl").read_text() + f'{{"tool": "other","version": "{version}"}}\n')
        linted.commit("baseline")
    assert linted.run("run", ".", *LINT).exit_code == 1


def test_a_baseline_of_a_run_that_looked_at_some_files_only_is_refused(linted: Space) -> None:
    linted.write("app.py", OLD + "\n")
    linted.git("add", "app.py")
    assert linted.run("run", ".", *LINT, "--staged").exit_code == 0
    ended = linted.run("baseline", "create", "--force")
    assert ended.exit_code == 2, ended
    assert "staged files" in ended.stderr
