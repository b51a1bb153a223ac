"""What a Python project declares that it needs: dependencies, groups, extras, requirements files. Knows PEP 508, 621, 735 and poetry's tables.

Markers are judged for CPython 3.11 or later on Linux; what does not hold there is not required.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

from gatekeeper.detect.documents import Document
from gatekeeper.detect.index import inside, join, parent, resolve
from gatekeeper.detect.language import Scene
from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass, field

#: groups, extras and files that tests and type checks run with, by words in their names
_TESTING = late(r"(?:^|[-_.])(?:test|tests|testing|typing|types|typecheck|mypy|pyright)(?:$|[-_.])")
#: those that do where none of the first kind exists
_DEVELOPING = late(r"(?:^|[-_.])(?:dev|devel|develop|development|check|checks|qa|ci|all)(?:$|[-_.])")
#: what such lists hold that no test imports
_BESIDE = late(r"tox|tox-uv|nox|nox-uv|pre-commit|pre-commit-uv|prek|twine|bump2version|bumpversion|bump-my-version|commitizen|towncrier|uv|gha-update|mkdocs.*|mkdocstrings.*|"
                     r"sphinx.*|furo|myst-parser|sphinxcontrib-.*|pip-tools|cibuildwheel|check-manifest|zest-releaser|python-semantic-release|codespell|build")
_REQUIREMENTS = late(r"(?:requirements[-_.]?)?(?:dev|test|tests|testing|lint|typing|mypy|ci|develop|development|all)?(?:[-_.]?requirements)?\.(?:txt|in)")
_NAME = late(r"^\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)")
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


class _For(Enum):
    """What a list of requirements is for: to run the project, to test it, to develop it, or something else."""

    RUNNING = 0
    TESTING = 1
    DEVELOPING = 2
    OTHER = 3


@dataclass(slots=True)
class _Collected:
    """What was found so far, by what it is for."""

    needed: dict[_For, set[str]] = field(default_factory=lambda: {purpose: set() for purpose in _For})
    declared: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)

    def take(self, lines: Iterable[str], where: str, purpose: _For) -> None:
        """Adds requirement lines."""
        for line in lines:
            name, holds = requirement(line)
            if name:
                self.declared.setdefault(name, where)
                if holds:
                    self.needed[purpose].add(name)

    def required(self) -> frozenset[str]:
        """What checks need: to run, and to test; lists for development where none is for testing."""
        listed = self.needed[_For.TESTING] or self.needed[_For.DEVELOPING]
        return frozenset(self.needed[_For.RUNNING] | {name for name in listed if not _BESIDE.fullmatch(name)})


def _purpose(name: str) -> _For:
    """What a group, extra or file is for, by its name."""
    lowered = name.lower()
    return _For.TESTING if _TESTING.search(lowered) else _For.DEVELOPING if _DEVELOPING.search(lowered) else _For.OTHER


def needs_of(scene: Scene, folder: str, document: Document | None) -> Needs:
    """Everything the project in `folder` declares."""
    found = _Collected()
    if document is not None:
        _of_project(document, found)
        _of_poetry(document, found)
        _of_tools(document, found)
    _of_setup_cfg(scene, folder, found)
    _of_files(scene, folder, document, found)
    return Needs(required=found.required(), declared=found.declared, paths=tuple(found.paths))


def requirement(line: str) -> tuple[str | None, bool]:
    """The normalised name of a PEP 508 requirement, and whether its marker holds; (None, False) for what is no requirement."""
    if not line.strip():
        return None, False
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName  # lazy: only trees with Python pay
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        parsed = Requirement(line.split(" #", 1)[0].strip())
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
    found.take(document.strings("project", "dependencies"), f"{file}#project.dependencies", _For.RUNNING)
    extras = document.table("project", "optional-dependencies")
    for extra in extras:
        lines = list(_extra(document, extra, 0))
        found.take(lines, f"{file}#project.optional-dependencies.{extra}", _purpose(extra))
    installed = document.get("tool", "uv", "default-groups")
    for group in document.table("dependency-groups"):
        wanted = not isinstance(installed, list) or group in installed
        found.take(_group(document, group, 0), f"{file}#dependency-groups.{group}", _purpose(group) if wanted else _For.OTHER)


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


def _group(document: Document, group: str, depth: int) -> Iterator[str]:
    entries = document.get("dependency-groups", group)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, Mapping) and isinstance(entry.get("include-group"), str) and depth < _DEEPEST:
            yield from _group(document, entry["include-group"], depth + 1)


def _of_poetry(document: Document, found: _Collected) -> None:
    tables = [("dependencies", _For.RUNNING, document.table("tool", "poetry", "dependencies")),
              ("dev-dependencies", _For.DEVELOPING, document.table("tool", "poetry", "dev-dependencies"))]
    for name, group in document.table("tool", "poetry", "group").items():
        inner = group.get("dependencies") if isinstance(group, Mapping) else None
        tables.append((f"group.{name}", _purpose(name), inner if isinstance(inner, Mapping) else {}))
    for where, purpose, table in tables:
        for name, value in table.items():
            if name == "python":
                continue
            entry = value if isinstance(value, Mapping) else {}
            marker = entry.get("markers")
            line = f"{name}; {marker}" if isinstance(marker, str) else name
            found.take([line], f"{document.file}#tool.poetry.{where}", _For.OTHER if entry.get("optional") is True else purpose)
            found.paths += [entry["path"]] if isinstance(entry.get("path"), str) else []


def _of_tools(document: Document, found: _Collected) -> None:
    file = document.file
    found.take(document.strings("tool", "uv", "dev-dependencies"), f"{file}#tool.uv.dev-dependencies", _For.DEVELOPING)
    for source in document.table("tool", "uv", "sources").values():
        if isinstance(source, Mapping) and isinstance(source.get("path"), str):
            found.paths.append(source["path"])
    for name in document.table("tool", "pdm", "dev-dependencies"):
        found.take(document.strings("tool", "pdm", "dev-dependencies", name), f"{file}#tool.pdm.dev-dependencies", _purpose(name) if _purpose(name) is not _For.OTHER else _For.DEVELOPING)
    for name, env in document.table("tool", "hatch", "envs").items():
        for table in ("dependencies", "extra-dependencies"):
            if isinstance(env, Mapping) and isinstance(env.get(table), list):
                lines = [line for line in env[table] if isinstance(line, str)]
                found.take(lines, f"{file}#tool.hatch.envs.{name}", _For.DEVELOPING if name == "default" else _purpose(name))
    for name, env in {"env_run_base": document.table("tool", "tox", "env_run_base"), **document.table("tool", "tox", "env")}.items():
        if isinstance(env, Mapping) and isinstance(env.get("deps"), list):
            found.take([line for line in env["deps"] if isinstance(line, str)], f"{file}#tool.tox.{name}", _For.OTHER)


def _of_setup_cfg(scene: Scene, folder: str, found: _Collected) -> None:
    path = scene.index.first_in(folder, "setup.cfg")
    sections = scene.documents.ini(path) if path else {}
    found.take(sections.get("options", {}).get("install_requires", "").split("\n"), f"{path}#options.install_requires", _For.RUNNING)
    for extra, lines in sections.get("options.extras_require", {}).items():
        found.take(lines.split("\n"), f"{path}#options.extras_require.{extra}", _purpose(extra))
    path = scene.index.first_in(folder, "tox.ini")
    for section, values in (scene.documents.ini(path) if path else {}).items():
        wanted = [re.sub(r"^[\w!,.{}-]+:\s+", "", line.strip()) for line in values.get("deps", "").split("\n")]
        if section.startswith("testenv"):
            found.take(wanted, f"{path}#{section}.deps", _For.OTHER)


def _of_files(scene: Scene, folder: str, document: Document | None, found: _Collected) -> None:
    """requirements.txt and its kin, beside the manifest or in `requirements/`; extras that they install count with them.

    Beside declared dependencies, requirements.txt is what a developer installs; without, it is what the project needs to run.
    """
    declares = document is not None and (document.has("project", "dependencies") or _has_poetry(document))
    for path in scene.index.ending(".txt", ".in"):
        if inside(path, folder) and (home := parent(path)) in {folder, join(folder, "requirements"), join(folder, "requirements.d")}:
            name = path.rpartition("/")[2]
            if _REQUIREMENTS.fullmatch(name) and ("requirements" in name or home != folder):
                plain = name.startswith(("requirements.", "base.", "main."))
                purpose = (_For.DEVELOPING if declares else _For.RUNNING) if plain else _purpose(name.rpartition(".")[0])
                lines = list(_file_lines(scene, path, 0))
                found.take(lines, path, purpose)
                if document is not None:
                    for extra in _extras_named(lines):
                        found.take(_extra(document, extra, 0), f"{document.file}#project.optional-dependencies.{extra}", purpose)


def _has_poetry(document: Document) -> bool:
    return document.has("tool", "poetry", "dependencies")


def _extras_named(lines: Iterable[str]) -> list[str]:
    """`test` and `x` of the line `-e .[test,x]`."""
    found = [match.group(1) for line in lines if (match := re.match(r"\s*(?:-e\s+|--editable[\s=]+)?\.?/?(?:file:\S*)?\[([\w.,\s-]+)\]", line))]
    return [extra.strip() for group in found for extra in group.split(",")]


def _file_lines(scene: Scene, path: str, depth: int) -> Iterator[str]:
    for line in (scene.documents.text(path) or "").replace("\\\n", " ").split("\n"):
        included = re.match(r"\s*(?:-r|--requirement)[\s=]+(\S+)", line)
        if included and depth < _DEEPEST:
            target = resolve(parent(path), included.group(1))
            if target is not None and target in scene.index:
                yield from _file_lines(scene, target, depth + 1)
        elif line.strip() and not line.lstrip().startswith("#") and (not line.lstrip().startswith("-") or "[" in line):
            yield line.split(" --hash")[0]
