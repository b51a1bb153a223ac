"""Traps of shellcheck, hadolint, actionlint, markdownlint, taplo, gitleaks, slither, solhint, cloc and tokei."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gatekeeper.model.finding import Parsed, RawOutput
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output
from gatekeeper.parse.shellcheck_json import from_tabs
from tests.parse.recordings import OUTPUTS, load

LEAK = {"RuleID": "aws", "Description": "A key.", "StartLine": 1, "EndLine": 1, "StartColumn": 5, "EndColumn": 9, "File": "a.py", "Match": "k = hunter2", "Secret": "hunter2"}


def parsed(name: str, out: object, code: int | None = None, said: str = "", source: bytes | None = None) -> Parsed:
    data = out.encode() if isinstance(out, str) else json.dumps(out).encode()
    return parse_output(name, RawOutput(stdout=data, stderr=said.encode(), exit_code=code, root="/repo", cwd="/repo", read=lambda _file: source), ExitSpec())


def recorded(name: str) -> Parsed:
    case = load(OUTPUTS / name)
    return parse_output(case.parser, case.raw, ExitSpec())


@pytest.mark.parametrize(("text", "screen", "column"), [("\techo", 9, 2), ("ab\tc", 9, 4), ("\t\tx", 17, 3), ("echo", 3, 3), ("\tx", 30, 23), (None, 9, 9)])
def test_a_tab_goes_to_the_next_eighth_place(text: str | None, screen: int, column: int) -> None:
    assert from_tabs(text, screen) == column


def test_both_json_forms_of_shellcheck_tell_the_same_places_and_fixes() -> None:
    assert recorded("shellcheck/0.11.0/json-findings").findings == recorded("shellcheck/0.11.0/json1-findings").findings


@pytest.mark.parametrize("name", ["shellcheck-json", "shellcheck-json1", "shellcheck-gcc", "shellcheck"])
def test_a_file_that_shellcheck_could_not_read_is_told_without_an_exit_code_too(name: str) -> None:
    out = {"shellcheck-json": "[]", "shellcheck-json1": '{"comments": []}'}.get(name, "")
    assert parsed(name, out, None, "no.sh: no.sh: openBinaryFile: does not exist (No such file or directory)\n").meaning is Meaning.TOOL_ERROR


@pytest.mark.parametrize("name", ["shellcheck", "shellcheck-gcc", "hadolint", "actionlint", "markdownlint", "solhint", "solhint-unix"])
def test_silence_is_what_these_tools_say_when_all_is_well(name: str) -> None:
    assert parsed(name, "", 0).meaning is Meaning.CLEAN
    assert parsed(name, "").meaning is Meaning.TOOL_ERROR


@pytest.mark.parametrize("name", ["hadolint-json", "actionlint-json", "markdownlint-json", "gitleaks-json", "slither-json", "cloc-json", "tokei-json", "taplo"])
def test_silence_is_no_report(name: str) -> None:
    assert parsed(name, "").meaning is Meaning.TOOL_ERROR


def test_slither_that_says_nothing_has_not_looked() -> None:
    assert parsed("slither-json", "", 0).meaning is Meaning.TOOL_ERROR


def test_slither_says_itself_that_it_failed() -> None:
    found = parsed("slither-json", {"success": False, "error": "Invalid compilation: \nError: no", "results": {}}, 0)
    assert (found.meaning, found.message) == (Meaning.TOOL_ERROR, "Invalid compilation:")


def test_a_message_of_slither_does_not_change_when_lines_are_added_above() -> None:
    entry = {"check": "x", "impact": "High", "confidence": "High", "description": "A.f() (src/A.sol#3-9) sends eth\n\tmore (src/A.sol#4)\n", "elements": []}
    assert [one.message for one in parsed("slither-json", {"success": True, "error": None, "results": {"detectors": [entry]}}, 255).findings] == ["A.f() sends eth"]


def test_a_secret_never_leaves_its_report() -> None:
    assert "hunter2" not in repr(parsed("gitleaks-json", [LEAK], 1))


@pytest.mark.parametrize(("line", "columns"), [(1, (5, 10)), (2, (4, 9))])
def test_gitleaks_counts_one_too_many_after_the_first_line(line: int, columns: tuple[int, int]) -> None:
    found = parsed("gitleaks-json", [LEAK | {"StartLine": line, "EndLine": line}], 1).findings[0]
    assert (found.column, found.end_column) == columns


def test_a_leak_of_the_history_has_the_line_of_its_commit_and_says_so() -> None:
    found = parsed("gitleaks-json", [LEAK | {"Commit": "abc123"}], 1).findings[0]
    assert (found.file, found.line, found.detail) == ("a.py", 1, "in commit abc123, line 1")


def test_a_configuration_that_hadolint_passes_over_is_no_clean_check() -> None:
    assert parsed("hadolint-json", "[]", 0, "\"Error parsing your config file in  '/repo/.hadolint.yaml':\\nIt should\"\n").meaning is Meaning.TOOL_ERROR


def test_markdownlint_of_older_versions_says_no_level() -> None:
    found = parsed("markdownlint", "", 1, "a.md:3:1 MD004/ul-style Unordered list style [Expected: asterisk]\n").findings[0]
    assert (found.file, found.line, found.column, found.rule) == ("a.md", 3, 1, "MD004")


def test_markdownlint_without_files_ends_well_and_checked_nothing() -> None:
    assert recorded("markdownlint/0.48.0/json-missing").meaning is Meaning.NOTHING_CHECKED


def test_a_part_of_solhints_list_is_missed() -> None:
    case = load(OUTPUTS / "solhint" / "6.2.4" / "unix-findings")
    cut = case.raw.stdout.split(b"\n", 2)[2]
    assert parse_output(case.parser, replace(case.raw, stdout=cut), ExitSpec()).message == "solhint counts 9 problems, and the output names 7"


def numbers(name: str) -> dict[tuple[str, str | None], float]:
    return {(metric.name, metric.subject): metric.value for metric in recorded(name).metrics}


def test_cloc_and_tokei_count_the_same_lines() -> None:
    assert numbers("cloc/1.96/findings") == numbers("cloc/1.96/by-file") == numbers("tokei/15.0.0/findings")


def test_lines_are_told_for_each_language_and_for_all() -> None:
    found = numbers("cloc/1.96/findings")
    assert [found[key] for key in (("lines.code", None), ("lines.comment", None), ("lines.blank", None), ("files", None), ("lines.code", "Python"))] == [4, 2, 1, 3, 2]


def test_lines_by_language_are_facts() -> None:
    assert recorded("tokei/15.0.0/findings").facts == {"languages": {
        "JavaScript": {"files": 1, "code": 1, "comment": 0, "blank": 0}, "Python": {"files": 1, "code": 2, "comment": 1, "blank": 1},
        "Rust": {"files": 1, "code": 1, "comment": 1, "blank": 0}}}


@pytest.mark.parametrize("name", ["cloc-json", "tokei-json"])
@pytest.mark.parametrize("document", [{"Python": {"code": 1}}, {"a": 1}, []])
def test_a_document_of_another_program_holds_no_lines(name: str, document: object) -> None:
    assert parsed(name, document, 0).meaning is Meaning.TOOL_ERROR
