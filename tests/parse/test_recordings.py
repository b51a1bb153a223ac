"""Every recorded output means what a reader of it wrote down in `expected.json`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.model.finding import Finding, Parsed, TestCase
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import FORMATS, parse_output
from gatekeeper.parse.place import UNCOUNTED
from tests.parse.recordings import OUTPUTS, Recording, every

CASES = every("expected.json")
#: formats of which no real output could be recorded here, each with the test module that stands in
UNRECORDED = {"gatekeeper-json", "exit-code", "fixer", "regex", "rdjsonl"}
_FINDING = ("file", "line", "column", "end_line", "end_column", "rule", "level", "severity", "category", "message", "fixable", "cell")
_TEST = ("name", "classname", "outcome", "file", "line", "message")


def told(parsed: Parsed) -> dict[str, object]:
    """What a reader can check, without what is empty."""
    whole = {"meaning": parsed.meaning.value, "message": parsed.message,
             "findings": [_kept(finding, _FINDING) for finding in parsed.findings],
             "tests": [_kept(test, _TEST) for test in parsed.tests],
             # whether sources lie beside a recording is no matter of what its reader wrote
             "problems": [{"file": problem.file, "message": problem.message} for problem in parsed.problems if not problem.message.startswith(UNCOUNTED)]}
    return {key: value for key, value in whole.items() if value}


def _kept(value: Finding | TestCase, names: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(value, name) for name in names if getattr(value, name) not in {None, "", False}}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_recorded_output_means_what_its_reader_wrote(case: Recording) -> None:
    assert told(parse_output(case.parser, case.raw, ExitSpec())) == case.document("expected.json")


@pytest.mark.parametrize("case", [case for case in CASES if case.document("expected.json")["meaning"] == "findings" and case.folder.name != "outdated"], ids=str)
def test_findings_stay_findings_when_the_exit_code_is_unknown(case: Recording) -> None:
    parsed = parse_output(case.parser, replace(case.raw, exit_code=None), ExitSpec())
    assert parsed.meaning is Meaning.FINDINGS


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_exit_code_outside_the_specification_is_never_clean(case: Recording) -> None:
    parsed = parse_output(case.parser, replace(case.raw, exit_code=77), ExitSpec())
    assert parsed.meaning is not Meaning.CLEAN


def test_every_format_is_recorded_from_a_real_tool() -> None:
    assert {case.parser for case in CASES} | UNRECORDED == set(FORMATS)


def test_every_recording_has_its_expectation() -> None:
    folders = {path.parent for path in OUTPUTS.glob("*/*/*/cmd.json")}
    assert {folder for folder in folders if not (folder / "expected.json").is_file() and not (folder / "reference.json").is_file()} == set()
