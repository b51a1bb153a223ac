"""One real run in which everything is wrong at once: every report shows the planted defects and no other, and the validators of others take them.

The fixtures with one defect each are held to the same in `test_fixture_verdicts.py`, whose runs have every report, too.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import FormatChecker
from jsonschema.validators import validator_for

from gatekeeper.report.formats import FORMATS
from tests.e2e.test_fixture_verdicts import EVERY_REPORT, skip_without
from tests.fakes.fixture import unlike
from tests.fakes.mixed_run import ENDED, PLANTED, mixed_run
from tests.fakes.shown import READERS, wrong_reports
from tests.fakes.space import Space
from tests.report.test_sarif_valid import ACCEPTED, complaints, needs_schemas, needs_validator

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the one run, which all processes of a test session share: it takes ten seconds."""
    skip_without(("git", "cargo", "node", "npm"))
    shared = tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.getbasetemp()
    place = shared / "mixed-run"
    with (shared / "mixed-run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            ended = mixed_run(Space(place, machine=True), *EVERY_REPORT)
            (place / "exit_code").write_text(str(ended.exit_code))
    assert (place / "exit_code").read_text() == "1"
    return (place / "repo" / ".gatekeeper" / "latest").resolve()


def test_the_summary_tells_of_every_planted_defect_and_of_no_other(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_bytes())
    assert unlike(PLANTED, summary) == ()
    assert {job["id"]: job["status"] for job in summary["jobs"] if job["id"] in ENDED} == ENDED
    assert next(job for job in summary["jobs"] if job["id"] == "D3/flaky")["flaky"]
    states = {(finding["file"], finding["line"]): finding["state"] for finding in summary["findings"] if finding["rule"] == "F401"}
    assert states == {("service/tally/known.py", 3): "unchanged", ("service/tally/render.py", 3): "new", ("service/tally/render.py", 4): "suppressed"}


def test_every_report_shows_what_the_summary_tells_and_nothing_else(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} >= {one.file for one in FORMATS.values()} - {"gatekeeper.sarif"}
    assert wrong_reports(folder) == ()


def _without(what: str) -> Callable[[str], str]:
    return lambda text: re.sub(what, "", text, count=1, flags=re.DOTALL)


#: per report one way to lose a finding or a test that failed
LOSSES = {
    "findings.csv": _without(r"\r\n[^\r]*`os` imported[^\r]*"),
    "checkstyle.xml": _without(r"<error [^>]*`os` imported[^>]*/>"),
    "gl-code-quality-report.json": _without(r"\n[^\n]*`os` imported[^\n]*"),
    "gatekeeper-1.sarif": _without(r"(?<=\n)[^\n]*`os` imported[^\n]*\n"),
    "code-scanning.sarif": _without(r"(?<=\n)[^\n]*`os` imported[^\n]*\n"),
    "report.html": _without(r"<tr>(?:(?!</?tr>).)*<code>service/tally/render.py:3:8</code>.*?</tr>"),
    "github.txt": _without(r"\n::error file=broken[^\n]*"),
    "junit.xml": _without(r"(?<=>)service/tally/render.py:3:8 [^\n]*"),
    "junit-ci.xml": _without(r'<failure type="failed" message="is open">is open</failure>'),
    "junit-strict.xml": _without(r"(?<=>)service/tally/render.py:3:8 [^\n]*"),
    "report.md": _without(r"\nservice/tally/render.py:3:8 [^\n]*"),
    "comment.md": _without(r"\nservice/tally/render.py:3:8 [^\n]*"),
    "metrics.prom": _without(r'\ngatekeeper_findings\{severity="high",tool="ruff"[^\n]*'),
    "metrics.json": _without(r'(?<="findings": )1(?=\d,)'),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_report_that_lost_a_defect_is_told_from_a_whole_one(name: str, folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = (tmp_path / name).read_bytes().decode()
    (tmp_path / name).write_bytes(LOSSES[name](whole).encode())
    try:
        wrong = wrong_reports(tmp_path)
    except AssertionError:
        return
    assert {line.split(" ")[0] for line in wrong} == {re.sub(r"-\d\.", ".", name)}


def test_no_report_is_read_by_nobody() -> None:
    """But for pages on one topic, which have nothing that the others have not."""
    assert {one.file for one in FORMATS.values()} - set(READERS) == {"summary.json", "security.md", "documentation.md", "analysis.md"}


@needs_schemas
@pytest.mark.parametrize("schema", ["sarif-2.1.0-oasis.json", "sarif-2.1.0-github.json"])
def test_both_sarif_schemas_take_every_file_of_the_run(schema: str, folder: Path) -> None:
    document = json.loads(_schema(schema).read_text(encoding="utf-8"))
    validator = validator_for(document)(document, format_checker=FormatChecker())
    files = list(folder.glob("*.sarif"))
    assert len(files) >= 3
    assert [(path.name, error.json_path, error.message[:200]) for path in files for error in validator.iter_errors(json.loads(path.read_bytes()))] == []


@needs_validator
def test_github_would_take_every_file_of_the_run(folder: Path, tmp_path: Path) -> None:
    said = complaints(tmp_path, {path.stem: path.read_bytes() for path in folder.glob("*.sarif")})
    assert {name: found for name, found in said.items() if {rule for rule, _ in found} - ACCEPTED} == {}


@needs_schemas
@pytest.mark.parametrize("schema", ["junit-10.xsd", "junit-windyroad.xsd"])
@pytest.mark.parametrize("report", ["junit.xml", "junit-strict.xml"])
def test_both_junit_schemas_take_the_run(schema: str, report: str, folder: Path) -> None:
    from lxml import etree

    validator = etree.XMLSchema(etree.parse(str(_schema(schema))))
    assert validator.validate(etree.parse(str(folder / report))), validator.error_log


@needs_schemas
def test_gitlab_would_take_every_entry_of_the_run(folder: Path) -> None:
    document = json.loads(_schema("gitlab-codequality.json").read_text(encoding="utf-8"))
    validator = validator_for(document)(document)
    entries = json.loads((folder / "gl-code-quality-report.json").read_bytes())
    assert len(entries) == len([planted for planted in PLANTED if planted.file]) - 1  # the suppressed one
    assert [error.message for entry in entries for error in validator.iter_errors(entry)] == []


def _schema(name: str) -> Path:
    return Path(os.environ["GATEKEEPER_SCHEMAS"]) / name
