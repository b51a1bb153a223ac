"""JUnit XML in two profiles: `ci` (what CI systems read best) and `strict` (valid against the xUnit and the Ant schema).

junit-xml builds the tree, which is then corrected: its own output follows neither schema (`disabled`, long times, order of children) and drops
illegal characters silently. Tries before the last are `flakyFailure` and `rerunFailure`, which the Ant schema does not know: there they are lines
of the suite's output. Knows no file and no CI, and nothing of what counts (`junit_cases`).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import assert_never

import junit_xml

from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import one_line, xml_text
from gatekeeper.report.issues import cut
from gatekeeper.report.junit_cases import MOST_TRIES, Case, Mark, Suite, suites, token


class Profile(StrEnum):
    CI = "ci"
    STRICT = "strict"


#: bodies are read by people; the summary JSON has everything
LONGEST_TEXT = 60_000
LONGEST_MESSAGE = 2_000


def render(record: RunRecord, profile: Profile = Profile.CI) -> bytes:
    """The report of a run as UTF-8 XML; equal records give equal bytes."""
    built = [_built(suite, record, number, profile) for number, suite in enumerate(suites(record))]
    tree = _corrected(built, profile)
    ET.indent(tree)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(tree, encoding="unicode").encode() + b"\n"


def render_strict(record: RunRecord) -> bytes:
    """The report in the profile that is valid against both schemas."""
    return render(record, Profile.STRICT)


def _built(suite: Suite, record: RunRecord, number: int, profile: Profile) -> ET.Element:
    built = junit_xml.TestSuite(
        token(suite.name) or "-", [_built_case(case) for case in suite.cases], hostname=token(record.hostname) or "localhost",
        id=str(number), package="gatekeeper", timestamp=_timestamp(record.started_at), properties=dict(suite.properties))
    element: ET.Element = built.build_xml_doc()
    lines = [line for case, place in zip(suite.cases, element.findall("testcase"), strict=True) for line in _tries(case, place, profile)]
    ET.SubElement(element, "system-out").text = cut("\n".join(lines), LONGEST_TEXT)
    return element


def _tries(case: Case, element: ET.Element, profile: Profile) -> Iterator[str]:
    """Tries that failed before the one that counts: elements where readers know them, else lines."""
    if profile is Profile.STRICT or case.mark is Mark.SKIPPED:
        for message in case.earlier[:MOST_TRIES]:
            yield f"{case.classname} {case.name}: an earlier try failed: {cut(one_line(message), LONGEST_MESSAGE)}"
    else:
        name = "flakyFailure" if case.mark is None else "rerunFailure"
        for message in case.earlier[:MOST_TRIES]:
            ET.SubElement(element, name, message=cut(message, LONGEST_MESSAGE), type="failed").text = cut(message, LONGEST_TEXT)
    if len(case.earlier) > MOST_TRIES:
        yield f"{case.classname} {case.name}: and {len(case.earlier) - MOST_TRIES} earlier tries more"


def _built_case(case: Case) -> junit_xml.TestCase:
    built = junit_xml.TestCase(case.name, case.classname, case.seconds, file=cut(case.file, LONGEST_MESSAGE) if case.file else None, line=case.line)
    message, text = cut(case.message, LONGEST_MESSAGE), cut(case.text or case.message, LONGEST_TEXT)  # GitLab shows the text only
    match case.mark:
        case None:
            pass
        case Mark.FAILURE:
            built.add_failure_info(message, text, case.kind)
        case Mark.ERROR:
            built.add_error_info(message, text, case.kind)
        case Mark.SKIPPED:
            built.add_skipped_info(message, text)
        case _:
            assert_never(case.mark)
    return built


def _timestamp(started_at: str) -> str:
    """ISO 8601 without fraction and zone, as the Ant schema wants it."""
    match = re.match(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)", started_at)
    return f"{match[1]}T{match[2]}" if match else "1970-01-01T00:00:00"


#: attributes that the schemas know; `file` and `line` are read by GitLab and by GitHub's reporters and known to neither schema
_SUITE_ATTRIBUTES = ("name", "package", "id", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time")
_CASE_ATTRIBUTES = {Profile.CI: ("classname", "name", "time", "file", "line"), Profile.STRICT: ("classname", "name", "time")}
_COUNTED = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error", "skipped": "testcase/skipped"}


def _corrected(built: Sequence[ET.Element], profile: Profile) -> ET.Element:
    root = ET.Element("testsuites")
    root.extend(built)
    for suite in built:
        _correct_suite(suite, profile)
    if profile is Profile.CI:
        root.set("name", "gatekeeper")
        for key in ("tests", "failures", "errors"):
            root.set(key, str(sum(int(suite.get(key, "0")) for suite in built)))
        root.set("time", _time(sum(float(suite.get("time", "0")) for suite in built)))
    for element in root.iter():
        _make_legal(element)
    return root


def _correct_suite(suite: ET.Element, profile: Profile) -> None:
    cases = suite.findall("testcase")
    for case in cases:
        _correct_case(case, profile)
    counted = {key: str(len(suite.findall(path))) for key, path in _COUNTED.items()}
    values = {**suite.attrib, **counted, "time": _time(sum(float(case.get("time", "0")) for case in cases))}
    properties = suite.find("properties")
    suite[:] = [ET.Element("properties") if properties is None else properties, *cases, *suite.findall("system-out"), ET.Element("system-err")]
    suite.attrib.clear()
    suite.attrib.update({key: values[key] for key in _SUITE_ATTRIBUTES})


def _correct_case(case: ET.Element, profile: Profile) -> None:
    values = {**case.attrib, "time": _time(float(case.get("time", "0")))}
    case.attrib.clear()
    case.attrib.update({key: values[key] for key in _CASE_ATTRIBUTES[profile] if key in values})
    for skipped in case.findall("skipped"):
        skipped.attrib.pop("type", None)


def _time(seconds: float) -> str:
    return f"{min(max(0.0, seconds), 31_536_000.0):.3f}"  # readers clamp to a year and refuse minus; 0.0 stands first because of NaN


def _make_legal(element: ET.Element) -> None:
    for key, value in element.attrib.items():
        element.set(key, xml_text(value))
    if element.text:
        element.text = xml_text(element.text)
