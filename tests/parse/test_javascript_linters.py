"""Linters of JavaScript: the fixes that they spell out, and outputs that look complete and are not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gatekeeper.model.finding import Category, Edit, Finding, Fix, RawOutput, Safety
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.edits import Ruler
from gatekeeper.parse.formats import parse_output
from tests.parse.outputs import raw_of, read
from tests.parse.recordings import OUTPUTS, load

FILE = "src/\u00e9 \u00fc.js"
SAFE, UNSAFE, SHOWN = Safety.SAFE, Safety.UNSAFE, Safety.DISPLAY_ONLY


def findings_of(case: str) -> tuple[Finding, ...]:
    recorded = load(OUTPUTS / case)
    return parse_output(recorded.parser, recorded.raw, ExitSpec()).findings


def fixes(case: str, rule: str) -> list[tuple[Safety, str | None, tuple[int, int, int, int, str]]]:
    """(safety, message, place and content) of the fixes of the first finding of a rule."""
    found = next(finding for finding in findings_of(case) if finding.rule == rule)
    return [(fix.safety, fix.message, _flat(edit)) for fix in found.fixes for edit in fix.edits]


def _flat(edit: Edit) -> tuple[int, int, int, int, str]:
    assert edit.file == FILE
    return edit.line, edit.column, edit.end_line, edit.end_column, edit.content


@pytest.mark.parametrize("case", ["eslint/10.15.0/fixes", "eslint/8.57.1/json-findings"])
def test_a_fix_of_eslint_counts_in_utf16_units_and_ends_after_the_emoji(case: str) -> None:
    first = fixes(case, "prefer-const")
    assert first == [(SAFE, None, (1, 1, 1, 18, 'const smile = "\U0001f600\u00e9";'))]
    assert fixes(case, "semi") == [(SAFE, None, (1, 28, 1, 28, ";"))]


def test_suggestions_of_eslint_are_there_to_be_read_and_make_nothing_fixable() -> None:
    shown = [(safety, edit) for safety, _, edit in fixes("eslint/10.15.0/fixes", "no-useless-escape")]
    assert shown == [(SHOWN, (2, 15, 2, 16, "")), (SHOWN, (2, 15, 2, 15, "\\"))]
    assert [finding.rule for finding in findings_of("eslint/10.15.0/fixes") if finding.fixable] == ["prefer-const", "prefer-const", "semi"]


@pytest.mark.parametrize("case", ["biome/1.9.4/json-findings", "biome/2.0.0/json-check"])
def test_the_differences_of_biome_are_edits(case: str) -> None:
    assert [(safety, edit) for safety, _, edit in fixes(case, "lint/style/useConst")] == [(SAFE, (1, 21, 1, 24, "const"))]
    assert [(safety, edit) for safety, _, edit in fixes(case, "lint/suspicious/noDoubleEquals")] == [(UNSAFE, (2, 13, 2, 13, "="))]
    assert [(safety, edit) for safety, _, edit in fixes(case, "lint/suspicious/noDebugger")] == [(UNSAFE, (2, 34, 3, 10, ""))]


def test_a_fix_that_biome_only_names_keeps_its_safety() -> None:
    found = next(finding for finding in findings_of("biome/2.6.8/json-findings") if finding.rule == "lint/style/useConst")
    assert found.fixes == (Fix(safety=SAFE, message="Use const instead."),)


def test_lines_that_biome_leaves_out_of_a_difference_are_counted_in_the_file() -> None:
    source = "a\n\u00e9\nb\nlet c;\n"
    operations = [{"equalLines": {"line_count": 2}}, {"diffOp": {"delete": {"range": [0, 3]}}}, {"diffOp": {"insert": {"range": [8, 13]}}},
                  {"diffOp": {"equal": {"range": [3, 7]}}}]
    entry = {"category": "lint/style/useConst", "severity": "error", "message": [{"content": "m"}],
             "location": {"path": {"file": "a.js"}, "span": [7, 10], "sourceCode": source},
             "advices": {"advices": [{"log": ["info", [{"content": "Safe fix: f"}]]}, {"diff": {"dictionary": "let c;\n\nconst", "ops": operations}}]}}
    report = json.dumps({"summary": {"changed": 0, "unchanged": 1}, "diagnostics": [entry]})
    fix = read("biome-json", raw_of(report, code=1)).findings[0].fixes[0]
    assert fix.edits == (Edit(file="a.js", line=4, column=1, end_line=4, end_column=4, content="const"),)


def test_a_difference_that_does_not_fit_the_file_is_no_edit() -> None:
    recorded = load(OUTPUTS / "biome/1.9.4/json-findings")
    other = recorded.raw.stdout.replace(b'"dictionary":"const', b'"dictionary":"wrong')
    found = parse_output("biome-json", replace(recorded.raw, stdout=other), ExitSpec()).findings
    assert [fix.edits for finding in found for fix in finding.fixes] == [(), (), ()]


@pytest.mark.parametrize(("text", "offset", "place"), [
    ("a\r\nb", 3, (2, 1)), ("a\rb", 2, (2, 1)), ("\U0001f600x", 2, (1, 2)), ("\n\n", 2, (3, 1)), ("", 0, (1, 1)), ("a", 1, (1, 2)), ("a", 2, None), ("a", -1, None)])
def test_an_offset_in_utf16_units_has_a_place(text: str, offset: int, place: tuple[int, int] | None) -> None:
    assert Ruler.utf16("f", text).place(offset) == place


@pytest.mark.parametrize("name", ["eslint-stylish", "eslint-unix", "eslint-compact", "oxlint", "oxlint-unix"])
def test_a_list_whose_summary_is_cut_off_is_an_error_that_keeps_its_findings(name: str) -> None:
    cases = {"eslint-stylish": "eslint/10.15.0/stylish-findings", "eslint-unix": "eslint/8.57.1/unix-findings", "oxlint": "oxlint/1.94.0/default-findings",
             "eslint-compact": "eslint/8.57.1/compact-findings", "oxlint-unix": "oxlint/1.94.0/unix-findings"}
    raw = load(OUTPUTS / cases[name]).raw
    assert read(name, replace(raw, stdout=raw.stdout[:len(raw.stdout) * 6 // 10])).meaning is Meaning.FINDINGS_AND_TOOL_ERROR


@pytest.mark.parametrize("name", ["eslint-stylish", "eslint-unix", "biome-github", "oxlint-github"])
def test_silence_is_clean_where_a_clean_run_is_silent(name: str) -> None:
    assert [read(name, RawOutput(exit_code=code)).meaning for code in (0, None)] == [Meaning.CLEAN, Meaning.TOOL_ERROR]


@pytest.mark.parametrize("name", ["oxlint", "oxlint-json", "biome-json", "eslint-json"])
def test_silence_is_never_clean_where_a_clean_run_speaks(name: str) -> None:
    assert {read(name, RawOutput(exit_code=code)).meaning for code in (None, 0)} == {Meaning.TOOL_ERROR}


def test_a_report_of_biome_without_the_findings_that_there_are_is_an_error() -> None:
    report = '{"summary":{"changed":0,"unchanged":1,"diagnosticsNotPrinted":7},"diagnostics":[]}'
    told = "biome left 7 more diagnostics out of its report (--max-diagnostics)"
    parsed = read("biome-json", raw_of(report, code=0))
    assert (parsed.meaning, parsed.message, [problem.message for problem in parsed.problems]) == (Meaning.TOOL_ERROR, told, [told])


def test_a_message_of_several_lines_is_one_finding() -> None:
    said = "\n/repo/a.js\n  1:1  error  first line\nsecond line  my-rule\n  2:1  error  other  my-rule\n\n\u2716 2 problems (2 errors, 0 warnings)\n"
    assert [(one.message, one.rule) for one in read("eslint-stylish", raw_of(said, code=1)).findings] == [("first line\nsecond line", "my-rule"), ("other", "my-rule")]


def test_workflow_commands_are_unescaped() -> None:
    said = "::error file=a%2Cb.js,line=1,col=2,title=lint/x/y::100%25 wrong%0Anext\n"
    found = read("biome-github", raw_of(said, code=1)).findings[0]
    assert (found.file, found.line, found.column, found.message) == ("a,b.js", 1, 2, "100% wrong\nnext")


def test_what_oxlint_does_not_draw_is_told() -> None:
    notice = "  ! File is too long to fit on the screen\n  help: lib/min.js seems like a minified file\n"
    drawn = "  x eslint(no-debugger): no\n   ,-[a.js:1:1]\n 1 | debugger;\n   `----\n\n"
    shown = read("oxlint", raw_of(f"{drawn}{notice}\nFound 0 warnings and 8 errors.\nFinished in 6ms on 1 file with 9 rules.\n", code=1))
    assert (shown.meaning, len(shown.findings), [problem.file for problem in shown.problems]) == (Meaning.FINDINGS, 1, ["lib/min.js"])
    assert read("oxlint", raw_of(f"{notice}\nFound 0 warnings and 7 errors.\n", code=None)).meaning is Meaning.TOOL_ERROR


def test_a_title_that_names_oxlint_is_no_rule() -> None:
    said = "::error file=a.js,line=1,endLine=1,col=8,endColumn=8,title=oxlint::a.js:1:8: Expected a semicolon\n"
    found = read("oxlint-github", raw_of(said, code=1)).findings[0]
    assert (found.rule, found.tool, found.category.value, found.message) == (None, "oxlint", "build", "Expected a semicolon")


@pytest.mark.parametrize(("level", "category"), [("warning", Category.LINT), ("error", Category.BUILD)])
def test_only_an_error_without_a_rule_is_a_file_that_oxlint_cannot_parse(level: str, category: Category) -> None:
    entry = {"message": "Unused eslint-disable directive (no problems were reported).", "severity": level, "filename": "a.js", "labels": []}
    text = f"::{level} file=a.js,line=9,endLine=9,col=1,endColumn=4,title=oxlint::{entry['message']}\n"
    document = json.dumps({"diagnostics": [entry], "number_of_files": 1})
    assert [one.category for name, out in (("oxlint-json", document), ("oxlint-github", text)) for one in read(name, raw_of(out, code=1)).findings] == [category] * 2
