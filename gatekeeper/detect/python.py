"""Finds Python projects and uv workspaces. Knows pyproject.toml, setup.py, setup.cfg, Pipfile and requirements files; executes none of them.

A pyproject.toml that only configures tools is a component when Python files lie below it that belong to no other project.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gatekeeper.detect.documents import Document
from gatekeeper.detect.globs import is_glob, matching, normal
from gatekeeper.detect.index import ancestors, base, inside, join, parent, resolve
from gatekeeper.detect.language import Found, Scene, manifests, pin
from gatekeeper.detect.requirements import Needs, needs_of
from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.value import dataclass

#: what makes a folder a project, best first
_MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg", "Pipfile")
#: what makes a folder with Python files in it one, where nothing above does
_WEAK = ("requirements.txt", "requirements-dev.txt", "requirements.in", "tox.ini", "noxfile.py", "pytest.ini", "ruff.toml", ".ruff.toml", "mypy.ini", ".flake8", "environment.yml")
_LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile.lock": "pip", "pylock.toml": "pip"}
_BACKENDS = {"poetry.core": "poetry", "poetry.masonry": "poetry", "pdm.backend": "pdm", "pdm.pep517": "pdm", "uv_build": "uv"}
#: plugins whose benchmarks pytest can run alone
_BENCHES = frozenset({"pytest-benchmark", "pytest-codspeed"})
#: so many projects of one name are no accident
_REPEATED = 3
_NO_PROJECT = frozenset({"docs", "doc", "tests", "test", "scripts", "tools", "ci", ".github", "requirements"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Project:
    """A folder that is a Python project; `document` is its pyproject.toml, where there is a readable one."""

    folder: str
    manifest: str
    document: Document | None
    files: tuple[str, ...]


def find(scene: Scene) -> tuple[Found, ...]:
    """All Python projects of the tree."""
    documents = manifests(scene, "pyproject.toml")
    workspaces = _workspaces(scene, documents)
    members = {folder: root for root, listed in workspaces.items() for folder in listed}
    projects = _projects(scene, documents, members)
    names = {_bare(name): project.folder for project in projects if (name := _name(project, scene)[0])}
    return tuple(_found(scene, project, members, workspaces, names) for project in projects)


# ---- which folders are projects ----


def _projects(scene: Scene, documents: Mapping[str, Document], members: Mapping[str, str]) -> list[_Project]:
    strong = sorted({parent(path) for path in scene.index.named(*_MANIFESTS)}, key=lambda folder: (folder.count("/"), folder))
    declared = [folder for folder in strong if _declares(scene, documents, folder)]
    for folder in strong:
        if folder not in documents and folder not in declared:
            _left_out(scene, folder, members)  # unreadable: said to be left out if it is, else a problem
    kept = _unrepeated(scene, documents, [folder for folder in declared if not _left_out(scene, folder, members)], members)
    owners = set(kept)
    weak = sorted({parent(path) for path in scene.index.named(*_WEAK, "pyproject.toml", "setup.cfg")} - set(declared), key=lambda folder: (folder.count("/"), folder))
    for folder in weak:
        lonely = not any(above in owners for above in ancestors(folder))
        if lonely and base(folder) not in _NO_PROJECT and scene.exclusions.cause(folder) is None and _python_files(scene, folder, owners):
            owners.add(folder)
    return [_project(scene, documents, folder, owners) for folder in sorted(owners)]


def _unrepeated(scene: Scene, documents: Mapping[str, Document], folders: list[str], members: Mapping[str, str]) -> list[str]:
    """Without projects of which several have one name: those are data of some test, no packages."""
    named: dict[str, list[str]] = {}
    for folder in folders:
        name = documents[folder].get("project", "name") if folder in documents else None
        if isinstance(name, str) and folder not in members and folder != ".":
            named.setdefault(_bare(name), []).append(folder)
    repeated = {folder: name for name, group in named.items() if len(group) >= _REPEATED for folder in group}
    for folder, name in repeated.items():
        scene.exclusions.leave_out(folder, f"test data: {len(named[name])} projects share the name {name}")
    return [folder for folder in folders if folder not in repeated]


def _project(scene: Scene, documents: Mapping[str, Document], folder: str, owners: set[str]) -> _Project:
    manifest = scene.index.first_in(folder, *_MANIFESTS, *_WEAK)
    assert manifest is not None
    if folder not in documents and base(manifest) == "pyproject.toml":
        manifest = scene.index.first_in(folder, *_MANIFESTS[1:], *_WEAK) or manifest
    return _Project(folder=folder, manifest=manifest, document=documents.get(folder), files=tuple(_python_files(scene, folder, owners)))


def _declares(scene: Scene, documents: Mapping[str, Document], folder: str) -> bool:
    """Whether a folder says that it is a project, not only how tools shall behave."""
    document = documents.get(folder)
    if document is not None and (document.table("project") or document.table("build-system") or _poetry(document) or document.has("tool", "uv", "workspace")
                                 or document.table("dependency-groups")):
        return True
    if scene.index.first_in(folder, "Pipfile") or _builds(scene, scene.index.first_in(folder, "setup.py")):
        return True
    path = scene.index.first_in(folder, "setup.cfg")
    return path is not None and "metadata" in scene.documents.ini(path)


def _builds(scene: Scene, path: str | None) -> bool:
    """Whether a setup.py is one for a build tool, and not a module of a package that happens to be called so."""
    if path is None or scene.index.first_in(parent(path), "__init__.py"):
        return False
    return re.search(r"\b(?:setuptools|distutils|skbuild|pbr)\b", scene.documents.text(path) or "") is not None


def _left_out(scene: Scene, folder: str, members: Mapping[str, str]) -> bool:
    if scene.exclusions.covers(folder, member=folder in members):
        return True
    if folder in members:
        return False
    under = next((above for above in ancestors(folder) if base(above) in {"tests", "test", "testing", "__tests__"}), None)
    if under is not None and under != folder:
        scene.exclusions.leave_out(folder, f"test fixture (a project below {under})")
        return True
    return False


def _poetry(document: Document) -> bool:
    """Whether [tool.poetry] describes a project (it may also hold one setting)."""
    table = document.get("tool", "poetry")
    return isinstance(table, Mapping) and any(key in table for key in ("name", "dependencies", "group", "packages", "dev-dependencies", "package-mode"))


def _python_files(scene: Scene, folder: str, owners: set[str]) -> list[str]:
    """Python files below a folder that belong to no other project and to nothing left out."""
    inner = {owner for owner in owners if owner != folder and inside(owner, folder)}
    below = [path for path in scene.index.below(folder) if path.endswith((".py", ".pyi"))]
    every = scene.index.folders
    homes = (folder, *(home for home in every if inside(home, folder))) if len(every) < len(below) else {parent(path) for path in below}
    foreign = {home for home in homes if any(above in inner for above in ancestors(home)) or not _counts(scene, home, folder)}
    return [path for path in below if (path.rpartition("/")[0] or ".") not in foreign] if foreign else below


def _counts(scene: Scene, home: str, folder: str) -> bool:
    """Whether files of a folder are the project's own; fixtures of its tests may well be."""
    cause = scene.exclusions.cause(home)
    return cause is None or inside(folder, cause[0]) or not ("vendored" in cause[1] or "installed" in cause[1])


# ---- workspaces ----


def _workspaces(scene: Scene, documents: Mapping[str, Document]) -> dict[str, frozenset[str]]:
    """Members by root, as uv: globs less `exclude`, folders with a pyproject.toml only, nested workspaces refused."""
    roots = [folder for folder in sorted(documents) if documents[folder].has("tool", "uv", "workspace")]
    found: dict[str, frozenset[str]] = {}
    for root in sorted(roots, key=lambda folder: (folder.count("/") if folder != "." else -1, folder)):
        document = documents[root]
        below = {(folder if root == "." else folder[len(root) + 1:]): folder for folder in documents if inside(folder, root) and folder != root}
        denied = {relative for pattern in document.strings("tool", "uv", "workspace", "exclude") for relative in matching(normal(pattern), below)}
        members: set[str] = set()
        for pattern in document.strings("tool", "uv", "workspace", "members"):
            target = resolve(root, pattern)
            if target is None or pattern.startswith("../"):
                _refuse(scene, document, pattern, "leads out of the workspace and is left out")
                continue
            hits = [relative for relative in matching(normal(pattern), below) if relative not in denied]
            if not hits and not is_glob(pattern) and target != root and normal(pattern) not in denied and join(target, "pyproject.toml") not in scene.index:
                _refuse(scene, document, pattern, "has no pyproject.toml")
            members |= {below[relative] for relative in hits}
        for nested in sorted(members & set(roots)):
            _refuse(scene, document, nested, "is a workspace of its own, which uv refuses")
        found[root] = frozenset(members - set(roots))
    return found


def _refuse(scene: Scene, document: Document, pattern: str, why: str) -> None:
    position = max(document.text.find(f'"{pattern}"'), 0)
    scene.documents.report(document.file, document.text.count("\n", 0, position) + 1, f"workspace member {pattern!r} {why}")


# ---- one project ----


def _found(scene: Scene, project: _Project, members: Mapping[str, str], workspaces: Mapping[str, frozenset[str]], names: Mapping[str, str]) -> Found:
    folder, document = project.folder, project.document
    home = members.get(folder)
    manager, lockfile, because = _manager(scene, project, home)
    name, declared_name = _name(project, scene)
    needs = needs_of(scene, folder, document)
    at = {_bare(other): place for other, place in names.items()}
    linked = {other for other, place in at.items() if place != folder and (other in needs.required or place in workspaces.get(folder, ())) and _installs(scene, place)}
    component = Component(
        id=folder, root=folder, language=Language.PYTHON, kind=Kind.UV_WORKSPACE_MEMBER if home is not None else Kind.PYPROJECT_PACKAGE,
        name=name or (scene.name if folder == "." else base(folder)), manifest=project.manifest, workspace_root=home, package_manager=manager,
        lockfile=lockfile, build_backend=_backend(scene, project), toolchain_pin=_toolchain(scene, project),
        reasons=(f"{project.manifest} is a member of the uv workspace at {home}" if home is not None else f"{project.manifest} describes a project", because),
        requires=tuple(sorted({*(other for other in needs.required if other not in at), *linked})), traits=_traits(scene, project, needs))
    return Found(component=component, declared=needs.declared, named=declared_name, members=tuple(sorted(workspaces.get(folder, ()))),
                 needs=tuple(sorted(_local_needs(project, needs, names))), crates=_crates(project, needs))


def _crates(project: _Project, needs: Needs) -> tuple[str, ...]:
    """Folders of the crates that maturin or setuptools-rust builds into the package."""
    document = project.document
    backend = document.string("build-system", "build-backend") if document is not None else None
    if document is None or not (backend in {"maturin", "setuptools_rust"} or "setuptools-rust" in needs.declared or document.has("tool", "setuptools-rust")):
        return ()
    named = document.get("tool", "maturin", "manifest-path")
    target = resolve(project.folder, named) if isinstance(named, str) else None
    return (parent(target),) if target is not None else (project.folder,)


def _name(project: _Project, scene: Scene) -> tuple[str | None, bool]:
    document = project.document
    if document is not None and (name := document.string("project", "name") or document.string("tool", "poetry", "name") or document.string("tool", "flit", "metadata", "module")):
        return name, True
    path = scene.index.first_in(project.folder, "setup.cfg")
    if path is not None and (name := scene.documents.ini(path).get("metadata", {}).get("name")):
        return name, True
    path = scene.index.first_in(project.folder, "setup.py")
    name = _setup_name(scene.documents.text(path) or "") if path else None
    return name, name is not None


def _setup_name(text: str) -> str | None:
    """The literal `name=` of setup.py, read, not run."""
    import ast  # lazy: only trees with a setup.py pay

    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for call in ast.walk(module):
        if isinstance(call, ast.Call):
            for keyword in call.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
                    return keyword.value.value
    return None


def _installs(scene: Scene, folder: str) -> bool:
    """Whether a project of this tree is installed where another needs it (uv: one without a build system is not)."""
    document = scene.documents.toml(join(folder, "pyproject.toml"))
    return document is None or (document.has("build-system") and document.get("tool", "uv", "package") is not False)


def _manager(scene: Scene, project: _Project, home: str | None) -> tuple[str, str | None, str]:
    """Package manager, lock file and why: lock files of the project or its workspace, then tables, then the build backend."""
    for place in dict.fromkeys((home or project.folder, project.folder)):
        path = scene.index.first_in(place, *_LOCKS)
        if path is not None:
            return _LOCKS[base(path)], path, f"lock file {path}"
    if home is not None:
        return "uv", None, f"member of the uv workspace at {home}"
    document = project.document
    if document is not None:
        if _poetry(document):
            return "poetry", None, "[tool.poetry]"
        for name, keys in (("uv", ("tool", "uv")), ("pdm", ("tool", "pdm")), ("hatch", ("tool", "hatch", "envs"))):
            if document.has(*keys):
                return name, None, f"[{'.'.join(keys)}]"
        backend = document.string("build-system", "build-backend") or ""
        known = next((name for beginning, name in _BACKENDS.items() if backend.startswith(beginning)), None)
        if known is not None and known != "poetry":
            return known, None, f"build backend {backend}"
    if scene.index.first_in(project.folder, "hatch.toml"):
        return "hatch", None, "hatch.toml"
    return "pip", None, "no lock file and no other package manager named: pip"


def _backend(scene: Scene, project: _Project) -> str | None:
    document = project.document
    if document is not None and document.has("build-system"):
        return document.string("build-system", "build-backend") or "setuptools.build_meta"
    return "setuptools.build_meta" if scene.index.first_in(project.folder, "setup.py", "setup.cfg") and base(project.manifest) in _MANIFESTS else None


def _toolchain(scene: Scene, project: _Project) -> str | None:
    pinned = pin(scene, project.folder, ".python-version")
    if pinned:
        return f"python {pinned}"
    document = project.document
    required = document.string("project", "requires-python") if document is not None else None
    poetry = document.get("tool", "poetry", "dependencies", "python") if document is not None else None
    required = required or (poetry if isinstance(poetry, str) else None)
    return f"requires-python {required}" if required else None


def _local_needs(project: _Project, needs: Needs, names: Mapping[str, str]) -> Iterable[str]:
    folders = {names[name] for name in (*needs.required, *needs.declared) if name in names}
    folders |= {target for path in needs.paths if (target := resolve(project.folder, path)) is not None and target in names.values()}
    return folders - {project.folder}


def _bare(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _traits(scene: Scene, project: _Project, needs: Needs) -> tuple[str, ...]:
    relative = list(project.files) if project.folder == "." else [path[len(project.folder) + 1:] for path in project.files]
    traits = []
    if any(_is_test(path) and _is_own(scene, path, project.folder) for path in [path for path in project.files if "test" in path]):
        traits.append("tests")
    if not _BENCHES.isdisjoint(needs.declared) and (benches := _benches(relative)) is not None:
        traits.append(f"benches:{benches}")
    if (sphinx := _sphinx(scene, project.folder)) is not None:
        traits.append(f"sphinx:{sphinx}")
    if any(inside(path, project.folder) for path in scene.index.named("py.typed")):
        traits.append("typed")
    return (*traits, *_sources(project, relative if scene.index.ending("/__init__.py") else []))


def _is_test(relative: str) -> bool:
    name = base(relative)
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py") or name == "tests.py")


def _is_own(scene: Scene, path: str, folder: str) -> bool:
    """Whether no crate or package of another language lies between the project and a file of it."""
    for above in ancestors(parent(path)):
        if above == folder:
            return True
        if scene.index.first_in(above, "Cargo.toml", "package.json", "foundry.toml"):
            return False
    return False


def _benches(relative: list[str]) -> str | None:
    """The folder of the benchmarks, else the first file that looks like one."""
    folders = sorted(parent(path) for path in relative if base(parent(path)) in {"benchmarks", "benches", "bench"} and _is_test(path))
    return next(iter(folders), None) or next((path for path in relative if re.fullmatch(r"(?:test_)?bench(?:mark)?s?(?:_\w+)?\.py", base(path))), None)


def _sphinx(scene: Scene, folder: str) -> str | None:
    """The folder of a Sphinx conf.py, relative to the component."""
    for name in ("docs", "doc", "docs/source", "doc/source", "docs/src", "documentation", "doc/en", "docs/en"):
        path = join(folder, f"{name}/conf.py")
        if path in scene.index and re.search(r"sphinx|extensions\s*=|html_theme|master_doc|project\s*=", scene.documents.text(path) or ""):
            return name
    return None


def _sources(project: _Project, relative: list[str]) -> list[str]:
    """The top folders that hold packages: `src`, or a package at the top that is no test."""
    named = project.document.get("tool", "maturin", "python-source") if project.document is not None else None
    if isinstance(named, str):
        return [f"sources:{named.rstrip('/')}"]
    packaged = [path.split("/") for path in relative if path.endswith("/__init__.py")]
    if any(parts[0] == "src" for parts in packaged):
        return ["sources:src"]
    packages = sorted(parts[0] for parts in packaged if len(parts) == 2 and parts[0] not in {"tests", "test", "docs", "benchmarks", "examples"})
    return [f"sources:{packages[0]}"] if packages else []
