"""The table of options agrees with itself, with Settings, with the schema and with the environment."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from jsonschema import Draft202012Validator

from gatekeeper.config.options import OPPOSITES, OPTIONS, Kind, Option, option_named
from gatekeeper.config.schema import schema_named, schema_names
from gatekeeper.model.settings import Settings

FIELDS = {field.name for field in dataclasses.fields(Settings)}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_option_sets_a_field_that_exists_and_explains_itself(option: Option) -> None:
    assert option.field == "" or option.field in FIELDS
    assert option.help.endswith((".", ")."))
    assert option.takes_value == bool(option.metavar)
    assert option.variable is None or option.variable == "GATEKEEPER_" + option.flag.removeprefix("--").replace("-", "_").upper()


def test_flags_names_variables_and_keys_are_unique() -> None:
    for names in ([flag for option in OPTIONS for flag in option.flags], [option.name for option in OPTIONS],
                  [option.variable for option in OPTIONS if option.variable], [option.key for option in OPTIONS if option.key]):
        assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_field_of_settings_can_be_set() -> None:
    by_option = {option.field for option in OPTIONS}
    by_file = {"exclude", "tools", "tasks", "conditions", "small_change", "suppressions", "notify", "limits", "execution", *OPPOSITES}
    derived = {"root", "origins", "invoked_from", "files", "lenient", "trusted"}
    assert by_option | by_file | derived >= FIELDS


def test_opposites_are_switches_that_say_no() -> None:
    assert [option_named(name).value for name in OPPOSITES.values()] == [False] * len(OPPOSITES)


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schema_named(name))


def test_the_schema_of_the_configuration_knows_every_key() -> None:
    properties = schema_named("config")["properties"]
    assert isinstance(properties, dict)
    keys = {option.key for option in OPTIONS if option.key} | set(OPPOSITES)
    assert set(properties) == keys | {"version", "exclude", "tools", "tasks", "policy", "suppressions", "notify", "limits", "execution"}
    assert all(option.kind is not Kind.SWITCH or properties[option.key]["type"] == "boolean" for option in OPTIONS if option.key)
