"""What a Python project declares that it needs: dependencies, groups, extras, requirements files. Knows PEP 508, 621, 735 and poetry's tables.

Markers are judged for CPython 3.11 or later on Linux; what does not hold there is not required.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gatekeeper.detect.documents import Document
from gatekeeper.detect.index import join, parent, resolve
from gatekeeper.detect.language import Scene

#: groups and extras that checks run with, by words in their names
_CHECKING = re.compile(r"(?:^|[-_.])(?:dev|devel|develop|development|test|tests|testing|lint|linting|linters|typing|types|typecheck|type-check|mypy|check|checks|qa|ci|all-dev|style|quality)(?:$|[-_.])")
_REQUIREMENTS = re.compile(r"(?:requirements[-_.]?)?(?:dev|test|tests|testing|lint|typing|mypy|ci|develop|development|all)?(?:[-_.]?requirements)?\.(?:txt|in)")
_NAME = re.compile(r"^\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)")
_ENVIRONMENT = {"python_version": "3.12", "python_full_version": "3.12.0", "os_name": "posix", "sys_platform": "linux", "platform_system": "Linux",
                "platform_machine": "x86_64", "implementation_name": "cpython", "platform_python_implementation": "CPython", "implementation_version": "3.12.0",
                "platform_release": "", "platform_version": "", "extra": ""}
_DEEPEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Normalised names: `required` for its checks, `declared` for any purpose with the place; `paths` are local folders it names."""

    required: frozenset[str]
    declared: Mapping[str, str]
    paths: tuple[str, ...] = ()


@dataclass(slots=True)
class _Collected:
    required: set[str]
    declared: dict[str, str]
    paths: list[str]

    def take(self, lines: Iterable[str], where: str, *, checked: bool) -> None:
        """Adds requirement lines; `checked` ones are needed by the project's checks."""
        for line in lines:
            name, holds = requirement(line)
            if name:
                self.declared.setdefault(name, where)
                if checked and holds:
                    self.required.add(name)


def needs_of(scene: Scene, folder: str, document: Document | None) -> Needs:
    """Everything the project in `folder` declares."""
    found = _Collected(required=set(), declared={}, paths=[])
    if document is not None:
        _of_project(document, found)
        _of_poetry(document, found)
        _of_tools(document, found)
    _of_setup_cfg(scene, folder, found)
    _of_files(scene, folder, found)
    return Needs(required=frozenset(found.required), declared=found.declared, paths=tuple(found.paths))


def requirement(line: str) -> tuple[str | None, bool]:
    """The normalised name of a PEP 508 requirement, and whether its marker holds; (None, False) for what is no requirement."""
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName  # lazy: only trees with Python pay
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        parsed = Requirement(line.split(" #")[0].strip())
        holds = parsed.marker is None or parsed.marker.evaluate(_ENVIRONMENT)
    except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
        found = _NAME.match(line)
        return (normal_name(found.group(1)), True) if found and not line.lstrip().startswith(("-", "#", ".", "/")) and "://" not in line else (None, False)
    return normal_name(parsed.name), holds


def normal_name(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _of_project(document: Document, found: _Collected) -> None:
    file = document.file
    found.take(document.strings("project", "dependencies"), f"{file}#project.dependencies", checked=True)
    extras = document.table("project", "optional-dependencies")
    for extra in extras:
        lines = list(_extra(document, extra, 0))
        found.take(lines, f"{file}#project.optional-dependencies.{extra}", checked=_CHECKING.search(extra.lower()) is not None)
    groups = document.table("dependency-groups")
    chosen = _default_groups(document)
    for group in groups:
        checked = group in chosen if chosen is not None else _CHECKING.search(group.lower()) is not None
        found.take(_group(document, group, 0), f"{file}#dependency-groups.{group}", checked=checked)


def _extra(document: Document, extra: str, depth: int) -> Iterator[str]:
    """An extra's lines, with those of other extras that it names of its own project (`pkg[other]`)."""
    own = normal_name(document.string("project", "name") or "")
    for line in document.strings("project", "optional-dependencies", extra):
        inner = re.fullmatch(r"\s*([\w.-]+)\s*\[([^\]]+)\].*", line)
        if inner and normal_name(inner.group(1)) == own and depth < _DEEPEST:
            for other in inner.group(2).split(","):
                yield from _extra(document, other.strip(), depth + 1)
        else:
            yield line


def _default_groups(document: Document) -> frozenset[str] | None:
    """The groups that uv installs unasked, where the project says so."""
    named = document.get("tool", "uv", "default-groups")
    return frozenset(name for name in named if isinstance(name, str)) if isinstance(named, list) else None


def _group(document: Document, group: str, depth: int) -> Iterator[str]:
    entries = document.get("dependency-groups", group)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, Mapping) and isinstance(entry.get("include-group"), str) and depth < _DEEPEST:
            yield from _group(document, entry["include-group"], depth + 1)


def _of_poetry(document: Document, found: _Collected) -> None:
    tables = [("dependencies", True, document.table("tool", "poetry", "dependencies")), ("dev-dependencies", True, document.table("tool", "poetry", "dev-dependencies"))]
    for name, group in document.table("tool", "poetry", "group").items():
        inner = group.get("dependencies") if isinstance(group, Mapping) else None
        optional = isinstance(group, Mapping) and group.get("optional") is True
        tables.append((f"group.{name}", not optional and name.lower() not in {"docs", "doc", "release"}, inner if isinstance(inner, Mapping) else {}))
    for where, checked, table in tables:
        for name, value in table.items():
            if name == "python":
                continue
            entry = value if isinstance(value, Mapping) else {}
            marker = entry.get("markers")
            line = f"{name}; {marker}" if isinstance(marker, str) else name
            found.take([line], f"{document.file}#tool.poetry.{where}", checked=checked and entry.get("optional") is not True)
            found.paths += [entry["path"]] if isinstance(entry.get("path"), str) else []


def _of_tools(document: Document, found: _Collected) -> None:
    file = document.file
    found.take(document.strings("tool", "uv", "dev-dependencies"), f"{file}#tool.uv.dev-dependencies", checked=True)
    for source in document.table("tool", "uv", "sources").values():
        if isinstance(source, Mapping) and isinstance(source.get("path"), str):
            found.paths.append(source["path"])
    for name in document.table("tool", "pdm", "dev-dependencies"):
        found.take(document.strings("tool", "pdm", "dev-dependencies", name), f"{file}#tool.pdm.dev-dependencies", checked=True)
    for name, env in document.table("tool", "hatch", "envs").items():
        for table in ("dependencies", "extra-dependencies"):
            if isinstance(env, Mapping) and isinstance(env.get(table), list):
                lines = [line for line in env[table] if isinstance(line, str)]
                found.take(lines, f"{file}#tool.hatch.envs.{name}", checked=name == "default" or _CHECKING.search(name.lower()) is not None)
    for name, env in {"env_run_base": document.table("tool", "tox", "env_run_base"), **document.table("tool", "tox", "env")}.items():
        if isinstance(env, Mapping) and isinstance(env.get("deps"), list):
            found.take([line for line in env["deps"] if isinstance(line, str)], f"{file}#tool.tox.{name}", checked=False)


def _of_setup_cfg(scene: Scene, folder: str, found: _Collected) -> None:
    path = scene.index.first_in(folder, "setup.cfg")
    sections = scene.documents.ini(path) if path else {}
    found.take(sections.get("options", {}).get("install_requires", "").split("\n"), f"{path}#options.install_requires", checked=True)
    for extra, lines in sections.get("options.extras_require", {}).items():
        found.take(lines.split("\n"), f"{path}#options.extras_require.{extra}", checked=_CHECKING.search(extra.lower()) is not None)
    path = scene.index.first_in(folder, "tox.ini")
    for section, values in (scene.documents.ini(path) if path else {}).items():
        lines = [re.sub(r"^[\w!,.{}-]+:\s+", "", line.strip()) for line in values.get("deps", "").split("\n")]
        if section.startswith("testenv"):
            found.take(lines, f"{path}#{section}.deps", checked=False)


def _of_files(scene: Scene, folder: str, found: _Collected) -> None:
    """requirements.txt and its kin, beside the manifest or in `requirements/`."""
    for path in scene.index.below(folder):
        home = parent(path)
        if path.endswith((".txt", ".in")) and home in {folder, join(folder, "requirements"), join(folder, "requirements.d")}:
            name = path.rpartition("/")[2]
            if _REQUIREMENTS.fullmatch(name) and ("requirements" in name or home != folder):
                plain = name.startswith(("requirements.", "base.", "main."))
                found.take(_file_lines(scene, path, 0), path, checked=plain or _CHECKING.search(name.rpartition(".")[0].lower()) is not None)


def _file_lines(scene: Scene, path: str, depth: int) -> Iterator[str]:
    for line in (scene.documents.text(path) or "").replace("\\\n", " ").split("\n"):
        included = re.match(r"\s*(?:-r|--requirement)[\s=]+(\S+)", line)
        if included and depth < _DEEPEST:
            target = resolve(parent(path), included.group(1))
            if target is not None and target in scene.index:
                yield from _file_lines(scene, target, depth + 1)
        elif line.strip() and not line.lstrip().startswith(("#", "-")):
            yield line.split(" --hash")[0]
