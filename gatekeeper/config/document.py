"""A configuration document as plain values that remember their lines. Knows neither YAML nor what the document is for."""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.model.value import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A mapping read from `name`; `lines` gives the 1-based line of each key and item by its path (`tools/mypy/blocking`)."""

    name: str
    value: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, path: str) -> str:
        """`FILE:LINE` of the nearest key that is known."""
        while path and path not in self.lines:
            path = path.rpartition("/")[0]
        return f"{self.name}:{self.lines.get(path, 1)}"


def describe(value: object) -> str:
    """The kind of a value in words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"
