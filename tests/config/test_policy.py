"""`policy` and `suppressions` of gatekeeper.yaml: every kind is understood, every mistake is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatekeeper.config.file import Names, from_document
from gatekeeper.config.layer import Layer
from gatekeeper.config.policy import KINDS, condition_document
from gatekeeper.config.reading import read_document
from gatekeeper.config.schema import schema_named
from gatekeeper.config.validate import check
from gatekeeper.errors import ConfigError
from gatekeeper.model.assessment import Enforcement
from gatekeeper.model.settings import PolicyCondition, SuppressionRule


def read(text: str) -> Layer:
    document = read_document("gatekeeper.yaml", text.encode())
    check(document, schema_named("config"))
    return from_document(document, Names())


def condition(text: str) -> PolicyCondition:
    found = read(f"policy: {{conditions: [{text}]}}\n").values["conditions"]
    assert isinstance(found, tuple)
    assert isinstance(found[0], PolicyCondition)
    return found[0]


def test_amounts_are_read_in_the_unit_of_their_kind() -> None:
    assert condition("{kind: duration, max: 5m}").max == 300
    assert condition("{kind: duration, of: 'batch:beta', max: 90}").max == 90
    assert condition("{kind: artifact-size, files: ['dist/*'], max: 1.5MB}").max == 1.5 * 1024**2
    assert condition("{kind: complexity, max: 12.5}").max == 12.5


def test_one_name_may_stand_where_a_list_may() -> None:
    assert condition("{tool: ruff, rule: [F*, E*]}") == PolicyCondition(tools=("ruff",), rules=("F*", "E*"))


def test_a_condition_says_what_it_does_when_it_fails() -> None:
    assert condition("{severity: high, enforcement: advisory}").enforcement is Enforcement.ADVISORY
    assert condition("{severity: high}").enforcement is Enforcement.BLOCKING


def test_a_small_change_is_one_number_for_all() -> None:
    assert read("policy: {small_change: {lines: 20}}\n").values["small_change"] == 20


@pytest.mark.parametrize(("text", "message"), [
    ("{kind: coverage}", "`min` is missing"),
    ("{kind: coverage, min: 80, severity: high}", "a condition of kind coverage has no `severity`"),
    ("{kind: coverage, min: 80, of: branch}", "`branch` is not known"),
    ("{max: 0}", "`severity` is missing"),
    ("{kind: duration, max: soon}", "not a duration"),
    ("{kind: artifact-size, files: [a], max: big}", "`big` is no size"),
    ("{severity: high, max: 1.5}", "`1.5` is no whole number"),
    ("{kind: diff-size}", "`max_lines` or `max_files` is missing"),
    ("{kind: integration}", "names nothing"),
    ("{kind: approval}", "`id` is missing"),
    ("{kind: coverag, min: 1}", "`coverag` is not known"),
    ("{severity: high, id: a}, {severity: low, id: a}", "a condition `a` stands above already"),
])
def test_a_condition_that_makes_no_sense_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(f"version: 1\npolicy: {{conditions: [{text}]}}\n")
    assert caught.value.message.startswith("gatekeeper.yaml:2: ")


def test_a_suppression_keeps_who_and_until_when_and_where_it_stands() -> None:
    found = read("suppressions:\n  - {rule: F401, path: 'old/**', reason: generated, owner: alice, expires: 2027-01-31}\n").values["suppressions"]
    assert found == (SuppressionRule(reason="generated", rules=("F401",), paths=("old/**",), owner="alice", expires="2027-01-31", where="gatekeeper.yaml:2"),)


@pytest.mark.parametrize(("text", "message"), [
    ("{rule: F401}", "`reason` is missing"),
    ("{rule: F401, reason: ' '}", "may not be empty"),
    ("{reason: because}", "suppresses everything"),
    ("{rule: F401, reason: a, expires: 2027-02-30}", "`2027-02-30` is no date"),
    ("{rule: F401, reason: a, expires: soon}", "`soon` is no date"),
])
def test_a_suppression_that_cannot_be_held_to_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(f"suppressions: [{text}]\n")


EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_the_example_has_a_condition_of_every_kind() -> None:
    found = read((EXAMPLES / "policy.yaml").read_text(encoding="utf-8")).values["conditions"]
    assert isinstance(found, tuple)
    assert {one.kind for one in found} == set(KINDS)


def test_a_condition_says_itself_again_as_it_was_written() -> None:
    written = read((EXAMPLES / "policy.yaml").read_text(encoding="utf-8")).values["conditions"]
    assert isinstance(written, tuple)
    again = read(json.dumps({"policy": {"conditions": [condition_document(one) for one in written]}})).values["conditions"]
    assert again == written
