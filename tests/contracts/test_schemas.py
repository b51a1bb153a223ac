"""What the program writes and reads follows the schemas that it publishes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from gatekeeper.catalog.location import document_names, pipelines_folder
from gatekeeper.config.schema import schema_named
from gatekeeper.detect.document import to_json
from gatekeeper.model.sanitize import json_bytes
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import FORMATS, parse_output
from gatekeeper.report.parsed import parsed_document
from gatekeeper.report.plan import render_plan
from gatekeeper.report.summary import render
from tests.fakes.gate import DETECTION
from tests.fakes.record import mixed
from tests.fakes.space import Space
from tests.parse.recordings import Recording, every


def _faults(name: str, document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema_named(name)).iter_errors(document)]


def test_a_detection_follows_its_schema() -> None:
    assert _faults("detection", json.loads(json.dumps(to_json(DETECTION)))) == []


def test_a_plan_follows_its_schema() -> None:
    assert _faults("plan", json.loads(render_plan(mixed().plan))) == []


def test_a_summary_and_its_findings_follow_their_schemas() -> None:
    summary = json.loads(render(mixed()))
    assert _faults("summary", summary) == []
    assert summary["findings"]
    assert [fault for finding in summary["findings"] for fault in _faults("finding", finding)] == []


@pytest.mark.parametrize("case", [case for case in every("cmd.json") if case.parser in FORMATS], ids=str)
def test_what_parse_writes_follows_its_schema_and_that_of_scripts(case: Recording) -> None:
    document = json.loads(json_bytes(parsed_document(parse_output(case.parser, case.raw, ExitSpec()), case.parser), indent=0))
    assert (_faults("parse", document), _faults("script", document)) == ([], [])


@pytest.mark.parametrize("path", document_names(pipelines_folder()), ids=lambda path: Path(path).name)
def test_shipped_pipelines_follow_their_schema(path: str) -> None:
    assert _faults("pipeline", yaml.safe_load(Path(path).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", document_names(pipelines_folder(), "tools"), ids=lambda path: Path(path).name)
def test_shipped_tools_follow_their_schema_and_are_called_as_their_file(path: str) -> None:
    document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    assert _faults("tool", document) == []
    assert document["id"] == Path(path).stem


@pytest.mark.integration
def test_the_installed_program_writes_what_it_publishes(tmp_path: Path) -> None:
    space = Space(tmp_path)
    space.copy("python-good")
    space.write("broken.json", "{")
    space.init()
    assert _faults("detection", space.run("detect", "--json").json()) == []
    assert _faults("plan", space.run("plan", "--json").json()) == []
    ended = space.run("run", "--json", "--no-provision", "--only", "A1*", "--only", "D1*")
    summary = ended.json()
    assert _faults("summary", summary) == []
    assert [finding["file"] for finding in summary["findings"]] == ["broken.json"]
    assert _faults("finding", summary["findings"][0]) == []
    output = next((space.root / ".gatekeeper" / "latest" / "jobs").glob("*hygiene*/stdout.log"))
    assert _faults("script", json.loads(output.read_text(encoding="utf-8"))) == []
