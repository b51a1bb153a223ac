"""Holds gatekeeper.local.yaml to its promise: it may add and narrow, never loosen what the repository has decided.

An uncommitted file must not turn red into green. So it may turn tools on, make them block, add tasks and conditions, and
say how this machine runs (jobs, time limits, colour, reports, CI); it may not turn a tool off, make it advise only, pass it
arguments, exclude or skip anything, or choose another pipeline. Saying again what holds anyway is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from gatekeeper.config.document import Document
from gatekeeper.config.layer import Layer
from gatekeeper.config.options import AUDIT_LEVELS
from gatekeeper.errors import ConfigError
from gatekeeper.model.settings import CustomTask, Notify, Settings, ToolSettings

#: what cannot change a verdict, or adds by its nature
FREE = frozenset({"jobs", "nice", "timeout", "fail_fast", "provision", "backup", "reports", "ci", "color", "log_level", "conditions", "notify", "limits"})


def narrowed(base: Layer, local: Layer, document: Document) -> Layer:
    """The local layer, ready to be merged above `base`. Raises ConfigError for the first key that would loosen the gate."""
    for path, loosening in _loosenings(base, local):
        raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: {loosening}",
                          hint=f"{document.name} may only add or narrow; change gatekeeper.yaml instead")
    values = dict(local.values)
    if "tools" in values:
        values["tools"] = _joined(_tools(base), _tools(local))
    if "tasks" in values:
        values["tasks"] = tuple(dict.fromkeys((*_tasks(base), *_tasks(local))))
    if "notify" in values and "notify" in base.values:
        values["notify"] = _told_too(cast("Notify", base.values["notify"]), cast("Notify", values["notify"]))
    return Layer(values=values, origins=local.origins)


def _told_too(base: Notify, local: Notify) -> Notify:
    """Whom the repository tells is told in any case."""
    return Notify(desktop=base.desktop or local.desktop, webhooks=tuple(dict.fromkeys((*base.webhooks, *local.webhooks))))


def _loosenings(base: Layer, local: Layer) -> Iterator[tuple[str, str]]:
    yield from _tool_loosenings(_tools(base), _tools(local))
    yield from _task_loosenings(_tasks(base), _tasks(local))
    for name, value in local.values.items():
        before = base.values.get(name, getattr(Settings(), name))
        message = _loosening(name, before, value)
        if message:
            yield name, message


def _loosening(name: str, before: object, value: object) -> str | None:
    if name in FREE or name in {"tools", "tasks"} or value == before:
        return None
    match name:
        case "skip" | "exclude":
            more = set(cast("tuple[str, ...]", value)) - set(cast("tuple[str, ...]", before))
            return "may not leave anything out" if more else None
        case "execution":
            return "may not say how jobs are timed and tried again"
        case "suppressions":
            return "may not suppress anything"
        case "small_change":
            return "may not spare larger changes" if cast("int", value) > cast("int", before) else None
        case "audit_level":
            less = AUDIT_LEVELS.index(str(value)) > AUDIT_LEVELS.index(str(before))
            return f"`{value}` reports less than `{before}`" if less else None
        case "mode" | "strict" if value in {"strict", True}:
            return None
        case _:
            return f"may not change from `{_word(before)}` to `{_word(value)}`"


def _tool_loosenings(base: Mapping[str, ToolSettings], local: Mapping[str, ToolSettings]) -> Iterator[tuple[str, str]]:
    for tool, said in local.items():
        before = base.get(tool, ToolSettings())
        if said.enabled is False and before.enabled is not False:
            yield f"tools/{tool}", "may not turn a tool off"
        if said.blocking is False and before.blocking is not False:
            yield f"tools/{tool}", "may not make a tool advise only"
        if said.retry and said.retry != before.retry:
            yield f"tools/{tool}", "may not say when a tool is started again"
        if said.recovery and said.recovery != before.recovery:
            yield f"tools/{tool}", "may not say what happens when a tool does not pass"
        if said.cache not in (None, "none", before.cache):
            yield f"tools/{tool}", "may not let results of a tool be kept"
        if said.args and said.args != before.args:
            yield f"tools/{tool}", "may not pass arguments to a tool"


def _task_loosenings(base: tuple[CustomTask, ...], local: tuple[CustomTask, ...]) -> Iterator[tuple[str, str]]:
    decided = {task.id: task for task in base}
    for index, task in enumerate(local):
        if decided.get(task.id, task) != task:
            yield f"tasks/{index}", f"may not change the task `{task.id}`"


def _joined(base: Mapping[str, ToolSettings], local: Mapping[str, ToolSettings]) -> Mapping[str, ToolSettings]:
    joined = dict(base)
    for tool, said in local.items():
        before = base.get(tool, ToolSettings())
        joined[tool] = ToolSettings(
            enabled=before.enabled if said.enabled is None else said.enabled,
            blocking=before.blocking if said.blocking is None else said.blocking,
            timeout=before.timeout if said.timeout is None else said.timeout,
            args=said.args or before.args, cache=said.cache or before.cache,
            timeout_factor=said.timeout_factor if said.timeout or said.timeout_factor else before.timeout_factor,
            retry=said.retry or before.retry, recovery=said.recovery or before.recovery,
        )
    return joined


def _tools(layer: Layer) -> Mapping[str, ToolSettings]:
    return cast("Mapping[str, ToolSettings]", layer.values.get("tools", {}))


def _tasks(layer: Layer) -> tuple[CustomTask, ...]:
    return cast("tuple[CustomTask, ...]", layer.values.get("tasks", ()))


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
