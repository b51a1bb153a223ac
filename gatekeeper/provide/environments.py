"""Finds the Python environments of a component and tells what is installed in them, from files alone.

Knows no tool and runs nothing: an environment is a folder with `pyvenv.cfg` and `lib/pythonX.Y/site-packages`.
The one interpreter that must be asked (`python` on PATH) is in `interpreter.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache

from gatekeeper.model.component import Component
from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass
from gatekeeper.provide.places import Surroundings, executable, names_in, own_prefix, read_text

#: letters that poetry replaces in the name of an environment
_POETRY_UNSAFE = late(r'[ $`!*@"\\\r\n\t]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A Python environment: absolute folders, the interpreter, and how it was found (`.venv`, `VIRTUAL_ENV`, `PATH`, ...).

    `library` is set for PEP 582 folders (`__pypackages__`), which an interpreter must be told of.
    """

    prefix: str
    python: str
    scripts: str
    site: tuple[str, ...]
    origin: str
    library: str | None = None

    @property
    def dedicated(self) -> bool:
        """Whether it belongs to the project, and is not just the `python` of the machine."""
        return self.origin != "PATH"


def environments(surroundings: Surroundings, component: Component | None) -> Iterator[Environment]:
    """The environments made for this component, the one that decides first. The interpreter on PATH is not among them."""
    seen: set[str] = set()
    for prefix, origin in _candidates(surroundings, component):
        real = os.path.realpath(prefix)
        if real not in seen and (found := read_environment(prefix, origin)):
            seen.add(real)
            yield found
    for folder in surroundings.folders(component):
        if packages := _pep582(folder):
            yield packages


def read_environment(prefix: str, origin: str) -> Environment | None:
    """The virtual environment in `prefix`, or None when there is none that works (a dangling interpreter is a broken one)."""
    python = next((path for name in ("python", "python3") if executable(path := os.path.join(prefix, "bin", name))), None)
    if python is None:
        return None
    site = _libraries(prefix)
    if not site:
        return None
    return Environment(prefix=prefix, python=python, scripts=os.path.join(prefix, "bin"), site=(*site, *_system_site(prefix)), origin=origin)


def _libraries(prefix: str) -> list[str]:
    folder = os.path.join(prefix, "lib")
    try:
        names = [name for name in os.listdir(folder) if name.startswith("python3")]
    except OSError:
        return []
    return sorted(path for name in names if os.path.lexists(path := os.path.join(folder, name, "site-packages")))


def _system_site(prefix: str) -> tuple[str, ...]:
    """Packages of the base interpreter, where the environment was made to see them."""
    found: list[tuple[str, str]] = re.findall(r"(?m)^[ \t]*([\w-]+)[ \t]*=[ \t]*(\S(?:.*\S)?)[ \t]*$", read_text(os.path.join(prefix, "pyvenv.cfg")) or "")
    settings = dict(found)
    if settings.get("include-system-site-packages", "").lower() != "true":
        return ()
    import glob  # lazy: only environments that see those of the system pay

    base = glob.escape(os.path.dirname(settings.get("home", "/nowhere/bin")))
    version = ".".join(settings.get("version", settings.get("version_info", "3")).split(".")[:2])
    patterns = (f"{base}/lib/python{version}/site-packages", f"{base}/lib/python3/dist-packages", f"{base}/local/lib/python{version}/dist-packages")
    return tuple(path for pattern in patterns for path in glob.glob(pattern))


def _candidates(surroundings: Surroundings, component: Component | None) -> Iterator[tuple[str, str]]:
    yield from _active(surroundings, component)
    if relative := surroundings.environment.get("UV_PROJECT_ENVIRONMENT"):
        for folder in surroundings.folders(component):
            yield os.path.join(folder, relative), "UV_PROJECT_ENVIRONMENT"
    for folder in surroundings.folders(component):
        yield from ((os.path.join(folder, name), name) for name in (".venv", "venv"))
        if pointed := _pdm_pointer(folder):
            yield pointed, "pdm"
    for folder in surroundings.folders(component):
        yield from ((path, "poetry") for path in _poetry(surroundings, folder))
        yield from ((path, "hatch") for path in _hatch(surroundings, folder))


def _active(surroundings: Surroundings, component: Component | None) -> Iterator[tuple[str, str]]:
    """The environment that the user activated: not Gatekeeper's own unless it lies in the tree, and none that belongs to another component."""
    environment = surroundings.environment
    named = [("VIRTUAL_ENV", environment.get("VIRTUAL_ENV"))]
    if environment.get("CONDA_DEFAULT_ENV", "base") != "base":
        named.append(("CONDA_PREFIX", environment.get("CONDA_PREFIX")))
    upwards = {os.path.realpath(folder) for folder in surroundings.upwards(component)}
    for name, prefix in named:
        if not prefix or not os.path.isabs(prefix):
            continue
        real = os.path.realpath(prefix)
        if surroundings.inside(real):
            if os.path.dirname(real) in upwards:
                yield prefix, name
        elif real != own_prefix():
            yield prefix, name


def _pdm_pointer(folder: str) -> str | None:
    """The environment that `.pdm-python` names (the path of an interpreter)."""
    text = (read_text(os.path.join(folder, ".pdm-python")) or "").strip()
    prefix = os.path.dirname(os.path.dirname(text))
    return prefix if os.path.isabs(text) and os.path.isfile(os.path.join(prefix, "pyvenv.cfg")) else None


def _pep582(folder: str) -> Environment | None:
    if not os.path.isdir(os.path.join(folder, "__pypackages__")):
        return None
    import glob  # lazy: few projects have such a folder

    interpreter = (read_text(os.path.join(folder, ".pdm-python")) or "").strip()
    for library in sorted(glob.glob(os.path.join(glob.escape(folder), "__pypackages__", "3*", "lib")), reverse=True):
        if os.path.isabs(interpreter) and executable(interpreter):
            packages = os.path.dirname(library)
            return Environment(prefix=packages, python=interpreter, scripts=os.path.join(packages, "bin"), site=(library,),
                               origin="__pypackages__", library=library)
    return None


def _poetry(surroundings: Surroundings, folder: str) -> tuple[str, ...]:
    """The environments that poetry keeps for a project: `NAME-HASH-pyX.Y` in its cache, the one it last used first."""
    places = [where for where in _poetry_folders(surroundings) if os.path.isdir(where)]
    if not places:
        return ()
    import base64
    import glob
    import hashlib  # lazy: only users of poetry pay

    project = manifest(folder)
    name = _text(project, "project", "name") or _text(project, "tool", "poetry", "name")
    if name is None or not ("poetry" in _table(project, "tool") or os.path.isfile(os.path.join(folder, "poetry.lock"))):
        return ()
    digest = hashlib.sha256(os.path.realpath(folder).encode("utf-8", "surrogateescape")).digest()
    base = f"{_POETRY_UNSAFE.sub('_', normalise(name))[:42]}-{base64.urlsafe_b64encode(digest).decode()[:8]}"
    for where in places:
        if found := sorted(glob.glob(os.path.join(glob.escape(where), glob.escape(base) + "-py*")), reverse=True):
            used = re.search(rf'(?ms)^\["?{re.escape(base)}"?\]$.*?^minor = "([\d.]+)"', read_text(os.path.join(where, "envs.toml")) or "")
            return tuple(sorted(found, key=lambda path: not (used and path.endswith(f"-py{used[1]}"))))
    return ()


def _poetry_folders(surroundings: Surroundings) -> Iterator[str]:
    environment = surroundings.environment
    if folder := environment.get("POETRY_VIRTUALENVS_PATH"):
        yield folder
    if folder := environment.get("POETRY_CACHE_DIR"):
        yield os.path.join(folder, "virtualenvs")
    for base in (environment.get("XDG_CACHE_HOME"), surroundings.home and os.path.join(surroundings.home, ".cache"),
                 surroundings.home and os.path.join(surroundings.home, "Library", "Caches")):
        if base:
            yield os.path.join(base, "pypoetry", "virtualenvs")


def _hatch(surroundings: Surroundings, folder: str) -> tuple[str, ...]:
    """Hatch keeps `env/virtual/NAME/HASH/ENV` in its data folder; `hatch-test*` and `test*` are tried before the default."""
    places = [where for where in _hatch_folders(surroundings) if os.path.isdir(where)]
    name = _text(manifest(folder), "project", "name") if places else None
    if name is None:
        return ()
    import base64
    import glob
    import hashlib  # lazy: only users of hatch pay

    normal = normalise(name)
    checksum = base64.urlsafe_b64encode(hashlib.sha256(os.path.realpath(folder).encode("utf-8", "surrogateescape")).digest()).decode()[:8]
    found: list[str] = []
    for where in places:
        storage = os.path.join(where, normal, checksum)
        for pattern in ("hatch-test*", "test*", normal, "*"):
            found += sorted(glob.glob(os.path.join(glob.escape(storage), pattern)), reverse=True)
    return tuple(dict.fromkeys(found))


def _hatch_folders(surroundings: Surroundings) -> Iterator[str]:
    environment = surroundings.environment
    if folder := environment.get("HATCH_ENV_TYPE_VIRTUAL_PATH"):
        yield folder
    for base in (environment.get("HATCH_DATA_DIR"),
                 surroundings.home and os.path.join(surroundings.home, ".local", "share", "hatch"),
                 surroundings.home and os.path.join(surroundings.home, "Library", "Application Support", "hatch")):
        if base:
            yield os.path.join(base, "env", "virtual")


def manifest(folder: str) -> dict[str, object]:
    """The `pyproject.toml` of a folder as plain values; empty where there is none that can be read."""
    return _parsed(read_text(os.path.join(folder, "pyproject.toml")) or "")


@lru_cache(maxsize=64)
def _parsed(text: str) -> dict[str, object]:
    """A document by its content: many questions are put to the same one. Nobody may change the answer."""
    import tomllib  # lazy: only where poetry or hatch keep environments

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _table(document: object, *keys: str) -> dict[str, object]:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def _text(document: object, *keys: str) -> str | None:
    value = _table(document, *keys[:-1]).get(keys[-1])
    return value if isinstance(value, str) and value else None


def normalise(name: str) -> str:
    """The normal form of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(environment: Environment) -> dict[str, str]:
    """Distributions of an environment: normal name -> version, read from the names of their metadata folders."""
    found: dict[str, str] = {}
    for folder in reversed(environment.site):
        for entry in names_in(folder):
            stem, kind = os.path.splitext(entry)
            if kind not in {".dist-info", ".egg-info", ".egg-link"}:
                continue
            name, _, rest = stem.partition("-")
            found[normalise(name)] = rest.split("-")[0] if rest else ""
    return found
