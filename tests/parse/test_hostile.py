"""Whatever a tool prints, parsing ends with a value; and what is no report is never clean.

Without an exit code no bytes are clean but a document that says so. With exit code 0 a document is still needed where the format is one; of formats in
lines the exit code is the tool's own word that all is well, so silence is clean, and so are words that nobody knows (banners, progress). With an exit
code that goes with findings nothing is clean but a fixer.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from time import process_time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gatekeeper.errors import UsageError
from gatekeeper.model.finding import Parsed, RawOutput
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import UnparsableError, load
from gatekeeper.parse.formats import FORMATS, one_stream, parse_output
from gatekeeper.parse.xml import load_xml
from tests.parse.recordings import Recording, every

#: JSON in lines: a line that does not start like an object may be another program's, and the exit code decides
LINES = frozenset({"mypy-json", "cargo-json", "ruff-json-lines", "rdjsonl"}) & set(FORMATS)
JSON = tuple(sorted({name for name in FORMATS if name.endswith(("-json", "-json1"))} - LINES | {"sarif", "gitlab", "rdjson"}))
XML = tuple(sorted({name for name in FORMATS if name.endswith(("junit", "xunit"))} | {"checkstyle"}))
CASES = every("cmd.json")


def _size(case: Recording) -> int:
    return len(case.raw.stdout) + len(case.raw.stderr) + len(case.raw.report or b"")


CODES = st.sampled_from([None, 0, 1, 2, 5, 101, 255, -9])
#: what a parser's own mistake would be reported as
FAULT = "could not read this output"
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])

JSON_VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
                           lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
                               ["message", "messages", "filename", "filePath", "file", "location", "row", "column", "severity", "code", "fix", "edits", "errors",
                                "sources", "sourceLocation", "start", "end", "testResults", "assertionResults", "status", "name", "dependencies", "vulns", "id",
                                "vulnerabilities", "auditReportVersion", "via", "list", "advisory", "cvss", "runs", "results", "tool", "driver", "rules", "locations",
                                "schema", "findings", "tests", "outcome", "generalDiagnostics", "range", "line", "character", "summary", "stats", "passes",
                                "failures", "pending", "title", "err", "test_results", "error", "reason", "spans", "level", "warnings", "lockfile", "event", "type"]),
                               inner, max_size=5), max_leaves=20)


#: what a pattern of the user's never finds in the noise below
PATTERN = "^wrong: (?P<message>.*)$"
#: a fixer that ended with its findings code did its work: what it left is told by the checks after it
FIXERS = frozenset({"fixer"})
#: documents that are left out where there is nothing to tell: then exit code 0 alone is clean
SILENT = frozenset({"npm-outdated-json", "markdownlint-json", "forge-lint-json"})


def parsed(name: str, data: bytes, code: int | None = None) -> Parsed:
    raw = RawOutput(stdout=data, exit_code=code, root="/repo", cwd="/repo/sub", read=lambda _path: b"text\n", pattern=PATTERN if name == "regex" else "")
    return parse_output(name, raw, ExitSpec())


@pytest.mark.parametrize("name", FORMATS)
@given(out=st.binary(max_size=300), said=st.binary(max_size=100), report=st.none() | st.binary(max_size=200), code=CODES)
@QUICK
def test_any_bytes_into_any_parser_give_a_value(name: str, out: bytes, said: bytes, report: bytes | None, code: int | None) -> None:
    raw = RawOutput(stdout=out, stderr=said, report=report, exit_code=code, root="/repo", cwd="/repo", read=lambda _path: out)
    assert FAULT not in (parse_output(name, raw, ExitSpec()).message or "")


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data(), code=CODES)
@QUICK
def test_damaged_recordings_give_a_value(name: str, data: st.DataObject, code: int | None) -> None:
    case = data.draw(st.sampled_from([case for case in CASES if case.parser == name] or CASES))
    out, said = _damaged(data, case.raw.stdout), _damaged(data, case.raw.stderr)
    report = None if case.raw.report is None else _damaged(data, case.raw.report)
    raw = replace(case.raw, stdout=out, stderr=said, report=report, exit_code=code)
    assert FAULT not in (parse_output(name, raw, ExitSpec()).message or "")


def _damaged(data: st.DataObject, content: bytes) -> bytes:
    """The content with a part cut out, doubled or replaced."""
    if not content:
        return content
    at, size = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 40))
    return content[:at] + data.draw(st.sampled_from([b"", b"\n", b'"', b"9" * 30, b"\x1b[31m", b"\xff", b"{", b"null", content[:at][-20:]])) + content[at + size:]


@pytest.mark.parametrize("name", JSON)
@given(value=JSON_VALUES, code=CODES)
@QUICK
def test_json_of_any_shape_gives_a_value(name: str, value: object, code: int | None) -> None:
    assert FAULT not in (parsed(name, json.dumps(value).encode(), code).message or "")


@pytest.mark.parametrize("name", ["libtest", "cargo-json", "mypy-json"])
@given(values=st.lists(JSON_VALUES, max_size=5), code=CODES)
@QUICK
def test_json_lines_of_any_shape_give_a_value(name: str, values: list[object], code: int | None) -> None:
    assert FAULT not in (parsed(name, b"\n".join(json.dumps(value).encode() for value in values), code).message or "")


@pytest.mark.parametrize("name", JSON)
@given(data=st.binary(max_size=200), code=CODES)
@QUICK
def test_bytes_that_hold_no_document_are_never_clean(name: str, data: bytes, code: int | None) -> None:
    try:
        load(data)
    except UnparsableError:
        assert parsed(name, data, code).meaning is not Meaning.CLEAN or (name in SILENT and code == 0 and not data.strip())


@pytest.mark.parametrize("name", XML)
@given(data=st.binary(max_size=200), code=CODES)
@QUICK
def test_bytes_that_are_no_xml_are_never_clean(name: str, data: bytes, code: int | None) -> None:
    try:
        load_xml(data, frozenset({"testsuites", "testsuite", "checkstyle"}))
    except UnparsableError:
        assert parsed(name, data, code).meaning is not Meaning.CLEAN


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.binary(max_size=200))
@example(data=b"")
@example(data=b" \n\t\n")
@example(data=b"\0")
@example(data=b"[")
@example(data=b"<html></html>")
@example(data=b"\x1b[31m\x1b[0m")
@QUICK
def test_bytes_without_an_exit_code_are_never_clean(name: str, data: bytes) -> None:
    with suppress(UnparsableError):
        load(data)
        return  # by chance a document
    assert parsed(name, data).meaning is not Meaning.CLEAN


@pytest.mark.parametrize("name", sorted(set(FORMATS) - FIXERS))
@given(data=st.binary(max_size=200))
@example(data=b"")
@QUICK
def test_nothing_is_clean_with_the_exit_code_of_findings(name: str, data: bytes) -> None:
    assert parsed(name, data, 1).meaning is not Meaning.CLEAN


@pytest.mark.parametrize("case", [case for case in CASES if case.parser in JSON and case.raw.report is None and case.raw.stdout[:1] in {b"[", b"{"}], ids=str)
def test_what_package_managers_print_around_a_document_is_passed_over(case: Recording) -> None:
    around = b"\n> web@1.0.0 lint\n> lint --json\n\n" + case.raw.stdout.rstrip() + b"\nDone in 0.42s.\n"
    plain, noisy = (parse_output(case.parser, replace(case.raw, stdout=stdout), ExitSpec()) for stdout in (case.raw.stdout, around))
    assert (noisy.meaning, noisy.findings, noisy.tests) == (plain.meaning, plain.findings, plain.tests)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"fixer"}))
@given(words=st.text(alphabet="abc xyz.:-\n", min_size=1, max_size=80).filter(str.strip))
@QUICK
def test_words_of_another_program_are_never_clean_while_the_exit_code_is_unknown(name: str, words: str) -> None:
    assert parsed(name, words.encode()).meaning is not Meaning.CLEAN


@pytest.mark.parametrize("case", [case for case in CASES if case.parser in {*JSON, *XML, "cargo-json"}], ids=str)
def test_a_report_that_is_cut_off_is_never_clean(case: Recording) -> None:
    report = case.raw.stdout if case.raw.report is None else case.raw.report
    whole = report.rstrip()
    cuts = [whole[:len(whole) * part // 20] for part in range(20)] + [whole[:-1]]
    meanings = {parse_output(case.parser, replace(case.raw, stdout=cut, report=cut, exit_code=None), ExitSpec()).meaning for cut in cuts}
    assert Meaning.CLEAN not in meanings


@pytest.mark.parametrize("name", JSON)
@pytest.mark.parametrize("bomb", [b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000, b"noise\n" + b"[" * 200_000, b"9" * 100_000])
def test_nesting_bombs_are_tool_errors(name: str, bomb: bytes) -> None:
    assert parsed(name, bomb).meaning is Meaning.TOOL_ERROR


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize("bomb", [
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><testsuites><testcase name="&b;"/></testsuites>',
    b'<!DOCTYPE t SYSTEM "file:///etc/passwd"><testsuites/>', b"<testsuites>" + b"<testsuite>" * 100_000, b"<testsuites>" * 5],
    ids=["entities", "external", "deep", "unclosed"])
def test_xml_bombs_are_refused(name: str, bomb: bytes) -> None:
    assert parsed(name, bomb).meaning is Meaning.TOOL_ERROR


def test_an_unknown_format_is_a_usage_error_with_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        parse_output("ruff-jsn", RawOutput(), ExitSpec())
    assert caught.value.hint == "did you mean `ruff-json`?"


@pytest.mark.parametrize("name", sorted(set(FORMATS) - FIXERS))
@pytest.mark.parametrize("line", [b"a" * 400_000, b"a:1:" * 100_000, b"test a ... ok, " * 30_000, b" (1,2): error TS1: " * 20_000, b"! " * 200_000,
                                  b"test a ... \n" * 30_000, b"ERROR: a " * 50_000, b"--- a\n+++ b\n" * 20_000, b"[error] a: XError: (1:1) " * 15_000,
                                  b"[FAIL\n" * 30_000, b"In a line 1:\n" * 20_000, b"error: \xe2\x94\x82" + b"^ " * 100_000], ids=lambda line: line[:14])
@pytest.mark.timeout(20)
def test_long_and_repetitive_output_does_not_stall_a_parser(name: str, line: bytes) -> None:
    raw = RawOutput(stdout=line, stderr=line, report=line, exit_code=1, root="/repo", cwd="/repo", pattern=PATTERN if name == "regex" else "")
    assert parse_output(name, raw, ExitSpec()).meaning is not Meaning.CLEAN


@pytest.mark.parametrize("case", [max((case for case in CASES if case.parser == name), key=_size) for name in sorted({case.parser for case in CASES})], ids=str)
def test_an_output_that_is_eight_times_as_long_takes_about_eight_times_as_long(case: Recording) -> None:
    few, many = (_seconds(case, _repeated(case.raw, size)) for size in (128_000, 1_024_000))
    assert many < 16 * few + 1.0


def _seconds(case: Recording, raw: RawOutput) -> float:
    start = process_time()
    parse_output(case.parser, raw, ExitSpec())
    return process_time() - start


def _repeated(raw: RawOutput, size: int) -> RawOutput:
    out, said, report = (part * max(1, size // max(len(part), 1)) for part in (raw.stdout, raw.stderr, raw.report or b""))
    return replace(raw, stdout=out, stderr=said, report=None if raw.report is None else report)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("said", [b"usage: tool [-h]\n", b"warn", b"$ tool --check\n"])
def test_words_on_standard_error_alone_never_tell_that_all_is_well(name: str, said: bytes) -> None:
    raw = RawOutput(stderr=said, root="/repo", cwd="/repo", pattern=PATTERN if name == "regex" else "")
    assert parse_output(name, raw, ExitSpec()).meaning is not Meaning.CLEAN


#: what a tool says before it names its findings is all that a clean run says
TELLING_LITTLE = frozenset({"taplo", "safety-json"})


@pytest.mark.parametrize("case", [case for case in CASES if case.parser not in TELLING_LITTLE], ids=str)
def test_the_start_of_an_output_that_is_not_clean_is_never_clean(case: Recording) -> None:
    whole = replace(case.raw, exit_code=None)
    if parse_output(case.parser, whole, ExitSpec()).meaning is not Meaning.CLEAN:
        assert Meaning.CLEAN not in {parse_output(case.parser, _start(whole, tenths), ExitSpec()).meaning for tenths in range(1, 10)}


def _start(raw: RawOutput, tenths: int) -> RawOutput:
    out, said, report = (None if part is None else part[:len(part) * tenths // 10] for part in (raw.stdout, raw.stderr, raw.report))
    return replace(raw, stdout=out or b"", stderr=said or b"", report=report)


@pytest.mark.parametrize("case", [case for case in CASES if case.parser in {"black", "unittest", "cargo-update"} and case.raw.stderr.strip() and not case.raw.stdout.strip()], ids=str)
def test_what_a_tool_says_on_standard_error_is_also_read_from_the_one_stream_that_was_kept(case: Recording) -> None:
    apart, kept = (parse_output(case.parser, raw, ExitSpec()) for raw in (case.raw, one_stream(case.parser, replace(case.raw, stdout=case.raw.stderr, stderr=b""))))
    assert (kept.meaning, kept.findings, kept.tests) == (apart.meaning, apart.findings, apart.tests)
