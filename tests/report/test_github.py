from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gatekeeper.model.assessment import Delta
from gatekeeper.model.finding import Finding, Level, Severity, State, TestCase, TestOutcome
from gatekeeper.model.result import Artifact, Condition, RunRecord, Verdict
from gatekeeper.model.status import Outcome, Status
from gatekeeper.report.github import Annotation, Note, annotated, command, outputs
from tests.fakes.nasty import TEXTS, nasty
from tests.fakes.record import TESTS, finding, job, record, result


def lines_of(of: RunRecord) -> list[str]:
    return annotated(of).decode().split("\n")[:-1]


def run_with(*findings: Finding, blocking: bool = True) -> RunRecord:
    lint = job(blocking=blocking)
    return record([(lint, result(lint, Status.FAILED, findings=findings))])


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner reads it: name, properties and message, with the escapes undone in its order."""
    matched = re.fullmatch(r"::([a-z-]+)(?: (.*?))?::(.*)", line)
    assert matched, line
    pairs = [pair.split("=", 1) for pair in (matched[2] or "").split(",") if pair]
    return matched[1], {key: _undone(value, ":,") for key, value in pairs}, _undone(matched[3], "")


def _undone(text: str, more: str) -> str:
    for char in f"\r\n{more}%":
        text = text.replace(f"%{ord(char):02X}", char)
    return text


def test_a_finding_is_an_annotation_with_its_place_and_rule() -> None:
    (line,) = lines_of(run_with(finding()))
    assert line == "::error file=api/main.py,line=3,col=1,title=ruff F401::`os` imported but unused"


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_tool_says_arrives_as_it_is_and_adds_neither_a_line_nor_a_property(text: str) -> None:
    line = command(Annotation(note=Note.ERROR, title=text, message=text, file=text, line=1, rank=(0, 0, 0, 0)))
    assert not re.search(r"[\r\n\x1b\x00]", line)
    name, properties, message = read(line)
    assert name == "error"
    assert set(properties) <= {"file", "line", "title"}
    if text.isprintable() and text:
        assert (properties["file"], message) == (text, text)


def test_columns_are_left_out_where_a_finding_goes_over_several_lines() -> None:
    (line,) = lines_of(run_with(replace(finding(), end_line=9, end_column=4)))
    assert read(line)[1] == {"file": "api/main.py", "line": "3", "endLine": "9", "title": "ruff F401"}
    (line,) = lines_of(run_with(replace(finding(), end_line=3, end_column=4)))
    assert read(line)[1] == {"file": "api/main.py", "line": "3", "endLine": "3", "col": "1", "endColumn": "4", "title": "ruff F401"}


def test_a_tree_below_the_checkout_gets_its_folder_before_each_file() -> None:
    assert b"file=services/x/api/main.py," in annotated(run_with(finding()), "services/x")


def test_ten_of_each_level_are_told_and_one_notice_counts_the_rest() -> None:
    grave = [finding(f"e{number}", line=number + 1) for number in range(25)]
    medium = [finding(f"w{number}", line=number + 1, level=Level.WARNING) for number in range(12)]
    minor = [replace(finding(f"n{number}", line=number + 1), severity=Severity.INFO, state=State.UNCHANGED) for number in range(30)]
    told = [read(line) for line in lines_of(run_with(*minor, *medium, *grave))]
    assert [sum(name == level for name, _, _ in told) for level in ("error", "warning", "notice")] == [10, 10, 10]
    assert told[-1][0] == "notice"
    assert told[-1][2].startswith("15 errors, 2 warnings, 21 notices more: ")


def test_what_is_new_comes_first_then_what_blocks_then_what_the_change_touches() -> None:
    known = replace(finding("known"), state=State.UNCHANGED, on_changed_line=True)
    elsewhere, touched = replace(finding("elsewhere"), state=State.NEW), replace(finding("touched", line=90), state=State.NEW, on_changed_line=True)
    advice, lint = job("bandit.scan", blocking=False), job()
    of = record([(advice, result(advice, Status.FAILED, findings=[replace(finding("advice"), state=State.NEW, on_changed_line=True)])),
                 (lint, result(lint, Status.FAILED, findings=[known, elsewhere, touched]))])
    assert [read(line)[2] for line in lines_of(of)] == ["touched", "elsewhere", "advice", "known"]


def test_what_only_advises_or_was_known_is_no_error_and_what_decides_is_no_mere_notice() -> None:
    assert read(lines_of(run_with(finding(), blocking=False))[0])[0] == "warning"
    assert read(lines_of(run_with(replace(finding(), state=State.UNCHANGED)))[0])[0] == "warning"
    assert read(lines_of(run_with(replace(finding(), severity=Severity.INFO)))[0])[0] == "warning"
    assert read(lines_of(run_with(replace(finding(), severity=Severity.INFO), blocking=False))[0])[0] == "notice"


def test_suppressed_findings_are_not_told() -> None:
    assert lines_of(run_with(replace(finding(), state=State.SUPPRESSED))) == [""]


def test_failing_tests_are_annotations_at_their_line() -> None:
    tests = job("pytest.test")
    (line,) = lines_of(record([(tests, result(tests, Status.FAILED, tests=TESTS))]))
    name, properties, message = read(line)
    assert name == "error"
    assert properties == {"file": "api/tests/test_sum.py", "line": "9", "title": "pytest: tests.test_sum::test_subtracts"}
    assert message.startswith("assert 1 == 2\ndef test_subtracts():")


def test_a_job_that_could_not_do_its_work_is_an_error_without_a_place() -> None:
    types = job("mypy.check")
    verdict = Verdict(outcome=Outcome.INCOMPLETE, exit_code=3,
                      conditions=(Condition(subject=types.id, outcome=Outcome.INCOMPLETE, message="errored: crashed", hint="run again"),))
    (line,) = lines_of(record([(types, result(types, Status.ERRORED, message="crashed"))], verdict))
    assert line == "::error title=Gatekeeper incomplete%3A B2/mypy.check@api::errored: crashed%0Ato do: run again"


def test_many_reasons_without_a_place_are_one_annotation_for_each_outcome() -> None:
    conditions = (Condition(subject="coverage", outcome=Outcome.FAIL, message="too low"),
                  *(Condition(subject=name, outcome=Outcome.INCOMPLETE, message="errored", hint="run again") for name in ("a", "b")))
    first, second = lines_of(record((), Verdict(outcome=Outcome.FAIL, exit_code=1, conditions=conditions)))
    assert first == "::error title=Gatekeeper fail%3A coverage::too low"
    assert second == "::error title=Gatekeeper incomplete%3A 2 reasons::a: errored (to do: run again)%0Ab: errored (to do: run again)"


def test_a_message_that_the_detail_begins_with_is_said_once() -> None:
    tests = job("forge.test")
    of = record([(tests, result(tests, Status.FAILED, tests=[TestCase(name="x", outcome=TestOutcome.FAILED, message="is open", detail="is open")]))])
    assert read(lines_of(of)[0])[2] == "is open"


def test_outputs_hold_verdict_counts_and_reports_and_no_value_can_add_another() -> None:
    of = replace(run_with(finding()), delta=Delta(against="main", new=1, unchanged=4),
                 verdict=Verdict(outcome=Outcome.FAIL, exit_code=1, message="a\nb\nevil<<x\ny\nx\nverdict=pass"),
                 artifacts=(Artifact(kind="sarif", path="/r/1.sarif", size=1), Artifact(kind="sarif", path="/r/2.sarif", size=1)))
    values = read_outputs(outputs(of).decode())
    assert values["verdict"] == "fail"
    assert values["exit-code"] == "1"
    assert values["message"] == "a\nb\nevil<<x\ny\nx\nverdict=pass"
    assert (values["findings"], values["findings-new"], values["findings-unchanged"], values["findings-high"]) == ("1", "1", "4", "1")
    assert values["report-sarif"] == "/r/1.sarif\n/r/2.sarif"
    assert "evil" not in values


def test_outputs_of_the_nasty_run_can_be_read_back() -> None:
    values = read_outputs(outputs(nasty()).decode())
    assert values["verdict"] == "fail"
    assert "\x1b" not in "".join(values.values())


def read_outputs(text: str) -> dict[str, str]:
    """The file as the runner reads it: name<<delimiter, lines, the delimiter alone on a line."""
    values: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, _, delimiter = line.partition("<<")
        assert delimiter
        body: list[str] = []
        for inner in lines:
            if inner == delimiter:
                break
            body.append(inner)
        values[name] = "\n".join(body)
    return values
