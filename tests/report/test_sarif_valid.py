"""SARIF against both schemas and against the validator that knows GitHub's rules of ingestion."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import FormatChecker
from jsonschema.validators import validator_for

from gatekeeper.model.result import RunRecord
from gatekeeper.report.formats import clean, render_files
from tests.fakes.nasty import nasty
from tests.fakes.record import hostile, mixed, record

SCHEMAS = os.environ.get("GATEKEEPER_SCHEMAS")
VALIDATOR = os.environ.get("GATEKEEPER_SARIF_VALIDATOR")
needs_schemas = pytest.mark.skipif(SCHEMAS is None, reason="GATEKEEPER_SCHEMAS names no folder with report schemas")
needs_validator = pytest.mark.skipif(VALIDATOR is None, reason="GATEKEEPER_SARIF_VALIDATOR names no Sarif.Multitool (npm @microsoft/sarif-multitool-linux)")
FORMATS = ("sarif", "code-scanning")
#: of the tools we know no home page
ACCEPTED = {"SARIF2005"}


@pytest.fixture(scope="module")
def files() -> Mapping[str, bytes]:
    runs: Mapping[str, RunRecord] = {"mixed": mixed(), "hostile": hostile(), "nasty": nasty(), "empty": record(())}
    return {f"{format_id}-{name}-{number}": part for format_id in FORMATS for name, of in runs.items()
            for number, part in enumerate(render_files(format_id, clean(of)))}


@needs_schemas
@pytest.mark.parametrize("schema", ["sarif-2.1.0-oasis.json", "sarif-2.1.0-github.json"])
def test_every_file_is_valid_against_both_schemas(schema: str, files: Mapping[str, bytes]) -> None:
    document = json.loads((Path(SCHEMAS or "") / schema).read_text(encoding="utf-8"))
    kind = validator_for(document)
    validator = kind(document, format_checker=FormatChecker())
    assert [(name, error.json_path, error.message[:200]) for name, content in files.items() for error in validator.iter_errors(json.loads(content))] == []
    assert not validator.is_valid({"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]})


def complaints(folder: Path, contents: Mapping[str, bytes]) -> Mapping[str, set[tuple[str, str]]]:
    """Rule and level of all that the validator says of each file but its notes."""
    for name, content in contents.items():
        (folder / f"{name}.sarif").write_bytes(content)
    done = subprocess.run([VALIDATOR or "", "validate", str(folder / "*.sarif"), "--rule-kind", "Sarif;Ghas", "--output", str(folder / "said"), "--log",
                           "ForceOverwrite", "--max-file-size-in-kb", "100000"], capture_output=True, text=True, check=False, env={"HOME": str(folder)})
    assert done.returncode == 0, done.stdout + done.stderr
    results: list[Any] = json.loads((folder / "said").read_text(encoding="utf-8-sig"))["runs"][0]["results"]
    said: dict[str, set[tuple[str, str]]] = {name: set() for name in contents}
    for found in results:
        place = found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        said[place.rpartition("/")[2].removesuffix(".sarif")].add((found["ruleId"], found.get("level", "warning")))
    return said


@needs_validator
def test_github_would_take_every_file(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    said = complaints(tmp_path, files)
    assert {name: found for name, found in said.items() if {rule for rule, _ in found} - ACCEPTED} == {}
    # it is silent of files that it did not look at: of every file with runs it has something to say
    assert [name for name, found in said.items() if not found and json.loads(files[name])["runs"]] == []


@needs_validator
def test_the_validator_knows_the_rules_of_github(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    broken = json.loads(files["sarif-mixed-0"])
    run = next(run for run in broken["runs"] if run["results"])
    run["results"][0]["locations"] = []
    assert ("GH1015", "error") in complaints(tmp_path, {"broken": json.dumps(broken).encode()})["broken"]
