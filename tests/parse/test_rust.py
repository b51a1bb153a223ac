"""Traps of cargo's, rustc's and libtest's outputs: what is missing must show, and what a fix may change must not be lost."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gatekeeper.model.finding import Finding, Parsed, RawOutput, Safety, TestOutcome
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output
from tests.parse.recordings import OUTPUTS, load


def parsed(name: str, out: str, code: int | None = None, said: str = "") -> Parsed:
    return parse_output(name, RawOutput(stdout=out.encode(), stderr=said.encode(), exit_code=code, root="/repo", cwd="/repo"), ExitSpec())


def told(*children: dict[str, object]) -> Finding:
    """The finding of a compiler message with these children."""
    span = {"file_name": "src/lib.rs", "is_primary": True, "line_start": 1, "column_start": 2, "line_end": 1, "column_end": 4}
    message = {"message": "it is so", "level": "warning", "code": {"code": "a_lint"}, "spans": [span], "children": children, "rendered": "it"}
    lines = [json.dumps({"reason": "compiler-message", "message": message}), json.dumps({"reason": "build-finished", "success": True})]
    return parsed("cargo-json", "\n".join(lines), 0).findings[0]


def helps(*replacements: tuple[int, int, str], applies: str | None = "MachineApplicable", file: str = "src/lib.rs") -> dict[str, object]:
    spans = [{"file_name": file, "line_start": 1, "column_start": start, "line_end": 1, "column_end": end, "suggested_replacement": text, "suggestion_applicability": applies}
             for start, end, text in replacements]
    return {"message": "do this", "spans": spans}


@pytest.mark.parametrize(("word", "safety"), [("MachineApplicable", Safety.SAFE), ("MaybeIncorrect", Safety.UNSAFE), ("HasPlaceholders", Safety.DISPLAY_ONLY),
                                              ("Unspecified", Safety.DISPLAY_ONLY), (None, Safety.DISPLAY_ONLY), ("Perhaps", Safety.DISPLAY_ONLY)])
def test_a_suggestion_keeps_its_safety(word: str | None, safety: Safety) -> None:
    assert [fix.safety for fix in told(helps((2, 4, "x"), applies=word)).fixes] == [safety]


def test_the_parts_of_one_suggestion_are_one_fix() -> None:
    fixes = told(helps((2, 4, "x"), (4, 5, ""))).fixes
    assert [[(edit.column, edit.end_column, edit.content) for edit in fix.edits] for fix in fixes] == [[(2, 4, "x"), (4, 5, "")]]


def test_alternatives_at_one_place_are_fixes_of_their_own() -> None:
    fixes = told(helps((2, 4, "one"), (2, 4, "two"), applies="MaybeIncorrect")).fixes
    assert [fix.edits[0].content for fix in fixes] == ["one", "two"]


def test_edits_that_overlap_are_only_shown() -> None:
    fixes = told(helps((2, 4, "one"), (3, 5, "two"))).fixes
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.DISPLAY_ONLY, ())]


def test_a_suggestion_for_a_file_outside_the_tree_is_never_applied() -> None:
    fixes = told(helps((2, 4, "one"), file="/rustc/library/core.rs")).fixes
    assert [(fix.safety, fix.edits) for fix in fixes] == [(Safety.DISPLAY_ONLY, ())]


@pytest.mark.parametrize("name", ["cargo", "cargo-short"])
def test_silence_is_clean_only_when_the_exit_code_says_so(name: str) -> None:
    assert parsed(name, "", 0).meaning is Meaning.CLEAN
    assert parsed(name, "", None).meaning is Meaning.TOOL_ERROR


def test_warnings_that_were_announced_and_are_not_there_are_missed() -> None:
    announced = "warning: `demo` (lib) generated 3 warnings (1 duplicate)\n    Finished `dev` profile [unoptimized + debuginfo] target(s) in 0.1s\n"
    found = parsed("cargo", "warning: odd\n --> src/lib.rs:1:1\n\n" + announced, 0)
    assert (found.meaning, found.message) == (Meaning.FINDINGS_AND_TOOL_ERROR, "cargo generated 2 warnings, the output shows 1")


@pytest.mark.parametrize("ending", ["    Finished `dev` profile [unoptimized + debuginfo] target(s) in 0.10s", "    Finished dev [unoptimized + debuginfo] target(s) in 0.10s"])
def test_both_generations_of_the_last_line_are_an_end(ending: str) -> None:
    assert parsed("cargo", "", None, said=f"    Checking demo v0.1.0 (/repo)\n{ending}\n").meaning is Meaning.CLEAN


def test_a_build_script_that_fails_beside_a_compile_error_is_told_as_well() -> None:
    text = ("error[E0308]: mismatched types\n --> src/lib.rs:3:5\n  |\n\nerror: could not compile `one` (lib) due to 1 previous error\n"
            "error: failed to run custom build command for `two v0.1.0 (/repo/two)`\n")
    found = parsed("cargo", "", 101, said=text)
    assert (found.meaning, [one.rule for one in found.findings]) == (Meaning.FINDINGS_AND_TOOL_ERROR, ["E0308"])


def test_compiling_that_failed_without_a_reason_is_no_clean_build() -> None:
    assert parsed("cargo", "error: could not compile `one` (lib) due to 1 previous error\n", None).meaning is Meaning.TOOL_ERROR


def test_json_events_that_stop_between_two_tests_are_torn() -> None:
    raw = load(OUTPUTS / "cargo-test" / "1.95.0" / "json-abort").raw
    lines = raw.stdout.splitlines()[:3]
    found = parse_output("libtest", replace(raw, stdout=b"\n".join(lines), stderr=b"", exit_code=None), ExitSpec())
    assert (found.meaning, found.message) == (Meaning.TOOL_ERROR, "the output ends before the end of its suite")


def test_a_quiet_run_still_counts_its_tests() -> None:
    out = "\nrunning 3 tests\n...\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n"
    found = parsed("libtest", out, 0)
    assert (found.meaning, [test.outcome for test in found.tests]) == (Meaning.CLEAN, [TestOutcome.PASSED] * 3)


def test_a_benchmark_with_thousands_is_a_number() -> None:
    out = "\nrunning 1 test\ntest sum ... bench:   1,234,567.89 ns/iter (+/- 12)\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 1 measured; 0 filtered out\n"
    found = parsed("libtest", out, 0)
    assert [(metric.subject, metric.value, metric.unit) for metric in found.metrics] == [("sum", 1234567.89, "ns/iter")]


def test_the_page_that_clippy_names_in_words_is_the_address_of_the_finding() -> None:
    page = "https://rust-lang.github.io/rust-clippy/rust-1.95.0/index.html#len_zero"
    assert told({"message": "use it"}, {"message": f"for further information visit {page}"}).url == page
    assert told({"message": "visit https://example.org/x"}).url is None
    recorded = load(OUTPUTS / "clippy" / "1.95.0" / "warnings")
    pages = {found.rule: found.url for found in parse_output(recorded.parser, recorded.raw, ExitSpec()).findings}
    assert any(rule and url and url.endswith(f"#{rule.removeprefix('clippy::')}") for rule, url in pages.items())
