"""Suppressions, conditions, approvals and trust through the installed program: what a repository writes down decides, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_run import CLEAN, UNUSED, jobs, repository, run
from tests.fakes.space import Answer, Space

FOUND = Answer(stdout=UNUSED, exit_code=1)
BESIDE = "import os  # gatekeeper: ignore[F401] kept for its effect\n"


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path, programs=("true", "false", "sleep"))


def condition(summary: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in summary["assessments"] if one["gate"] == name)


def gate(text: str) -> str:
    return f"policy: {{conditions: [{text}]}}\n"


# --- suppressions ----------------------------------------------------------------------------------------------------


def test_a_finding_that_is_suppressed_beside_it_passes_and_stays_in_the_report(space: Space) -> None:
    repository(space, FOUND)
    space.write("app.py", BESIDE)
    ended = run(space)
    assert ended.exit_code == 0, ended
    found = next(one for one in ended.json()["findings"] if one["rule"] == "F401")
    assert (found["state"], found["suppression"]["reason"]) == ("suppressed", "kept for its effect")


def test_a_suppression_that_has_expired_or_cannot_be_read_hides_nothing_and_is_named(space: Space) -> None:
    repository(space, FOUND)
    for comment, words in (("ignore[F401] for now until=2026-01-01", "expired on 2026-01-01"), ("ignore[F401]", "gives no reason")):
        space.write("app.py", f"import os  # gatekeeper: {comment}\n")
        ended = run(space)
        assert ended.exit_code == 1, ended
        assert words in "".join(condition(ended.json(), "suppressions")["violations"])


def test_a_suppression_in_the_configuration_holds_until_its_day(space: Space) -> None:
    line = "suppressions: [{{rule: F401, path: app.py, reason: generated, expires: {}}}]\n"
    repository(space, FOUND, configuration=line.format("2999-01-01"))
    assert run(space).exit_code == 0
    space.write("gatekeeper.yaml", line.format("2026-01-01"))
    assert run(space).exit_code == 1


def test_suppressions_that_hide_nothing_are_told_and_do_not_decide(space: Space) -> None:
    repository(space, CLEAN)
    space.write("app.py", BESIDE)
    ended = run(space)
    assert ended.exit_code == 0, ended
    assert condition(ended.json(), "suppressions")["violations"] == ["app.py:1 [F401] hides nothing"]


# --- conditions ------------------------------------------------------------------------------------------------------


def test_conditions_decide_by_their_enforcement_alone(space: Space) -> None:
    repository(space, Answer(stdout=UNUSED), configuration="tools: {ruff: {blocking: false}}\n" + gate("{severity: high, enforcement: warning}"))
    ended = run(space)
    assert ended.exit_code == 0, ended
    assert condition(ended.json(), "findings-high")["status"] == "warning"
    space.write("gatekeeper.yaml", "tools: {ruff: {blocking: false}}\n" + gate("{severity: high}"))
    assert run(space).exit_code == 1


def test_coverage_must_have_been_written_during_the_run(space: Space) -> None:
    writes = "import pathlib; pathlib.Path('cov.info').write_text('SF:app.py\\nDA:1,1\\nDA:2,0\\nend_of_record\\n')"
    task = f'tasks: [{{id: cover, batch: beta, role: test, argv: [python3, -c, "{writes}"]}}]\n'
    repository(space, CLEAN, configuration=gate("{kind: coverage, min: 50, report: cov.info}"))
    space.write("cov.info", "SF:app.py\nDA:1,1\nend_of_record\n")
    os.utime(space.root / "cov.info", (1, 1))
    stale = run(space)
    assert stale.exit_code == 3, stale
    assert condition(stale.json(), "coverage")["evidence"] == ["cov.info: is older than this run"]
    space.write(".gitignore", "cov.info\n.gatekeeper\n")
    space.fake("python3", Answer(writes={"cov.info": "SF:app.py\nDA:1,1\nDA:2,0\nend_of_record\n"}))
    space.write("gatekeeper.yaml", task + gate("{kind: coverage, min: 50, report: cov.info}, {kind: coverage, min: 51, report: cov.info, enforcement: advisory}"))
    fresh = run(space)
    assert fresh.exit_code == 0, fresh
    assert (condition(fresh.json(), "coverage")["score"], condition(fresh.json(), "coverage-2")["status"]) == (50.0, "failed")


def test_an_approval_is_waited_for_and_the_run_ends_escalated(space: Space) -> None:
    repository(space, CLEAN, configuration=gate("{kind: approval, id: release, reviewer: alice, files: APPROVED}"))
    waiting = run(space)
    assert waiting.exit_code == 3, waiting
    assert condition(waiting.json(), "release")["status"] == "requires_review"
    assert waiting.json()["ending"]["kind"] in {"escalated", "partially_completed"}
    assert run(space, "--approve", "release=mallory").exit_code == 3
    assert run(space, "--approve", "release=alice").exit_code == 0
    space.write("APPROVED", "release: alice\n")
    assert run(space).exit_code == 0


def test_what_integration_tests_need_is_looked_for(space: Space) -> None:
    repository(space, CLEAN, configuration=gate("{kind: integration, programs: [sleep], environment: [DATABASE_URL], files: ['compose*.yaml']}"))
    assert "variable DATABASE_URL, file compose*.yaml" in condition(run(space).json(), "integration")["message"]
    space.write("compose.yaml", "{}\n")
    assert space.run("run", ".", "--no-provision", "-q", env={"DATABASE_URL": "x"}).exit_code == 0


def test_scores_and_the_end_of_the_run_are_in_the_summary(space: Space) -> None:
    repository(space, FOUND)
    summary = run(space).json()
    scores = {one["dimension"]: one["value"] for one in summary["scores"]}
    assert scores["tests"] is None
    assert 0 < scores["style"] < 100
    assert summary["ending"]["kind"] in {"completed", "partially_completed"}


def test_explain_says_why_of_jobs_findings_and_conditions(space: Space) -> None:
    repository(space, FOUND, configuration=gate("{severity: high}"))
    run(space)
    assert "the project itself calls it" in space.run("explain", "ruff.lint").stdout
    assert "gatekeeper: ignore[F401]" in space.run("explain", "app.py:1").stdout
    told = space.run("explain", "findings-high", "--json").json()
    assert (told["kind"], told["answers"][0]["question"]) == ("condition", "what")
    unknown = space.run("explain", "findings-hgih")
    assert unknown.exit_code == 2
    assert "did you mean `findings-high`" in unknown.stderr


# --- trust -----------------------------------------------------------------------------------------------------------


def proposal(space: Space, **files: str) -> None:
    """A branch with these files changed beside main."""
    space.git("checkout", "-q", "-b", "proposal")
    for name, content in files.items():
        space.write(name.replace("__", "."), content)
    space.commit("please")


def test_a_proposal_that_is_not_trusted_cannot_hide_its_own_findings(space: Space) -> None:
    repository(space, FOUND)
    proposal(space, app__py=BESIDE, gatekeeper__yaml="tools: {ruff: off}\n")
    assert run(space).exit_code == 0
    ended = run(space, "--trust", "base")
    assert ended.exit_code == 1, ended
    assert "the proposal is not trusted" in "".join(ended.json()["notes"])
    assert "not trusted to suppress" in "".join(condition(ended.json(), "suppressions")["violations"])
    assert any(job.startswith("B2/ruff.lint") for job in jobs(ended.json()))


def test_a_proposal_that_is_not_trusted_and_changes_what_tools_obey_is_named(space: Space) -> None:
    repository(space, FOUND)
    proposal(space, ruff__toml="lint.select = []\n")
    touched = condition(run(space, "--trust", "base").json(), "trust")
    assert (touched["status"], touched["violations"]) == ("warning", ["ruff.toml"])
    assert space.run("plan", ".", "--validate", "--trust", "base", "--no-provision").exit_code == 3


def test_what_the_base_suppresses_stays_suppressed_for_a_proposal(space: Space) -> None:
    repository(space, FOUND)
    space.write("app.py", BESIDE)
    space.commit("suppress it")
    proposal(space, other__py="x = 1\n")
    assert run(space, "--trust", "base").exit_code == 0


def test_an_approval_that_the_proposal_brings_does_not_count(space: Space) -> None:
    repository(space, CLEAN, configuration=gate("{kind: approval, id: release, files: APPROVED}"))
    proposal(space, APPROVED="release: mallory\n")
    assert run(space).exit_code == 0
    assert run(space, "--trust", "base").exit_code == 3


def test_a_proposal_for_nobody_knows_what_is_not_run(space: Space) -> None:
    repository(space, CLEAN)
    space.git("branch", "-m", "main", "lonely")
    ended = run(space, "--trust", "base")
    assert ended.exit_code == 2, ended
    assert "--since origin/main" in ended.stderr


# --- before anything runs --------------------------------------------------------------------------------------------


def test_validate_says_what_a_run_would_lack_and_runs_nothing(space: Space) -> None:
    tool = repository(space, CLEAN, configuration=gate("{kind: approval, id: release}"))
    ended = space.run("plan", ".", "--validate", "--json", "--no-provision")
    assert ended.exit_code == 3, ended
    results = {check["check"]: check["result"] for check in ended.json()["checks"]}
    assert set(results) == {"description", "requirements", "security", "feasibility", "resources"}
    assert results["feasibility"] == "requires_review"
    assert [call for call in tool.calls if "check" in call.argv] == []
    space.write("gatekeeper.yaml", "polizy: {}\n")
    assert space.run("plan", ".", "--validate").exit_code == 2
