"""Formats that many tools share: SARIF, checkstyle, JUnit of any producer."""

from __future__ import annotations

import json

import pytest

from gatekeeper.model.finding import Level, TestOutcome
from gatekeeper.model.status import Meaning
from tests.parse.outputs import raw_of, read

REGION = {"startLine": 1, "startColumn": 9, "endColumn": 10}
LOCATION = {"physicalLocation": {"artifactLocation": {"uri": "a%20b.js", "uriBaseId": "SRC"}, "region": REGION}}


def sarif(*results: dict[str, object], **run: object) -> str:
    rules = [{"id": "r1", "defaultConfiguration": {"level": "error"}, "helpUri": "https://h", "messageStrings": {"m": {"text": "{0} is bad"}}}]
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint", "rules": rules}}, "results": list(results), **run}]})


def test_a_sarif_result_has_place_level_and_message_of_its_rule() -> None:
    text = sarif({"ruleId": "r1", "ruleIndex": 0, "message": {"id": "m", "arguments": ["x"]}, "locations": [LOCATION]}, originalUriBaseIds={"SRC": {"uri": "file:///repo/src/"}})
    one = read("sarif", raw_of(text, sources={"src/a b.js": "a = 'é😀'; x\n"})).findings[0]
    assert (one.file, one.line, one.column, one.end_column, one.rule, one.level, one.message, one.url) == ("src/a b.js", 1, 8, 9, "r1", Level.ERROR, "x is bad", "https://h")


def test_sarif_columns_in_code_points_are_not_converted() -> None:
    text = sarif({"message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.js"}, "region": REGION}}]}, columnKind="unicodeCodePoints")
    assert read("sarif", raw_of(text, sources={"a.js": "a = 'é😀'; x\n"})).findings[0].column == 9


@pytest.mark.parametrize("more", [{"kind": "pass"}, {"suppressions": [{"kind": "inSource"}]}, {"suppressions": [{"kind": "external", "status": "accepted"}]}])
def test_passes_and_suppressed_results_are_no_findings(more: dict[str, object]) -> None:
    assert read("sarif", raw_of(sarif({"message": {"text": "m"}, **more}))).meaning is Meaning.CLEAN


def test_a_rejected_suppression_is_a_finding() -> None:
    assert len(read("sarif", raw_of(sarif({"message": {"text": "m"}, "suppressions": [{"kind": "external", "status": "rejected"}]}))).findings) == 1


def test_a_failed_invocation_is_a_tool_error() -> None:
    text = sarif({"message": {"text": "m"}}, invocations=[{"executionSuccessful": False, "toolExecutionNotifications": [{"message": {"text": "could not load rules"}}]}])
    parsed = read("sarif", raw_of(text))
    assert (parsed.meaning, parsed.message) == (Meaning.FINDINGS_AND_TOOL_ERROR, "could not load rules")


def test_a_log_without_runs_checked_nothing() -> None:
    assert read("sarif", raw_of('{"version": "2.1.0", "runs": []}')).meaning is Meaning.NOTHING_CHECKED


def test_a_checkstyle_error_has_place_rule_and_level() -> None:
    text = '<?xml version="1.0"?><checkstyle><file name="/repo/a.sh"><error line="3" column="4" severity="warning" message="a &lt; b" source="SC1"/></file></checkstyle>'
    one = read("checkstyle", raw_of(text, code=1)).findings[0]
    assert (one.file, one.line, one.column, one.level, one.rule, one.message) == ("a.sh", 3, 4, Level.WARNING, "SC1", "a < b")


def test_an_empty_checkstyle_report_is_clean() -> None:
    assert read("checkstyle", raw_of("<checkstyle version='4.3'></checkstyle>")).meaning is Meaning.CLEAN


def test_counts_that_lie_are_not_believed() -> None:
    text = '<testsuite tests="9" failures="0" errors="0"><testcase name="a"><failure message="m"/></testcase></testsuite>'
    parsed = read("junit", raw_of(text))
    assert (parsed.meaning, len(parsed.tests)) == (Meaning.FINDINGS, 1)


@pytest.mark.parametrize(("body", "outcome"), [
    ("", TestOutcome.PASSED), ("<skipped/>", TestOutcome.SKIPPED), ("<error/>", TestOutcome.ERROR), ("<failure/><error/>", TestOutcome.FAILED),
    ("<system-out>failure</system-out>", TestOutcome.PASSED), ("<flakyFailure/>", TestOutcome.PASSED)])
def test_the_outcome_of_a_case_is_in_its_elements(body: str, outcome: TestOutcome) -> None:
    assert read("junit", raw_of(f"<testsuites><testsuite><testcase name='a'>{body}</testcase></testsuite></testsuites>")).tests[0].outcome is outcome


def test_a_suite_that_failed_as_a_whole_is_an_error_of_its_own() -> None:
    parsed = read("junit", raw_of("<testsuites><testsuite name='s'><error message='no database'/></testsuite></testsuites>", code=1))
    assert [(one.name, one.outcome, one.message) for one in parsed.tests] == [("s", TestOutcome.ERROR, "no database")]


def test_characters_that_xml_forbids_are_shown_as_such() -> None:
    text = "<testsuite><testcase name='a&#x1b;[31m\x07'/></testsuite>"
    assert read("junit", raw_of(text)).tests[0].name == "a\ufffd[31m\ufffd"


def test_a_doctype_inside_a_message_is_text() -> None:
    text = "<testsuite><testcase name='a'><failure><![CDATA[<!DOCTYPE html><!ENTITY x>]]></failure></testcase></testsuite>"
    assert read("junit", raw_of(text, code=1)).tests[0].message == "<!DOCTYPE html><!ENTITY x>"


def test_utf16_reports_are_read() -> None:
    raw = raw_of(code=0)
    report = '<?xml version="1.0" encoding="utf-16"?><testsuite><testcase name="é"/></testsuite>'.encode("utf-16")
    assert read("junit", type(raw)(report=report, exit_code=0)).tests[0].name == "é"
