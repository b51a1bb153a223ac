from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.model.assessment import Assessment, ConditionStatus, Enforcement
from gatekeeper.model.finding import State, TestCase, TestOutcome
from gatekeeper.model.result import Condition, RunRecord, Verdict
from gatekeeper.model.status import Outcome, Status
from gatekeeper.report.junit import Profile, render, render_strict
from tests.fakes.nasty import nasty
from tests.fakes.record import NASTY, attempt, finding, hostile, job, mixed, record, result

SCHEMAS = os.environ.get("GATEKEEPER_SCHEMAS")
needs_schemas = pytest.mark.skipif(SCHEMAS is None, reason="GATEKEEPER_SCHEMAS names no folder with report schemas")
EMPTY = record(())


def tree(of: RunRecord, profile: Profile = Profile.CI) -> ET.Element:
    return ET.fromstring(render(of, profile))


def case(root: ET.Element, name: str) -> ET.Element:
    return next(element for element in root.iter("testcase") if element.get("name") == name)


def retried() -> RunRecord:
    """A run with a test that passed at its third try, one that failed at its second, and a job that passed at its second."""
    tests, lint = job("pytest.test"), job()
    cases = (TestCase(name="shaky", outcome=TestOutcome.PASSED, earlier=("boom\x00", "bang"), file="t.py", line=1),
             TestCase(name="broken", outcome=TestOutcome.FAILED, message="no", earlier=("never",)))
    again = replace(result(lint), attempts=(attempt(exit_code=2), attempt()), flaky=True)
    return record([(tests, result(tests, Status.FAILED, tests=cases)), (lint, again)])


@needs_schemas
@pytest.mark.parametrize("schema", ["junit-10.xsd", "junit-windyroad.xsd"])
@pytest.mark.parametrize("of", [mixed(), hostile(), nasty(), retried(), EMPTY], ids=["mixed", "hostile", "nasty", "retried", "empty"])
def test_the_strict_profile_is_valid_against_both_schemas(schema: str, of: RunRecord) -> None:
    from lxml import etree

    validator = etree.XMLSchema(etree.parse(str(Path(SCHEMAS or "") / schema)))
    document = etree.fromstring(render_strict(of))
    assert validator.validate(document), validator.error_log


@needs_schemas
@pytest.mark.parametrize("of", [hostile(), nasty(), retried()], ids=["hostile", "nasty", "retried"])
def test_the_ci_profile_is_valid_against_the_xunit_schema_but_for_file_and_line(of: RunRecord) -> None:
    from lxml import etree

    document = etree.fromstring(render(of))
    assert document.xpath("//testcase[@file and @line]")
    for element in document.iter("testcase"):
        element.attrib.pop("file", None)
        element.attrib.pop("line", None)
    validator = etree.XMLSchema(etree.parse(str(Path(SCHEMAS or "") / "junit-10.xsd")))
    assert validator.validate(document), validator.error_log


@pytest.mark.parametrize("of", [mixed(), hostile(), nasty()], ids=["mixed", "hostile", "nasty"])
def test_no_pair_of_classname_and_name_is_there_twice_even_with_blanks_collapsed(of: RunRecord) -> None:
    pairs = Counter((" ".join((element.get("classname") or "").split()), " ".join((element.get("name") or "").split()))
                    for element in tree(of).iter("testcase"))
    assert [pair for pair, number in pairs.items() if number > 1] == []
    assert all(classname and name for classname, name in pairs)


def test_counts_are_those_of_the_elements() -> None:
    root = tree(mixed())
    for suite in root:
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(key) == str(len(suite.findall(f"testcase/{tag}")))
    assert root.get("failures") == str(len(root.findall(".//failure")))
    assert root.get("errors") == str(len(root.findall(".//error")))


def test_every_status_becomes_the_element_that_its_weight_asks_for() -> None:
    root = tree(mixed())
    found = {name: [child.tag for child in case(root, name)] for name in (
        "hygiene.check", "ruff.lint", "mypy.check", "eslint.lint", "bandit.scan", "cargo.clippy", "cargo.build", "cargo.test", "pip-audit.audit", "bench.run")}
    assert found == {
        "hygiene.check": [], "ruff.lint": ["failure"], "mypy.check": ["error"], "eslint.lint": ["error"], "bandit.scan": ["skipped"],
        "cargo.clippy": ["error"], "cargo.build": ["skipped"], "cargo.test": ["skipped"], "pip-audit.audit": ["skipped"], "bench.run": ["error"]}
    assert "could not be measured" in (case(root, "eslint.lint")[0].get("message") or "")
    assert (case(root, "bandit.scan")[0].get("message") or "").startswith("advisory: ")


def test_advice_alone_leaves_a_green_report() -> None:
    lint, tests = job(blocking=False), job("pytest.test", blocking=False)
    failing = TestCase(name="t", outcome=TestOutcome.FAILED, message="no")
    root = tree(record([(lint, result(lint, Status.FAILED, findings=[finding()])), (tests, result(tests, Status.FAILED, tests=[failing]))]))
    assert root.get("failures") == "0"
    assert root.get("errors") == "0"
    assert "F401" in (case(root, "ruff.lint")[0].text or "")


def test_findings_become_one_failure_that_lists_them_with_place_and_rule() -> None:
    failure = case(tree(mixed()), "ruff.lint").findall("failure")
    assert len(failure) == 1
    assert "api/main.py:3:1 F401 `os` imported but unused\napi/main.py:7:1 E501 line too long" in (failure[0].text or "")
    assert failure[0].get("message") == "2 findings"


def test_more_than_five_hundred_findings_are_listed_up_to_there_and_counted() -> None:
    lint = job()
    root = tree(record([(lint, result(lint, Status.FAILED, findings=[finding(f"m{number}", line=number) for number in range(1, 601)]))]))
    text = case(root, "ruff.lint")[0].text or ""
    assert ":500:1 " in text
    assert ":501:1 " not in text
    assert "... and 100 more findings" in text


def test_test_cases_of_a_job_are_a_suite_of_their_own_with_file_and_line_for_ci() -> None:
    root = tree(mixed())
    suite = next(suite for suite in root if suite.get("name") == "B2/pytest.test@api")
    assert [element.get("name") for element in suite.findall("testcase")] == ["test_adds", "test_subtracts", "test_waits"]
    failing = case(root, "test_subtracts")
    assert (failing.get("file"), failing.get("line"), failing.get("classname")) == ("api/tests/test_sum.py", "9", "tests.test_sum")
    assert case(tree(mixed(), Profile.STRICT), "test_subtracts").get("file") is None


def test_equal_tests_of_two_jobs_are_told_apart_by_the_job() -> None:
    first, second = job("pytest.test"), job("pytest.test", component="web")
    one = [TestCase(name="t", classname="c", outcome=TestOutcome.PASSED)]
    root = tree(record([(first, result(first, tests=one * 2)), (second, result(second, tests=one))]))
    assert sorted(element.get("name") or "" for element in root.iter("testcase") if element.get("classname") == "c") == [
        "t", "t (B2/pytest.test@api)", "t (B2/pytest.test@web)"]


def test_the_gate_has_a_case_per_condition_and_one_for_a_pass() -> None:
    gate = next(suite for suite in tree(mixed()) if suite.get("name") == "gate")
    assert [(element.get("name"), element[0].tag) for element in gate.findall("testcase")] == [
        ("B2/ruff.lint@api", "failure"), ("B3/eslint.lint@web", "error")]
    assert [(element.get("name"), len(element)) for element in tree(EMPTY)[-1].findall("testcase")] == [("verdict", 0)]


def test_an_interrupted_run_without_a_condition_is_an_error_in_the_gate() -> None:
    stopped = replace(EMPTY, verdict=Verdict(outcome=Outcome.INTERRUPTED, exit_code=130, message="interrupted"))
    assert tree(stopped)[-1].findall("testcase/error")


def test_illegal_characters_stay_visible() -> None:
    text = render(hostile()).decode()
    for spelled in ("\\x00nul", "\\x1b[31mred", "\\xff.py", "\\ufffe", "]]&gt;", "cr\\x0dlf"):
        assert spelled in text


def test_times_have_at_most_three_decimals_and_are_numbers() -> None:
    odd = [TestCase(name=str(value), outcome=TestOutcome.PASSED, seconds=value) for value in (float("nan"), float("inf"), -1.0, 0.12345, None)]
    tests = job("pytest.test")
    root = tree(record([(tests, result(tests, tests=odd))]))
    times = [element.get("time") or "" for element in root.iter() if element.get("time")]
    assert all(len(time.partition(".")[2]) == 3 and float(time) >= 0 for time in times)
    assert case(root, "inf").get("time") == "31536000.000"


def test_a_message_of_a_megabyte_is_cut_and_says_so() -> None:
    lint = job()
    report = render(record([(lint, result(lint, Status.ERRORED, message="x" * 1_000_000))]))
    assert len(report) < 200_000
    assert b"more characters" in report


def test_equal_runs_give_equal_bytes() -> None:
    assert render(mixed()) == render(mixed())


@given(st.text(), st.sampled_from(NASTY))
@settings(max_examples=60, deadline=None)
def test_any_text_anywhere_gives_xml_that_parses(text: str, nasty: str) -> None:
    lint = job(text, component=text + nasty)
    tests = [TestCase(name=text, classname=nasty, outcome=TestOutcome.ERROR, message=text, detail=nasty, file=text)] * 2
    root = tree(record([(lint, result(lint, Status.FAILED, tests=tests, message=text))], notes=(text,)))
    assert len(list(root.iter("testcase"))) == 4


def test_tries_before_the_last_are_flaky_or_rerun_and_count_as_nothing() -> None:
    root = tree(retried())
    assert [(child.tag, child.get("message")) for child in case(root, "shaky")] == [("flakyFailure", "boom\\x00"), ("flakyFailure", "bang")]
    assert [(child.tag, child.get("message")) for child in case(root, "broken")] == [("failure", "no"), ("rerunFailure", "never")]
    assert [(child.tag, child.get("message")) for child in case(root, "ruff.lint")] == [("flakyFailure", "try 1: exit code 2")]
    suite = next(suite for suite in root if suite.get("name") == "B2/pytest.test@api")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")


def test_tries_that_the_strict_schema_has_no_word_for_are_lines_of_the_suite() -> None:
    suite = next(suite for suite in tree(retried(), Profile.STRICT) if suite.get("name") == "B2/pytest.test@api")
    assert (suite.findtext("system-out") or "").splitlines() == [
        "B2/pytest.test@api shaky: an earlier try failed: boom\\x00", "B2/pytest.test@api shaky: an earlier try failed: bang",
        "B2/pytest.test@api broken: an earlier try failed: never"]


def test_a_test_that_failed_before_the_change_as_well_is_no_failure() -> None:
    tests = job("pytest.test")
    cases = (TestCase(name="old", outcome=TestOutcome.FAILED, message="no", state=State.UNCHANGED), TestCase(name="new", outcome=TestOutcome.ERROR, state=State.NEW))
    root = tree(record([(tests, result(tests, Status.FAILED, tests=cases))]))
    assert [(child.tag, child.get("message")) for child in case(root, "old")] == [("skipped", "unchanged: failed: no")]
    assert [child.tag for child in case(root, "new")] == ["error"]
    assert case(root, "pytest.test")[0].get("message") == "1 of 2 tests failed"


def test_findings_that_do_not_count_are_numbers_and_not_lines() -> None:
    lint = job()
    known = [replace(finding("old"), state=State.UNCHANGED), replace(finding("hidden"), state=State.SUPPRESSED), replace(finding("fresh"), state=State.NEW)]
    failure = case(tree(record([(lint, result(lint, Status.FAILED, findings=known))])), "ruff.lint")[0]
    assert failure.get("message") == "1 finding"
    text = failure.text or ""
    assert ("fresh" in text, "old" in text, "hidden" in text) == (True, False, False)
    assert "not counted: 1 finding known before, 1 finding suppressed" in text


def assessed(status: ConditionStatus, enforcement: Enforcement = Enforcement.BLOCKING) -> Assessment:
    return Assessment(id=f"{status}-{enforcement}", title="t", enforcement=enforcement, status=status, message="71 % of 80 %", violations=("api: 71 %",),
                      recommendations=("test api",), evidence=("B2/pytest.test@api",))


@pytest.mark.parametrize(("status", "enforcement", "tags"), [
    (ConditionStatus.PASSED, Enforcement.BLOCKING, []), (ConditionStatus.FAILED, Enforcement.BLOCKING, ["failure"]),
    (ConditionStatus.FAILED, Enforcement.ADVISORY, ["skipped"]), (ConditionStatus.WARNING, Enforcement.WARNING, ["skipped"]),
    (ConditionStatus.UNMEASURED, Enforcement.BLOCKING, ["error"]), (ConditionStatus.UNMEASURED, Enforcement.WARNING, ["skipped"]),
    (ConditionStatus.REQUIRES_REVIEW, Enforcement.BLOCKING, ["error"]), (ConditionStatus.NOT_JUDGED, Enforcement.BLOCKING, ["skipped"])])
def test_every_condition_of_the_policy_is_a_case_that_fails_where_it_decides(status: ConditionStatus, enforcement: Enforcement, tags: list[str]) -> None:
    of = replace(EMPTY, assessments=(assessed(status, enforcement),))
    (only,) = tree(of)[-1].findall("testcase")
    assert (only.get("classname"), only.get("name"), [child.tag for child in only]) == ("gate", f"{status}-{enforcement}", tags)
    if tags:
        assert (only[0].text or "").splitlines() == ["71 % of 80 %", "api: 71 %", "to do: test api", "see: B2/pytest.test@api"]


def test_a_condition_that_decided_the_verdict_is_told_once() -> None:
    failed = replace(assessed(ConditionStatus.FAILED), id="coverage", component="api")
    decided = (Condition(subject="coverage@api", outcome=Outcome.FAIL, message="t: 71 % of 80 %"), Condition(subject="tree", outcome=Outcome.INCOMPLETE, message="x"))
    of = replace(EMPTY, assessments=(failed,), verdict=Verdict(outcome=Outcome.FAIL, exit_code=1, conditions=decided))
    assert [element.get("name") for element in tree(of)[-1].findall("testcase")] == ["coverage@api", "tree"]
