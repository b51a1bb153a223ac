"""Which version of a tool the project itself pins, read from its lockfiles and hooks as text. Knows no environment and no network.

Lockfiles are scanned, not parsed: name and version stand on neighbouring lines in every one of them, and parsing a
large TOML or YAML document takes longer than most tools run.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gatekeeper.model.component import Component
from gatekeeper.model.late import late
from gatekeeper.model.tool import Tool
from gatekeeper.model.value import dataclass
from gatekeeper.provide.environments import manifest, normalise
from gatekeeper.provide.places import Surroundings, read_text

if TYPE_CHECKING:  # start-up: most projects pin nothing that must be compared
    from packaging.version import Version

_EXACT = late(r"v?\d+(\.\d+)*([-.+]?[0-9A-Za-z]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """An exact version and the file that names it, relative to the tree."""

    version: str
    where: str


def pypi_pin(surroundings: Surroundings, component: Component | None, tool: Tool, package: str) -> Pin | None:
    """The version of a Python tool that the component's lockfiles, requirements, manifest or hooks pin; the nearest file wins."""
    for folder in surroundings.folders(component):
        for name, read in _PYTHON_LOCKS:
            path = os.path.join(folder, name)
            if (text := read_text(path)) and (version := read(text, package)):
                return Pin(version=version, where=surroundings.show(path))
        for path in requirement_files(folder):
            if version := _requirement(read_text(path) or "", package):
                return Pin(version=version, where=surroundings.show(path))
        if version := _manifest_pin(folder, package):
            return Pin(version=version, where=surroundings.show(os.path.join(folder, "pyproject.toml")))
    return _hook_pin(surroundings, component, tool, package)


def npm_pin(surroundings: Surroundings, component: Component | None, tool: Tool, package: str) -> Pin | None:
    """The version of an npm tool that the lockfiles from the component up to the root, its manifest or hooks pin."""
    start = surroundings.folder(component)
    for folder in surroundings.upwards(component):
        member = os.path.relpath(start, folder)
        for name, read in _NPM_LOCKS:
            path = os.path.join(folder, name)
            if (text := read_text(path)) and (version := read(text, package, member, folder)):
                return Pin(version=version, where=surroundings.show(path))
    for folder in surroundings.upwards(component):
        wanted = wanted_range(folder, package)
        if wanted and _EXACT.fullmatch(wanted) and wanted.count(".") == 2:
            return Pin(version=wanted, where=surroundings.show(os.path.join(folder, "package.json")))
    return _hook_pin(surroundings, component, tool, package)


def requirement_files(folder: str) -> tuple[str, ...]:
    """`requirements*.txt`, `*-requirements.txt` and those in `requirements/`, development ones first."""
    found: list[str] = []
    for where in (folder, os.path.join(folder, "requirements")):
        try:
            names = os.listdir(where)
        except OSError:
            continue
        found += [os.path.join(where, name) for name in names
                  if name.endswith(".txt") and (where != folder or re.search(r"^(requirements|constraints)|requirements\.txt$", name))]
    return tuple(sorted(found, key=lambda path: (not re.search(r"dev|test|lint|ci", os.path.basename(path)), path)))


def _toml_lock(text: str, package: str) -> str | None:
    """uv.lock, poetry.lock, pdm.lock, pylock.toml: `name = ...` and right below `version = ...`; the highest where a lock forks."""
    found = re.findall(rf'(?mi)^\[\[packages?\]\]\nname = "{_any_form(package)}"\nversion = "([^"]+)"', text)
    return max(found, key=_order) if found else None


def _pipfile_lock(text: str, package: str) -> str | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for section in ("develop", "default"):
        for name, entry in _items(document.get(section) if isinstance(document, dict) else None):
            if normalise(name) == package and isinstance(entry, dict) and str(entry.get("version", "")).startswith("=="):
                return str(entry["version"])[2:]
    return None


def _any_form(package: str) -> str:
    return "[-_.]".join(re.escape(part) for part in normalise(package).split("-"))


def _order(version: str) -> tuple[bool, Version]:
    from packaging.version import InvalidVersion, Version

    try:
        return True, Version(version)
    except InvalidVersion:
        return False, Version("0")


_PYTHON_LOCKS: tuple[tuple[str, Callable[[str, str], str | None]], ...] = (
    ("uv.lock", _toml_lock), ("poetry.lock", _toml_lock), ("pdm.lock", _toml_lock), ("pylock.toml", _toml_lock), ("Pipfile.lock", _pipfile_lock))


def _requirement(text: str, package: str) -> str | None:
    """`ruff==0.4.1` in a requirements file; hashes, markers and comments do not matter."""
    found = re.search(rf"(?mi)^[ \t]*{_any_form(package)}(?:\[[^\]]*\])?\s*===?\s*([0-9][^\s;#\\,*]*)(?=[\s;#\\]|$)", text)
    return found[1] if found else None


def _manifest_pin(folder: str, package: str) -> str | None:
    text = read_text(os.path.join(folder, "pyproject.toml")) or ""
    if "==" not in text and "\\" not in text:  # start-up: without a pin (or an escape that may stand for one) the file need not be parsed
        return None
    # start-up: only what can be meant is read as a requirement
    for text in (text for text in _declared(manifest(folder)) if re.match(rf"(?i)\s*{_any_form(package)}\b", text)):
        from packaging.requirements import InvalidRequirement, Requirement

        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        specifiers = list(requirement.specifier)
        if normalise(requirement.name) == package and len(specifiers) == 1 and specifiers[0].operator == "==" and "*" not in specifiers[0].version:
            return specifiers[0].version
    return None


def _declared(document: dict[str, object]) -> Iterator[str]:
    """Every requirement in a pyproject.toml: dependencies, extras, dependency groups, uv's and pdm's development lists."""
    project = _sub(document, "project")
    tool = _sub(document, "tool")
    tables: list[object] = [project.get("dependencies"), _sub(tool, "uv").get("dev-dependencies"),
                            *_sub(project, "optional-dependencies").values(), *_sub(document, "dependency-groups").values(),
                            *_sub(_sub(tool, "pdm"), "dev-dependencies").values()]
    for table in tables:
        if isinstance(table, list):
            yield from (item for item in table if isinstance(item, str))


def _sub(document: dict[str, object], key: str) -> dict[str, object]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _hook_pin(surroundings: Surroundings, component: Component | None, tool: Tool, package: str) -> Pin | None:
    """The `rev` of the pre-commit repository that brings one of the tool's hooks, where it is a version."""
    for folder in surroundings.folders(component):
        for name in (".pre-commit-config.yaml", ".pre-commit-config.yml"):
            path = os.path.join(folder, name)
            if (text := read_text(path, 1_000_000)) and (version := hook_version(text, tool.traces.hooks, package)):
                return Pin(version=version, where=surroundings.show(path))
    return None


def hook_version(text: str, hooks: tuple[str, ...], package: str) -> str | None:
    """The version in a pre-commit configuration: `rev` of the repository with one of the hooks, `PACKAGE==X` among its extras."""
    bare = re.sub(r"(?m)(^|\s)#.*$", "", text)
    for block in re.split(r"(?m)^(?=[ \t]*-\s+repo:)", bare)[1:]:
        ids = re.findall(r"(?m)(?:^|[\s{-])id:\s*['\"]?([\w.-]+)", block)
        if not set(ids) & {*hooks, package}:
            continue
        if extra := re.search(rf"['\"\s\[,]{re.escape(package)}(?:==|@)(\d[\w.+-]*)", block):
            return extra[1]
        repository = re.search(r"repo:\s*['\"]?(\S+?)['\"]?\s*$", block, re.MULTILINE)
        rev = re.search(r"(?m)^[ \t]*rev:\s*['\"]?([^\s'\"]+)", block)
        if repository and rev and _belongs(repository[1], package) and _EXACT.fullmatch(rev[1]) and "." in rev[1]:
            return rev[1].removeprefix("v")
    return None


def _belongs(repository: str, package: str) -> bool:
    """Whether the tags of a hook repository are the versions of the package: its own repository or its mirror."""
    name = repository.rstrip("/").removesuffix(".git").rsplit("/", 1)[-1].lower()
    return name in {package, f"mirrors-{package}", f"{package}-pre-commit", f"{package}-pre-commit-mirror", f"{package}-mirror",
                    f"{package}-python", f"pre-commit-{package}"}


def wanted_range(folder: str, package: str) -> str | None:
    """The range that `package.json` in a folder asks for, or None."""
    document = package_json(folder)
    for section in ("devDependencies", "dependencies", "optionalDependencies", "peerDependencies"):
        value = _sub(document, section).get(package)
        if isinstance(value, str):
            return value
    return None


def package_json(folder: str) -> dict[str, object]:
    """The `package.json` of a folder as plain values; empty where there is none that can be read."""
    try:
        document = json.loads(read_text(os.path.join(folder, "package.json")) or "{}")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _package_lock(text: str, package: str, member: str, _folder: str) -> str | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    packages, old = _sub(document, "packages"), _sub(document, "dependencies")
    keys = (f"{member}/node_modules/{package}", f"node_modules/{package}")
    entry = next((entry for key in keys if isinstance(entry := packages.get(key), dict)), old.get(package))
    version = entry.get("version") if isinstance(entry, dict) else None
    return version if isinstance(version, str) else None


def _pnpm_lock(text: str, package: str, member: str, _folder: str) -> str | None:
    """The importer of the component, else any; `version: 9.1.0(peer@1.0.0)`."""
    head = re.split(r"(?m)^(?:packages|snapshots):", text, maxsplit=1)[0]
    own = re.search(rf"(?ms)^  '?{re.escape(member)}'?:\n(.*?)(?=^  \S|\Z)", head)
    name = rf"['\"]?{re.escape(package)}['\"]?"
    for part in ([own[1]] if own else []) + [head]:
        found = re.search(rf"(?m)^[ \t]+{name}:\s*\n\s+specifier:.*\n\s+version:\s*['\"]?(\d[^\s('\"]*)", part) \
            or re.search(rf"(?m)^  {name}:\s+['\"]?(\d[^\s('\"_]*)", part)
        if found:
            return found[1]
    return None


def _yarn_lock(text: str, package: str, _member: str, folder: str) -> str | None:
    """`eslint@^9.0.0:` (classic) or `"eslint@npm:^9.0.0":` (berry); the entry for the range asked for, else the highest."""
    pattern = rf'(?m)^"?((?:[^\n"]*, )?{re.escape(package)}@[^\n]*?)"?:\n  version:? "?(\d[^"\n]*)"?$'
    found = re.findall(pattern, text)
    wanted = wanted_range(folder, package)
    exact = [version for key, version in found if wanted and f"@{wanted}" in key.replace("npm:", "")]
    versions = exact or [version for _key, version in found]
    return max(versions, key=_order) if versions else None


def _bun_lock(text: str, package: str, _member: str, _folder: str) -> str | None:
    found = re.search(rf'"{re.escape(package)}":\s*\[\s*"{re.escape(package)}@(\d[^"]*)"', text)
    return found[1] if found else None


_NPM_LOCKS: tuple[tuple[str, Callable[[str, str, str, str], str | None]], ...] = (
    ("npm-shrinkwrap.json", _package_lock), ("package-lock.json", _package_lock), ("pnpm-lock.yaml", _pnpm_lock), ("yarn.lock", _yarn_lock),
    ("bun.lock", _bun_lock))


def _items(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((str(key), item) for key, item in value.items())
