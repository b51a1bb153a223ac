"""Exit code and output decide together what a run meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.model.finding import Category, Finding, Level, Severity, TestOutcome
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import ALIASES, FORMATS, format_named
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.text import complaint, decode, legible
from tests.parse.outputs import raw_of, read

ONE = (Finding(tool="t", message="m", level=Level.WARNING, severity=Severity.MEDIUM, category=Category.LINT),)
EXITS = ExitSpec(nothing=frozenset({5}))


@pytest.mark.parametrize(("code", "account", "meaning"), [
    (0, Account(), Meaning.CLEAN),
    (None, Account(), Meaning.CLEAN),
    (0, Account(findings=ONE), Meaning.FINDINGS),
    (1, Account(findings=ONE), Meaning.FINDINGS),
    (None, Account(findings=ONE), Meaning.FINDINGS),
    (1, Account(), Meaning.TOOL_ERROR),
    (2, Account(), Meaning.TOOL_ERROR),
    (2, Account(findings=ONE), Meaning.FINDINGS_AND_TOOL_ERROR),
    (-9, Account(), Meaning.TOOL_ERROR),
    (0, Account(error="broken"), Meaning.TOOL_ERROR),
    (0, Account(error="broken", findings=ONE), Meaning.FINDINGS_AND_TOOL_ERROR),
    (0, Account(nothing="no tests"), Meaning.NOTHING_CHECKED),
    (1, Account(nothing="no tests"), Meaning.NOTHING_CHECKED),
    (2, Account(nothing="no tests"), Meaning.TOOL_ERROR),
    (5, Account(), Meaning.NOTHING_CHECKED),
    (5, Account(findings=ONE), Meaning.FINDINGS),
    (1, Account(nothing="no tests", findings=ONE), Meaning.FINDINGS)])
def test_code_and_account_give_the_meaning(code: int | None, account: Account, meaning: Meaning) -> None:
    assert conclude(raw_of(code=code), EXITS, account).meaning is meaning


def test_the_same_finding_twice_is_one() -> None:
    assert conclude(raw_of(code=1), EXITS, Account(findings=ONE * 3)).findings == ONE


@pytest.mark.parametrize(("said", "expected"), [
    ("warning: x\nerror: it broke\nnote: y", "error: it broke"),
    ("Traceback (most recent call last):\n  File x\nKeyError: 'a'", "KeyError: 'a'"),
    ("Traceback (most recent call last):\n  File x\npkg.Oops: no", "pkg.Oops: no"),
    ("usage: x [error: y]\nx: error: bad option", "x: error: bad option"),
    ("Error: reading failed:\n  line 1\n", "Error: reading failed: line 1"),
    ("unknown option --x\nsee --help", "unknown option --x"),
    ("", None), ("...\n---\n", None)])
def test_the_line_that_says_why_a_tool_failed_is_found(said: str, expected: str | None) -> None:
    assert complaint(raw_of("", said, code=2)) == expected


def test_of_tap_the_first_test_that_failed_is_the_complaint_and_not_the_block_that_tells_of_it() -> None:
    said = "TAP version 13\nok 1 - fine\nnot ok 2 - later # TODO\n  error: |-\nnot ok 3 - sums up\n  ---\n  error: |-\n    12 !== 14\n  ...\n1..3\n"
    assert complaint(raw_of(said, "", code=1)) == "not ok 3 - sums up"


def test_a_report_on_standard_output_is_no_complaint() -> None:
    assert complaint(raw_of('[{"message": "error"}]\n', code=2)) is None


def test_colours_titles_and_broken_bytes_are_gone() -> None:
    assert legible(decode(b"\xef\xbb\xbf\x1b[1;31merror\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 \xff\x1b(B")) == "error link \ufffd"


def test_bytes_that_are_no_utf8_stay_in_file_names_and_are_shown_in_messages() -> None:
    one = read("flake8", replace(raw_of(code=1), stdout=b"a\xff.py:1:1: E501 too \xfe long\n")).findings[0]
    assert ((one.file or "").encode("utf-8", "surrogateescape"), one.message) == (b"a\xff.py", "too \ufffd long")


def test_a_fixer_that_left_findings_did_its_work() -> None:
    assert read("fixer", raw_of("1 left", code=1)).meaning is Meaning.CLEAN


def test_a_fixer_that_crashed_did_not() -> None:
    parsed = read("fixer", raw_of("", "error: cannot write a.py", code=3))
    assert (parsed.meaning, parsed.message) == (Meaning.TOOL_ERROR, "error: cannot write a.py")


@pytest.mark.parametrize(("code", "meaning"), [(0, Meaning.CLEAN), (1, Meaning.FINDINGS), (2, Meaning.TOOL_ERROR), (5, Meaning.NOTHING_CHECKED), (None, Meaning.TOOL_ERROR)])
def test_an_exit_code_alone_gives_a_meaning(code: int | None, meaning: Meaning) -> None:
    assert read("exit-code", raw_of("checking\n", "error: no\n", code=code), EXITS).meaning is meaning


def test_a_script_that_fails_is_one_finding_with_its_words() -> None:
    finding = read("exit-code", raw_of("checking a\nchecking b\n", "b is wrong\n", code=1)).findings[0]
    assert (finding.message, finding.detail, finding.file) == ("b is wrong", "checking a\nchecking b\nb is wrong", None)


def test_where_a_script_says_nothing_the_words_around_it_are_no_reason() -> None:
    echo = "> app@1.0.0 test\n> node -e process.exit(1)\n"
    assert complaint(raw_of(echo, "npm warn Unknown user config\n", code=1)) is None
    assert complaint(raw_of(echo, 'npm warn Unknown user config\nnpm error Missing script: "test"\n', code=1)) == 'npm error Missing script: "test"'


@pytest.mark.parametrize(("name", "known"), [("bandit", "bandit-json"), ("ruff", "ruff-json"), ("mypy", "mypy"), ("solc-standard-json", "solc-json"), ("sarif", "sarif")])
def test_a_format_may_be_called_as_people_call_it(name: str, known: str) -> None:
    assert format_named(name) == known


def test_every_other_name_means_a_format_that_exists() -> None:
    assert [name for name, known in ALIASES.items() if known not in FORMATS] == []


@pytest.mark.parametrize(("name", "known"), [("MyPy_JSON", "mypy-json"), ("ruff json lines", "ruff-json-lines"), ("rustfmt-l", "rustfmt"), ("SARIF-2.1.0", "sarif"),
                                             ("node-tap", "tap"), ("forge-json", "forge-test-json"), ("forge-text", "forge-test"), ("libtest-json", "libtest")])
def test_case_and_joints_of_a_name_do_not_matter(name: str, known: str) -> None:
    assert format_named(name) == known


def test_no_other_name_hides_a_format() -> None:
    assert sorted(set(ALIASES) & set(FORMATS)) == []


def test_the_json_of_a_tool_is_read_where_its_text_was_named() -> None:
    line = b'{"file": "a.py", "line": 1, "column": 0, "message": "no", "hint": null, "code": "misc", "severity": "error"}\n'
    assert [(finding.line, finding.rule) for finding in read("mypy", raw_of(line.decode(), code=1)).findings] == [(1, "misc")]


def test_what_a_test_prints_is_no_report_of_its_runner() -> None:
    said = '{"a": 1}\n\n  1 passing (2ms)\n  1 failing\n\n  1) adds:\n     Error: no\n      at a.js:1:1\n'
    assert read("mocha", raw_of(said, code=1)).meaning is Meaning.FINDINGS


@pytest.mark.parametrize("name", ["pytest", "jest", "mocha", "vitest", "forge", "tap", "libtest"])
def test_the_xml_of_a_test_runner_is_read_where_its_text_was_named(name: str) -> None:
    report = '<?xml version="1.0"?><testsuites><testsuite><testcase classname="a" name="b" time="0"><failure message="no"/></testcase></testsuite></testsuites>'
    assert [(test.name, test.outcome) for test in read(name, raw_of("1 failed\n", code=1, report=report)).tests] == [("b", TestOutcome.FAILED)]
