"""Test runners of JavaScript and TAP: outputs that look complete, or green, and are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.model.finding import RawOutput, TestOutcome
from gatekeeper.model.status import Meaning
from gatekeeper.parse.tally import UNNAMED
from gatekeeper.parse.yaml_block import fields
from tests.parse.outputs import raw_of, read
from tests.parse.recordings import OUTPUTS, load


def tap(text: str, code: int | None = None) -> tuple[Meaning, str | None, list[tuple[str, TestOutcome]]]:
    parsed = read("tap", raw_of(text, code=code))
    return parsed.meaning, parsed.message, [(test.name, test.outcome) for test in parsed.tests]


PASSED, FAILED, SKIPPED = TestOutcome.PASSED, TestOutcome.FAILED, TestOutcome.SKIPPED


def test_a_plan_that_was_not_kept_is_an_error() -> None:
    assert tap("TAP version 13\n1..3\nok 1 - a\nok 2 - b\n", 0) == (Meaning.TOOL_ERROR, "3 tests were planned, and 2 ran", [("a", PASSED), ("b", PASSED)])


def test_more_tests_than_planned_are_an_error_while_nothing_failed() -> None:
    assert tap("1..1\nok 1 - a\nok 2 - b\n", 0)[0] is Meaning.TOOL_ERROR
    assert tap("1..1\nok 1 - a\nnot ok 2 - b\n", 1)[0] is Meaning.FINDINGS


@pytest.mark.parametrize("code", [None, 0])
def test_a_stream_without_a_plan_is_cut_off(code: int | None) -> None:
    assert tap("TAP version 14\nok 1 - a\n", code)[:2] == (Meaning.TOOL_ERROR, "the output ends without a plan: it is cut off")


def test_a_bail_out_is_an_error_that_keeps_what_failed() -> None:
    assert tap("1..2\nnot ok 1 - a\nBail out! no database\n", 1)[:2] == (Meaning.FINDINGS_AND_TOOL_ERROR, "the tests gave up: no database")


@pytest.mark.parametrize(("text", "message"), [("1..0\n", "no tests ran"), ("1..0 # SKIP no browser here\n", "SKIP no browser here"),
                                               ("1..2\nok 1 # skip\nok 2 - b # SKIP later\n", "all 2 tests were skipped")])
def test_nothing_that_ran_is_nothing_checked(text: str, message: str) -> None:
    assert tap(text, 0)[:2] == (Meaning.NOTHING_CHECKED, message)


@pytest.mark.parametrize(("line", "case"), [
    ("not ok 1 - a # TODO not yet", ("a", SKIPPED)), ("ok 1 - a # skipped: slow", ("a", SKIPPED)), ("ok 1 a \\# TODO is no directive", ("a # TODO is no directive", PASSED)),
    ("not ok 1 - issue #7", ("issue #7", FAILED)), ("ok", ("(unnamed)", PASSED)), ("not ok", ("(unnamed)", FAILED)), ("ok 1 - 2 and 2", ("2 and 2", PASSED)),
    ("ok 1 - back \\\\ slash", ("back \\ slash", PASSED))])
def test_a_point_is_read_with_its_directive(line: str, case: tuple[str, TestOutcome]) -> None:
    assert tap(f"1..2\n{line}\nok 2 - last\n")[2] == [case, ("last", PASSED)]


def test_what_a_yaml_block_holds_is_no_test() -> None:
    text = "1..1\nnot ok 1 - a\n  ---\n  message: |-\n    first\n    not ok 9 - ghost\n  stack: |-\n    f (/repo/t.js:3:1)\n  ...\n"
    parsed = read("tap", raw_of(text, code=1))
    assert [(test.name, test.message, test.file, test.line) for test in parsed.tests] == [("a", "first", "t.js", 3)]


def test_a_yaml_block_without_an_end_is_cut_off() -> None:
    assert tap("1..1\nnot ok 1 - a\n  ---\n  message: x\n")[0] is Meaning.FINDINGS_AND_TOOL_ERROR


def test_a_subtest_whose_parent_never_came_is_cut_off() -> None:
    assert tap("1..1\nok 1 - a\n    ok 1 - inner\n")[0] is Meaning.TOOL_ERROR


def test_a_parent_that_fails_without_a_failing_child_fails_itself() -> None:
    assert tap("    ok 1 - inner\n    1..1\nnot ok 1 - outer\n1..1\n", 1)[2] == [("inner", PASSED), ("outer", FAILED)]


def test_a_parent_that_fails_for_its_child_is_counted_once() -> None:
    assert tap("    not ok 1 - inner\n    1..1\nnot ok 1 - outer\n1..1\n", 1)[2] == [("inner", FAILED)]


def test_two_streams_in_one_output_add_up() -> None:
    assert tap("1..1\nok 1 - a\n1..1\nok 1 - b\n")[0] is Meaning.CLEAN


def test_deep_subtests_end() -> None:
    text = "".join(" " * (4 * depth) + "ok 1 - x\n" for depth in range(5000, -1, -1)) + "1..1\n"
    assert read("tap", raw_of(text)).meaning is not None


def test_the_values_of_a_yaml_block_are_those_of_its_outermost_level() -> None:
    block = ["  ---", "    name: 'it''s'", "    at: >-", "      one", "      two", "    outer:", "      name: inner", "    empty: ~", "  ..."]
    assert fields(block) == {"name": "it's", "at": "one two", "outer": "", "empty": ""}


@pytest.mark.parametrize("case", ["node/20.20.2/tap-findings", "node/20.20.2/tap-clean", "ava/6.4.1/clean", "mocha/12.0.3/tap-findings", "jest/30.5.2/text-clean",
                                  "jest/30.5.2/text-findings", "jest/24.9.0/text-verbose", "mocha/12.0.3/spec-clean", "mocha/6.2.3/xunit-findings"])
def test_an_output_that_is_cut_off_anywhere_is_never_clean(case: str) -> None:
    recorded = load(OUTPUTS / case)
    stream = "stderr" if recorded.raw.stderr else "stdout"
    whole: bytes = getattr(recorded.raw, stream).rstrip()
    # what stands behind the plan or the counts says nothing more
    end = max(whole.rfind(mark) for mark in (b"\n1..", b"\nTests: ", b" passing", b"</testsuite>"))
    cuts = [whole[:at] for at in range(0, end, max(end // 60, 1))]
    meanings = {read(recorded.parser, replace(recorded.raw, exit_code=None, **{stream: cut})).meaning for cut in cuts}  # type: ignore[arg-type]
    assert Meaning.CLEAN not in meanings


COUNTS = "Test Suites: {suites}\nTests:       {tests}\nSnapshots:   0 total\n"


def test_failures_that_jest_counts_and_does_not_name_are_an_error() -> None:
    said = COUNTS.format(suites="1 failed, 1 total", tests="1 failed, 2 passed, 3 total")
    assert read("jest", raw_of("", said, code=None)).message == "jest counts 1 failed tests, and the output names 0"


def test_a_failed_file_that_jest_does_not_name_is_an_error() -> None:
    said = COUNTS.format(suites="1 failed, 1 passed, 2 total", tests="2 passed, 2 total")
    assert read("jest", raw_of("", said, code=None)).message == "jest counts 1 failed test files, and the output names 0"


def test_counts_that_are_cut_off_are_no_counts() -> None:
    assert read("jest", raw_of("", "PASS a.test.js\n\nTest Suites: 1 passed, 1 total\nTests:       1 pas", code=None)).meaning is Meaning.TOOL_ERROR


def test_a_count_of_a_hostile_output_costs_no_memory() -> None:
    said = COUNTS.format(suites="1 passed, 1 total", tests="999999999 passed, 999999999 total")
    tests = read("jest", raw_of("", said)).tests
    assert len(tests) <= 100_000
    assert {test.name for test in tests} == {UNNAMED}


def test_failures_that_jest_prints_again_at_the_end_are_one() -> None:
    block = "FAIL a.test.js\n  \u25cf adds\n\n    wrong\n\n"
    said = block + "Summary of all failing tests\n" + block + "\n" + COUNTS.format(suites="1 failed, 1 total", tests="1 failed, 1 total")
    assert [(test.name, test.outcome) for test in read("jest", raw_of("", said, code=1)).tests] == [("adds", FAILED)]


def test_a_file_of_a_jest_project_is_found_behind_the_name_of_the_project() -> None:
    said = "PASS my unit src/a.test.js\n  \u2713 adds\n\n" + COUNTS.format(suites="1 passed, 1 total", tests="1 passed, 1 total")
    assert read("jest", raw_of("", said, sources={"src/a.test.js": ""})).tests[0].file == "src/a.test.js"


def test_jest_coverage_below_its_threshold_fails_a_green_text() -> None:
    said = 'Jest: "global" coverage threshold for lines (100%) not met: 50%\n' + COUNTS.format(suites="1 passed, 1 total", tests="1 passed, 1 total")
    parsed = read("jest", raw_of("", said, code=1))
    assert (parsed.meaning, [finding.rule for finding in parsed.findings]) == (Meaning.FINDINGS, ["coverage"])


def test_failures_that_mocha_counts_and_does_not_describe_are_an_error() -> None:
    assert read("mocha", raw_of("  \u2714 a\n\n  1 passing (2ms)\n  1 failing\n", code=None)).message == "mocha counts 1 failures, and the output describes 0"


def test_what_a_test_prints_does_not_change_how_many_tests_mocha_counts() -> None:
    out = "  suite\nok\n    \u2714 ghost printed by a test\n    \u2714 a\n\n  2 passing (2ms)\n"
    assert len(read("mocha", raw_of(out)).tests) == 2
    assert len(read("mocha", raw_of(out.replace("2 passing", "1 passing"))).tests) == 1
    assert [test.name for test in read("mocha", raw_of(out.replace("2 passing", "3 passing"))).tests][2] == UNNAMED


@pytest.mark.parametrize("parser", ["node-junit", "junit"])
def test_a_test_that_is_still_to_do_may_fail_in_node(parser: str) -> None:
    recorded = load(OUTPUTS / "node/24.19.0/junit-failing-todo")
    assert read(parser, recorded.raw).meaning is Meaning.CLEAN


@pytest.mark.parametrize("name", ["tap", "jest", "mocha", "mocha-xunit", "stylelint-json"])
@pytest.mark.parametrize("code", [None, 0])
def test_silence_is_never_clean(name: str, code: int | None) -> None:
    assert read(name, RawOutput(exit_code=code)).meaning is not Meaning.CLEAN


@pytest.mark.parametrize(("name", "text"), [
    ("tap", "ok 1 - a # " * 40_000), ("tap", "not ok 1\n  ---\n" * 30_000), ("tap", "    " * 60_000 + "ok 1\n"), ("tap", "ok 1\n  ---\n" + "  a: |\n" * 30_000 + "  ...\n"),
    ("jest", "FAIL a\n  \u25cf x\n" * 20_000), ("jest", "FAIL " + "a " * 200_000), ("jest", "  \u2713 " + "(1 " * 100_000), ("jest", "FAIL a\n" + "  s\n" * 50_000),
    ("mocha", "  1 passing\n  1 failing\n" + "  1) a\n" * 40_000), ("mocha", "  x (1): y\n" * 30_000), ("mocha-xunit", "<testsuite " * 40_000),
    ("eslint-stylish", "\n/r/a.js\n  1:1  error  " + "  a" * 100_000 + "!"), ("eslint-unix", "a:1:" * 100_000), ("eslint-compact", "/a: line 1, col 1, Error - " + "(a) " * 90_000),
    ("biome-github", "::error " + "file=a," * 60_000 + "::x"), ("oxlint", "  x " + "a(" * 100_000), ("oxlint", "   ,-[" + ":1:1" * 100_000), ("tsc", "a b$ c\na b: " * 30_000)],
    ids=lambda value: value[:14])
@pytest.mark.timeout(20)
def test_long_and_repetitive_output_does_not_stall_a_parser(name: str, text: str) -> None:
    assert read(name, raw_of(text, text, code=1)).meaning is not Meaning.CLEAN


@pytest.mark.parametrize("case", ["jest/30.5.2/text-retries", "jest/30.5.2/json-retries"])
def test_a_test_of_jest_that_passed_in_the_end_keeps_its_failed_tries(case: str) -> None:
    recorded = load(OUTPUTS / case)
    flaky, bad = read(recorded.parser, recorded.raw).tests
    assert (flaky.flaky, len(flaky.earlier), bad.flaky, len(bad.earlier)) == (True, 1, False, 2)
    assert flaky.earlier[0].endswith("expect(received).toBe(expected) // Object.is equality")


def test_a_file_of_a_jest_project_that_cannot_be_read_starts_at_its_folder() -> None:
    said = "PASS my unit src/a b.test.js\n  \u2713 adds\n\n" + COUNTS.format(suites="1 passed, 1 total", tests="1 passed, 1 total")
    assert read("jest", raw_of("", said)).tests[0].file == "src/a b.test.js"


def test_a_test_of_mocha_that_passed_in_the_end_is_flaky() -> None:
    recorded = load(OUTPUTS / "mocha/12.0.3/json-retries")
    flaky, bad = read(recorded.parser, recorded.raw).tests
    assert (flaky.flaky, len(flaky.earlier), bad.flaky, len(bad.earlier)) == (True, 1, False, 2)
