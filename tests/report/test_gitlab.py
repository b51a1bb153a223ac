from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for

from gatekeeper.model.finding import Category, Finding, Severity, State
from gatekeeper.model.result import RunRecord
from gatekeeper.model.status import Status
from gatekeeper.report.gitlab import render
from tests.fakes.nasty import nasty
from tests.fakes.record import finding, hostile, job, mixed, record, result

SCHEMAS = os.environ.get("GATEKEEPER_SCHEMAS")


def entries(of: RunRecord) -> Any:
    return json.loads(render(of))


def of_findings(*found: Finding) -> RunRecord:
    lint = job()
    return record([(lint, result(lint, Status.FAILED, findings=found))])


@pytest.mark.skipif(SCHEMAS is None, reason="GATEKEEPER_SCHEMAS names no folder with report schemas")
@pytest.mark.parametrize("of", [mixed(), hostile(), nasty(), record(())], ids=["mixed", "hostile", "nasty", "empty"])
def test_every_entry_is_valid_because_gitlab_stops_reading_at_the_first_that_is_not(of: RunRecord) -> None:
    schema = json.loads((Path(SCHEMAS or "") / "gitlab-codequality.json").read_text(encoding="utf-8"))
    validator = validator_for(schema)(schema)
    assert [error.message for entry in entries(of) for error in validator.iter_errors(entry)] == []
    assert not validator.is_valid({"description": "x"})


@pytest.mark.parametrize("of", [mixed(), hostile(), nasty()], ids=["mixed", "hostile", "nasty"])
def test_no_fingerprint_is_there_twice(of: RunRecord) -> None:
    assert [mark for mark, number in Counter(entry["fingerprint"] for entry in entries(of)).items() if number > 1] == []


def test_a_fingerprint_knows_nothing_of_lines_and_tells_equal_findings_apart() -> None:
    before = [entry["fingerprint"] for entry in entries(of_findings(finding(line=3), finding(line=9), finding(line=9, rule="E501")))]
    after = [entry["fingerprint"] for entry in entries(of_findings(finding(line=13), finding(line=19), finding(line=19, rule="E501")))]
    assert before == after
    assert len(set(before)) == 3


def test_the_fingerprint_that_was_judged_is_taken_over_the_words() -> None:
    marked = replace(finding("old words"), fingerprints=(("gatekeeper/exact/v1", "ab"),))
    assert entries(of_findings(marked))[0]["fingerprint"] == entries(of_findings(replace(marked, message="new words")))[0]["fingerprint"]
    assert entries(of_findings(finding("old words")))[0]["fingerprint"] != entries(of_findings(finding("new words")))[0]["fingerprint"]


@pytest.mark.parametrize(("severity", "word"), [(Severity.CRITICAL, "blocker"), (Severity.HIGH, "critical"), (Severity.MEDIUM, "major"),
                                                (Severity.LOW, "minor"), (Severity.INFO, "info")])
def test_severities_are_gitlabs(severity: Severity, word: str) -> None:
    assert entries(of_findings(replace(finding(), severity=severity)))[0]["severity"] == word


def test_only_what_lies_in_a_file_of_the_tree_and_is_not_suppressed_is_listed() -> None:
    shown = entries(of_findings(finding(file=None), finding(file="/etc/passwd"), finding(file="../x"), replace(finding(), state=State.SUPPRESSED),
                                replace(finding(), state=State.FIXED), finding(file="./a/../web/app.js", line=None, category=Category.FORMAT, rule=None)))
    assert [(entry["location"], entry["check_name"]) for entry in shown] == [({"path": "web/app.js", "lines": {"begin": 1}}, "ruff/format")]


def test_a_report_of_nothing_is_an_empty_array() -> None:
    assert render(record(())) == b"[]\n"


def test_a_failing_test_is_listed_with_its_file() -> None:
    assert ("pytest/test-failed", "api/tests/test_sum.py", 9) in [
        (entry["check_name"], entry["location"]["path"], entry["location"]["lines"]["begin"]) for entry in entries(mixed())]
