"""Reading JSON that may be truncated, wrapped in noise, deeply nested or of the wrong shape: either a value or `UnparsableError`.

Knows JSON; does not know what any tool means by it. `asked` accessors insist, `maybe` accessors give None for a wrong type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from gatekeeper.model.late import late
from gatekeeper.parse.text import decode

Json = Mapping[str, object]
#: where a document may start when a tool prints banners first; what is indented is part of a document that was cut off
_START = late(r"^(?=[\[{])", re.MULTILINE)
_MOST_STARTS = 50


class UnparsableError(ValueError):
    """An output that is not what its format promises; the message is for the user, one line, lower-case."""


def load(data: bytes, what: str = "output") -> object:
    """The JSON document in `data`; banner lines before it and noise after it are passed over."""
    text = decode(data).strip()
    if not text:
        raise UnparsableError(f"no report: the {what} is empty")
    try:
        return _loads(text)
    except ValueError as error:
        found = _embedded(text)
        if found is None:
            raise UnparsableError(f"the {what} is no JSON document: {error}") from None
        return found
    except RecursionError:
        raise UnparsableError(f"the {what} is nested too deeply") from None


def load_lines(text: str) -> Iterator[tuple[int, object]]:
    """JSON lines: (1-based number, value) of each line that starts like an object; other lines are no concern of ours."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("{"):
            continue
        try:
            yield number, _loads(line)
        except ValueError:
            raise UnparsableError(f"line {number} of the output is cut off or no JSON") from None
        except RecursionError:
            raise UnparsableError(f"line {number} of the output is nested too deeply") from None


def _embedded(text: str) -> object | None:
    """The first place from which a whole document can be read that is not the start of the text."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    for tried, match in enumerate(_START.finditer(text)):
        if tried >= _MOST_STARTS:
            return None
        try:
            value, end = decoder.raw_decode(text, match.end())
        except ValueError:
            continue
        except RecursionError:
            raise UnparsableError("the output is nested too deeply") from None
        if text[end:end + 1] in {"", "\n", "\r"}:
            found: object = value
            return found
    return None


def _loads(text: str) -> object:
    found: object = json.loads(text, parse_constant=_refuse)
    return found


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


def asked_object(value: object, what: str) -> Json:
    """`value` as an object, or UnparsableError."""
    if not isinstance(value, dict):
        raise UnparsableError(f"{what} is no object")
    return value


def asked_list(value: object, what: str) -> Sequence[object]:
    """`value` as a list, or UnparsableError."""
    if not isinstance(value, list):
        raise UnparsableError(f"{what} is no list")
    return value


def asked_objects(value: object, what: str) -> Iterator[Json]:
    """`value` as a list of objects, or UnparsableError."""
    return (asked_object(item, f"an entry of {what}") for item in asked_list(value, what))


def asked_text(values: Json, key: str) -> str:
    """The string at `key`, or UnparsableError."""
    value = values.get(key)
    if not isinstance(value, str):
        raise UnparsableError(f"`{key}` is missing or no string")
    return value


def maybe_object(value: object) -> Json:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def maybe_list(value: object) -> Sequence[object]:
    """`value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else ()


def maybe_objects(value: object) -> Iterator[Json]:
    """The objects in `value` if it is a list."""
    return (item for item in maybe_list(value) if isinstance(item, dict))


def maybe_text(value: object) -> str | None:
    """`value` if it is a string that says something."""
    return value if isinstance(value, str) and value.strip() else None


def maybe_int(value: object) -> int | None:
    """`value` if it is a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def maybe_seconds(value: object, unit: float = 1.0) -> float | None:
    """`value` in units of `unit` seconds, if it is a number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        return None
    return round(float(value) * unit, 9)
