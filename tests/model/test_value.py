"""The dataclasses of the house behave like those of the standard library, and cost nothing to define."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.value import MISSING, dataclass, field, fields, is_dataclass, replace

pytestmark = pytest.mark.unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A value of the house."""

    name: str
    number: float = 1.5
    items: tuple[object, ...] = ()
    facts: Mapping[str, int] = field(default_factory=dict)
    hidden: str = field(default="", repr=False, compare=False)

    @property
    def loud(self) -> str:
        return self.name.upper()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """The same, made by the standard library."""

    name: str
    number: float = 1.5
    items: tuple[object, ...] = ()
    facts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    hidden: str = dataclasses.field(default="", repr=False, compare=False)


@dataclass(slots=True)
class Changing:
    """One that is filled as it goes, and takes its values in order."""

    first: int
    second: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Single:
    """One value only."""

    value: float


VALUES = st.fixed_dictionaries({"name": st.text(max_size=3)}, optional={
    "number": st.floats(), "items": st.tuples(st.integers()) | st.just((1, "a")), "facts": st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    "hidden": st.text(max_size=2)})


def _theirs(**values: object) -> object:
    return cast("Callable[..., object]", Theirs)(**values)


def _ours(**values: object) -> Ours:
    return cast("Callable[..., Ours]", Ours)(**values)


@given(VALUES, VALUES)
def test_values_compare_and_read_as_those_of_the_standard_library(one: dict[str, object], other: dict[str, object]) -> None:
    assert (_ours(**one) == _ours(**other)) == (_theirs(**one) == _theirs(**other))
    assert _ours(**one) == _ours(**one)
    assert repr(_ours(**one)) == repr(_theirs(**one)).replace("Theirs", "Ours")
    assert cast("Callable[..., Ours]", replace)(_ours(**one), **other) == _ours(**{**one, **other})


@given(VALUES)
def test_values_survive_pickle_and_copies(values: dict[str, object]) -> None:
    made = _ours(**values)
    for again in (pickle.loads(pickle.dumps(made, 5)), copy.copy(made), copy.deepcopy(made)):
        assert repr(again) == repr(made)
        assert again.hidden == made.hidden


def test_what_is_equal_has_one_hash() -> None:
    assert hash(Ours(name="a", facts=cast("Mapping[str, int]", ()), hidden="x")) == hash(Ours(name="a", facts=cast("Mapping[str, int]", ()), hidden="y"))
    assert len({Single(1.0), Single(1), Single(2.0)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Changing(1))


def test_a_value_differs_from_one_of_another_class() -> None:
    others: list[object] = [Theirs(name="a"), Single(1.0), ("a",)]
    assert Ours(name="a") not in others


def test_a_frozen_value_does_not_change() -> None:
    made = Ours(name="a")
    with pytest.raises(FrozenInstanceError, match="'name'"):
        made.name = "b"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="'name'"):
        del made.name
    with pytest.raises(AttributeError):
        made.unknown = 1  # type: ignore[attr-defined]
    assert made.loud == "A"


def test_a_value_that_may_change_has_slots_all_the_same() -> None:
    made = Changing(1)
    made.second.append(2)
    made.first = 3
    assert made == Changing(3, [2])
    assert Changing(1).second == []
    with pytest.raises(AttributeError):
        made.unknown = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(("words", "named", "says"), [
    ((), {}, "missing name"), ((), {"name": "a", "nam": 1}, "no field nam"), ((), {"nam": 1}, "missing name"), (("a",), {}, "by position"),
])
def test_wrong_arguments_are_named(words: tuple[object, ...], named: dict[str, object], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        cast("Callable[..., Ours]", Ours)(*words, **named)


@pytest.mark.parametrize(("words", "named"), [((1, [], 2), {}), ((1,), {"first": 1}), ((), {})])
def test_values_by_position_are_counted(words: tuple[object, ...], named: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="Changing"):
        cast("Callable[..., Changing]", Changing)(*words, **named)


def test_positional_values_match_by_position_and_others_by_name_only() -> None:
    match Single(2.0):
        case Single(value):
            assert value == 2.0
    assert Ours.__match_args__ == Theirs.__match_args__ == ()


def test_the_fields_are_told_in_order_with_their_defaults() -> None:
    assert [entry.name for entry in fields(Ours)] == ["name", "number", "items", "facts", "hidden"]
    assert [entry.default for entry in fields(Ours)] == [MISSING, 1.5, (), MISSING, ""]
    assert [entry.default_factory for entry in fields(Ours)][3:] == [dict, MISSING]
    assert is_dataclass(Ours)
    assert is_dataclass(Ours(name="a"))
    assert not is_dataclass(Theirs.__name__)


def test_the_standard_library_knows_our_values_when_it_asks() -> None:
    made = Ours(name="a", hidden="x")
    assert dataclasses.is_dataclass(made)
    assert dataclasses.replace(made, number=2.0) == Ours(name="a", number=2.0)
    assert dataclasses.asdict(made) == {"name": "a", "number": 1.5, "items": (), "facts": {}, "hidden": "x"}
    ours, theirs = ([(entry.name, entry.type, entry.default, entry.default_factory, entry.repr, entry.compare, entry.kw_only) for entry in dataclasses.fields(cls)]
                    for cls in (Ours, Theirs))
    assert ours == theirs


def test_what_is_not_supported_is_refused_where_it_is_written() -> None:
    make = dataclass(frozen=True, slots=True, kw_only=True)
    with pytest.raises(ValueError, match="default_factory"):
        make(type("Shared", (), {"__annotations__": {"items": "list[int]"}, "items": []}))
    for name, bases, body in (("Heir", (Single,), {}), ("Counted", (), {"__annotations__": {"all": "ClassVar[int]"}}),
                              ("Checked", (), {"__post_init__": lambda _self: None})):
        with pytest.raises(TypeError, match="a value has slots"):
            make(type(name, bases, body))
    with pytest.raises(TypeError, match="a value has slots"):
        dataclass(frozen=True)(type("Loose", (), {}))


def test_defining_values_loads_neither_the_dataclasses_nor_the_inspection_of_the_standard_library() -> None:
    code = ("import sys, gatekeeper.model.plan, gatekeeper.model.result, gatekeeper.model.event; "
            "print([name for name in ('dataclasses', 'inspect', 'ast') if name in sys.modules])")
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
