"""The four reference outputs with the findings that careful readers expect, compared by their own conventions.

A list stands for any of its members, findings are a set, `message_match: prefix` compares beginnings.
"""

from __future__ import annotations

import pytest

from gatekeeper.model.finding import Finding, TestCase
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output
from tests.parse.recordings import Recording, every

CASES = every("reference.json")
_STATUS = {"passed": "passed", "failed": "failed", "error": "error", "skipped": "skipped"}


def _matches(expected: object, actual: object) -> bool:
    return actual in expected if isinstance(expected, list) else expected == actual


def _is(finding: Finding, expected: dict[str, object]) -> bool:
    places = all(_matches(expected[key], getattr(finding, key)) for key in ("file", "line", "column") if key in expected)
    ends = all(_matches(expected[key], getattr(finding, key)) for key in ("end_line", "end_column") if expected.get(key) is not None)
    more = all(_matches(expected[key], getattr(finding, key)) for key in ("cell", "fixable") if key in expected)
    message = str(expected["message"])
    said = finding.message.startswith(message) if expected.get("message_match") == "prefix" else finding.message == message
    return places and ends and more and said and _matches(expected["rule"], finding.rule) and _matches(expected["severity"], finding.level.value)


def _test_is(test: TestCase, expected: dict[str, object]) -> bool:
    start = expected["message_starts"]
    said = test.message is None if start is None else (test.message or "").startswith(str(start))
    return said and (test.classname, test.name, test.outcome.value) == (expected["classname"], expected["name"], _STATUS[str(expected["status"])])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_reference_output_has_the_expected_meaning(case: Recording) -> None:
    assert parse_output(case.parser, case.raw, ExitSpec()).meaning.value == case.document("reference.json")["verdict"]


@pytest.mark.parametrize("case", [case for case in CASES if "findings" in case.document("reference.json")], ids=str)
def test_a_reference_output_gives_exactly_the_expected_findings(case: Recording) -> None:
    expected = case.document("reference.json")["findings"]
    assert isinstance(expected, list)
    findings = parse_output(case.parser, case.raw, ExitSpec()).findings
    unmatched = [one for one in expected if sum(_is(finding, one) for finding in findings) != 1]
    assert (len(findings), unmatched) == (len(expected), [])


def test_the_reference_pytest_run_gives_exactly_the_expected_tests() -> None:
    case = next(case for case in CASES if "tests" in case.document("reference.json"))
    expected = case.document("reference.json")["tests"]
    assert isinstance(expected, dict)
    tests = parse_output(case.parser, case.raw, ExitSpec()).tests
    unmatched = [one for one in expected["cases"] if sum(_test_is(test, one) for test in tests) != 1]
    places = {test.name: f"{test.file}:{test.line}" for test in tests if test.name in expected["locations"]}
    assert (len(tests), unmatched, places) == (len(expected["cases"]), [], expected["locations"])
