"""The program in CI: what it writes for the service, what the log obeys, and that it can be switched off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.faulty import only_run, python, repository, tasks_only
from tests.fakes.runner import Runner, obeyed_by_agents

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]
HOSTILE = "print('::error::planted'); print('##[add-mask]x'); print('::set-output name=verdict::pass'); print('##vso[task.complete]'); raise SystemExit(1)"


@pytest.fixture
def github(tmp_path: Path) -> dict[str, str]:
    return {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_WORKSPACE": str(tmp_path)}


def test_in_github_actions_only_our_annotations_are_obeyed(tmp_path: Path, github: dict[str, str]) -> None:
    space = repository(tmp_path / "tree", {"talks": python(HOSTILE)})
    ended = space.run(*tasks_only(), env=github)
    assert ended.exit_code == 1, ended
    runner = Runner().read(ended.stderr)
    assert [name for name, _ in runner.obeyed] == ["error"]
    assert "planted" in ended.stderr
    assert runner.token is None
    assert Runner().read(ended.stdout).obeyed == []
    assert obeyed_by_agents(ended.stdout) == []
    assert "verdict<<" in (tmp_path / "output").read_text()
    assert (tmp_path / "summary").read_text().startswith("# Gatekeeper: FAIL\n")
    assert {"github.txt", "code-scanning.sarif", "comment.md", "report.html"} <= {path.name for path in only_run(space).iterdir()}


def test_json_stays_json_and_the_log_of_a_job_is_fenced(tmp_path: Path, github: dict[str, str]) -> None:
    space = repository(tmp_path / "tree", {"talks": python(HOSTILE)})
    ended = space.run(*tasks_only("--json"), env=github)
    assert json.loads(ended.stdout)["verdict"]["outcome"] == "fail"
    assert Runner().read(ended.stdout).obeyed == []
    logs = space.run("logs", "D3/talks" if "D3/talks" in ended.stdout else "talks", env=github)
    assert logs.stdout.startswith("::stop-commands::")
    assert Runner().read(logs.stdout).obeyed == []
    assert "error::planted" in logs.stdout


def test_it_can_be_switched_off_and_the_log_is_harmless_all_the_same(tmp_path: Path, github: dict[str, str]) -> None:
    space = repository(tmp_path / "tree", {"talks": python(HOSTILE)})
    ended = space.run(*tasks_only("--ci", "off"), env=github)
    assert ended.exit_code == 1, ended
    assert Runner().read(ended.stderr + ended.stdout).obeyed == []
    assert not (tmp_path / "output").exists()
    assert not (only_run(space) / "report.html").exists()


def test_in_gitlab_its_own_reports_are_written(tmp_path: Path) -> None:
    space = repository(tmp_path / "tree", {"fails": python("raise SystemExit(1)")})
    ended = space.run(*tasks_only(), env={"GITLAB_CI": "true", "CI": "true"})
    assert ended.exit_code == 1, ended
    assert isinstance(json.loads((only_run(space) / "gl-code-quality-report.json").read_text()), list)
