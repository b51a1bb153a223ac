from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.model.settings import Settings
from gatekeeper.model.status import Status
from gatekeeper.report.formats import FORMATS
from gatekeeper.session.ci import REPORTS, Service, folder_below, hand_over, service, usual_reports
from tests.fakes.record import finding, job, record, result

GITHUB = {"GITHUB_ACTIONS": "true"}
LINT = job()
SECRET = "correct-horse-battery"
RUN = record([(LINT, result(LINT, Status.FAILED, findings=[finding(f"planted {SECRET}")]))])


@pytest.mark.parametrize(("ci", "environment", "expected"), [
    ("auto", {}, None), ("auto", GITHUB, Service.GITHUB), ("auto", {"GITLAB_CI": "true"}, Service.GITLAB), ("off", GITHUB, None),
    ("gitlab", GITHUB, Service.GITLAB), ("github", {}, Service.GITHUB), ("auto", {"CI": "true"}, None)])
def test_the_service_is_the_named_one_else_that_of_the_environment(ci: str, environment: dict[str, str], expected: Service | None) -> None:
    assert service(Settings(ci=ci), environment) is expected


def test_reports_that_were_asked_for_replace_those_of_the_service() -> None:
    assert usual_reports(Settings(), GITHUB) == REPORTS[Service.GITHUB]
    assert usual_reports(Settings(reports=("junit=j.xml",)), GITHUB) == ()
    assert usual_reports(Settings(), {}) == ()


def test_every_report_of_a_service_is_a_format() -> None:
    assert {name for names in REPORTS.values() for name in names} <= set(FORMATS)


def test_github_gets_annotations_a_summary_and_outputs_without_secrets(tmp_path: Path) -> None:
    summary, output = tmp_path / "summary", tmp_path / "output"
    summary.write_text("before\n")
    environment = {**GITHUB, "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output), "DEPLOY_PASSWORD": SECRET}
    handed = hand_over(RUN, Settings(), environment)
    assert handed.commands == "::error file=api/main.py,line=3,col=1,title=ruff F401::planted ***\n"
    assert handed.problems == ()
    assert summary.read_text().startswith("before\n# Gatekeeper: PASS\n")
    assert re.search(r"^verdict<<(\w+)\npass\n\1$", output.read_text(), re.MULTILINE)
    assert SECRET not in summary.read_text() + output.read_text()


def test_nothing_is_handed_over_where_github_was_not_asked_for(tmp_path: Path) -> None:
    environment = {**GITHUB, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    for settings in (Settings(ci="off"), Settings(reports=("junit",)), Settings(ci="gitlab")):
        assert hand_over(RUN, settings, environment).commands == ""
    assert not (tmp_path / "summary").exists()
    assert hand_over(RUN, Settings(reports=("github=x.txt",)), environment).commands


def test_a_summary_that_is_nearly_full_gets_no_more_than_it_has_room_for(tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    lint = job()
    long = record([(replace(lint, id=f"B2/t{number}"), replace(result(lint, Status.FAILED, message="m" * 400), job=f"B2/t{number}")) for number in range(100)])
    summary.write_bytes(b"x" * 1_000_000)
    assert hand_over(long, Settings(), {**GITHUB, "GITHUB_STEP_SUMMARY": str(summary)}).problems == ()
    assert 1_000_000 < summary.stat().st_size < 1024 * 1024
    summary.write_bytes(b"x" * 1_048_000)
    (problem,) = hand_over(long, Settings(), {**GITHUB, "GITHUB_STEP_SUMMARY": str(summary)}).problems
    assert "no room for the summary" in problem
    assert summary.stat().st_size == 1_048_000


def test_files_that_cannot_be_written_are_told_and_the_annotations_come_all_the_same(tmp_path: Path) -> None:
    handed = hand_over(RUN, Settings(), {**GITHUB, "GITHUB_OUTPUT": str(tmp_path), "GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "folder")})
    assert len(handed.problems) == 2
    assert handed.commands.startswith("::error ")


def test_a_tree_below_the_workspace_is_named_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert folder_below(str(tmp_path / "a" / "b"), str(tmp_path / "a")) == "b"
    assert folder_below(str(tmp_path / "a" / "b"), str(tmp_path / "link")) == "b"
    assert folder_below(str(tmp_path / "a"), str(tmp_path / "a")) == ""
    assert folder_below(str(tmp_path), str(tmp_path / "a")) == ""
    assert folder_below(str(tmp_path), None) == ""
