"""Loads the catalogue, compiled where it was compiled before: YAML is only read when a document changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence

from gatekeeper import __version__
from gatekeeper.catalog.location import document_names, pipelines_folder
from gatekeeper.catalog.pipelines import build_pipeline
from gatekeeper.catalog.tools import build_tool
from gatekeeper.errors import ConfigError
from gatekeeper.model.pipeline import Batch, Catalog, Pipeline, Task
from gatekeeper.model.tool import Command, Tool
from gatekeeper.model.value import fields
from gatekeeper.tree.kept import keep, kept

#: where the classes of a catalogue are
_MODULES = ("gatekeeper.model.component", "gatekeeper.model.pipeline", "gatekeeper.model.tool")


def load_catalog(pipeline: str = "default", *, cache_folder: str | None = None, project_file: str | None = None) -> Catalog:
    """All shipped tools and the named pipeline (or the one in `project_file`, a path). Raises ConfigError."""
    folder = pipelines_folder()
    names = document_names(folder, "tools")
    path = project_file or _pipeline_path(folder, pipeline)
    state = [_signature(name) for name in (*names, path)] if project_file is None else [*map(_signature, names), (path, _content(path))]
    return _compiled(state, cache_folder, lambda: _build(names, path))


def pipeline_names() -> tuple[str, ...]:
    """The pipelines that can be named."""
    return tuple(os.path.basename(path).removesuffix(".yaml") for path in document_names(pipelines_folder()))


def _pipeline_path(folder: str, pipeline: str) -> str:
    names = pipeline_names()
    if pipeline not in names:
        import difflib  # lazy: only mistakes pay

        near = difflib.get_close_matches(pipeline, names, 1)
        raise ConfigError(f"unknown pipeline `{pipeline}`", hint=f"did you mean `{near[0]}`?" if near else f"one of: {', '.join(names)}")
    return os.path.join(folder, f"{pipeline}.yaml")


def _signature(path: str) -> tuple[str, int, int, int]:
    """What tells a shipped document from another, as Python tells its own: reading a hundred of them costs more than their compiled form."""
    try:
        state = os.stat(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    return path, state.st_size, state.st_mtime_ns, state.st_ino


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _build(names: tuple[str, ...], pipeline_path: str) -> Catalog:
    tools = tuple(build_tool(parse_yaml(_content(name), name), name) for name in names)
    pipeline = build_pipeline(parse_yaml(_content(pipeline_path), pipeline_path), pipeline_path)
    _check(tools, pipeline, pipeline_path)
    return Catalog(tools=tools, pipeline=pipeline)


def parse_yaml(content: bytes, path: str) -> object:
    """One YAML document as plain values. Raises ConfigError with file and line."""
    import yaml  # start-up: only when a document changed

    try:
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{path}{line}: not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None


def _check(tools: tuple[Tool, ...], pipeline: Pipeline, path: str) -> None:
    """References between documents hold: a command named somewhere exists."""
    known = {command.id for tool in tools for command in tool.commands}
    named = [(f"{os.path.basename(path)}: task {task.id}", command) for batch in pipeline.batches for task in batch.tasks for command in task.commands]
    named += [(f"{command.id}: after", other) for tool in tools for command in tool.commands for other in command.after]
    for where, command in named:
        if command not in known:
            import difflib  # lazy: only mistakes pay

            near = difflib.get_close_matches(command, known, 1)
            raise ConfigError(f"{where}: unknown command `{command}`", hint=f"did you mean `{near[0]}`?" if near else None)


def _compiled(state: Sequence[object], cache_folder: str | None, build: Callable[[], Catalog]) -> Catalog:
    if cache_folder is None:
        return build()
    # the names of the fields stand for the shape: a compiled form of another shape is never read
    shape = [field.name for kind in (Catalog, Tool, Command, Pipeline, Batch, Task) for field in fields(kind)]
    digest = hashlib.blake2b(repr((__version__, shape, state)).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    path = os.path.join(cache_folder, f"catalog-{digest}")
    found = kept(path, _MODULES)
    if isinstance(found, Catalog):
        return found
    catalog = build()
    keep(path, catalog)
    return catalog
