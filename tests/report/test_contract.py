from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from gatekeeper.config.schema import schema_named
from gatekeeper.model.result import RunRecord
from gatekeeper.report.plan import render_plan
from gatekeeper.report.summary import render
from tests.fakes.nasty import nasty
from tests.fakes.record import hostile, mixed, record

RUNS = pytest.mark.parametrize("of", [mixed(), hostile(), nasty(), record(())], ids=["mixed", "hostile", "nasty", "empty"])


@RUNS
def test_the_summary_follows_its_published_schema(of: RunRecord) -> None:
    Draft202012Validator(schema_named("summary")).validate(json.loads(render(of)))


@RUNS
def test_every_finding_in_the_summary_follows_the_schema_of_findings(of: RunRecord) -> None:
    validator = Draft202012Validator(schema_named("finding"))
    for finding in json.loads(render(of))["findings"]:
        validator.validate(finding)


@RUNS
def test_the_plan_follows_its_published_schema(of: RunRecord) -> None:
    Draft202012Validator(schema_named("plan")).validate(json.loads(render_plan(of.plan)))
