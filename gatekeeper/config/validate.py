"""Says in words what is wrong with a document: file, line, key, and the nearest one that exists.

Knows JSON Schema, not what the document is for. Importing this module is cheap; using it imports jsonschema (108 ms).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from gatekeeper.config.document import Document, describe
from gatekeeper.config.values import nearest
from gatekeeper.errors import ConfigError
from gatekeeper.model.value import dataclass

if TYPE_CHECKING:
    from jsonschema import ValidationError

_KINDS = {"string": "a text", "number": "a number", "integer": "a whole number", "boolean": "true or false", "array": "a list",
          "object": "a mapping", "null": "nothing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong. `path` is `tools/mypy/blockng`; `hint` names what was probably meant."""

    line: int
    path: str
    message: str
    hint: str | None = None


def check(document: Document, schema: Mapping[str, object]) -> None:
    """Raises ConfigError for the first fault, with the number of the others."""
    faults = find_faults(document, schema)
    if not faults:
        return
    first = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    raise ConfigError(f"{document.name}:{first.line}: {first.message}{more}", hint=first.hint)


def find_faults(document: Document, schema: Mapping[str, object]) -> tuple[Fault, ...]:
    """Everything that is wrong, in the order of lines."""
    from jsonschema import Draft202012Validator

    errors = cast("Iterable[ValidationError]", Draft202012Validator(schema).iter_errors(document.value))
    faults = [fault for error in errors for fault in _faults(document, error)]
    return tuple(sorted(faults, key=lambda fault: (fault.line, fault.path, fault.message)))


def _faults(document: Document, error: ValidationError) -> Iterable[Fault]:
    path = "/".join(str(part) for part in error.absolute_path)
    if error.validator != "additionalProperties":
        message, hint = _words(error)
        yield Fault(line=_line(document, path), path=path, message=f"{_dotted(path)}{message}", hint=hint)
        return
    schema, instance = cast("Mapping[str, Mapping[str, object]]", error.schema), cast("Mapping[str, object]", error.instance)
    known = tuple(schema.get("properties", {}))
    for key in instance:
        if key not in known:
            inner = f"{path}/{key}" if path else key
            near = nearest(key, known)
            hint = f"did you mean `{near}`?" if near else f"known here: {', '.join(known)}"
            yield Fault(line=_line(document, inner), path=inner, message=f"{_dotted(path)}unknown key `{key}`", hint=hint)


def _words(error: ValidationError) -> tuple[str, str | None]:
    wanted, value = cast("Any", error.validator_value), cast("Any", error.instance)
    match error.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return f"expected {' or '.join(_KINDS[kind] for kind in kinds)}, found {describe(value)}", None
        case "enum":
            near = nearest(str(value), wanted)
            return f"`{value}` is not known", f"did you mean `{near}`?" if near else f"one of: {', '.join(wanted)}"
        case "const":
            hint = "write it without quotes" if isinstance(value, str) and value == str(wanted) else None
            return f"`{value}`{' in quotes' if hint else ''} is not supported; this program reads {wanted}", hint
        case "required":
            missing = [key for key in wanted if key not in value]
            return f"`{missing[0]}` is missing", None
        case _:
            return _bounds(str(error.validator), wanted, value), _example(error.schema)


def _bounds(validator: str, wanted: object, value: object) -> str:
    match validator:
        case "minimum" | "exclusiveMinimum":
            return f"{value} is too small ({'at least' if validator == 'minimum' else 'more than'} {wanted})"
        case "maximum":
            return f"{value} is too large (at most {wanted})"
        case "minItems" | "minLength":
            return "may not be empty"
        case _:
            return f"`{value}` is not valid here"


def _example(schema: object) -> str | None:
    pattern = schema.get("pattern") if isinstance(schema, Mapping) else None
    if not isinstance(pattern, str):
        return None
    if "ms|s|m|h" in pattern:
        return "write a duration such as 90s, 5m or 1h30m"
    if ">=" in pattern:
        return 'write a severity such as high or ">=high"'
    return f"it must match {pattern}"


def _line(document: Document, path: str) -> int:
    parts: Sequence[str] = path.split("/")
    for length in range(len(parts), 0, -1):
        line = document.lines.get("/".join(parts[:length]))
        if line is not None:
            return line
    return 1


def _dotted(path: str) -> str:
    return f"{path.replace('/', '.')}: " if path else ""
