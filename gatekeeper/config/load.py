"""Merges defaults, gatekeeper.yaml, gatekeeper.local.yaml, environment and command line into Settings, in that order.

Every value keeps its origin. Does not know how the command line was parsed, nor what the settings will be used for.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

from gatekeeper.config import compiled
from gatekeeper.config.document import Document
from gatekeeper.config.file import LOCAL_NAME, NAME, Names, from_document
from gatekeeper.config.layer import Layer, from_arguments, from_environment, merge
from gatekeeper.config.local import narrowed
from gatekeeper.config.options import Arguments
from gatekeeper.config.schema import schema_named
from gatekeeper.config.values import nearest
from gatekeeper.errors import ConfigError, TreeError, UsageError
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import replace

#: the whole content of a file by absolute path (`-`: standard input), None where there is none
Reader = Callable[[str], bytes | None]
_LARGEST = 64_000_000
_STREAMS = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")


def load_settings(arguments: Arguments, environment: Mapping[str, str], *, cwd: str, names: Names | None = None,
                  read: Reader | None = None) -> Settings:
    """The settings of one run; paths are taken from `cwd` (absolute). Raises UsageError, ConfigError and TreeError."""
    known, reader = names or Names(), read or read_file
    committed, local = load_documents(arguments, environment, cwd=cwd, read=reader)
    base = from_document(committed, known)
    above = narrowed(base, from_document(local, known), local)
    flags = from_arguments(arguments)
    merged = merge((base, above, from_environment(environment), flags))
    _check_names(merged, known)
    settings = replace(_settings(merged, arguments, cwd), lenient=_lenient(merged, flags))
    if settings.scope == "files":
        settings = replace(settings, files=_named_files(arguments, cwd, reader))
    return _strict(settings)


def load_bare(arguments: Arguments, environment: Mapping[str, str], *, cwd: str) -> Settings:
    """Settings from environment and command line alone, for calls that must work beside a broken gatekeeper.yaml. Raises as above."""
    return _settings(merge((from_environment(environment), from_arguments(arguments))), arguments, cwd)


def _settings(merged: Layer, arguments: Arguments, cwd: str) -> Settings:
    values = dict(merged.values) | {"root": _root(arguments.path, cwd), "invoked_from": os.path.abspath(cwd), "origins": dict(merged.origins)}
    return replace(Settings(), **cast("dict[str, Any]", values))


def load_documents(arguments: Arguments, environment: Mapping[str, str], *, cwd: str, read: Reader | None = None) -> tuple[Document, Document]:
    """gatekeeper.yaml (or the file of --config) and gatekeeper.local.yaml, validated; empty where there is none."""
    reader, root = read or read_file, _root(arguments.path, cwd)
    chosen = arguments.given.get("config", (environment.get("GATEKEEPER_CONFIG", ""),))[-1]
    folder = compiled.cache_folder(environment)
    if chosen:
        committed = _document(os.path.join(cwd, chosen), chosen, reader, folder)
        if committed is None:
            raise ConfigError(f"{chosen}: no such file", hint="name a file after --config or GATEKEEPER_CONFIG, or leave it out")
    else:
        committed = _document(os.path.join(root, NAME), NAME, reader, folder)
        if committed is None:
            _check_misnamed(root)
    local = _document(os.path.join(root, LOCAL_NAME), LOCAL_NAME, reader, folder)
    return committed or Document(name=NAME), local or Document(name=LOCAL_NAME)


def read_file(path: str) -> bytes | None:
    """A plain file's bytes, None where there is no file; `-` is standard input. Raises ConfigError where it cannot be read."""
    if path == "-":
        return sys.stdin.buffer.read(_LARGEST) if sys.stdin is not None else b""
    try:
        with open(path, "rb", opener=_open_plain) as file:
            return file.read(_LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _open_plain(path: str, flags: int) -> int:
    """Opens without waiting on a FIFO, and refuses what is no plain file (a pipe that the shell made is fine)."""
    stream = path.startswith(_STREAMS)
    descriptor = os.open(path, flags | os.O_CLOEXEC | (0 if stream else os.O_NONBLOCK))
    if stream or stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(0, "it is no plain file")


def _root(path: str, cwd: str) -> str:
    root = os.path.abspath(os.path.join(cwd, path))
    if not path or not os.path.exists(root):
        raise TreeError(f"{path or '(empty)'}: no such folder", hint="give the folder of a repository, for example: gatekeeper run .")
    if not os.path.isdir(root):
        raise UsageError(f"{path}: is a file, not a folder", hint=f"name files after --, for example: gatekeeper run -- {path}")
    return root


def _document(path: str, name: str, read: Reader, folder: str | None) -> Document | None:
    data = read(path)
    if data is None:
        return None
    schema = schema_named("config")
    key = compiled.key_of(data, schema)
    kept = compiled.recall(folder, key, name)
    if kept is not None:
        return kept
    # both import what `run` otherwise does without: yaml and jsonschema
    from gatekeeper.config.reading import read_document
    from gatekeeper.config.validate import check

    document = read_document(name, data)
    check(document, schema)
    compiled.keep(folder, key, document)
    return document


def _check_misnamed(root: str) -> None:
    for wrong in ("gatekeeper.yml", ".gatekeeper.yaml", ".gatekeeper.yml"):
        if os.path.lexists(os.path.join(root, wrong)):
            raise ConfigError(f"{wrong}: is not read under this name", hint=f"rename it to {NAME}")


def _lenient(merged: Layer, flags: Layer) -> tuple[str, ...]:
    """What is to be skipped but was not asked for on the command line: SKIP may name hooks of other programs."""
    asked = cast("tuple[str, ...]", flags.values.get("skip", ()))
    return tuple(pattern for pattern in cast("tuple[str, ...]", merged.values.get("skip", ())) if pattern not in asked)


def _check_names(merged: Layer, names: Names) -> None:
    """Names from the environment and the command line; those of documents were checked with their lines."""
    pipeline = str(merged.values.get("pipeline", "default"))
    origin = merged.origins.get("pipeline", "")
    if names.pipelines and pipeline not in names.pipelines and not pipeline.endswith((".yaml", ".yml")):
        _refuse(origin, "pipeline", pipeline, names.pipelines)
    for report in cast("tuple[str, ...]", merged.values.get("reports", ())):
        form = report.partition("=")[0]
        if names.reports and form not in names.reports:
            _refuse(merged.origins.get("reports", ""), "report format", form, names.reports)


def _refuse(origin: str, what: str, name: str, known: tuple[str, ...]) -> None:
    near = nearest(name, known)
    raise UsageError(f"{origin}: unknown {what} `{name}`", hint=f"did you mean `{near}`?" if near else f"one of: {', '.join(known)}")


def _named_files(arguments: Arguments, cwd: str, read: Reader) -> tuple[str, ...]:
    if arguments.files is not None:
        return arguments.files
    source = arguments.given["files_from"][-1]
    data = read("-" if source == "-" else os.path.join(cwd, source))
    if data is None:
        raise UsageError(f"--files-from {source}: no such file")
    if b"\n" in data and b"\0" not in data:
        raise UsageError(f"--files-from {source}: names must be separated by NUL, not by lines", hint="for example: git diff --name-only -z")
    return tuple(os.fsdecode(name) for name in data.split(b"\0") if name)


def _strict(settings: Settings) -> Settings:
    """Strict mode makes every job block."""
    if settings.mode != "strict" or settings.strict:
        return settings
    return replace(settings, strict=True, origins={**settings.origins, "strict": settings.origins.get("mode", "")})
