"""gatekeeper.yaml and gatekeeper.local.yaml as layers of settings. Knows the keys; the schema has checked the shapes before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from gatekeeper.config.document import Document
from gatekeeper.config.layer import Layer
from gatekeeper.config.options import OPPOSITES, OPTIONS, Kind
from gatekeeper.config.policy import conditions, small_change, suppressions
from gatekeeper.config.recovery import execution_of, limit_of, recovery_of, retry_of, seconds_of
from gatekeeper.config.values import nearest
from gatekeeper.errors import ConfigError
from gatekeeper.model.pattern import pattern_fault
from gatekeeper.model.settings import CustomTask, ResourceLimits, ToolSettings
from gatekeeper.model.value import dataclass

NAME = "gatekeeper.yaml"
LOCAL_NAME = "gatekeeper.local.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What exists in this installation, to check names against. An empty tuple checks nothing."""

    pipelines: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    parsers: tuple[str, ...] = ()


def from_document(document: Document, names: Names) -> Layer:
    """What a valid document says. Raises ConfigError for names that do not exist and globs that cannot match."""
    _check_names(document, names)
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for key, value in document.value.items():
        if key != "version":
            target = _FIELDS[key]
            values[target] = _value(document, key, value)
            origins[target] = document.place(key)
    if (small := small_change(document)) is not None:
        values["small_change"], origins["small_change"] = small, document.place("policy/small_change")
    for tool in cast("Mapping[str, ToolSettings]", values.get("tools", {})):
        origins[f"tools.{tool}"] = document.place(f"tools/{tool}")
    return Layer(values=values, origins=origins)


_FIELDS: Mapping[str, str] = ({option.key: option.field for option in OPTIONS if option.key} | {key: key for key in OPPOSITES}
                              | {"exclude": "exclude", "tools": "tools", "tasks": "tasks", "policy": "conditions", "suppressions": "suppressions", "execution": "execution", "notify": "notify", "limits": "limits"})
_DURATIONS = frozenset(option.key for option in OPTIONS if option.kind is Kind.DURATION)


def _value(document: Document, key: str, value: object) -> object:
    if key in _DURATIONS:
        return seconds_of(document, key, value)
    match key, value:
        case "tools", dict():
            return {tool: _tool(document, tool, said) for tool, said in value.items()}
        case "tasks", list():
            return _tasks(document, value)
        case "execution", dict():
            return execution_of(document, value)
        case "policy", dict():
            return conditions(document)
        case "suppressions", list():
            return suppressions(document)
        case "notify", dict():
            from gatekeeper.config.notify import notify_of  # lazy: who tells nobody need not read addresses

            return notify_of(document)
        case "limits", dict():
            usual = ResourceLimits()
            return ResourceLimits(cpu_percent=value.get("cpu_percent", usual.cpu_percent), memory_percent=value.get("memory_percent", usual.memory_percent),
                                  memory_mb=value.get("memory_mb"), cores=value.get("cores"), job_memory_mb=value.get("job_memory_mb"))
        case "exclude", list():
            return tuple(_glob(document, f"exclude/{index}", glob) for index, glob in enumerate(value))
        case _:
            return tuple(value) if isinstance(value, list) else value


def _tool(document: Document, tool: str, said: object) -> ToolSettings:
    if not isinstance(said, Mapping):
        return ToolSettings(enabled=bool(said))
    path = f"tools/{tool}"
    timeout, factor = limit_of(document, path, said)
    return ToolSettings(enabled=said.get("enabled"), blocking=said.get("blocking"), cache=said.get("cache"), args=tuple(said.get("args", ())), timeout=timeout,
                        timeout_factor=factor, retry=retry_of(document, path, said), recovery=recovery_of(document, path, said))


def _tasks(document: Document, items: Sequence[Mapping[str, object]]) -> tuple[CustomTask, ...]:
    tasks: dict[str, CustomTask] = {}
    for index, item in enumerate(items):
        task = _task(document, f"tasks/{index}", item)
        if task.id in tasks:
            raise ConfigError(f"{document.place(f'tasks/{index}/id')}: a task `{task.id}` stands above already")
        tasks[task.id] = task
    return tuple(tasks.values())


def _task(document: Document, path: str, item: Mapping[str, object]) -> CustomTask:
    usual = CustomTask(id="", batch="", argv=())
    output = cast("Mapping[str, str]", item.get("output", {}))
    timeout, factor = limit_of(document, path, item)
    argv = cast("Sequence[str]", item["argv"])
    if not argv[0]:
        raise ConfigError(f"{document.place(f'{path}/argv')}: the program has no name")
    return CustomTask(
        id=str(item["id"]), batch=str(item["batch"]), argv=tuple(argv),
        takes=str(item.get("takes", usual.takes)), parser=output.get("parser", usual.parser), role=str(item.get("role", usual.role)),
        pattern=_pattern(document, path, output), cache=str(item.get("cache", usual.cache)),
        blocking=bool(item.get("blocking", usual.blocking)), cpu=int(str(item.get("cpu", usual.cpu))), needs=tuple(cast("Sequence[str]", item.get("needs", ()))),
        timeout=timeout, timeout_factor=factor, retry=retry_of(document, path, item), recovery=recovery_of(document, path, item) or usual.recovery,
    )


def _pattern(document: Document, path: str, output: Mapping[str, str]) -> str:
    """The expression of the regex parser, which needs one; no other parser knows what to do with it."""
    pattern = output.get("pattern", "")
    fault = pattern_fault(pattern) if pattern else None
    if (output.get("parser") == "regex") != bool(pattern):
        fault = "a `pattern` is for the parser `regex`" if pattern else "the parser `regex` needs a `pattern`"
    if fault is not None:
        raise ConfigError(f"{document.place(f'{path}/output')}: tasks: {fault}",
                          hint=r"for example: output: {parser: regex, pattern: '^(?P<file>[^:]+):(?P<line>\d+): (?P<message>.*)'}")
    return pattern


def _glob(document: Document, path: str, glob: str) -> str:
    if glob.startswith(("/", "!", "./")) or ".." in glob.split("/"):
        raise ConfigError(f"{document.place(path)}: exclude: `{glob}` cannot match",
                          hint="globs are relative to the root, without a leading / or ./, and cannot be negated: fixtures/**")
    return glob


def _check_names(document: Document, names: Names) -> None:
    pipeline = document.value.get("pipeline")
    if isinstance(pipeline, str) and not pipeline.endswith((".yaml", ".yml")):
        _known(document, "pipeline", pipeline, names.pipelines)
    for tool, said in cast("Mapping[str, object]", document.value.get("tools", {})).items():
        _known(document, f"tools/{tool}", tool, names.tools)
        failure = said.get("on_failure") if isinstance(said, Mapping) else None
        if isinstance(failure, Mapping) and "fallback" in failure:
            _known(document, f"tools/{tool}/on_failure/fallback", str(failure["fallback"]).partition(".")[0], names.tools)
    for index, report in enumerate(cast("Sequence[str]", document.value.get("reports", ()))):
        _known(document, f"reports/{index}", report.partition("=")[0], names.reports)
    for index, task in enumerate(cast("Sequence[Mapping[str, Mapping[str, str]]]", document.value.get("tasks", ()))):
        if parser := task.get("output", {}).get("parser"):
            _known(document, f"tasks/{index}/output/parser", parser, names.parsers)


def _known(document: Document, path: str, name: str, known: tuple[str, ...]) -> None:
    if not known or name in known:
        return
    near = nearest(name, known)
    raise ConfigError(f"{document.place(path)}: {path.split('/', maxsplit=1)[0]}: unknown name `{name}`",
                      hint=f"did you mean `{near}`?" if near else f"one of: {', '.join(known)}")
