"""Reads the recipes a project names: Makefile, justfile, Taskfile, tox, nox, and the task tables of hatch, pdm, poe and taskipy.

Python files are read with `ast`, never run. A recipe can be looked up by name, so that `make lint` in CI leads to its commands.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from gatekeeper.detect.documents import Document, Documents, find_line, line_of
from gatekeeper.detect.entries import Entry, Via
from gatekeeper.detect.index import Index, parent
from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass

_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_JUSTFILES = ("justfile", "Justfile", ".justfile")
_TASKFILES = ("Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml")
_TABLES = (("hatch", ("tool", "hatch", "envs")), ("pdm", ("tool", "pdm", "scripts")), ("poe", ("tool", "poe", "tasks")), ("task", ("tool", "taskipy", "tasks")))
_TARGET = late(r"^([^\s:#=][^:#=]*?)\s*::?(?!=)\s*([^=#]*?)(?:\s*[|].*)?(?:#.*)?$")
_MAKE_VARIABLE = late(r"^\s*(?:export\s+|override\s+)?([\w.-]+)\s*(?::::?|::?|\?|\+)?=\s*(.*)$")
_REFERENCE = late(r"\$[({]([\w.-]+)[)}]")
_JUST_RECIPE = late(r"^@?([A-Za-z_][\w-]*)((?:\s+[^:]*?)?)\s*:(?!=)\s*(.*)$")
_HATCH_FIELD = late(r"\{args(?::([^}]*))?\}")
_POSARGS = late(r"\{posargs(?::([^}]*))?\}|\{\{?[^{}]*\}?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A named recipe: the tool that runs it (`make`, `just`, `tox`, ...), its folder, other recipes it runs first, its commands."""

    runner: str
    folder: str
    name: str
    first: tuple[str, ...]
    entries: tuple[Entry, ...]


def recipes(index: Index, documents: Documents) -> Iterator[Recipe]:
    """All recipes of the tree, file by file."""
    for path in index.named(*_MAKEFILES):
        yield from _makefile(path, documents.text(path) or "")
    for path in index.named(*_JUSTFILES):
        yield from _justfile(path, documents.text(path) or "")
    for path in index.named(*_TASKFILES):
        yield from _taskfile(documents, path)
    for path in index.named("tox.ini"):
        yield from _tox_sections(path, documents.ini(path))
    for path in index.named("noxfile.py"):
        yield from _python(path, documents.text(path) or "", "nox")
    for path in index.named("tasks.py"):
        text = documents.text(path) or ""
        yield from _python(path, text, "invoke") if "invoke" in text else ()
    for path in index.named("pyproject.toml"):
        yield from _pyproject(documents, path)
    for path in index.named("hatch.toml"):
        yield from _task_table(documents.toml(path), "hatch", ("envs",))


def _entry(path: str, text: str, line: int | None, name: str, variables: Mapping[str, str] | None = None) -> Entry:
    return Entry(text=text, cwd=parent(path), file=path, line=line, via=Via.RECIPE, name=name, variables=variables or {})


# ---- make, just, task ----


def _makefile(path: str, text: str) -> Iterator[Recipe]:
    lines = _joined(text)
    variables = _make_variables(lines)
    names: list[str] = []
    first: list[str] = []
    body: list[Entry] = []
    for number, line in [*lines, (0, "end:")]:
        target = _TARGET.match(line)
        if line.startswith("\t") and names:
            command = _REFERENCE.sub(lambda found: variables.get(found.group(1), found.group()), line.strip().lstrip("@-+")).replace("$$", "$")
            body.append(_entry(path, command, number, names[0]))
        elif target and not _MAKE_VARIABLE.match(line):
            yield from (Recipe(runner="make", folder=parent(path), name=name, first=tuple(first), entries=tuple(body)) for name in names if not name.startswith(".PHONY"))
            names, first, body = target.group(1).split(), target.group(2).split(";")[0].split(), []


def _joined(text: str) -> list[tuple[int, str]]:
    """Lines with their numbers, continuations joined to the line they start on."""
    joined: list[tuple[int, str]] = []
    pending = ""
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        start = start if pending else number
        if line.endswith("\\"):
            pending += line[:-1] + " "
        else:
            joined.append((start, pending + line))
            pending = ""
    return joined


def _make_variables(lines: list[tuple[int, str]]) -> dict[str, str]:
    """Variables with plain values, references to each other put in; what calls a function stays unknown."""
    variables: dict[str, str] = {}
    for _number, line in lines:
        found = None if line.startswith("\t") else _MAKE_VARIABLE.match(line)
        if found:
            value = _REFERENCE.sub(lambda match: variables.get(match.group(1), match.group()), found.group(2).split(" #")[0].strip())
            if "$" not in value:
                variables.setdefault(found.group(1), value)
    return variables


def _justfile(path: str, text: str) -> Iterator[Recipe]:
    name, first, body = "", (), []  # type: tuple[str, tuple[str, ...], list[Entry]]
    for number, line in [*_joined(text), (0, "end:")]:
        found = _JUST_RECIPE.match(line)
        if line[:1] in {" ", "\t"} and name:
            command = line.strip().lstrip("@-")
            body += [_entry(path, command, number, name)] if command and not command.startswith("#") else []
        elif found and not line.startswith(("set ", "alias ", "export ", "import ", "mod ")):
            if name:
                yield Recipe(runner="just", folder=parent(path), name=name, first=first, entries=tuple(body))
            name, body = found.group(1), []
            first = tuple(word.strip("()") for word in found.group(3).split() if word != "&&")


def _taskfile(documents: Documents, path: str) -> Iterator[Recipe]:
    document = documents.yaml(path)
    for name, task in document.table("tasks").items() if document is not None else ():
        inner = task if isinstance(task, Mapping) else {"cmds": task}
        commands = inner.get("cmds", inner.get("cmd"))
        listed = commands if isinstance(commands, list) else [commands]
        texts = [item.get("cmd") if isinstance(item, Mapping) else item for item in listed]
        called = [item["task"] for item in listed if isinstance(item, Mapping) and isinstance(item.get("task"), str)]
        needed = inner.get("deps")
        first = [item for item in needed if isinstance(item, str)] if isinstance(needed, list) else []
        lines = [_entry(path, text, line_of(document.text if document else "", text.split("\n")[0]), name) for text in texts if isinstance(text, str)]
        yield Recipe(runner="task", folder=parent(path), name=name, first=(*first, *called), entries=tuple(lines))


# ---- tox, nox, task tables ----


def _tox_sections(path: str, sections: Mapping[str, Mapping[str, str]]) -> Iterator[Recipe]:
    for section, values in sections.items():
        if section.startswith("testenv") and "commands" in values:
            text = _tox_text(values["commands"])
            yield Recipe(runner="tox", folder=parent(path), name=section.removeprefix("testenv").lstrip(":") or "testenv", first=(),
                         entries=(_entry(path, text, None, section),))


def _tox_text(commands: str) -> str:
    """tox's commands as shell text: defaults of {posargs} stay, other substitutions fall away, factor prefixes and dashes too."""
    lines = [re.sub(r"^(?:[\w!,.{}-]+:\s+)?-?\s*", "", line.strip()) for line in commands.replace("\\\n", " ").split("\n")]
    return "\n".join(_POSARGS.sub(lambda found: found.group(1) or "", line) for line in lines if line)


def _pyproject(documents: Documents, path: str) -> Iterator[Recipe]:
    document = documents.toml(path)
    if document is None:
        return
    folder = parent(path)
    legacy = document.get("tool", "tox", "legacy_tox_ini")
    if isinstance(legacy, str):
        yield from _tox_legacy(path, legacy)
    environments = {"testenv": document.table("tool", "tox", "env_run_base"),
                    **{name: env for name, env in document.table("tool", "tox", "env").items() if isinstance(env, Mapping)}}
    for name, environment in environments.items() if document.has("tool", "tox") else ():
        lines = [_tox_line(command) for command in _lists(environment.get("commands"))]
        line = find_line(document.text, ("tool.tox.env_run_base",) if name == "testenv" else (f"tool.tox.env.{name}",))
        yield Recipe(runner="tox", folder=folder, name=name, first=(), entries=tuple(_entry(path, text, line, name) for text in lines))
    for runner, keys in _TABLES:
        yield from _task_table(document, runner, keys)


def _task_table(document: Document | None, runner: str, keys: tuple[str, ...]) -> Iterator[Recipe]:
    if document is None:
        return
    for name, value in _tasks(document.table(*keys), nested=runner == "hatch"):
        texts = [text for text in _task_texts(value) if text]
        entries = (_entry(document.file, _HATCH_FIELD.sub(lambda found: found.group(1) or "", text), line_of(document.text, text.split("\n")[0]), name) for text in texts)
        yield Recipe(runner=runner, folder=parent(document.file), name=name, first=(), entries=tuple(entries))


def _tox_legacy(path: str, text: str) -> Iterator[Recipe]:
    import configparser  # only the few projects that keep tox.ini inside pyproject.toml

    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    yield from _tox_sections(path, {section: {key: value or "" for key, value in parser.items(section)} for section in parser.sections()})


def _lists(value: object) -> list[list[object]]:
    return [item for item in value if isinstance(item, list)] if isinstance(value, list) else []


def _tox_line(words: list[object]) -> str:
    """A command of native tox as shell text; a replacement gives its default."""
    plain: list[str] = []
    for word in words:
        default = word.get("default") if isinstance(word, Mapping) else None
        plain += [word] if isinstance(word, str) else [item for item in default if isinstance(item, str)] if isinstance(default, list) else []
    return shlex.join(word for word in plain if not re.search(r"\{[^{}]*\}", word))


def _tasks(table: Mapping[str, object], *, nested: bool) -> list[tuple[str, object]]:
    if not nested:
        return list(table.items())
    scripts = [env.get("scripts") for env in table.values() if isinstance(env, Mapping)]
    return [(str(name), value) for script in scripts if isinstance(script, Mapping) for name, value in script.items()]


def _task_texts(value: object) -> list[str]:
    if isinstance(value, Mapping):
        value = value.get("cmd", value.get("shell", value.get("composite", value.get("sequence"))))
    if isinstance(value, list):
        return [item if isinstance(item, str) else str(item.get("cmd", "")) for item in value if isinstance(item, (str, Mapping))]
    return [value] if isinstance(value, str) else []


def _python(path: str, text: str, runner: str) -> Iterator[Recipe]:
    """What nox and invoke run, function by function."""
    from gatekeeper.detect.sessions import sessions  # lazy: only projects with such a file pay

    for name, lines in sessions(text, runner):
        yield Recipe(runner=runner, folder=parent(path), name=name, first=(), entries=tuple(_entry(path, line, number, name) for line, number in lines))
