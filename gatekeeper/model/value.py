"""dataclass, field, fields, replace: those of the standard library for the values of this house, made without generating code.

The standard library writes the source of five methods for each class and compiles it: 0.6 ms a class, more than half of all that a start
imported, and loading it costs 9 ms more. Here the methods are shared and go over the fields. Making and comparing instances takes as
long as before; type checkers see the originals, and those work on our values (`dataclasses.fields` and the like are told when they ask).

Takes `frozen`, `kw_only` and always slots; knows no inheritance, `order`, `ClassVar`, `InitVar` and `__post_init__`: such a class is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

Made = TypeVar("Made")


class _Missing:
    """Stands for a default that is not there."""

    __slots__ = ()


class _Field:
    """A field as `field` describes it; the class gives it its name."""

    __slots__ = ("compare", "default", "default_factory", "name", "repr")

    def __init__(self, *, default: Any, default_factory: Any, repr: bool, compare: bool) -> None:  # noqa: A002 - the word of the standard library
        self.name, self.default, self.default_factory, self.repr, self.compare = "", default, default_factory, repr, compare


class _Shape:
    """What the shared methods need of one class."""

    __slots__ = ("compared", "defaults", "factories", "fields", "names", "positional", "puts")

    def __init__(self, cls: type, described: tuple[_Field, ...], *, kw_only: bool) -> None:
        self.fields = described
        self.names = tuple(entry.name for entry in described)
        self.positional = () if kw_only else self.names
        self.puts = tuple((name, cls.__dict__[name].__set__) for name in self.names)
        self.defaults = {entry.name: entry.default for entry in described if entry.default is not _MISSING}
        self.factories = tuple((entry.name, entry.default_factory) for entry in described if entry.default_factory is not _MISSING)
        self.compared = _getter(tuple(entry.name for entry in described if entry.compare))


_MISSING = _Missing()
_SHAPE = "__shape__"


def _getter(names: tuple[str, ...]) -> Callable[[object], object]:
    """Gives what is compared of an instance: of several fields a tuple, so that equal means what it means for tuples."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _field(*, default: Any = _MISSING, default_factory: Any = _MISSING, repr: bool = True, compare: bool = True) -> Any:  # noqa: A002 - see above
    return _Field(default=default, default_factory=default_factory, repr=repr, compare=compare)


def _dataclass(*, frozen: bool = False, slots: bool = False, kw_only: bool = False) -> Callable[[type[Made]], type[Made]]:
    return lambda cls: _made(cls, frozen=frozen, slots=slots, kw_only=kw_only)


def _made(cls: type[Made], *, frozen: bool, slots: bool, kw_only: bool) -> type[Made]:
    """The class again, with slots for its fields and the methods of a value."""
    annotations, before = cls.__annotations__, cls.__dict__
    if cls.__bases__ != (object,) or not slots or "__post_init__" in before or "ClassVar" in " ".join(map(str, annotations.values())):
        raise TypeError(f"{cls.__qualname__}: a value has slots and neither base, ClassVar nor __post_init__")
    given = {name: before[name] for name in annotations if name in before}
    _refuse_shared(given)
    body = {**(_FROZEN if frozen else _MUTABLE), **before, "__slots__": tuple(annotations), "__match_args__": () if kw_only else tuple(annotations)}
    for name in ("__dict__", "__weakref__", *given):
        body.pop(name, None)
    made: Any = type(cls.__name__, (), body)
    made.__qualname__ = cls.__qualname__
    setattr(made, _SHAPE, _Unshaped(given, kw_only=kw_only))
    return made  # type: ignore[no-any-return]


def _refuse_shared(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        default = value.default if isinstance(value, _Field) else value
        if type(default).__hash__ is None:
            raise ValueError(f"{name}: a {type(default).__name__} as default would be shared: use default_factory")


class _Unshaped:
    """Stands where the shape of a class will be: many a class is loaded, and none of it made."""

    __slots__ = ("_given", "_kw_only")

    def __init__(self, given: Mapping[str, Any], *, kw_only: bool) -> None:
        self._given, self._kw_only = given, kw_only

    def __get__(self, _instance: object, cls: type) -> _Shape:
        described = tuple(_described(name, self._given.get(name, _MISSING)) for name in cls.__annotations__)
        shape = _Shape(cls, described, kw_only=self._kw_only)
        type.__setattr__(cls, _SHAPE, shape)
        return shape


def _described(name: str, given: Any) -> _Field:
    described: _Field = given if isinstance(given, _Field) else _field(default=given)
    described.name = name
    return described


def _init(self: Any, /, *words: Any, **named: Any) -> None:
    shape: _Shape = self.__shape__
    if words:
        named = _by_name(self, shape, words, named)
    given = {**shape.defaults, **named}
    for name, factory in shape.factories:
        if name not in named:
            given[name] = factory()
    try:
        for name, put in shape.puts:
            put(self, given[name])
    except KeyError:
        raise TypeError(f"{type(self).__qualname__}: missing {', '.join(name for name in shape.names if name not in given)}") from None
    if len(given) != len(shape.puts):
        raise TypeError(f"{type(self).__qualname__}: no field {', '.join(name for name in given if name not in shape.names)}")


def _by_name(self: object, shape: _Shape, words: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    if len(words) > len(shape.positional) or not named.keys().isdisjoint(shape.positional[:len(words)]):
        raise TypeError(f"{type(self).__qualname__}: takes {len(shape.positional)} values by position, each once, and was given {len(words)}")
    return {**dict(zip(shape.positional, words, strict=False)), **named}


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    compared = self.__shape__.compared
    return compared(self) == compared(other)


def _hash(self: Any) -> int:
    return hash(self.__shape__.compared(self))


def _repr(self: Any) -> str:
    shown = (f"{entry.name}={getattr(self, entry.name)!r}" for entry in self.__shape__.fields if entry.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _setattr(self: object, name: str, _value: object) -> NoReturn:
    from dataclasses import FrozenInstanceError  # lazy: only mistakes pay

    raise FrozenInstanceError(f"cannot assign to field {name!r} of {type(self).__qualname__}")


def _delattr(self: object, name: str) -> NoReturn:
    from dataclasses import FrozenInstanceError  # lazy: only mistakes pay

    raise FrozenInstanceError(f"cannot delete field {name!r} of {type(self).__qualname__}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__shape__.names]


def _setstate(self: Any, state: Iterable[Any]) -> None:
    for (_name, put), value in zip(self.__shape__.puts, state, strict=True):
        put(self, value)


class _ForOthers:
    """What the standard library looks for on a dataclass: made when it first asks."""

    __slots__ = ()

    def __get__(self, _instance: object, cls: type) -> Any:
        import dataclasses  # lazy: only what asks the standard library about our values pays

        shape: _Shape = getattr(cls, _SHAPE)
        found = [(entry.name, cls.__annotations__[entry.name], dataclasses.field(
            default=dataclasses.MISSING if entry.default is _MISSING else entry.default,
            default_factory=dataclasses.MISSING if entry.default_factory is _MISSING else entry.default_factory,
            repr=entry.repr, compare=entry.compare, kw_only=not shape.positional)) for entry in shape.fields]
        like: Any = dataclasses.make_dataclass(cls.__name__, found)
        type.__setattr__(cls, "__dataclass_fields__", like.__dataclass_fields__)
        return like.__dataclass_fields__


_MUTABLE: Mapping[str, Any] = {"__init__": _init, "__eq__": _eq, "__hash__": None, "__repr__": _repr, "__getstate__": _getstate, "__setstate__": _setstate,
                               "__dataclass_fields__": _ForOthers()}
_FROZEN: Mapping[str, Any] = {**_MUTABLE, "__hash__": _hash, "__setattr__": _setattr, "__delattr__": _delattr}


def _fields(value: Any) -> tuple[_Field, ...]:
    shape: _Shape | None = getattr(value, _SHAPE, None)
    if shape is None:
        raise TypeError(f"{value!r} is no value of ours")
    return shape.fields


def _is_dataclass(value: object) -> bool:
    return hasattr(value, _SHAPE)


def _replace(value: Made, /, **changes: Any) -> Made:
    names: tuple[str, ...] = getattr(value, _SHAPE).names
    return type(value)(**{name: getattr(value, name) for name in names} | changes)


if TYPE_CHECKING:
    from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
else:
    MISSING, Field, dataclass, field, fields, is_dataclass, replace = _MISSING, _Field, _dataclass, _field, _fields, _is_dataclass, _replace

__all__ = ["MISSING", "Field", "dataclass", "field", "fields", "is_dataclass", "replace"]
