"""Traps of the Solidity tools: exit codes that say nothing, columns in bytes, and parts of an output that are missing."""

from __future__ import annotations

import pytest

from gatekeeper.model.finding import Parsed, RawOutput, TestOutcome
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output

SUITE = "Ran 2 tests for test/A.t.sol:ATest\n[PASS] test_One() (gas: 1)\n"
CONTRACTS = b"contract One {\n    function setUp() public {}\n}\ncontract Two {\n    function setUp() public {}\n}\n"


def parsed(name: str, out: str, code: int | None = None, said: str = "", source: bytes | None = None) -> Parsed:
    raw = RawOutput(stdout=out.encode(), stderr=said.encode(), exit_code=code, root="/repo", cwd="/repo", read=lambda _file: source)
    return parse_output(name, raw, ExitSpec())


def test_an_old_compiler_that_ends_well_in_spite_of_errors_found_something() -> None:
    said = "A.sol:2:5: TypeError: Wrong.\n    uint x = 1;\n    ^--------^\n"
    assert parsed("solc", "", 0, said).meaning is Meaning.FINDINGS


def test_trouble_of_the_compiler_itself_is_no_finding() -> None:
    found = parsed("solc", "", 1, "InternalCompilerError: Stack too deep\n --> A.sol:1:1:\n  |\n1 | contract A {}\n  | ^^^\n")
    assert (found.meaning, found.findings) == (Meaning.TOOL_ERROR, ())


def test_a_javascript_exception_is_no_error_of_a_contract() -> None:
    found = parsed("solc", "", 1, "TypeError: Cannot read properties of undefined\n    at main (/x/solc.js:3:1)\n")
    assert (found.meaning, found.findings) == (Meaning.TOOL_ERROR, ())


def test_a_line_that_the_compiler_cut_leaves_the_column_alone() -> None:
    found = parsed("solc", "", 1, "A.sol:2:90: TypeError: Wrong.\n ...  é😀; uint x = 1; ... \n    ^--------^\n")
    assert [one.column for one in found.findings] == [90]


@pytest.mark.parametrize("text", [SUITE, SUITE + "[PASS] test_Two() (gas: 1)\n"])
def test_a_suite_without_its_result_is_torn(text: str) -> None:
    assert parsed("forge-test", text, 0).meaning is Meaning.TOOL_ERROR


def test_tests_that_were_counted_and_not_shown_are_missed() -> None:
    found = parsed("forge-test", SUITE + "Suite result: FAILED. 1 passed; 1 failed; 0 skipped; finished in 1ms\n", 1)
    assert (found.meaning, found.message) == (Meaning.TOOL_ERROR, "tests ran that the output does not show")


def test_the_older_generation_of_forge_is_read_as_well() -> None:
    text = ("Running 2 tests for test/A.t.sol:ATest\n[FAIL. Reason: Assertion failed.; counterexample: calldata=0x1 args=[1]] test_A(uint256) (runs: 0, μ: 0, ~: 0)\n"
            "[PASS] test_B() (gas: 1)\nTest result: FAILED. 1 passed; 1 failed; finished in 1.00ms\n")
    found = parsed("forge-test", text, 1)
    assert [(test.name, test.outcome, test.message) for test in found.tests] == [
        ("test_A(uint256)", TestOutcome.FAILED, "Assertion failed."), ("test_B()", TestOutcome.PASSED, None)]


def test_a_failing_set_up_is_looked_for_in_its_own_contract() -> None:
    text = "Ran 1 test for test/A.t.sol:Two\n[FAIL: no] setUp() (gas: 0)\nSuite result: FAILED. 0 passed; 1 failed; 0 skipped; finished in 1ms\n"
    assert [test.line for test in parsed("forge-test", text, 1, source=CONTRACTS).tests] == [5]


@pytest.mark.parametrize("name", ["forge-build", "forge-lint", "forge-test", "forge-lint-json"])
def test_words_that_are_not_forges_are_never_clean(name: str) -> None:
    assert parsed(name, "all fine here\n").meaning is Meaning.TOOL_ERROR
