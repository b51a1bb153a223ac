"""Values survive the way through JSON text; data that does not fit is refused with its place."""

from __future__ import annotations

import json
import math
import string
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.model.component import Detection
from gatekeeper.model.document import DocumentError, event_document, event_from_document, from_document, to_document
from gatekeeper.model.event import Event, JobStarted, Notice
from gatekeeper.model.finding import Finding
from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Result, RunRecord

#: file names may hold lone surrogates (os.fsdecode of bytes that are not UTF-8)
TEXT = st.text(alphabet=string.ascii_letters + 'é€😀\udcff\n"\\ ', max_size=6)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2), max_leaves=4)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type hint that the model uses."""
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return built(hint)
    return collections(origin, arguments)


@cache
def built(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Any instance; deferred, because a job may hold another."""
    def strategy() -> st.SearchStrategy[Any]:
        hints = typing.get_type_hints(cls)
        return st.builds(cls, **{field.name: values(hints[field.name]) for field in fields(cls)})

    return st.deferred(strategy)


def collections(origin: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Any tuple, set or mapping of what its arguments allow, or any of the members of a union."""
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(values(argument) for argument in arguments))
    if origin is frozenset:
        return st.frozensets(values(arguments[0]), max_size=3)
    if origin is Mapping:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)
    return st.one_of([values(argument) for argument in arguments])


SCALARS: Mapping[Any, st.SearchStrategy[Any]] = {
    str: TEXT, int: st.integers(), bool: st.booleans(), float: st.floats(allow_nan=False), type(None): st.none(), object: JSON,
}


def through_json(value: object) -> object:
    return json.loads(json.dumps(to_document(value), allow_nan=False))


@pytest.mark.parametrize("cls", [Plan, Result, RunRecord, Detection, Finding])
def test_every_value_survives_the_way_through_json(cls: type[Any]) -> None:
    @settings(max_examples=15, deadline=None)
    @given(values(cls))
    def survives(value: object) -> None:
        assert from_document(cls, through_json(value)) == value

    survives()


@pytest.mark.parametrize("cls", typing.get_args(Event), ids=lambda cls: cls.__name__)
def test_every_event_survives_the_way_through_json(cls: type[Any]) -> None:
    @settings(max_examples=5, deadline=None)
    @given(values(cls))
    def survives(event: Event) -> None:
        assert event_from_document(json.loads(json.dumps(event_document(event), allow_nan=False))) == event

    survives()


def test_numbers_that_json_lacks_survive_as_strings() -> None:
    assert to_document(JobStarted(at=math.inf, job="a", attempt=1, pid=2))["at"] == "inf"
    back = from_document(JobStarted, {"at": "nan", "job": "a", "attempt": 1, "pid": 2})
    assert math.isnan(back.at)


def test_a_whole_number_is_taken_for_a_float_but_a_boolean_is_not() -> None:
    assert from_document(Notice, {"at": 3, "message": "slow"}).at == 3.0
    with pytest.raises(DocumentError, match=r"^at: float is needed, not a boolean$"):
        from_document(Notice, {"at": True, "message": "slow"})


def test_unknown_keys_are_ignored_and_missing_ones_take_their_default() -> None:
    assert from_document(Notice, {"at": 1.5, "message": "m", "of_the_future": 1}) == Notice(at=1.5, message="m")


def test_a_missing_key_without_default_is_named() -> None:
    with pytest.raises(DocumentError, match=r"^message: is missing$"):
        from_document(Notice, {"at": 1.5})


def test_the_place_of_an_error_leads_through_lists_and_objects() -> None:
    data = {"job": "x", "status": "passed", "findings": [{"tool": "t", "message": "m", "level": "error", "severity": "high", "category": "nonsense"}]}
    with pytest.raises(DocumentError, match=r"^findings\[0\]\.category: 'nonsense' is none of bug, "):
        from_document(Result, data)


def test_an_event_that_is_not_known_is_refused() -> None:
    with pytest.raises(DocumentError, match="'Telepathy' is not known"):
        event_from_document({"event": "Telepathy"})
    with pytest.raises(DocumentError):
        event_from_document([])


def test_what_has_no_json_form_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="bytes has no JSON form"):
        to_document(b"x")
