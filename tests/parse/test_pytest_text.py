"""pytest's terminal output and its JUnit report: every test once, tries that failed before, and outputs that look like pytest's and are not."""

from __future__ import annotations

from collections import Counter

import pytest

from gatekeeper.model.finding import Parsed, TestOutcome
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output
from tests.parse.outputs import raw_of, read
from tests.parse.recordings import OUTPUTS, load

SUMMARY = "=========================== short test summary info ============================\n"


def recorded(version: str, case: str) -> Parsed:
    found = load(OUTPUTS / "pytest" / version / case)
    return parse_output(found.parser, found.raw, ExitSpec())


def outcomes(parsed: Parsed) -> dict[TestOutcome, int]:
    return dict(Counter(test.outcome for test in parsed.tests))


@pytest.mark.parametrize("version", ["6.2.5", "7.4.4", "9.2.0"])
@pytest.mark.parametrize("case", ["text-findings", "text-quiet", "text-verbose", "junit-outcomes"])
def test_each_of_thirteen_tests_has_one_result_in_whatever_form_they_are_told(version: str, case: str) -> None:
    assert outcomes(recorded(version, case)) == {TestOutcome.PASSED: 3, TestOutcome.FAILED: 6, TestOutcome.ERROR: 2, TestOutcome.SKIPPED: 2}


@pytest.mark.parametrize("case", ["text-color", "text-xdist"])
def test_a_test_that_passed_and_could_not_be_torn_down_is_counted_once_also_without_its_section(case: str) -> None:
    assert outcomes(recorded("9.2.0", case)) == {TestOutcome.PASSED: 3, TestOutcome.FAILED: 6, TestOutcome.ERROR: 2, TestOutcome.SKIPPED: 2}


@pytest.mark.parametrize("case", ["junit-reruns", "text-reruns"])
def test_failed_tries_of_one_test_make_it_flaky_and_are_no_tests_of_their_own(case: str) -> None:
    tests = recorded("9.2.0", case).tests
    assert len(tests) == 3
    assert {test.name: (test.outcome.value, len(test.earlier), test.flaky) for test in tests if test.earlier} == {
        "test_flaky": ("passed", 2, True), "test_always_fails": ("failed", 2, False)}


def test_tries_whose_test_nobody_names_are_a_problem() -> None:
    assert ["were run again" in one.message for one in recorded("7.4.4", "junit-reruns").problems] == [True]


def test_the_same_case_twice_in_a_report_that_counts_both_is_no_retry() -> None:
    case = '<testcase classname="t.a" name="test_x" file="t/a.py" line="0"/>'
    parsed = read("pytest-junit", raw_of(report=f'<testsuite tests="2">{case}{case}</testsuite>'))
    assert [(test.name, test.earlier) for test in parsed.tests] == [("test_x", ())]


def test_an_error_of_the_teardown_is_told_with_the_failure_of_its_test() -> None:
    both = next(test for test in recorded("9.2.0", "junit-outcomes").tests if test.name == "test_both")
    assert (both.outcome, both.message, "failed on teardown" in (both.detail or "")) == (TestOutcome.FAILED, "assert 1 == 2", True)


def test_a_summary_in_captured_output_is_not_the_runs_own() -> None:
    out = ("=================================== FAILURES ===================================\n____ test_outer ____\nE   assert 0\n\nt/test_a.py:3: AssertionError\n"
           f"---- Captured stdout call ----\n{SUMMARY}FAILED inner.py::test_inner - boom\n=== 7 failed in 0.01s ===\n"
           f"{SUMMARY}FAILED t/test_a.py::test_outer - assert 0\n========= 1 failed, 1 passed in 0.10s =========\n")
    tests = read("pytest", raw_of(out, code=1)).tests
    assert [test.name for test in tests if test.outcome is TestOutcome.FAILED] == ["test_outer"]
    assert len(tests) == 2


def test_a_failure_without_a_name_is_still_a_failure() -> None:
    parsed = read("pytest", raw_of("1 failed, 2 passed in 0.11s\n", code=None))
    assert (parsed.meaning, outcomes(parsed)) == (Meaning.FINDINGS, {TestOutcome.PASSED: 2, TestOutcome.FAILED: 1})


def test_tests_of_one_name_in_two_files_keep_their_own_places() -> None:
    sections = "".join(f"____ test_x ____\nE   assert {number}\n\nt/{file}.py:{number}: AssertionError\n" for file, number in (("b", 8), ("a", 3)))
    out = f"=== FAILURES ===\n{sections}{SUMMARY}FAILED t/a.py::test_x - assert 3\nFAILED t/b.py::test_x - assert 8\n=== 2 failed in 0.1s ===\n"
    assert [(test.file, test.line, test.message) for test in read("pytest", raw_of(out, code=1)).tests] == [
        ("t/a.py", 3, "assert 3"), ("t/b.py", 8, "assert 8")]


@pytest.mark.parametrize("out", ["", "collected 3 items\n\nt/test_a.py ..", "tests/test_ok.py ..    [100%]\n", "2 tests passed\n"])
def test_an_output_without_counts_and_without_exit_code_is_not_clean(out: str) -> None:
    assert read("pytest", raw_of(out, code=None)).meaning is Meaning.TOOL_ERROR


def test_letters_count_where_pytest_was_told_to_say_nothing_else() -> None:
    parsed = read("pytest", raw_of("..s     [100%]\n", code=0))
    assert (parsed.meaning, outcomes(parsed)) == (Meaning.CLEAN, {TestOutcome.PASSED: 2, TestOutcome.SKIPPED: 1})


@pytest.mark.parametrize(("counts", "code", "meaning"), [
    ("3 skipped in 0.1s", 0, Meaning.NOTHING_CHECKED), ("no tests ran in 0.01s", 5, Meaning.NOTHING_CHECKED), ("no tests ran in 0.01s", None, Meaning.NOTHING_CHECKED),
    ("2 deselected in 0.1s", 5, Meaning.NOTHING_CHECKED), ("1 passed in 0.1s", 2, Meaning.TOOL_ERROR), ("1 passed in 0.1s", 1, Meaning.TOOL_ERROR),
    ("1 passed, 1 warning in 62.10s (0:01:02)", 0, Meaning.CLEAN), ("1 passed in 0.12 seconds", 0, Meaning.CLEAN)])
def test_counts_and_exit_code_decide_together(counts: str, code: int | None, meaning: Meaning) -> None:
    assert read("pytest", raw_of(f"==== {counts} ====\n", code=code)).meaning is meaning


def test_an_interrupted_run_is_an_error_although_all_tests_so_far_passed() -> None:
    out = "!!!!!!!!!! KeyboardInterrupt !!!!!!!!!!\n/repo/t/a.py:3: KeyboardInterrupt\n=== 1 passed in 0.1s ===\n"
    assert [read("pytest", raw_of(out, code=code)).meaning for code in (2, None)] == [Meaning.TOOL_ERROR, Meaning.TOOL_ERROR]


def test_missed_coverage_fails_a_run_in_which_all_tests_pass() -> None:
    out = "FAIL Required test coverage of 90% not reached. Total coverage: 12.34%\n=== 1 passed in 0.1s ===\n"
    assert [one.rule for one in read("pytest", raw_of(out, code=1)).findings] == ["coverage"]
