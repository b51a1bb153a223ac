"""Formats that many tools share: SARIF, checkstyle, JUnit of any producer."""

from __future__ import annotations

import json

import pytest

from gatekeeper.model.finding import Category, Edit, Fix, Level, Safety, Severity, TestOutcome
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


def test_sarif_of_several_runs_keeps_the_tool_of_each() -> None:
    text = json.dumps({"runs": [{"tool": {"driver": {"name": name}}, "results": [{"message": {"text": "m"}}]} for name in ("one", "two")]})
    assert [one.tool for one in read("sarif", raw_of(text, code=1)).findings] == ["one", "two"]


def test_a_run_without_results_did_not_look() -> None:
    text = json.dumps({"runs": [{"tool": {"driver": {"name": "x"}}}]})
    assert read("sarif", raw_of(text)).meaning is Meaning.NOTHING_CHECKED


def test_what_a_tool_could_not_parse_is_an_error_even_as_a_warning_beside_success() -> None:
    note = {"descriptor": {"id": "Syntax error"}, "level": "warning", "message": {"text": "a.py:1:\n unexpected"}}
    parsed = read("sarif", raw_of(sarif(invocations=[{"executionSuccessful": True, "toolExecutionNotifications": [note]}])))
    assert (parsed.meaning, parsed.message) == (Meaning.TOOL_ERROR, "a.py:1: unexpected")


@pytest.mark.parametrize("note", [{"level": "warning", "message": {"text": "slow"}}, {"level": "note", "descriptor": {"id": "Parsed"}, "message": {"text": "x"}}])
def test_other_notes_of_a_tool_are_no_errors(note: dict[str, object]) -> None:
    assert read("sarif", raw_of(sarif(invocations=[{"executionSuccessful": True, "toolExecutionNotifications": [note]}]))).meaning is Meaning.CLEAN


def test_sarif_results_that_are_gone_are_no_findings() -> None:
    assert read("sarif", raw_of(sarif({"message": {"text": "m"}, "baselineState": "absent"}))).meaning is Meaning.CLEAN


def test_a_sarif_fix_is_spelled_out_and_counts_characters() -> None:
    region = {"startLine": 1, "startColumn": 5, "endColumn": 9}
    fix = {"description": {"text": "drop it"}, "artifactChanges": [{"artifactLocation": {"uri": "a.js"}, "replacements": [{"deletedRegion": region, "insertedContent": {"text": "x"}}]}]}
    one = read("sarif", raw_of(sarif({"message": {"text": "m"}, "fixes": [fix]}), sources={"a.js": "a = 'é😀'; x\n"}, code=1)).findings[0]
    assert one.fixable
    assert one.fixes == (Fix(safety=Safety.UNSAFE, message="drop it", edits=(Edit(file="a.js", line=1, column=5, end_line=1, end_column=8, content="x"),)),)


def test_a_sarif_fix_whose_end_nobody_knows_is_known_but_not_spelled_out() -> None:
    fix = {"artifactChanges": [{"artifactLocation": {"uri": "gone.js"}, "replacements": [{"deletedRegion": {"startLine": 3}}]}]}
    assert read("sarif", raw_of(sarif({"message": {"text": "m"}, "fixes": [fix]}), code=1)).findings[0].fixes == (Fix(safety=Safety.UNSAFE),)


@pytest.mark.parametrize(("bases", "file"), [
    ({"SRC": {"uri": "lib/", "uriBaseId": "ROOT"}, "ROOT": {"uri": "file:///repo/"}}, "lib/a b.js"), ({"SRC": {"uri": "file:///repo/x"}}, "x/a b.js"),
    ({"SRC": {"description": {"text": "unknown"}}}, "a b.js"), ({"SRC": {"uri": "x/", "uriBaseId": "SRC"}}, None), ({}, "a b.js")])
def test_a_sarif_path_starts_at_the_base_of_its_base(bases: dict[str, object], file: str | None) -> None:
    found = read("sarif", raw_of(sarif({"message": {"text": "m"}, "locations": [LOCATION]}, originalUriBaseIds=bases), code=1)).findings[0].file
    assert found == file or (file is None and found is not None)


def test_a_sarif_file_can_be_named_by_its_index_and_bring_its_text() -> None:
    run = {"artifacts": [{"location": {"uri": "b.js"}, "contents": {"text": "é😀x\n"}}]}
    location = {"physicalLocation": {"artifactLocation": {"index": 0}, "region": {"startLine": 1, "startColumn": 4}}}
    one = read("sarif", raw_of(sarif({"message": {"text": "m"}, "locations": [location]}, **run), code=1)).findings[0]
    assert (one.file, one.line, one.column) == ("b.js", 1, 3)


@pytest.mark.parametrize(("region", "place"), [({"charOffset": 6, "charLength": 1}, (2, 2, 2, 3)), ({"byteOffset": 9, "byteLength": 1}, (2, 2, 2, 3)), ({"byteOffset": 99}, (None,) * 4)])
def test_sarif_regions_in_offsets_become_lines(region: dict[str, object], place: tuple[int | None, ...]) -> None:
    location = {"physicalLocation": {"artifactLocation": {"uri": "b.js"}, "region": region}}
    one = read("sarif", raw_of(sarif({"message": {"text": "m"}, "locations": [location]}), sources={"b.js": "é😀x\n1x\n"}, code=1)).findings[0]
    assert (one.line, one.column, one.end_line, one.end_column) == place


def test_security_severity_is_a_score_and_a_grade() -> None:
    rules = {"driver": {"name": "scan"}, "extensions": [{"rules": [{"id": "r", "properties": {"security-severity": "9.1", "tags": ["security"]}}]}]}
    text = json.dumps({"runs": [{"tool": rules, "results": [{"message": {"text": "m"}, "rule": {"index": 0, "toolComponent": {"index": 0}}}]}]})
    one = read("sarif", raw_of(text, code=1)).findings[0]
    assert (one.rule, one.score, one.severity, one.category) == ("r", 9.1, Severity.CRITICAL, Category.VULNERABILITY)


def test_a_file_that_checkstyle_could_not_check_is_an_error() -> None:
    text = "<checkstyle><file name='/repo/A.java'><exception>java.lang.X: boom\n at y</exception></file></checkstyle>"
    parsed = read("checkstyle", raw_of(text))
    assert (parsed.meaning, parsed.message) == (Meaning.TOOL_ERROR, "A.java: java.lang.X: boom")


GITLAB = {"description": "d", "check_name": "c", "fingerprint": "f", "severity": "blocker", "location": {"path": "./a.rb", "lines": {"begin": 3, "end": 4}}}


def test_a_code_quality_entry_has_place_severity_and_check() -> None:
    one = read("gitlab", raw_of(json.dumps([GITLAB, {"type": "measurement"}]), code=1)).findings[0]
    assert (one.file, one.line, one.end_line, one.rule, one.severity, one.level) == ("a.rb", 3, 4, "c", Severity.CRITICAL, Level.ERROR)


@pytest.mark.parametrize("broken", [{"description": None}, {"location": {"path": "a"}}, {"location": None}])
def test_a_code_quality_entry_that_gitlab_would_stop_at_is_an_error(broken: dict[str, object]) -> None:
    assert read("gitlab", raw_of(json.dumps([{**GITLAB, **broken}]))).meaning is Meaning.TOOL_ERROR


RDF = {"message": "m", "location": {"path": "a.py", "range": {"start": {"line": 1, "column": 7}, "end": {"line": 1, "column": 8}}}, "severity": "WARNING",
       "source": {"name": "lint"}, "code": {"value": "X1", "url": "https://x"},
       "suggestions": [{"range": {"start": {"line": 1, "column": 7}, "end": {"line": 1, "column": 8}}, "text": "z"}, {"range": {"start": {"line": 1}}, "text": "w"}]}


@pytest.mark.parametrize(("name", "text"), [("rdjson", json.dumps({"diagnostics": [RDF]})), ("rdjsonl", json.dumps(RDF) + "\n"), ("rdjsonl", "\n" + json.dumps(RDF))])
def test_reviewdog_columns_are_bytes_and_suggestions_are_fixes(name: str, text: str) -> None:
    one = read(name, raw_of(text, code=1, sources={"a.py": "é𐐀b\n"})).findings[0]
    assert (one.tool, one.line, one.column, one.end_column, one.rule, one.url, one.level) == ("lint", 1, 3, 4, "X1", "https://x", Level.WARNING)
    edits = [Edit(file="a.py", line=1, column=3, end_line=1, end_column=4, content="z"), Edit(file="a.py", line=1, column=1, end_line=1, end_column=4, content="w")]
    assert one.fixes == tuple(Fix(safety=Safety.UNSAFE, edits=(edit,)) for edit in edits)


@pytest.mark.parametrize(("severity", "level"), [(1, Level.ERROR), (2, Level.WARNING), (3, Level.INFO), ("INFO", Level.INFO), (None, Level.ERROR)])
def test_reviewdog_severities_are_words_or_numbers(severity: object, level: Level) -> None:
    assert read("rdjson", raw_of(json.dumps({"diagnostics": [{"message": "m", "severity": severity}]}), code=1)).findings[0].level is level


@pytest.mark.parametrize(("text", "code", "meaning"), [("", 0, Meaning.CLEAN), ("", None, Meaning.TOOL_ERROR), ("", 1, Meaning.TOOL_ERROR), ("hello\n", None, Meaning.TOOL_ERROR),
                                                       ("hello\n", 0, Meaning.CLEAN), ('{"message": "m"', 0, Meaning.TOOL_ERROR)])
def test_no_diagnostic_is_clean_only_with_a_good_exit_code(text: str, code: int | None, meaning: Meaning) -> None:
    assert read("rdjsonl", raw_of(text, code=code)).meaning is meaning


def test_tries_before_the_last_make_a_passed_test_flaky_and_a_failed_one_no_better() -> None:
    text = """<testsuite><testcase name="a"><flakyFailure message="once"/><flakyError/></testcase>
        <testcase name="b"><failure message="last"/><rerunFailure message="first"/></testcase></testsuite>"""
    tests = read("junit", raw_of(text, code=1)).tests
    assert [(test.outcome, test.earlier, test.flaky) for test in tests] == [(TestOutcome.PASSED, ("once", "failed"), True), (TestOutcome.FAILED, ("first",), False)]
