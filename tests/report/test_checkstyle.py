from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from gatekeeper.model.finding import Finding, RawOutput, Severity, State
from gatekeeper.model.result import RunRecord
from gatekeeper.model.status import Status
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.checkstyle import parse as parse_checkstyle
from gatekeeper.report.checkstyle import render
from tests.fakes.nasty import nasty
from tests.fakes.record import finding, hostile, job, mixed, record, result


def tree(of: RunRecord) -> ET.Element:
    return ET.fromstring(render(of))


def of_findings(*found: Finding) -> RunRecord:
    lint = job()
    return record([(lint, result(lint, Status.FAILED, findings=found))])


def test_findings_stand_under_their_file_with_place_severity_and_source() -> None:
    root = tree(mixed())
    assert (root.tag, root.get("version")) == ("checkstyle", "4.3")
    assert [file.get("name") for file in root] == ["api/main.py", "api/tests/test_sum.py", "web/app.js"]
    first = root[0][0]
    assert (first.get("line"), first.get("column"), first.get("severity"), first.get("message"), first.get("source")) == (
        "3", "1", "error", "`os` imported but unused", "ruff.F401")


@pytest.mark.parametrize("of", [hostile(), nasty(), record(())], ids=["hostile", "nasty", "empty"])
def test_any_text_gives_xml_with_legal_places_and_severities(of: RunRecord) -> None:
    for error in tree(of).iter("error"):
        assert error.get("severity") in {"error", "warning", "info"}
        assert all(int(error.get(name) or "1") >= 1 for name in ("line", "column"))
        assert error.get("source")


def test_a_finding_without_a_file_is_kept_and_a_suppressed_one_is_not() -> None:
    root = tree(of_findings(finding(file=None, line=None), replace(finding("hidden"), state=State.SUPPRESSED)))
    assert [(file.get("name"), len(file), file[0].get("line")) for file in root] == [(".", 1, None)]


@pytest.mark.parametrize("text", ['a"b<c>&d', "]]>", "line\nbreak", "tab\there"])
def test_a_message_comes_back_as_it_was(text: str) -> None:
    assert tree(of_findings(finding(text)))[0][0].get("message") == text


def test_our_own_parser_reads_it_back() -> None:
    read = parse_checkstyle(RawOutput(stdout=render(of_findings(finding(), replace(finding(line=9), severity=Severity.MEDIUM)))), ExitSpec())
    assert [(found.file, found.line, found.message) for found in read.findings] == [("api/main.py", 3, "`os` imported but unused"), ("api/main.py", 9, "`os` imported but unused")]
