"""`gatekeeper config`: the settings in force with their origins, a check of the documents, and the published schemas."""

from __future__ import annotations

import dataclasses
import json as json_text
from collections.abc import Mapping

import typer

from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, show_json
from gatekeeper.config.load import load_documents, load_settings
from gatekeeper.config.notify import notify_document
from gatekeeper.config.options import OPTIONS, Arguments
from gatekeeper.config.policy import condition_document, suppression_document
from gatekeeper.config.recovery import execution_document, recovery_document, retry_document, timeout_text
from gatekeeper.config.schema import schema_named, schema_names
from gatekeeper.config.values import duration_text
from gatekeeper.model.document import to_document
from gatekeeper.model.settings import CustomTask, Execution, Notify, ResourceLimits, Settings, SuppressionRule, ToolSettings

_CONFIG = typer.Option(None, "--config", metavar="FILE", help="Read this file instead of gatekeeper.yaml.")
_PATH = typer.Argument(".", metavar="PATH", help="The folder of the repository.")
#: fields of Settings that say how one call is made, not how the repository is judged
_OF_ONE_CALL = frozenset({"scope", "since", "files", "json", "events", "verbose", "quiet", "invoked_from", "root", "origins", "yes", "fix", "lenient",
                           "approvals", "trust", "trusted", "small_change"})


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verbs."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Show and check the configuration.")
    app.add_typer(group, name="config")

    @group.command(help="Show the settings in force, and where each comes from.")
    def show(path: str = _PATH, *, config: str = _CONFIG, json: bool = typer.Option(False, "--json", help="Write JSON.")) -> int:
        settings = load_settings(_arguments(path, config), here.environment, cwd=here.cwd, names=here.names())
        _show(settings, as_json=json)
        return 0

    @group.command(help="Check gatekeeper.yaml and gatekeeper.local.yaml; exit code 2 and the line where one is wrong.")
    def check(path: str = _PATH, *, config: str = _CONFIG) -> int:
        arguments = _arguments(path, config)
        load_settings(arguments, here.environment, cwd=here.cwd, names=here.names())
        _tell_valid(arguments, here)
        return 0

    @group.command(help=f"Write the JSON Schema of a document: {', '.join(schema_names())}.")
    def schema(name: str = typer.Argument(..., metavar="NAME", autocompletion=_complete_schema)) -> int:
        show_json(schema_named(name))
        return 0


def _complete_schema(incomplete: str) -> list[str]:
    return [name for name in schema_names() if name.startswith(incomplete)]


def _arguments(path: str, config: str | None) -> Arguments:
    return Arguments(path=path, given={"config": (config,)} if config else {})


def _tell_valid(arguments: Arguments, here: Here) -> None:
    for document in load_documents(arguments, here.environment, cwd=here.cwd):
        show(f"{document.name}: {'valid' if document.value else 'nothing set'}")


def _show(settings: Settings, *, as_json: bool) -> None:
    if as_json:
        show_json({"schema": 1, "settings": to_document(settings), "origins": dict(settings.origins)})
    else:
        show(settings_text(settings))


def settings_text(settings: Settings) -> str:
    """The settings as a document that gatekeeper.yaml could hold; a comment tells the origin of what is no default."""
    lines = ["version: 1"]
    for field in dataclasses.fields(settings):
        if field.name not in _OF_ONE_CALL:
            lines += _policy(settings) if field.name == "conditions" else _entry(field.name, getattr(settings, field.name), settings.origins)
    return "\n".join(lines)


def _entry(name: str, value: object, origins: Mapping[str, str]) -> list[str]:
    comment = f"  # {origins[name]}" if name in origins else ""
    if name == "suppressions":
        return _listed("suppressions: [", "]", [_flow(suppression_document(item)) for item in _items(value) if isinstance(item, SuppressionRule)], comment)
    if isinstance(value, Execution):
        return [f"execution: {_flow(execution_document(value))}{comment}"]
    if name == "tools" and isinstance(value, Mapping):
        return _tools(value, origins)
    if name == "tasks":
        return _listed("tasks: [", "]", [_flow(_task_document(task)) for task in _items(value)], comment)
    if name == "notify":
        return [f"notify: {_flow(notify_document(value))}{comment}" if isinstance(value, Notify) else "# notify: nobody is told"]
    if isinstance(value, ResourceLimits):
        said = {limit.name: getattr(value, limit.name) for limit in dataclasses.fields(value)}
        return [f"limits: {_flow({limit: number for limit, number in said.items() if number is not None})}{comment}"]
    if name == "timeout":
        text = "null" if not isinstance(value, float) else duration_text(value)
        return [f"{'# ' if value is None else ''}timeout: {'the pipeline decides' if value is None else text}{comment}"]
    key = _KEYS.get(name, name)
    text = _flow(list(value)) if isinstance(value, tuple) else _flow(value)
    known = value is not None and (name in _KEYS or name in {"exclude", "provision", "backup", "cache"})
    return [f"{'' if known else '# '}{key}: {text}{comment}"]


def _policy(settings: Settings) -> list[str]:
    comment = f"  # {settings.origins['conditions']}" if "conditions" in settings.origins else ""
    closing = f"], small_change: {{lines: {settings.small_change}}}}}"
    return _listed("policy: {conditions: [", closing, [_flow(condition_document(one)) for one in settings.conditions], comment)


_KEYS = {option.field: option.key for option in OPTIONS if option.key and option.field}


def _items(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _listed(opening: str, closing: str, items: list[str], comment: str) -> list[str]:
    return [f"{opening}{', '.join(items)}{closing}{comment}"]


def _tools(tools: Mapping[str, object], origins: Mapping[str, str]) -> list[str]:
    if not tools:
        return ["tools: {}"]
    lines = ["tools:"]
    for tool, said in tools.items():
        if isinstance(said, ToolSettings):
            known = {"enabled": said.enabled, "blocking": said.blocking, "timeout": timeout_text(said.timeout, said.timeout_factor), "args": list(said.args) or None,
                     "retry": said.retry and retry_document(said.retry), "on_failure": said.recovery and recovery_document(said.recovery)}
            told = {name: value for name, value in known.items() if value is not None}
            lines.append(f"  {_flow(tool)}: {_flow(told)}  # {origins.get(f'tools.{tool}', '')}".rstrip(" #"))
    return lines


def _task_document(task: object) -> object:
    if not isinstance(task, CustomTask):
        return to_document(task)
    told: dict[str, object] = {"id": task.id, "batch": task.batch, "argv": list(task.argv), "takes": task.takes, "role": task.role,
                               "output": {"parser": task.parser} | ({"pattern": task.pattern} if task.pattern else {}), "blocking": task.blocking, "cpu": task.cpu, "needs": list(task.needs)}
    further = {"timeout": timeout_text(task.timeout, task.timeout_factor), "retry": task.retry and retry_document(task.retry),
               "on_failure": recovery_document(task.recovery, of_task=True) or None}
    return told | {name: value for name, value in further.items() if value is not None}


def _flow(value: object) -> str:
    """JSON is YAML; plain words need no quotes."""
    if isinstance(value, str) and value.replace("-", "").replace("_", "").isalpha() and value not in {"on", "off", "yes", "no", "null", "true", "false"}:
        return value
    return json_text.dumps(value, ensure_ascii=False)
