"""Finds crates and workspaces as cargo defines them. Knows Cargo.toml and nothing of other languages or of CI.

A workspace has the members that its globs name, its own package, and every path dependency of these that lies below the workspace,
less what `exclude` names. A crate in the folder of a workspace that is neither member nor excluded is one that cargo refuses to build.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gatekeeper.detect.documents import Document
from gatekeeper.detect.globs import is_glob, matching, normal
from gatekeeper.detect.index import ancestors, base, inside, join, parent, resolve
from gatekeeper.detect.language import Found, Scene, manifests, pin
from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass

_TABLES = ("dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies")
_TEST = late(rb"#\[(?:\w+::)*test\b|#\[rstest|#\[test_case|proptest!|#\[wasm_bindgen_test|\bdoctest\b|^[ \t]*//[/!] ?```(?!ignore|text|no_run)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Workspace:
    """The root of a workspace and the folders of its members, itself among them if it has a package."""

    root: str
    members: frozenset[str]


def find(scene: Scene) -> tuple[Found, ...]:
    """All crates and workspaces of the tree."""
    crates = manifests(scene, "Cargo.toml")
    workspaces = [_workspace(scene, crates, folder) for folder in sorted(crates) if isinstance(crates[folder].get("workspace"), Mapping)]
    found = (_component(scene, crates, folder, workspaces) for folder in sorted(crates))
    return tuple(item for item in found if item is not None)


def _component(scene: Scene, crates: Mapping[str, Document], folder: str, workspaces: list[_Workspace]) -> Found | None:
    document = crates[folder]
    own = next((space for space in workspaces if space.root == folder), None)
    above = next((space for space in workspaces if folder in space.members and space.root != folder), None) if own is None else None
    if scene.exclusions.covers(folder, member=above is not None) or not (own is not None or document.table("package") or document.table("project")):
        return None
    if own is None and above is None and (refusing := _refuses(crates, folder, workspaces)):
        scene.exclusions.leave_out(folder, f"lies in the cargo workspace {refusing} but is no member, cargo refuses to build it")
        return None
    kind = _kind(own, above)
    lock_home = above.root if above else folder
    name = document.string("package", "name") or document.string("project", "name")
    component = Component(
        id=folder, root=folder, language=Language.RUST, kind=kind, name=name or _derived_name(scene, document, folder),
        manifest=document.file, workspace_root=above.root if above else None, package_manager="cargo",
        lockfile=scene.index.first_in(lock_home, "Cargo.lock"), toolchain_pin=_toolchain(scene, folder),
        reasons=(_reason(kind, document.file, above),), traits=_traits(scene, folder, document, crates))
    return Found(component=component, needs=tuple(_path_dependencies(crates, folder, above or own)), named=name is not None,
                 members=tuple(sorted(own.members - {folder})) if own else ())


def _kind(own: _Workspace | None, above: _Workspace | None) -> Kind:
    if own is not None and own.members - {own.root}:
        return Kind.CARGO_WORKSPACE
    return Kind.CARGO_WORKSPACE_MEMBER if above is not None else Kind.CARGO_CRATE


def _reason(kind: Kind, file: str, above: _Workspace | None) -> str:
    match kind:
        case Kind.CARGO_WORKSPACE:
            return f"{file} has [workspace] with members"
        case Kind.CARGO_WORKSPACE_MEMBER if above is not None:
            return f"{file} is a member of the workspace at {above.root}"
        case _:
            return f"{file} has [package]"


def _derived_name(scene: Scene, document: Document, folder: str) -> str:
    repository = document.string("workspace", "package", "repository") or ""
    if folder == ".":
        return base(repository.rstrip("/").removesuffix(".git")) or scene.name
    return base(folder)


def _workspace(scene: Scene, crates: Mapping[str, Document], root: str) -> _Workspace:
    document = crates[root]
    pending = [*_listed(scene, crates, root), *([root] if document.has("package") else [])]
    members: set[str] = set()
    while pending:
        folder = pending.pop()
        if folder in members:
            continue
        members.add(folder)
        pending += [needed for needed in _path_dependencies(crates, folder, None, root=root)
                    if inside(needed, root) and not crates[needed].has("workspace") and not _excluded(document, root, needed)]
    return _Workspace(root=root, members=frozenset(members))


def _listed(scene: Scene, crates: Mapping[str, Document], root: str) -> Iterable[str]:
    """The folders that `members` names; what cargo refuses is a problem."""
    document = crates[root]
    for pattern in dict.fromkeys((*document.strings("workspace", "members"), *document.strings("workspace", "default-members"))):
        below = {folder: folder if root == "." else folder[len(root) + 1:] for folder in crates if inside(folder, root) and folder != root}
        if is_glob(pattern):
            fitting = set(matching(normal(pattern), below.values()))
            hits = [folder for folder, relative in below.items() if relative in fitting]
        else:
            target = resolve(root, pattern)
            if target is None:
                _refuse(scene, document, pattern, "leads out of the tree and is left out")
                continue
            hits = [target] if target in crates else []
            if not hits and join(target, "Cargo.toml") not in scene.index:
                _refuse(scene, document, pattern, "has no Cargo.toml")
        for folder in hits:
            if folder != root and crates[folder].has("workspace"):
                _refuse(scene, document, pattern, f"names {folder}, which is a workspace of its own")
            elif folder != root and not inside(folder, root) and _points_at(crates[folder], folder) != root:
                _refuse(scene, document, pattern, f"names {folder}, which lies outside and does not point back")
            elif not _excluded(document, root, folder):
                yield folder


def _refuse(scene: Scene, document: Document, pattern: str, why: str) -> None:
    text = document.text
    position = text.find(f'"{pattern}"') if f'"{pattern}"' in text else text.find(pattern)
    scene.documents.report(document.file, text.count("\n", 0, max(position, 0)) + 1, f"workspace member {pattern!r} {why}")


def _excluded(document: Document, root: str, folder: str) -> bool:
    """As cargo: an `exclude` that is a beginning of the path counts, unless `members` names the folder literally."""
    excluded = any(inside(folder, target) for entry in document.strings("workspace", "exclude") if (target := resolve(root, entry)) is not None)
    explicit = any(inside(folder, target) for entry in document.strings("workspace", "members")
                   if not is_glob(entry) and (target := resolve(root, entry)) not in {None, "."})
    return excluded and not explicit


def _points_at(document: Document, folder: str) -> str | None:
    pointer = document.get("package", "workspace")
    return resolve(folder, pointer) if isinstance(pointer, str) else None


def _refuses(crates: Mapping[str, Document], folder: str, workspaces: list[_Workspace]) -> str | None:
    """The workspace above `folder` that makes cargo refuse it, or None."""
    roots = {space.root for space in workspaces}
    nearest = next((above for above in ancestors(folder) if above != folder and above in roots), None)
    if nearest is None or _excluded(crates[nearest], nearest, folder):
        return None
    return nearest


def _dependency_tables(document: Document) -> Iterable[Mapping[str, object]]:
    tables = [document.data, *(table for table in document.table("target").values() if isinstance(table, Mapping))]
    for table in tables:
        for name in _TABLES:
            entries = table.get(name)
            if isinstance(entries, Mapping):
                yield entries


def _path_dependencies(crates: Mapping[str, Document], folder: str, space: _Workspace | None, *, root: str | None = None) -> list[str]:
    """Folders of crates in the tree that `folder` depends on by path, directly or through [workspace.dependencies]."""
    home = root if root is not None else space.root if space else None
    shared = crates[home].table("workspace", "dependencies") if home is not None and home in crates else {}
    needed: dict[str, None] = {}
    for table in _dependency_tables(crates[folder]):
        for name, entry in table.items():
            if not isinstance(entry, Mapping):
                continue
            start, value = folder, entry
            if entry.get("workspace") is True:
                shared_entry = shared.get(name)
                start, value = home or folder, shared_entry if isinstance(shared_entry, Mapping) else {}
            path = value.get("path")
            target = resolve(start, path) if isinstance(path, str) else None
            if target is not None and target in crates and target != folder:
                needed[target] = None
    return sorted(needed)


def _toolchain(scene: Scene, folder: str) -> str | None:
    path = scene.index.upwards(folder, "rust-toolchain.toml", "rust-toolchain")
    if path is None:
        return None
    text = scene.documents.text(path) or ""
    if path.endswith(".toml") or "[toolchain]" in text:
        document = scene.documents.toml(path)
        return (document.string("toolchain", "channel") or document.string("toolchain", "path")) if document else None
    return pin(scene, folder, "rust-toolchain")


def _traits(scene: Scene, folder: str, document: Document, crates: Mapping[str, Document]) -> tuple[str, ...]:
    files = [path for path in scene.index.below(folder) if path.endswith(".rs")]
    if document.has("package"):  # a workspace without a package of its own speaks for its members
        files = [path for path in files if next((above for above in ancestors(parent(path)) if above in crates), ".") == folder]
    traits = []
    if any(_has_tests(scene, folder, path) for path in files):
        traits.append("tests")
    if document.get("bench") or any(path.startswith(join(folder, "benches/")) for path in files):
        traits.append("benches")
    if document.get("package", "metadata", "cargo-fuzz") is True:
        traits.append("fuzz")
    return tuple(traits)


def _has_tests(scene: Scene, folder: str, path: str) -> bool:
    relative = path if folder == "." else path[len(folder) + 1:]
    return relative.startswith("tests/") or _TEST.search(scene.read(path) or b"") is not None
