"""The contract for scripts: everything that may be said arrives, and what is wrong is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.finding import Category, Finding, Level, Severity, TestCase, TestOutcome
from gatekeeper.model.status import Meaning
from tests.parse.outputs import raw_of, read

WORDS = st.text(alphabet="abc é😀<&\"'", min_size=1, max_size=12).map(lambda text: f"x{text.strip()}")
FINDINGS = st.builds(Finding, tool=WORDS, message=WORDS, level=st.sampled_from(Level), severity=st.sampled_from(Severity), category=st.sampled_from(Category),
                     file=st.sampled_from(["a.py", "b/c d.rs", "-x", "naïve.py"]), line=st.integers(1, 9), column=st.none() | st.integers(1, 9),
                     end_line=st.integers(10, 19), end_column=st.none() | st.integers(1, 9), rule=st.none() | WORDS, fixable=st.booleans(),
                     cell=st.none() | st.integers(0, 9), detail=st.none() | WORDS, url=st.none() | WORDS)
TESTS = st.builds(TestCase, name=WORDS, outcome=st.sampled_from(TestOutcome), classname=st.just("") | WORDS, file=st.none() | st.just("t.py"),
                  line=st.none() | st.integers(1, 9), seconds=st.none() | st.floats(0, 9).map(lambda number: round(number, 3)), message=st.none() | WORDS, detail=st.none() | WORDS)


def document(**parts: object) -> str:
    return json.dumps({"schema": 1, **parts})


def encoded(value: Finding | TestCase) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}


@given(findings=st.lists(FINDINGS, max_size=4, unique=True), tests=st.lists(TESTS, max_size=4))
def test_findings_and_tests_come_back_as_they_were(findings: list[Finding], tests: list[TestCase]) -> None:
    text = document(findings=[encoded(one) for one in findings], tests=[encoded(one) for one in tests])
    parsed = read("gatekeeper-json", raw_of(text, code=None, cwd="/repo/elsewhere"))
    assert (parsed.findings, parsed.tests) == (tuple(findings), tuple(tests))


def test_a_document_without_findings_is_clean() -> None:
    assert read("gatekeeper-json", raw_of(document(findings=[], checked=3))).meaning is Meaning.CLEAN


def test_facts_are_handed_on() -> None:
    assert read("gatekeeper-json", raw_of(document(facts={"lines": [1, 2]}))).facts == {"lines": [1, 2]}


@pytest.mark.parametrize(("parts", "code", "meaning"), [
    ({"checked": 0}, 0, Meaning.NOTHING_CHECKED),
    ({"status": "nothing_checked", "message": "offline"}, 0, Meaning.NOTHING_CHECKED),
    ({"tests": [{"name": "a", "outcome": "skipped"}]}, 0, Meaning.NOTHING_CHECKED),
    ({"tests": [{"name": "a", "outcome": "failed"}]}, 1, Meaning.FINDINGS),
    ({"status": "tool_error", "message": "no"}, 0, Meaning.TOOL_ERROR),
    ({"status": "findings", "message": "bad"}, 1, Meaning.FINDINGS),
    ({"status": "clean", "findings": [{"message": "m"}]}, 0, Meaning.FINDINGS),
    ({"status": "clean"}, 2, Meaning.TOOL_ERROR),
    ({"findings": [{"message": "m"}]}, 2, Meaning.FINDINGS_AND_TOOL_ERROR),
    ({"findings": [{"message": "m"}]}, 0, Meaning.FINDINGS),
    ({"message": "why"}, 1, Meaning.TOOL_ERROR)])
def test_a_status_may_make_the_meaning_graver_never_milder(parts: dict[str, object], code: int, meaning: Meaning) -> None:
    assert read("gatekeeper-json", raw_of(document(**parts), code=code)).meaning is meaning


@pytest.mark.parametrize(("text", "named"), [
    ("{}", "schema"), (json.dumps({"schema": 2}), "schema"), (document(findings={}), "findings"), (document(findings=[{}]), "message"),
    (document(findings=[{"message": "m", "line": "3"}]), "line"), (document(findings=[{"message": "m", "level": "loud"}]), "loud"),
    (document(findings=[{"message": "m", "category": 3}]), "category"), (document(tests=[{"name": "a"}]), "outcome"), (document(status="fine"), "fine"), ("", "empty")])
def test_what_is_wrong_with_a_document_is_named(text: str, named: str) -> None:
    parsed = read("gatekeeper-json", raw_of(text))
    assert parsed.meaning is Meaning.TOOL_ERROR
    assert named in (parsed.message or "")


def test_level_and_severity_follow_from_each_other() -> None:
    parsed = read("gatekeeper-json", raw_of(document(findings=[{"message": "a"}, {"message": "b", "severity": "low"}, {"message": "c", "level": "warning"}])))
    assert [(one.level, one.severity) for one in parsed.findings] == [
        (Level.ERROR, Severity.HIGH), (Level.INFO, Severity.LOW), (Level.WARNING, Severity.MEDIUM)]


def test_the_report_file_counts_when_there_is_one() -> None:
    assert read("gatekeeper-json", raw_of("chatter", report=document(findings=[{"message": "m"}]))).meaning is Meaning.FINDINGS


def test_what_a_clean_check_says_of_its_work_is_kept() -> None:
    assert read("gatekeeper-json", raw_of(document(message="12 files, 3 documents parsed"))).message == "12 files, 3 documents parsed"
    assert read("gatekeeper-json", raw_of(document(message="so many", findings=[{"message": "m"}]), code=1)).message is None
