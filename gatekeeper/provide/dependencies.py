"""Whether a component's own dependencies are installed where its jobs will look for them. Presence only: versions are the package manager's matter.

Cargo is not asked: it fetches by itself, and says so when it cannot.
"""

from __future__ import annotations

import glob
import os
import re

from gatekeeper.model.component import Component, Kind
from gatekeeper.model.tool import MissingTool
from gatekeeper.model.value import dataclass
from gatekeeper.provide.environments import Environment, installed, manifest, normalise
from gatekeeper.provide.install import as_hint, install_steps
from gatekeeper.provide.node import installed_version, plug_and_play
from gatekeeper.provide.places import Surroundings, read_text

#: what starts checks or releases, but is imported by none of them
_LAUNCHERS = frozenset({"tox", "tox-uv", "tox-gh", "nox", "pre-commit", "pre-commit-uv", "prek", "hatch", "poetry", "pdm", "uv", "twine", "build", "bump-my-version",
                        "bump2version", "commitizen", "invoke", "poethepoet", "taskipy"})
#: build backends whose packages hold compiled parts: nothing works before they are installed
_COMPILED = frozenset({"maturin", "mesonpy", "scikit_build_core.build", "setuptools_rust"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """What is not there: `reason` in words, `names` what an install must bring (all that is declared where a new environment must be made)."""

    reason: str
    names: tuple[str, ...] = ()


def python_absence(surroundings: Surroundings, component: Component, environment: Environment | None, ignored: frozenset[str]) -> Absence | None:
    """Distributions that a Python component declares, or itself where its tests import it as installed, and that its environment has not."""
    folder = surroundings.folder(component)
    names = [normalise(name) for name in component.requires if normalise(name) not in ignored | _LAUNCHERS]
    itself = own_distribution(folder, component)
    if not names and not itself:
        return None
    if environment is None:
        return Absence(reason="no Python environment was found", names=tuple(names))
    there = installed(environment)
    absent = [name for name in dict.fromkeys(names) if name not in there]
    if itself and not (itself in there and (environment.dedicated or installed_from(environment, itself, folder))):
        absent.append(itself)
    if not absent:
        return None
    if environment.dedicated:
        return Absence(reason=f"not installed in {surroundings.show(environment.prefix)}: {_few(absent)}", names=tuple(absent))
    where = f"{environment.python} (the component has no environment of its own)"
    return Absence(reason=f"not installed in {where}: {_few(absent)}", names=tuple(names))


def node_absence(surroundings: Surroundings, component: Component, ignored: frozenset[str]) -> Absence | None:
    """Packages that a package.json asks for and that no `node_modules` from the component up to the root has."""
    if plug_and_play(surroundings, component):
        return None
    absent = [name for name in component.requires if name not in ignored and not in_modules(surroundings, component, name)]
    if not absent:
        return None
    modules = any(os.path.isdir(os.path.join(folder, "node_modules")) for folder in surroundings.upwards(component))
    reason = f"not installed in node_modules: {_few(absent)}" if modules else f"there is no node_modules with {_few(absent)}"
    return Absence(reason=reason, names=tuple(absent))


def in_modules(surroundings: Surroundings, component: Component | None, package: str) -> bool:
    """Whether a package is there for imports from the component's folder."""
    return any(installed_version(os.path.join(folder, "node_modules"), package) is not None for folder in surroundings.upwards(component))


def solidity_absence(surroundings: Surroundings, component: Component, ignored: frozenset[str]) -> Absence | None:
    """Empty submodules and remappings that lead nowhere; npm packages where the component asks for such."""
    if component.requires and (found := node_absence(surroundings, component, ignored)):
        return found
    if component.kind is not Kind.FOUNDRY_PROJECT:
        return None
    absent = [*_empty_submodules(surroundings, component), *_dead_remappings(surroundings, component)]
    if not absent:
        return None
    return Absence(reason=f"libraries are not there: {_few(list(dict.fromkeys(absent)))}")


def _empty_submodules(surroundings: Surroundings, component: Component) -> list[str]:
    text = read_text(os.path.join(surroundings.root, ".gitmodules"), 1_000_000) or ""
    prefix = "" if component.root == "." else f"{component.root}/"
    paths = [path.strip() for path in re.findall(r"(?m)^[ \t]*path\s*=\s*(.+)$", text)]
    return [path for path in paths if path.startswith(prefix) and not _filled(os.path.join(surroundings.root, path))]


def _dead_remappings(surroundings: Surroundings, component: Component) -> list[str]:
    """Targets of remappings in the component's folder that do not exist."""
    folder = surroundings.folder(component)
    lines = (read_text(os.path.join(folder, "remappings.txt"), 1_000_000) or "").splitlines()
    foundry = read_text(os.path.join(folder, "foundry.toml"), 1_000_000) or ""
    listed = re.search(r"(?ms)^[ \t]*remappings\s*=\s*\[(.*?)\]", foundry)
    lines += re.findall(r"""['"]([^'"]+=[^'"]+)['"]""", listed[1]) if listed else []
    targets = [line.partition("=")[2].strip() for line in lines if "=" in line and not line.lstrip().startswith("#")]
    roots = {"/".join(target.split("/")[:2]) for target in targets if target.startswith(("lib/", "dependencies/"))}
    return [f"{root}" if component.root == "." else f"{component.root}/{root}" for root in sorted(roots) if not _filled(os.path.join(folder, root))]


def _filled(path: str) -> bool:
    try:
        with os.scandir(path) as entries:
            return any(entry.name != ".git" for entry in entries)
    except OSError:
        return False


def installed_from(environment: Environment, name: str, folder: str) -> bool:
    """Whether a distribution was installed from this very folder (editable or not), and is not a release of the same name."""
    for site in environment.site:
        for entry in glob.glob(os.path.join(glob.escape(site), "*.dist-info", "direct_url.json")):
            owner = os.path.basename(os.path.dirname(entry)).partition("-")[0]
            if normalise(owner) == name and _url_folder(read_text(entry, 100_000) or "") == os.path.realpath(folder):
                return True
        links = [path for path in glob.glob(os.path.join(glob.escape(site), "*.egg-link")) if normalise(os.path.basename(path)[:-9]) == name]
        if any(os.path.realpath((read_text(path, 10_000) or "").split("\n")[0].strip()).startswith(os.path.realpath(folder)) for path in links):
            return True
    return False


def _url_folder(text: str) -> str | None:
    """The folder that a `direct_url.json` names (PEP 610), links resolved; None for anything else."""
    found = re.search(r'"url"\s*:\s*"file://([^"]*)"', text)
    if not found:
        return None
    from urllib.parse import unquote  # lazy: only packages that are installed from a folder pay 3 ms

    return os.path.realpath(unquote(found[1]))


def own_distribution(folder: str, component: Component) -> str | None:
    """The component's own distribution where its tests can only import it as an installed one, else None."""
    document = manifest(folder)
    project, tool = _sub(document, "project"), _sub(document, "tool")
    name = project.get("name") or _sub(tool, "poetry").get("name")
    if not isinstance(name, str) or "build-system" not in document or _sub(tool, "poetry").get("package-mode") is False:
        return None
    compiled = component.build_backend in _COMPILED or _sub(document, "build-system").get("build-backend") in _COMPILED
    pytest = {**_sub(tool, "pytest"), **_sub(_sub(tool, "pytest"), "ini_options")}
    if compiled or (_source_layout(folder) and "pythonpath" not in pytest and not _says_pythonpath(folder)):
        return normalise(name)
    return None


def _source_layout(folder: str) -> bool:
    """Whether the importable packages lie in `src/` and there is no `conftest.py` at the root that could put them on the path."""
    try:
        with os.scandir(os.path.join(folder, "src")) as entries:
            packages = any(entry.is_dir() and os.path.isfile(os.path.join(entry.path, "__init__.py")) for entry in entries)
    except OSError:
        return False
    return packages and not os.path.isfile(os.path.join(folder, "conftest.py"))


def _says_pythonpath(folder: str) -> bool:
    return any(re.search(r"(?m)^[ \t]*pythonpath\s*=", read_text(os.path.join(folder, name), 100_000) or "")
               for name in ("pytest.ini", ".pytest.ini", "pytest.toml", "tox.ini", "setup.cfg"))


def missing(surroundings: Surroundings, component: Component, absence: Absence) -> MissingTool:
    """Dependencies that are not there, with the command that installs them."""
    steps = install_steps(surroundings, component, absence.names)
    return MissingTool(reason=absence.reason, hint=as_hint(steps) or "install the project's dependencies", dependencies=True)


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _sub(document: dict[str, object], key: str) -> dict[str, object]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}
