"""The document of `gatekeeper parse`: names, counts, and the way back."""

from __future__ import annotations

import json
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Edit, Finding, Fix, Level, Metric, Parsed, RawOutput, Safety, Severity, TestCase, TestOutcome
from gatekeeper.model.sanitize import json_bytes
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import FORMATS, parse_output
from gatekeeper.report.parsed import parsed_document, parsed_lines
from tests.parse.recordings import Recording, every

FINDING = Finding(tool="eslint", message="unused", level=Level.WARNING, severity=Severity.CRITICAL, category=Category.LINT, file="a.js", line=2, column=3,
                  rule="no-unused", fixable=True, cell=1,
                  fixes=(Fix(safety=Safety.UNSAFE, edits=(Edit(file="a.js", line=2, column=3, end_line=2, end_column=4, content=""),)),))
TESTS = tuple(TestCase(name=outcome.value, classname="C", outcome=outcome, file="t.py", line=3, seconds=0.5, message="m") for outcome in TestOutcome)
PARSED = Parsed(meaning=Meaning.FINDINGS_AND_TOOL_ERROR, message="half of it", findings=(FINDING,), tests=TESTS,
                problems=(Problem(file="b.py", line=4, message="unread"),), metrics=(Metric(name="coverage.lines", value=81.5, unit="%"),))


def test_severity_is_the_word_of_the_tool_and_grade_is_ours() -> None:
    document = json.loads(json_bytes(parsed_document(PARSED, "eslint-json"), indent=0))
    (finding,) = document["findings"]
    assert (finding["severity"], finding["grade"], finding["fixable"], finding["cell"]) == ("warning", "critical", True, 1)
    assert (document["counts"]["by_severity"], document["counts"]["by_grade"]["critical"]) == ({"error": 0, "warning": 1, "info": 0}, 1)


def test_tests_are_counted_by_how_they_ended() -> None:
    document = json.loads(json_bytes(parsed_document(PARSED, "junit"), indent=0))
    assert document["counts"]["tests"] == {"total": 4, "passed": 1, "failed": 1, "errors": 1, "skipped": 1}
    assert [test["status"] for test in document["tests"]] == [test["outcome"] for test in document["tests"]] == ["passed", "failed", "error", "skipped"]


@pytest.mark.parametrize("case", [case for case in every("cmd.json") if case.parser in FORMATS], ids=str)
def test_the_document_is_one_that_gatekeeper_json_reads_back(case: Recording) -> None:
    parsed = parse_output(case.parser, case.raw, ExitSpec())
    document = json_bytes(parsed_document(parsed, case.parser), indent=0)
    again = parse_output("gatekeeper-json", RawOutput(stdout=document, root="/repo", cwd="/repo"), ExitSpec())
    assert (again.meaning, again.findings, again.tests, again.problems) == (parsed.meaning, parsed.findings, parsed.tests, parsed.problems)


@given(name=st.binary(min_size=1, max_size=30).filter(lambda name: b"\0" not in name))
def test_every_file_name_leads_back_to_its_bytes(name: bytes) -> None:
    file = name.decode("utf-8", "surrogateescape")
    shown = json.loads(json_bytes(parsed_document(Parsed(meaning=Meaning.FINDINGS, findings=(
        Finding(tool="t", message="m", level=Level.ERROR, severity=Severity.LOW, category=Category.LINT, file=file),)), "sarif"), indent=0))["findings"][0]
    assert (unquote_to_bytes(shown["file_uri"]) if "file_uri" in shown else shown["file"].encode()) == name


def test_half_of_a_pair_is_no_byte_and_still_has_a_way_back() -> None:
    finding = Finding(tool="t", message="m", level=Level.ERROR, severity=Severity.LOW, category=Category.LINT, file="a\ud83d")
    shown = json.loads(json_bytes(parsed_document(Parsed(meaning=Meaning.FINDINGS, findings=(finding,)), "sarif"), indent=0))
    assert shown["findings"][0]["file_uri"] == "a%ED%A0%BD"


def test_people_read_places_words_and_a_sum() -> None:
    assert list(parsed_lines(PARSED)) == [
        "a.js (cell 1):2:3: warning: unused [no-unused]", "failed: C.failed (t.py:3): m", "error: C.error (t.py:3): m", "skipped: C.skipped (t.py:3): m",
        "note: b.py:4: unread", "findings and tool error: 1 finding (1 warning); 4 tests (1 passed, 1 failed, 1 errors, 1 skipped); half of it"]


def test_a_clean_output_is_one_word() -> None:
    assert list(parsed_lines(Parsed(meaning=Meaning.CLEAN))) == ["clean"]
