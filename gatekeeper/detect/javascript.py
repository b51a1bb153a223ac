"""Finds npm packages and workspaces as npm, yarn, pnpm and bun define them. Knows package.json and nothing of CI.

A package.json that only publishes other files, or only sets the module type, is no component. TypeScript is told from JavaScript by a
tsconfig.json beside it, or by a declared `typescript` with `.ts` sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gatekeeper.detect.documents import Document
from gatekeeper.detect.globs import is_glob, matches, normal
from gatekeeper.detect.index import ancestors, base, inside, join, parent, resolve
from gatekeeper.detect.language import Found, Scene, manifests, pin
from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.value import dataclass, replace

_LOCKFILES = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun", "bun.lockb": "bun", "package-lock.json": "npm", "npm-shrinkwrap.json": "npm"}
_MARKS = {"pnpm-workspace.yaml": "pnpm", ".yarnrc.yml": "yarn", ".yarnrc": "yarn", "bunfig.toml": "bun"}
_MANAGERS = frozenset(_LOCKFILES.values())
_SOURCES = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte", ".astro")
_TYPESCRIPT = (".ts", ".mts", ".cts", ".tsx")
#: scripts that npm runs by itself when it packs or installs; alone they make no project to check
_LIFECYCLE = frozenset({"prepack", "prepare", "prepublish", "prepublishOnly", "preinstall", "install", "postinstall", "postpack", "postpublish", "preversion",
                        "version", "postversion", "prepare-docs"})
_PLACEHOLDER = "no test specified"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Workspace:
    """A folder whose package.json or pnpm-workspace.yaml lists members."""

    root: str
    members: frozenset[str]
    manager: str


def find(scene: Scene) -> tuple[Found, ...]:
    """All packages and workspace roots of the tree."""
    packages = manifests(scene, "package.json")
    workspaces = _workspaces(scene, packages)
    local = frozenset(str(packages[folder].get("name")) for space in workspaces for folder in (space.root, *space.members) if folder in packages)
    found = [item for folder in sorted(packages) if (item := _component(scene, packages, folder, (workspaces, local))) is not None]
    names = {item.component.name: item.component.root for item in found if item.named}
    return tuple(_connected(item, packages[item.component.root], names) for item in found)


def member_folders(scene: Scene) -> frozenset[str]:
    """The folders that workspaces of npm, yarn, pnpm or bun list; other languages ask, because such a folder is no stray copy."""
    return frozenset(folder for space in _workspaces(scene, manifests(scene, "package.json")) for folder in space.members)


def _component(scene: Scene, packages: Mapping[str, Document], folder: str, known: tuple[list[_Workspace], frozenset[str]]) -> Found | None:
    document = packages[folder]
    workspaces, local = known
    own = next((space for space in workspaces if space.root == folder), None)
    above = next((space for space in workspaces if folder in space.members), None)
    if scene.exclusions.covers(folder, member=above is not None):
        return None
    files = _own_files(scene, packages, folder)
    if own is None and (why := _is_no_project(document, folder, files, member=above is not None)):
        if not any(problem.file == document.file for problem in scene.documents.problems):  # a broken manifest is a problem, not left out
            scene.exclusions.leave_out(folder, why)
        return None
    language = _language(scene, document, folder, files)
    home = above.root if above else folder
    manager, lockfile, because = _manager(scene, packages, folder, home, workspaces)
    kind = Kind.NPM_WORKSPACE_MEMBER if above else Kind.NPM_WORKSPACE_ROOT if own and own.members else Kind.NPM_PACKAGE
    name = document.string("name")
    scripts = _scripts(document)
    component = Component(
        id=folder, root=folder, language=language, kind=kind, name=name or (scene.name if folder == "." else base(folder)), manifest=document.file,
        workspace_root=above.root if above else None, package_manager=manager, lockfile=lockfile, toolchain_pin=_toolchain(scene, document, folder),
        reasons=(_reason(kind, document.file, above), because), scripts=scripts, requires=_requires(document, local), traits=(*_traits(folder, files, scripts), *_solution(scene, document, folder)))
    return Found(component=component, declared=_declared(document), named=name is not None, members=tuple(sorted(own.members)) if own else ())


def _reason(kind: Kind, file: str, above: _Workspace | None) -> str:
    match kind:
        case Kind.NPM_WORKSPACE_ROOT:
            return f"{file} is the root of a workspace"
        case Kind.NPM_WORKSPACE_MEMBER if above is not None:
            return f"{file} is a member of the workspace at {above.root}"
        case _:
            return f"{file} describes a package"


def _own_files(scene: Scene, packages: Mapping[str, Document], folder: str) -> list[str]:
    """JavaScript and TypeScript files below `folder` that belong to no package further down."""
    inner = {other for other in packages if other != folder and inside(other, folder)}
    return [path for path in scene.index.below(folder)
            if path.endswith(_SOURCES) and not path.startswith(".yarn/") and "node_modules/" not in path
            and not (inner and any(above in inner for above in ancestors(parent(path))))]


def _is_no_project(document: Document, folder: str, files: list[str], *, member: bool) -> str | None:
    """Why a package.json describes nothing that could be checked, or None."""
    scripts = {name for name, line in _scripts(document) if _PLACEHOLDER not in line}
    dependencies = any(document.table(table) for table in ("dependencies", "devDependencies"))
    if not (document.has("name") or scripts or dependencies):
        return "package.json without name, scripts or dependencies"
    if dependencies and not member and not scripts and not any(not path.endswith(".d.ts") for path in files):
        return "package.json only pins packages: no scripts to run, no JavaScript"
    if member or dependencies or scripts - _LIFECYCLE:
        under_tests = any(base(above) in {"test", "tests", "__tests__"} for above in ancestors(folder))
        return "test fixture (package.json without scripts, below a test folder)" if under_tests and not scripts else None
    own = [path for path in files if not path.endswith(".d.ts")]
    entry = document.get("bin") or document.get("main") or document.get("exports") or document.get("module")
    if own and (entry or any(parent(path) == folder or parent(path) in {join(folder, "src"), join(folder, "lib")} for path in own)):
        return None
    return "package.json only publishes other files: no scripts to run, no dependencies, no JavaScript"


def _scripts(document: Document) -> tuple[tuple[str, str], ...]:
    return tuple((name, line) for name, line in document.table("scripts").items() if isinstance(line, str))


def _language(scene: Scene, document: Document, folder: str, files: list[str]) -> Language:
    if join(folder, "tsconfig.json") in scene.index:
        return Language.TYPESCRIPT
    declared = "typescript" in document.table("dependencies") or "typescript" in document.table("devDependencies")
    typed = any(path.endswith(_TYPESCRIPT) and not path.endswith((".d.ts", ".d.mts", ".d.cts")) for path in files)
    return Language.TYPESCRIPT if declared and typed else Language.JAVASCRIPT


# ---- workspaces ----


def _workspaces(scene: Scene, packages: Mapping[str, Document]) -> list[_Workspace]:
    """Every workspace, outer ones first. A member's own list counts only for yarn, which alone allows it."""
    spaces: list[_Workspace] = []
    roots = sorted({*packages, *(parent(path) for path in scene.index.named("pnpm-workspace.yaml"))}, key=lambda folder: (folder != ".", folder.count("/"), folder))
    for root in roots:
        patterns, manager, source = _patterns(scene, packages, root)
        claimed = next((space for space in spaces if root in space.members), None)
        if not patterns or (claimed is not None and claimed.manager != "yarn"):
            continue
        members = frozenset(_members(scene, packages, root, patterns, source)) - {root}
        cycle = sorted(folder for folder in members if any(space.root == folder for space in spaces))
        for folder in cycle:
            scene.documents.report(source.file, None, f"workspace member {folder!r} is itself the workspace that lists this one")
        taken = {folder for space in spaces for folder in space.members}
        spaces.append(_Workspace(root=root, members=members - taken - set(cycle), manager=manager))
    return spaces


def _patterns(scene: Scene, packages: Mapping[str, Document], root: str) -> tuple[tuple[str, ...], str, Document]:
    document = packages.get(root)
    path = join(root, "pnpm-workspace.yaml")
    if path in scene.index and (listing := scene.documents.yaml(path)) is not None:
        patterns = listing.strings("packages")
        if patterns:
            return patterns, "pnpm", listing
    if document is None:
        return (), "npm", Document(file=path, text="", data={}, report=scene.documents.report)
    value = document.get("workspaces")
    patterns = document.strings("workspaces", "packages") if isinstance(value, Mapping) else document.strings("workspaces")
    return patterns, _declared_manager(document) or _by_lockfile(scene, root)[0] or "npm", document


def _members(scene: Scene, packages: Mapping[str, Document], root: str, patterns: tuple[str, ...], source: Document) -> set[str]:
    """The folders that a list of patterns takes in; a pattern with `!` takes out again what earlier ones took in."""
    candidates = {(folder if root == "." else folder[len(root) + 1:]): folder for folder in packages if inside(folder, root) and folder != root}
    taken: set[str] = set()
    denied: set[str] = set()
    for pattern in patterns:
        plain = pattern.lstrip("!")
        target = resolve(root, plain) if not is_glob(plain) else None
        if plain.startswith(("../", "/")) or "/../" in plain:
            if not pattern.startswith("!") and (target is None or not inside(target, root)):
                scene.documents.report(source.file, source.text.count("\n", 0, max(source.text.find(pattern), 0)) + 1,
                                       f"workspace member {pattern!r} leads out of the workspace and is left out")
            continue
        hits = {folder for relative, folder in candidates.items() if matches(f"{normal(plain)}/package.json", f"{relative}/package.json")}
        if pattern.startswith("!"):
            denied |= hits
            taken -= hits
        elif hits:
            taken |= hits - (denied if source.file.endswith(".yaml") else set())
        elif not is_glob(plain) and join(target or plain, "package.json") not in scene.index:
            scene.documents.report(source.file, source.text.count("\n", 0, max(source.text.find(f'"{pattern}"'), source.text.find(pattern), 0)) + 1,
                                   f"workspace member {pattern!r} has no package.json")
    return taken - denied if source.file.endswith(".yaml") else taken


# ---- package manager, lock file, pins ----


def _manager(scene: Scene, packages: Mapping[str, Document], folder: str, home: str, workspaces: list[_Workspace]) -> tuple[str, str | None, str]:
    """Package manager and lock file of a package, and why: its own or its workspace's, then what stands above."""
    found, lockfile = _by_lockfile(scene, home)
    for place in dict.fromkeys((home, folder)):
        if place in packages and (declared := _declared_manager(packages[place])):
            suiting = next((name for name, manager in _LOCKFILES.items() if manager == declared and join(home, name) in scene.index), None)
            return declared, join(home, suiting) if suiting else None, f"packageManager in {packages[place].file}"
    if found and lockfile:
        return found, lockfile, f"lock file {lockfile}"
    space = next((space for space in workspaces if space.root == home and space.manager != "npm"), None)
    mark = scene.index.upwards(folder, *_MARKS)
    if space is not None or mark is not None:
        return (space.manager if space else _MARKS[base(mark or "")]), None, f"{mark or (space.root if space else '.')} names the package manager"
    for above in ancestors(home):
        if above in packages and (declared := _declared_manager(packages[above])):
            return declared, None, f"packageManager in {packages[above].file}"
    return "npm", None, "no lock file and no other package manager named: npm"


def _by_lockfile(scene: Scene, folder: str) -> tuple[str | None, str | None]:
    path = scene.index.first_in(folder, *_LOCKFILES)
    return (_LOCKFILES[base(path)], path) if path else (None, None)


def _declared_manager(document: Document) -> str | None:
    """The bare name in `packageManager` (or in devEngines), if it is one we know."""
    named = document.string("packageManager") or ""
    if not named and isinstance(document.get("devEngines", "packageManager"), Mapping):
        named = document.string("devEngines", "packageManager", "name") or ""
    bare = named.split("@", 1)[0]
    return bare if bare in _MANAGERS else None


def _toolchain(scene: Scene, document: Document, folder: str) -> str | None:
    pinned = pin(scene, folder, ".nvmrc", ".node-version")
    engine = document.get("engines", "node")
    return pinned or (f"node {engine}" if isinstance(engine, str) else None)


# ---- what it needs and offers ----


def _requires(document: Document, local: frozenset[str]) -> tuple[str, ...]:
    """Declared packages that must be installed for its checks, without members of workspaces and local links."""
    optional = {name for name, meta in document.table("peerDependenciesMeta").items() if isinstance(meta, Mapping) and meta.get("optional") is True}
    wanted = {**document.table("dependencies"), **document.table("devDependencies")}
    wanted |= {name: version for name, version in document.table("peerDependencies").items() if name not in optional}
    return tuple(sorted(name for name, version in wanted.items() if name not in local and not str(version).startswith(("workspace:", "link:", "portal:"))))


def _declared(document: Document) -> dict[str, str]:
    tables = ("dependencies", "devDependencies", "optionalDependencies")
    return {name: f"{document.file}#{table}" for table in reversed(tables) for name in document.table(table)}


def _connected(found: Found, document: Document, names: Mapping[str, str]) -> Found:
    """With the folders of the packages in this tree that it depends on."""
    wanted = {**document.table("devDependencies"), **document.table("dependencies"), **document.table("peerDependencies"), **document.table("optionalDependencies")}
    folders = {names[name] for name in wanted if name in names and names[name] != found.component.root}
    for version in wanted.values():
        if isinstance(version, str) and version.startswith(("file:", "link:", "portal:")):
            target = resolve(found.component.root, version.split(":", 1)[1])
            folders |= {target} if target is not None and target in names.values() and target != found.component.root else set()
    component = replace(found.component, requires=tuple(sorted({*found.component.requires, *_linked(found, wanted, names)})))
    return Found(component=component, needs=tuple(sorted(folders)), declared=found.declared, named=found.named, members=found.members)


def _linked(found: Found, wanted: Mapping[str, object], names: Mapping[str, str]) -> set[str]:
    """Packages of this tree that the package manager links into node_modules: without the links they cannot be imported.

    npm, yarn and bun link every member at the root of the workspace; pnpm links only what a package asks for.
    """
    component = found.component
    if component.kind is Kind.NPM_WORKSPACE_ROOT and component.package_manager != "pnpm":
        return {name for name, root in names.items() if root in found.members}
    return {name for name in wanted if name in names and component.workspace_root is not None}


def _traits(folder: str, files: list[str], scripts: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    traits = ["tests"] if any(_is_test(path if folder == "." else path[len(folder) + 1:]) for path in files) else []
    traits += [f"script:{name}" for name, line in scripts if _PLACEHOLDER not in line]
    return tuple(traits)


def _solution(scene: Scene, document: Document, folder: str) -> tuple[str, ...]:
    """`solution:tsc -b` where tsconfig.json names no files and only refers to others: `tsc -p .` would check nothing (vue-tsc reads more than tsc)."""
    path = join(folder, "tsconfig.json")
    settings = scene.documents.jsonc(path) if path in scene.index else None
    if settings is None or "vue-tsc" in document.table("devDependencies"):
        return ()
    empty = any(settings.get(key) == [] for key in ("files", "include")) and not settings.get("include")
    return ("solution:tsc -b",) if empty and settings.get("references") else ()


def _is_test(relative: str) -> bool:
    name = base(relative)
    return any(part in name for part in (".test.", ".spec.", "_test.", "-test.")) or name.startswith(("test.", "test-")) or any(
        part in {"test", "tests", "__tests__"} for part in relative.split("/")[:-1])
