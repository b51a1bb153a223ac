"""How a run bears what goes wrong: a crash stays where it is, tries that were declared are made, time that is over leaves a report, a bad configuration
ends everything before it starts. And an example of seven batches."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.test_run import CLEAN, jobs, repository, run
from tests.fakes.space import CHECKOUT, Answer, Space


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path, programs=("true", "false", "sleep"))


def tasks(*items: str) -> str:
    return f"tasks: [{', '.join(items)}]\n"


def test_a_crash_of_one_job_leaves_the_others_alone(space: Space) -> None:
    repository(space, Answer(exit_code=-11), configuration=tasks("{id: fine, batch: beta, argv: ['true']}"))
    ended = run(space)
    assert ended.exit_code == 3, ended
    found = jobs(ended.json())
    assert found["B2/ruff.lint@app"]["status"] == "errored"
    assert [job["status"] for name, job in found.items() if name.endswith("/fine")] == ["passed"]


def test_declared_retries_are_made_and_what_passes_only_then_is_flaky(space: Space) -> None:
    once = space.folder / "once"
    script = f"test -e {once} || {{ touch {once}; exit 1; }}"
    repository(space, CLEAN, configuration=tasks(f"{{id: shaky, batch: beta, retries: 2, argv: [sh, -c, {json.dumps(script)}]}}",
                                                 "{id: broken, batch: beta, retries: 1, blocking: false, argv: ['false']}"))
    space.fake("touch", Answer(writes={str(once): ""}))
    ended = run(space)
    found = {name.rpartition("/")[2]: job for name, job in jobs(ended.json()).items()}
    assert ended.exit_code == 0, ended
    assert (found["shaky"]["status"], found["shaky"]["flaky"]) == ("passed", True)
    assert "passed only at try 2" in found["shaky"]["message"]
    assert found["broken"]["status"] == "failed"
    assert "tried 2 times" in found["broken"]["message"]


def test_when_the_time_is_over_the_report_tells_what_there_is_and_what_is_missing(space: Space) -> None:
    repository(space, CLEAN, configuration=tasks("{id: slow, batch: beta, argv: [sleep, '60']}"))
    ended = run(space, "--timeout", "4s")
    assert ended.exit_code == 3, ended
    summary = json.loads((space.root / ".gatekeeper" / "latest" / "summary.json").read_text(encoding="utf-8"))
    assert summary["ending"]["kind"] == "partially_completed"
    assert any("/slow: timed out" in gap for gap in summary["ending"]["gaps"])
    assert jobs(summary)["B2/ruff.lint@app"]["status"] == "passed"


def test_a_bad_configuration_ends_before_any_job(space: Space) -> None:
    tool = repository(space, CLEAN, configuration="policy: {conditions: [{kind: coverage}]}\n")
    ended = run(space)
    assert ended.exit_code == 2, ended
    assert "policy.conditions.0: `min` is missing" in ended.stderr
    assert tool.calls == ()
    assert not (space.root / ".gatekeeper" / "runs").exists()


def test_the_example_of_seven_batches_runs_in_their_order(space: Space) -> None:
    repository(space, CLEAN)
    shutil.copy(CHECKOUT / "examples" / "committee.yaml", space.root)
    space.commit("a committee")
    ended = run(space, "--pipeline", "committee.yaml")
    assert ended.exit_code == 0, ended
    summary = ended.json()
    assert [batch["id"] for batch in summary["batches"]] == ["activation", "analysis", "round-table", "debate", "validation", "consensus", "verdict"]
    assert {"S1/hygiene.check", "S4/ruff.lint@app", "S14/ecosystem.run"} <= set(jobs(summary))
