"""`gatekeeper run` as a whole, with fake tools in a scratch repository: scope, order, budgets, fixing, and what it leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.space import Answer, FakeTool, Space

CLEAN = Answer(stdout="[]")
UNUSED = ('[{"code": "F401", "name": "unused-import", "message": "`os` imported but unused", "severity": "error", "filename": "app.py", '
          '"location": {"row": 1, "column": 8}, "end_location": {"row": 1, "column": 10}, "fix": null, "url": "", "noqa_row": 1, "cell": null}]')
CI = "on: push\njobs:\n  lint:\n    runs-on: x\n    steps:\n      - run: ruff check .\n"


def repository(space: Space, *answers: Answer, configuration: str = "") -> FakeTool:
    """A Python package whose CI runs ruff, with a ruff in its own environment that answers as told."""
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n')
    space.write("app.py", "import os\n")
    space.write(".github/workflows/ci.yml", CI)
    space.write("gatekeeper.yaml", f"version: 1\n{configuration}")
    tool = space.fake("ruff", Answer(when=("--version",), stdout="ruff 0.17.5\n"), *answers)
    space.init()
    return tool


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path, programs=("true", "false", "sleep"))


def jobs(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {job["id"]: job for job in summary["jobs"]}


def run(space: Space, *options: str) -> Any:
    return space.run("run", ".", "--no-provision", "--json", *options)


def test_a_clean_repository_passes_and_leaves_its_reports(space: Space) -> None:
    repository(space, CLEAN)
    before = space.state()
    ended = run(space)
    assert ended.exit_code == 0, ended
    assert ended.json()["verdict"]["outcome"] == "pass"
    assert {"junit.xml", "summary.json", "metrics.json", "report.md", "health.json", "ecosystem.md"} <= {
        path.name for path in (space.root / ".gatekeeper" / "latest").iterdir()}
    assert list((space.root / ".gatekeeper" / "backups").glob("backup_*.tar.gz"))
    assert space.state() == before


def test_a_finding_of_a_used_tool_fails_the_run_and_is_told_with_its_place(space: Space) -> None:
    repository(space, Answer(stdout=UNUSED, exit_code=1))
    ended = run(space)
    assert ended.exit_code == 1, ended
    found = ended.json()["findings"]
    assert ("app.py", 1, "F401") in {(finding["file"], finding["line"], finding["rule"]) for finding in found}


def test_a_tool_that_crashes_is_neither_green_nor_red(space: Space) -> None:
    repository(space, Answer(stderr="panic!\n", exit_code=101))
    ended = run(space)
    assert ended.exit_code == 3, ended
    assert jobs(ended.json())["B2/ruff.lint@app"]["status"] == "errored"


def test_a_component_that_could_not_be_read_is_never_green(space: Space) -> None:
    space.write("web/package.json", '{"name": 7, "scripts": ["test"]}')
    repository(space, CLEAN)
    ended = run(space)
    assert ended.exit_code == 3, ended
    assert "web/package.json" in next(each["message"] for each in ended.json()["verdict"]["conditions"] if each["subject"] == "detection")


def test_a_dry_run_prints_every_command_and_starts_no_tool(space: Space) -> None:
    tool = repository(space, CLEAN)
    before = space.state()
    ended = space.run("run", ".", "--dry-run", "--no-provision")
    assert ended.exit_code == 0, ended
    assert "ruff.lint@app" in ended.stdout
    assert [call for call in tool.calls if "--version" not in call.argv] == []
    assert space.state() == before
    assert not (space.root / ".gatekeeper").exists()


def test_only_staged_files_reach_the_tool(space: Space) -> None:
    tool = repository(space, CLEAN)
    space.write("other.py", "x = 1\n")
    space.git("add", "other.py")
    space.write("third.py", "")
    ended = run(space, "--staged")
    assert ended.exit_code == 0, ended
    assert {word for call in tool.calls for word in call.argv if word.endswith(".py")} == {"other.py"}


def test_a_partly_staged_file_is_named_and_makes_the_run_incomplete(space: Space) -> None:
    repository(space, CLEAN)
    space.write("app.py", "import sys\n")
    space.git("add", "app.py")
    space.write("app.py", "import re\n")
    ended = run(space, "--staged")
    assert ended.exit_code == 3, ended
    conditions = ended.json()["verdict"]["conditions"]
    assert [condition["subject"] for condition in conditions] == ["staged"]
    assert "app.py" in conditions[0]["message"]


def test_nothing_in_scope_is_a_pass_that_says_so(space: Space) -> None:
    repository(space, CLEAN)
    ended = space.run("run", ".", "--staged", "--no-provision")
    assert ended.exit_code == 0, ended
    assert "nothing to check" in ended.stdout


def test_a_tool_that_writes_while_it_checks_makes_the_run_incomplete_and_is_named(space: Space) -> None:
    repository(space, Answer(stdout="[]", writes={"app.py": "changed\n"}))
    ended = run(space)
    assert ended.exit_code == 3, ended
    condition = next(condition for condition in ended.json()["verdict"]["conditions"] if condition["subject"] == "tree")
    assert "app.py" in condition["message"]
    assert "B2/ruff.lint@app" in condition["message"]


FORMATTED = "steps:\n      - run: ruff format --check .\n      - run: ruff check .\n"


def test_fixing_backs_up_first_changes_files_and_judges_the_state_after(space: Space) -> None:
    space.write(".github/workflows/ci.yml", CI)
    repository(space, Answer(when=("format", "--quiet"), writes={"app.py": "fixed\n"}), CLEAN)
    space.write(".github/workflows/ci.yml", CI.replace("steps:\n      - run: ruff check .\n", FORMATTED))
    space.git("commit", "-qam", "format too")
    ended = run(space, "--fix")
    assert ended.exit_code == 0, ended
    assert space.read("app.py") == "fixed\n"
    assert ended.json()["changed_files"] == ["app.py"]
    assert list((space.root / ".gatekeeper" / "backups" / "before-fix").glob("*.tar.gz"))


def test_a_failed_need_blocks_what_waits_for_it_and_nothing_else(space: Space) -> None:
    repository(space, CLEAN, configuration="tasks:\n  - {id: first, batch: delta, argv: ['false']}\n  - {id: second, batch: delta, argv: ['true'], needs: [first]}\n")
    found = jobs(run(space).json())
    assert found["D3/first"]["status"] == "failed"
    assert found["D3/second"]["status"] == "blocked"
    assert "D3/first" in found["D3/second"]["message"]
    assert found["B2/ruff.lint@app"]["status"] == "passed"


def test_the_limit_of_the_run_stops_what_runs_and_starts_nothing_more(space: Space) -> None:
    repository(space, CLEAN, configuration="tasks:\n  - {id: long, batch: delta, argv: [sleep, '60']}\n  - {id: later, batch: delta, argv: ['true'], needs: [long]}\n")
    ended = run(space, "--timeout", "1s", "--only", "D3")
    assert ended.exit_code == 3, ended
    assert {job["id"]: job["status"] for job in ended.json()["jobs"]} == {"D3/long": "timed_out", "D3/later": "not_run"}


@pytest.mark.concurrency
def test_one_job_at_a_time_gives_the_same_verdict_as_eight(space: Space) -> None:
    repository(space, Answer(stdout=UNUSED, exit_code=1))
    one, eight = run(space, "--jobs", "1").json(), run(space, "--jobs", "8").json()
    assert one["verdict"] == eight["verdict"]
    assert {job["id"]: job["status"] for job in one["jobs"]} == {job["id"]: job["status"] for job in eight["jobs"]}


def test_five_phases_run_in_their_order(space: Space) -> None:
    repository(space, CLEAN)
    summary = run(space, "--pipeline", "phases").json()
    assert [batch["id"] for batch in summary["batches"]] == ["architecture", "implementation", "testing", "documentation", "integration"]
    assert summary["verdict"]["outcome"] == "pass"


def test_a_script_reports_findings_by_the_json_contract(space: Space) -> None:
    document = '{"schema": 1, "findings": [{"file": "app.py", "line": 1, "rule": "sync", "level": "error", "message": "out of sync"}]}'
    space.fake("check-sync", Answer(stdout=document))
    repository(space, CLEAN, configuration="tasks:\n  - {id: sync, batch: delta, argv: [check-sync], output: {parser: gatekeeper-json}}\n")
    ended = run(space)
    assert ended.exit_code == 1, ended
    assert [(finding["rule"], finding["message"]) for finding in ended.json()["findings"] if finding["file"] == "app.py"] == [("sync", "out of sync")]


def test_a_run_from_another_folder_gives_the_same_answer(space: Space) -> None:
    repository(space, CLEAN)
    here = run(space).json()
    there = space.run("run", str(space.root), "--no-provision", "--json", cwd=str(space.home)).json()
    assert here["verdict"] == there["verdict"]
    assert {job["id"] for job in here["jobs"]} == {job["id"] for job in there["jobs"]}
