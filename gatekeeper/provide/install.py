"""The commands that install a component's own dependencies, by its package manager and lockfile. Runs none of them.

The same steps are shown as the hint of a job that is `unavailable` and done by `gatekeeper setup`.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable

from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.value import dataclass
from gatekeeper.provide.environments import manifest, normalise
from gatekeeper.provide.node import manager_name, manager_pin
from gatekeeper.provide.pins import requirement_files
from gatekeeper.provide.places import Surroundings, read_text

_MEMBERS = frozenset({Kind.UV_WORKSPACE_MEMBER, Kind.NPM_WORKSPACE_MEMBER})
#: the first pip that knows `--group`; Python 3.11 to 3.13 bring older ones into new environments
_WITH_GROUPS = "pip>=25.1"
#: names of extras and groups that hold what tests need, where nothing tells more
_USUAL = ("dev", "test", "tests", "testing", "develop", "development")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupStep:
    """One command that makes something available: words, folder relative to the tree, and why.

    `tool` is the id of a managed tool that Gatekeeper installs itself; then `argv` only tells it in words.
    """

    argv: tuple[str, ...]
    cwd: str
    why: str
    tool: str | None = None
    component: str | None = None


def install_steps(surroundings: Surroundings, component: Component, missing: Iterable[str] = ()) -> tuple[SetupStep, ...]:
    """How to install what a component declares; `missing` narrows extras and groups to those that hold these names."""
    names = frozenset(normalise(name) for name in missing)
    match component.language:
        case Language.PYTHON:
            return _python(surroundings, component, names)
        case Language.JAVASCRIPT | Language.TYPESCRIPT:
            return _node(surroundings, component)
        case Language.SOLIDITY:
            return _node(surroundings, component) if component.kind is Kind.HARDHAT_PROJECT else _foundry(surroundings, component)
        case Language.RUST:
            return ()


def as_hint(steps: Iterable[SetupStep]) -> str:
    """Steps as one line to paste into a shell that stands at the root of the tree."""
    parts: list[str] = []
    folder = "."
    for step in steps:
        if step.cwd != folder:
            parts.append(f"cd {shlex.quote(step.cwd)}")
            folder = step.cwd
        parts.append(shlex.join(step.argv))
    return " && ".join(parts)


def _step(surroundings: Surroundings, folder: str, why: str, *argv: str) -> SetupStep:
    return SetupStep(argv=argv, cwd=surroundings.show(folder) if folder != surroundings.root else ".", why=why)


def lock_folder(surroundings: Surroundings, component: Component, *names: str) -> str | None:
    """The folder of the component's lockfile: the one that detection names, its own, or (for a member) the nearest one upwards."""
    if component.lockfile and os.path.basename(component.lockfile) in names:
        return surroundings.absolute(os.path.dirname(component.lockfile))
    member = component.workspace_root is not None or component.kind in _MEMBERS or component.language is Language.SOLIDITY
    folders = surroundings.upwards(component) if member else (surroundings.folder(component),)
    return next((folder for folder in folders if any(os.path.isfile(os.path.join(folder, name)) for name in names)), None)


def _is_workspace(folder: str) -> bool:
    """Whether this is the root of a uv workspace, whose checks cover the members too."""
    return "workspace" in _sub(_sub(manifest(folder), "tool"), "uv")


def _python(surroundings: Surroundings, component: Component, missing: frozenset[str]) -> tuple[SetupStep, ...]:
    folder = surroundings.folder(component)
    extras, groups = _sections(folder, missing)
    why = f"dependencies of {component.name}"
    match component.package_manager:
        case "uv":
            root = lock_folder(surroundings, component, "uv.lock")
            keep = os.path.isdir(os.path.join(root or folder, ".venv"))  # what other groups installed stays
            flags = [*(["--frozen"] if root else []), *(["--inexact"] if keep else []), *(["--all-packages"] if root and (root != folder or _is_workspace(folder)) else []),
                     *_each("--extra", extras), *_each("--group", [name for name in groups if name != "dev"])]
            return (_step(surroundings, root or folder, why, "uv", "sync", *flags),)
        case "poetry":
            return (_step(surroundings, folder, why, "poetry", "install", *_listed("--with", groups), *_listed("--extras", extras, " ")),)
        case "pdm":
            frozen = ["--frozen-lockfile"] if os.path.isfile(os.path.join(folder, "pdm.lock")) else []
            return (_step(surroundings, folder, why, "pdm", "install", *frozen, *_each("-G", [*groups, *extras])),)
        case "hatch":
            return (_step(surroundings, folder, why, "hatch", "env", "create"),)
        case _:
            return _pip(surroundings, folder, why, _pip_words(folder, missing, extras, groups))


def _pip(surroundings: Surroundings, folder: str, why: str, what: list[str]) -> tuple[SetupStep, ...]:
    """A virtual environment of its own, then what `pip install` is given."""
    if not what:
        return ()
    pip = os.path.join(".venv", "bin", "pip")
    make = () if os.path.isfile(os.path.join(folder, pip)) else (_step(surroundings, folder, f"environment for the {why}", "python3", "-m", "venv", ".venv"),)
    newer = (_step(surroundings, folder, "the pip of a new environment is older than dependency groups", pip, "install", _WITH_GROUPS),) if "--group" in what else ()
    return (*make, *newer, _step(surroundings, folder, why, pip, "install", *what))


def _pip_words(folder: str, missing: frozenset[str], extras: list[str], groups: list[str]) -> list[str]:
    """The project itself (editable) with extras and groups, or its requirement files where those hold more of what is missing."""
    packaged = any(os.path.isfile(os.path.join(folder, name)) for name in ("setup.py", "setup.cfg")) or "build-system" in manifest(folder)
    files = {path: read_text(path, 1_000_000) or "" for path in requirement_files(folder) if "constraints" not in os.path.basename(path)}
    holding = {path: _requirement_names(text) & missing for path, text in files.items()}
    document = manifest(folder)
    in_manifest = frozenset().union(*(_names(_sub(_sub(document, "project"), "optional-dependencies").get(name)) for name in extras),
                                    *(_names(_sub(document, "dependency-groups").get(name)) for name in groups)) & missing
    chosen: list[str] = []
    if len(frozenset().union(*holding.values())) > len(in_manifest):
        extras, groups = [], []
        chosen = sorted((path for path, names in holding.items() if names), key=lambda path: (-len(holding[path]), path))
    elif not extras and not groups:
        chosen = _relevant(list(files))
    itself = packaged and not any(re.search(r"(?m)^[ \t]*(-e\s+|--editable[= ]\s*)?\.(\[|\s|$)", files[path]) for path in chosen)
    return [*(["-e", f".[{','.join(extras)}]" if extras else "."] if itself else []), *_each("--group", groups),
            *(word for path in chosen for word in ("-r", os.path.relpath(path, folder)))]


def _requirement_names(text: str) -> frozenset[str]:
    return frozenset(normalise(name) for name in re.findall(r"(?m)^[ \t]*([A-Za-z0-9][\w.-]*)", text))


def _relevant(files: list[str]) -> list[str]:
    """Requirement files for development and tests, and the plain one; not those for documentation or release."""
    kept = [path for path in files if re.search(r"dev|test", os.path.basename(path))]
    plain = [path for path in files if os.path.basename(path) == "requirements.txt"]
    return [*plain, *(path for path in kept if path not in plain)] or files[:1]


def _sections(folder: str, missing: frozenset[str]) -> tuple[list[str], list[str]]:
    """The extras and the dependency groups that hold missing names; the usual ones where nothing names them."""
    document = manifest(folder)
    project, tool = _sub(document, "project"), _sub(document, "tool")
    poetry = _sub(_sub(tool, "poetry"), "group")
    extras = {name: _names(value) for name, value in _sub(project, "optional-dependencies").items()}
    groups = {name: _names(value) for name, value in _sub(document, "dependency-groups").items()}
    groups |= {name: frozenset(map(normalise, _sub(value, "dependencies"))) for name, value in poetry.items() if isinstance(value, dict)}
    groups |= {name: _names(value) for name, value in _sub(_sub(tool, "pdm"), "dev-dependencies").items()}
    known = frozenset().union(*extras.values(), *groups.values())
    if missing & known:
        return _covering(extras, missing), _covering(groups, missing)
    return [name for name in extras if name in _USUAL], [name for name in groups if name in _USUAL]


def _covering(sections: dict[str, frozenset[str]], missing: frozenset[str]) -> list[str]:
    """The smallest usual choice: sections are taken while they add something, those with the most first, the usual names before others."""
    left, taken = set(missing), []
    for name, content in sorted(sections.items(), key=lambda item: (-len(item[1] & missing), item[0] not in _USUAL, item[0])):
        if content & left:
            taken.append(name)
            left -= content
    return sorted(taken)


def _names(section: object) -> frozenset[str]:
    from packaging.requirements import InvalidRequirement, Requirement  # start-up: only where dependencies are missing

    found: set[str] = set()
    for item in section if isinstance(section, list) else []:
        try:
            found.add(normalise(Requirement(item).name) if isinstance(item, str) else "")
        except InvalidRequirement:
            continue
    return frozenset(found - {""})


def _sub(document: object, key: str) -> dict[str, object]:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


def _each(flag: str, names: Iterable[str]) -> list[str]:
    return [word for name in names for word in (flag, name)]


def _listed(flag: str, names: list[str], separator: str = ",") -> list[str]:
    return [flag, separator.join(names)] if names else []


def _node(surroundings: Surroundings, component: Component) -> tuple[SetupStep, ...]:
    """By the lockfile where there is one; where there is none, none is written."""
    manager = manager_name(surroundings, component)
    why = f"packages of {component.name}"
    match manager:
        case "pnpm":
            found = lock_folder(surroundings, component, "pnpm-lock.yaml")
            words = ["pnpm", "install", "--frozen-lockfile" if found else "--no-lockfile"]
        case "yarn":
            found = lock_folder(surroundings, component, "yarn.lock")
            berry = is_berry(surroundings, component)
            words = ["yarn", "install", *((["--immutable"] if found else []) if berry else ["--frozen-lockfile" if found else "--no-lockfile"])]
        case "bun":
            found = lock_folder(surroundings, component, "bun.lock", "bun.lockb")
            words = ["bun", "install", "--frozen-lockfile" if found else "--no-save"]
        case _:
            found = lock_folder(surroundings, component, "package-lock.json", "npm-shrinkwrap.json")
            words = ["npm", "ci"] if found else ["npm", "install", "--no-package-lock"]
    home = surroundings.absolute(component.workspace_root) if component.workspace_root else surroundings.folder(component)
    return (_step(surroundings, found or home, why, *words),)


def is_berry(surroundings: Surroundings, component: Component | None) -> bool:
    """Whether the project uses yarn 2 or later."""
    pin = manager_pin(surroundings, component)
    if pin and pin.name == "yarn" and pin.version:
        return not pin.version.startswith("1.")
    return any(os.path.isfile(os.path.join(folder, ".yarnrc.yml")) or "\n__metadata:" in (read_text(os.path.join(folder, "yarn.lock"), 10_000) or "")
               for folder in surroundings.upwards(component))


def _foundry(surroundings: Surroundings, component: Component) -> tuple[SetupStep, ...]:
    folder = surroundings.folder(component)
    why = f"libraries of {component.name}"
    if os.path.isfile(os.path.join(surroundings.root, ".gitmodules")):
        return (_step(surroundings, surroundings.root, why, "git", "submodule", "update", "--init", "--recursive"),)
    if os.path.isfile(os.path.join(folder, "soldeer.lock")):
        return (_step(surroundings, folder, why, "forge", "soldeer", "install"),)
    return (_step(surroundings, folder, why, "forge", "install"),)
