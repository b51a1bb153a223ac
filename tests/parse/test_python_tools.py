"""Where the tools around Python mislead: exit codes that say nothing, files that were not checked, reports of another kind."""

from __future__ import annotations

import json

import pytest

from gatekeeper.model.finding import Category, Safety
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output
from tests.parse.outputs import raw_of, read
from tests.parse.recordings import OUTPUTS, load

METRICS = {"_totals": {"loc": 0}, "a.py": {"loc": 1}}


def bandit(**more: object) -> str:
    return json.dumps({"errors": [], "metrics": METRICS, "results": [], **more})


def test_bandit_that_could_not_parse_its_only_file_is_not_clean_although_it_ends_with_zero() -> None:
    parsed = read("bandit-json", raw_of(bandit(errors=[{"filename": "./a.py", "reason": "syntax error"}])))
    assert (parsed.meaning, parsed.message, parsed.problems[0].file) == (Meaning.TOOL_ERROR, "a.py was not checked: syntax error", "a.py")


def test_bandit_without_files_checked_nothing() -> None:
    assert read("bandit-json", raw_of(bandit(metrics={"_totals": {"loc": 0}}))).meaning is Meaning.NOTHING_CHECKED


@pytest.mark.parametrize("report", ["{}", "[]", '{"results": []}', '{"metrics": {}, "results": []}', '{"metrics": {}, "errors": []}'])
def test_a_document_that_lacks_what_bandit_writes_is_not_clean(report: str) -> None:
    assert read("bandit-json", raw_of(report)).meaning is Meaning.TOOL_ERROR


def test_the_end_of_a_bandit_finding_lies_on_its_last_line() -> None:
    entry = {"filename": "a.py", "line_number": 1, "line_range": [1, 2, 3], "col_offset": 0, "end_col_offset": 3, "issue_text": "m",
             "issue_severity": "HIGH", "test_id": "B602"}
    finding = read("bandit-json", raw_of(bandit(results=[entry]), code=1, sources={"a.py": "f(\n x,\n é)\n"})).findings[0]
    assert (finding.column, finding.end_line, finding.end_column) == (1, 3, 3)


def test_a_password_in_the_source_is_a_secret() -> None:
    entry = {"filename": "a.py", "line_number": 1, "issue_text": "m", "issue_severity": "LOW", "test_id": "B105"}
    assert read("bandit-json", raw_of(bandit(results=[entry]), code=1)).findings[0].category is Category.SECRET


def test_secrets_that_an_audit_called_false_do_not_count() -> None:
    entries = [{"type": "Secret Keyword", "line_number": 1, "is_secret": False}, {"type": "Secret Keyword", "line_number": 2, "is_secret": True},
               {"type": "Secret Keyword", "line_number": 3}]
    report = json.dumps({"version": "1.5.0", "plugins_used": [], "results": {"a.py": entries}})
    assert [one.line for one in read("detect-secrets-json", raw_of(report)).findings] == [2, 3]


@pytest.mark.parametrize("report", ["{}", '{"results": {}}', '{"plugins_used": [], "results": []}'])
def test_a_document_that_lacks_what_detect_secrets_writes_is_not_clean(report: str) -> None:
    assert read("detect-secrets-json", raw_of(report)).meaning is Meaning.TOOL_ERROR


def test_zizmor_that_left_an_input_out_is_not_clean() -> None:
    said = " WARN collect_inputs: zizmor::registry::input: failed to parse input: did not find expected node content\n"
    assert read("zizmor-json", raw_of("[]", said)).meaning is Meaning.TOOL_ERROR


def test_a_fix_of_zizmor_keeps_its_safety_though_it_is_not_spelled_out() -> None:
    case = load(OUTPUTS / "zizmor" / "1.32.0" / "json-v1-findings")
    fixes = parse_output(case.parser, case.raw, ExitSpec()).findings[0].fixes
    assert [(fix.safety, fix.message, fix.edits) for fix in fixes] == [(Safety.UNSAFE, "set persist-credentials: false", ())]


def test_zizmor_that_counts_more_than_it_lists_is_an_error() -> None:
    out = "error[a-b]: m\n --> ./a.yml:1:1\n\n3 findings (1 suppressed): 0 informational, 0 low, 0 medium, 2 high\n"
    assert read("zizmor", raw_of(out, code=14)).meaning is Meaning.FINDINGS_AND_TOOL_ERROR


@pytest.mark.parametrize("code", [1, 2, 4, 6, 8, 16, 22, 30])
def test_every_sum_of_pylints_bits_goes_with_findings(code: int) -> None:
    assert read("pylint", raw_of("a.py:1:0: C0114: Missing module docstring (missing-module-docstring)\n", code=code)).meaning is Meaning.FINDINGS


def test_a_wrong_call_of_pylint_is_an_error_even_with_words_that_look_like_findings() -> None:
    out = "a.py:1:0: C0114: Missing module docstring (missing-module-docstring)\n"
    assert read("pylint", raw_of(out, "pylint: error: nope\n", code=32)).meaning is Meaning.FINDINGS_AND_TOOL_ERROR


def test_a_fatal_message_of_pylint_says_that_something_was_not_checked() -> None:
    entry = {"type": "fatal", "symbol": "astroid-error", "message": "m", "messageId": "F0002", "path": "a.py", "line": 1, "column": 0}
    assert read("pylint-json", raw_of(json.dumps([entry]), code=1)).meaning is Meaning.FINDINGS_AND_TOOL_ERROR


@pytest.mark.parametrize("rating", ["Your code has been rated at 10.00/10\n", ""])
def test_pylint_without_an_exit_code_is_clean_only_where_it_gave_its_rating(rating: str) -> None:
    assert (read("pylint", raw_of(rating, code=None)).meaning is Meaning.CLEAN) == bool(rating)


def test_a_word_with_several_suggestions_is_not_fixable() -> None:
    findings = read("codespell", raw_of("a.md:1: wich ==> which, witch\na.md:2: teh ==> the\na.md:3: ba ==> by, be | common\n", code=65)).findings
    assert [(one.fixable, one.message) for one in findings] == [(False, "wich ==> which, witch"), (True, "teh ==> the"), (False, "ba ==> by, be")]


def test_codespell_of_the_days_when_the_exit_code_was_the_count_is_read() -> None:
    assert [read("codespell", raw_of("a.md:1: teh ==> the\n", code=code)).meaning for code in (1, 65, 2)] == [
        Meaning.FINDINGS, Meaning.FINDINGS, Meaning.FINDINGS_AND_TOOL_ERROR]


def test_a_message_of_yamllint_may_end_in_parentheses() -> None:
    finding = read("yamllint", raw_of("a.yaml:1:2: [error] wrong (here) (key-ordering)\n", code=1)).findings[0]
    assert (finding.message, finding.rule) == ("wrong (here)", "key-ordering")


def test_safety_that_passed_over_a_requirement_and_names_no_other_measured_nothing() -> None:
    said = "Warning: unpinned requirement 'flask' found in free.txt, unable to check.\n"
    parsed = read("safety-json", raw_of("[]", said))
    assert (parsed.meaning, len(parsed.problems)) == (Meaning.NOTHING_CHECKED, 1)


@pytest.mark.parametrize("report", ["{}", '{"vulnerabilities": []}', "[1]", "[[]]", '[["flask", "<1", 2, "a", "1"]]', '{"report_meta": {}, "vulnerabilities": {}}'])
def test_a_document_that_lacks_what_safety_writes_is_not_clean(report: str) -> None:
    assert read("safety-json", raw_of(report)).meaning is Meaning.TOOL_ERROR


@pytest.mark.parametrize(("version", "scores"), [("1.10.3", [7.5, None]), ("2.3.5", [7.5, None])])
def test_a_vulnerability_keeps_its_score(version: str, scores: list[float | None]) -> None:
    case = load(OUTPUTS / "safety" / version / "findings")
    assert [one.score for one in parse_output(case.parser, case.raw, ExitSpec()).findings] == scores


def test_pyright_says_the_same_to_people_and_in_json() -> None:
    entry = {"file": "/repo/a.py", "severity": "error", "message": 'Type "x"\n\u00a0\u00a0"y" is not', "rule": "reportReturnType", "range": {"start": {"line": 0, "character": 4}}}
    out = '/repo/a.py\n  /repo/a.py:1:5 - error: Type "x"\n  \u00a0\u00a0"y" is not (reportReturnType)\n1 error, 0 warnings, 0 informations \n'
    asked = json.dumps({"generalDiagnostics": [entry], "summary": {"filesAnalyzed": 1}})
    assert read("pyright", raw_of(out, code=1)).findings == read("pyright-json", raw_of(asked, code=1)).findings


def test_pyright_that_counts_more_than_it_lists_is_an_error() -> None:
    out = "/repo/a.py\n  /repo/a.py:1:5 - error: m\n2 errors, 0 warnings, 0 informations\n"
    assert read("pyright", raw_of(out, code=1)).meaning is Meaning.FINDINGS_AND_TOOL_ERROR


def test_pyright_with_a_broken_configuration_did_not_check_by_the_projects_rules() -> None:
    said = 'Config file "/repo/pyrightconfig.json" could not be parsed. Verify that format is correct.\n'
    assert read("pyright", raw_of("0 errors, 0 warnings, 0 informations\n", said, code=None)).meaning is Meaning.TOOL_ERROR
