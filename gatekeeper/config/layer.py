"""Layers of settings: what one source says, converted, with the origin of each value. Does not know which source wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gatekeeper.config.options import OPTIONS, Arguments, Kind, Option, option_named
from gatekeeper.config.values import nearest, one_of, seconds, switch, whole_number
from gatekeeper.errors import UsageError
from gatekeeper.model.value import dataclass, field

#: fields that layers add to, instead of replacing what a lower one says
ADDITIVE = frozenset({"skip", "reports", "exclude", "conditions", "suppressions"})
_PREFIX = "GATEKEEPER_"
#: what jobs find in their environment, and what our own tests read
_NOT_SETTINGS = frozenset({"RUN_ID", "JOB", "SCHEMAS"})
#: options that say which files are looked at; at most one of them
SCOPES = ("staged", "changed", "since", "files_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Values by the field of Settings they set, and where each comes from."""

    values: Mapping[str, object] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)


def merge(layers: tuple[Layer, ...]) -> Layer:
    """The layers as one, later ones above earlier ones."""
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.values.items():
            before = values.get(name)
            if name in ADDITIVE and isinstance(before, tuple) and isinstance(value, tuple):
                values[name] = tuple(dict.fromkeys((*before, *value)))
                origins[name] = f"{origins[name]}, {layer.origins[name]}"
            else:
                values[name] = value
                origins[name] = layer.origins[name]
        origins |= {name: origin for name, origin in layer.origins.items() if name not in layer.values}
    return Layer(values=values, origins=origins)


# --- environment -----------------------------------------------------------------------------------------------------


def from_environment(environment: Mapping[str, str]) -> Layer:
    """What the environment says; an empty variable says nothing. Raises UsageError for a value that cannot be read."""
    _check_variables(environment)
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for option in OPTIONS:
        text = environment.get(option.variable or "", "")
        if text and option.variable and option.field:
            values[option.field] = _variable_value(option, option.variable, text)
            origins[option.field] = option.variable
    if environment.get("SKIP"):  # as pre-commit has it
        values["skip"] = (*_listed(environment.get("GATEKEEPER_SKIP", "")), *_listed(environment["SKIP"]))
        origins["skip"] = "SKIP" if "skip" not in origins else "GATEKEEPER_SKIP, SKIP"
    if "color" not in values and environment.get("NO_COLOR"):
        values["color"], origins["color"] = "never", "NO_COLOR"
    return Layer(values=values, origins=origins)


def _check_variables(environment: Mapping[str, str]) -> None:
    """A variable that is one of ours but for a slip would be passed over in silence; other programs' variables may begin like ours."""
    known = {option.variable.removeprefix(_PREFIX) for option in OPTIONS if option.variable}
    for name in sorted(environment):
        word = name.removeprefix(_PREFIX)
        if word != name and word not in known and word not in _NOT_SETTINGS and environment[name] and (near := nearest(word, known, 0.8)):
            raise UsageError(f"unknown variable {name}", hint=f"did you mean {_PREFIX}{near}?")


def _variable_value(option: Option, variable: str, text: str) -> object:
    if option.kind is Kind.SWITCH:
        chosen = _converted(variable, switch, text)
        return option.value if chosen else not option.value
    texts = _listed(text) if option.kind is Kind.TEXTS else (text,)
    return _value(option, variable, texts)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


# --- command line ----------------------------------------------------------------------------------------------------


def from_arguments(arguments: Arguments) -> Layer:
    """What the command line says, file names apart. Raises UsageError for values and combinations that make no sense."""
    _check_combinations(arguments)
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for name, texts in arguments.given.items():
        option = option_named(name)
        if option.field and name != "files_from":
            values[option.field] = option.value if option.kind is Kind.SWITCH else _value(option, option.flag, texts)
            origins[option.field] = option.flag
    if arguments.has("since"):
        values["scope"], origins["scope"] = "since", "--since"
    if arguments.has("files_from") or arguments.files is not None:
        values["scope"], origins["scope"] = "files", "--files-from" if arguments.has("files_from") else "--"
    return Layer(values=values, origins=origins)


def _check_combinations(arguments: Arguments) -> None:
    scopes = [option_named(name).flag for name in SCOPES if arguments.has(name)]
    if arguments.files is not None:
        scopes.append("files after --")
    if len(scopes) > 1:
        raise UsageError(f"{scopes[0]} and {scopes[1]} cannot be combined", hint="choose one of them")
    if arguments.has("verbose") and arguments.has("quiet"):
        raise UsageError("--verbose and --quiet cannot be combined", hint="choose one of them")
    if arguments.has("no_cache") and arguments.has("verify_cache"):
        raise UsageError("--no-cache and --verify-cache cannot be combined", hint="choose one of them")
    if arguments.has("json") and arguments.has("mermaid"):
        raise UsageError("--json and --mermaid cannot be combined", hint="choose one of them")
    if arguments.given.get("events", ("",))[-1] == "-" and arguments.has("json"):
        raise UsageError("--json and --events - cannot be combined: both are standard output", hint="write the events into a file")
    if arguments.has("dry_run") and arguments.given.get("mode", ("dry-run",)) != ("dry-run",):
        raise UsageError(f"--dry-run and --mode {arguments.given['mode'][0]} cannot be combined", hint="choose one of them")


# --- both ------------------------------------------------------------------------------------------------------------


def _value(option: Option, source: str, texts: tuple[str, ...]) -> object:
    if not all(texts):
        raise UsageError(f"{source}: {option.metavar or 'a value'} may not be empty")
    match option.kind:
        case Kind.NUMBER:
            return _converted(source, lambda text: whole_number(text, option.most), texts[-1])
        case Kind.DURATION:
            return _converted(source, seconds, texts[-1])
        case Kind.CHOICE:
            return _converted(source, lambda text: one_of(text, option.choices), texts[-1])
        case Kind.TEXTS:
            return tuple(_converted(source, lambda text: one_of(text, option.choices), text) if option.choices else text for text in texts)
        case _:
            return texts[-1]


def _converted(source: str, convert: Callable[[str], object], text: str) -> object:
    try:
        return convert(text)
    except ValueError as error:
        raise UsageError(f"{source}: {error}") from error
