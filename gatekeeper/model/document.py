"""Frozen values to plain JSON data and back, for everything that is kept on disk. Does not know files, nor JSON text.

`to_document` writes every field; `from_document` follows the type hints, ignores unknown keys and lets missing ones take
their default, so that a record of a neighbouring version still reads. Numbers that JSON has no word for become the
strings `inf`, `-inf` and `nan`. Events carry their class name under `event`.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union

from gatekeeper.model.event import Event
from gatekeeper.model.value import MISSING, Field, fields, is_dataclass

Decode = Callable[[object], object]
Value = TypeVar("Value")


class DocumentError(ValueError):
    """Data that does not follow the shape of the value it should become; the message starts with the place."""


def to_document(value: object) -> Any:
    """JSON data of a model value: objects, lists, strings, numbers, booleans, None. Raises TypeError for anything else."""
    if type(value) in _PLAIN:
        return value
    match value:
        case Enum():
            return value.value
        case bool() | str() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case tuple() | list():
            return [to_document(item) for item in value]
        case frozenset():
            return [to_document(item) for item in sorted(value)]
        case _:
            return _object(value)


def from_document(cls: type[Value], data: object) -> Value:
    """The value of dataclass `cls` that `data` describes. Raises DocumentError with the place that does not fit."""
    return typing.cast("Value", _decoder(typing.cast("Any", cls))(data))


def event_document(event: Event) -> dict[str, Any]:
    """JSON data of an event, its class name under `event`."""
    return {"event": type(event).__name__, **to_document(event)}


def event_from_document(data: object) -> Event:
    """The event that `data` describes. Raises DocumentError, also for an event that this version does not know."""
    name = data.get("event") if isinstance(data, dict) else None
    cls = _EVENTS.get(name) if isinstance(name, str) else None
    if cls is None:
        raise DocumentError(f"event: {name!r} is not known")
    return typing.cast("Event", from_document(cls, data))


#: most of all values, known by their exact type without asking what they are like
_PLAIN = frozenset({str, int, bool, type(None)})
#: whole numbers from here on are no floats any more
_LARGEST = 2**1023
#: stands for the value of a key that is not there
_MISSING = object()
_EVENTS: Mapping[str, type[Any]] = {cls.__name__: cls for cls in typing.get_args(Event)}


def _object(value: object) -> dict[str, Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: item if type(item := getattr(value, name)) in _PLAIN else to_document(item) for name in _names(type(value))}
    if isinstance(value, Mapping):
        return {_key(key): to_document(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _key(key: object) -> str:
    if isinstance(key, str):
        return str(key.value) if isinstance(key, Enum) else key
    raise TypeError(f"keys are strings, not {type(key).__name__}")


@cache
def _names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


@cache
def _decoder(hint: Any) -> Decode:
    if hint in (object, Any):
        return lambda data: data
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if hint in (str, int, float, bool, type(None)):
        return _scalar(hint)
    return _generic(hint, typing.get_origin(hint), typing.get_args(hint))


def _generic(hint: object, origin: object, arguments: tuple[Any, ...]) -> Decode:
    match origin:
        case _ if origin in (Union, types.UnionType):
            return _union(arguments)
        case _ if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
            return _many(tuple, arguments[0])
        case _ if origin is tuple:
            return _fixed(arguments)
        case _ if origin is frozenset:
            return _many(frozenset, arguments[0])
        case _ if origin in (Mapping, dict):
            return _mapping(*arguments)
        case _:
            raise TypeError(f"{hint} has no JSON form")


def _dataclass(cls: type[Any]) -> Decode:
    hints = typing.get_type_hints(cls)
    known = [(field.name, hints[field.name], _optional(field)) for field in fields(cls)]

    def decode(data: object) -> object:
        if not isinstance(data, dict):
            raise DocumentError(f"an object is needed, not {_kind(data)}")
        values = {name: _at(name, _decoder(hint), data.get(name, _MISSING)) for name, hint, optional in known if name in data or not optional}
        return cls(**values)

    return decode


def _optional(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _placed(name: str, error: DocumentError) -> str:
    return f"{name}{'' if str(error).startswith('[') else '.' if ':' in str(error) else ': '}{error}"


def _enum(cls: type[Enum]) -> Decode:
    members = {member.value: member for member in cls}

    def decode(data: object) -> object:
        if isinstance(data, str) and data in members:
            return members[data]
        raise DocumentError(f"{data!r} is none of {', '.join(map(str, members))}")

    return decode


def _scalar(cls: type[Any]) -> Decode:
    def decode(data: object) -> object:
        if type(data) is cls:
            return data
        if cls is float and type(data) is int and abs(data) < _LARGEST:
            return float(data)
        if cls is float and data in ("inf", "-inf", "nan"):
            return float(str(data))
        raise DocumentError(f"{'null' if cls is type(None) else cls.__name__} is needed, not {_kind(data)}")

    return decode


def _union(arguments: tuple[Any, ...]) -> Decode:
    choices = [_decoder(argument) for argument in arguments if argument is not type(None)]
    nullable = type(None) in arguments

    def decode(data: object) -> object:
        if data is None and nullable:
            return None
        for choice in choices[:-1]:
            try:
                return choice(data)
            except DocumentError:
                continue
        return choices[-1](data)

    return decode


def _many(collect: Callable[[list[object]], object], hint: object) -> Decode:
    item = _decoder(hint)

    def decode(data: object) -> object:
        if not isinstance(data, list):
            raise DocumentError(f"a list is needed, not {_kind(data)}")
        return collect([_at(f"[{index}]", item, value) for index, value in enumerate(data)])

    return decode


def _fixed(hints: tuple[Any, ...]) -> Decode:
    decoders = [_decoder(hint) for hint in hints]

    def decode(data: object) -> object:
        if not isinstance(data, list) or len(data) != len(decoders):
            raise DocumentError(f"a list of {len(decoders)} is needed, not {_kind(data)}")
        return tuple(_at(f"[{index}]", decoder, value) for index, (decoder, value) in enumerate(zip(decoders, data, strict=True)))

    return decode


def _mapping(key: object, value: object) -> Decode:
    decode_key, decode_value = _decoder(key), _decoder(value)

    def decode(data: object) -> object:
        if not isinstance(data, dict):
            raise DocumentError(f"an object is needed, not {_kind(data)}")
        return {decode_key(name): _at(f"[{name!r}]", decode_value, item) for name, item in data.items()}

    return decode


def _at(place: str, decode: Decode, data: object) -> object:
    if data is _MISSING:
        raise DocumentError(f"{place}: is missing")
    try:
        return decode(data)
    except DocumentError as error:
        raise DocumentError(_placed(place, error)) from None


def _kind(data: object) -> str:
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "a string", dict: "an object"}
    return f"a list of {len(data)}" if isinstance(data, list) else names.get(type(data), type(data).__name__)
