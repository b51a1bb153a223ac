"""Finds Foundry and Hardhat projects, and contracts that have neither. Knows their files and nothing of CI.

A folder with both configurations is one component: the kind says which of the two its package's `test` script runs, Foundry if none.
Configuration in JavaScript is read as text: it is never executed.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.detect.documents import Document
from gatekeeper.detect.index import base, inside, join, parent, resolve
from gatekeeper.detect.javascript import member_folders
from gatekeeper.detect.language import Found, Scene
from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.late import late

_HARDHAT = ("hardhat.config.ts", "hardhat.config.js", "hardhat.config.cjs", "hardhat.config.mjs", "hardhat.config.cts", "hardhat.config.mts")
_OTHER = ("truffle-config.js", "truffle.js", "brownie-config.yaml", "brownie-config.yml", "ape-config.yaml", "ape-config.yml", "remappings.txt", "wake.toml")
_SOURCE_FOLDERS = ("contracts", "src", "solidity", "sol", "interfaces", "packages")
_NO_SOURCES = frozenset({"test", "tests", "__tests__", "testing", "docs", "doc", "spec", "benches", "benchmarks", "fuzz", "e2e"})
_VERSION = late(r"""\bsolidity\s*:\s*(?:["'`]([^"'`]+)["'`]|\{\s*(?:compilers\s*:\s*\[\s*\{\s*)?version\s*:\s*["'`]([^"'`]+)["'`])""")
_SOURCES = late(r"""\bsources\s*:\s*["'`]([^"'`]+)["'`]""")


def vendored(scene: Scene) -> list[str]:
    """Folders in which Foundry keeps libraries (`libs`, by default `lib`)."""
    folders = []
    for path in scene.index.named("foundry.toml"):
        document = scene.documents.toml(path)
        libs = _profile(document).get("libs") if document is not None else None
        names = [name for name in libs if isinstance(name, str)] if isinstance(libs, list) else ["lib"]
        folders += [target for name in names if (target := resolve(parent(path), name)) is not None and target not in {".", parent(path)}]
    return folders


def find(scene: Scene) -> tuple[Found, ...]:
    """All Solidity components of the tree."""
    members = member_folders(scene)
    configured = sorted({parent(path) for path in scene.index.named("foundry.toml", *_HARDHAT) if "node_modules/" not in path})
    found = [item for folder in configured if (item := _configured(scene, folder, members)) is not None]
    return (*found, *_bare(scene, [folder for folder in configured if not scene.exclusions.cause(folder)]))


def _configured(scene: Scene, folder: str, members: frozenset[str]) -> Found | None:
    package = _package(scene, folder)
    if scene.exclusions.covers(folder, member=folder in members):
        return None
    foundry = _foundry(scene, folder)
    hardhat = scene.index.first_in(folder, *_HARDHAT)
    if foundry is None and hardhat is None:
        return None
    if foundry is not None and not (hardhat and _hardhat_tests(package)):
        return _found(scene, Kind.FOUNDRY_PROJECT, foundry.file, _foundry_sources(scene, foundry), pinned=_solc(foundry), package=package)
    assert hardhat is not None
    text = scene.documents.text(hardhat) or ""
    version = _VERSION.search(text)
    named = _SOURCES.search(text)
    sources = resolve(folder, named.group(1)) if named else join(folder, "contracts")
    if not any(path.endswith(".sol") for path in scene.index.below(folder)):
        scene.exclusions.leave_out(folder, f"{hardhat} without any Solidity")
        return None
    return _found(scene, Kind.HARDHAT_PROJECT, hardhat, sources, pinned=(version.group(1) or version.group(2)) if version else None, package=package)


def _found(scene: Scene, kind: Kind, manifest: str, sources: str | None, *, pinned: str | None = None, package: Document | None = None) -> Found:
    folder = parent(manifest)
    name = package.string("name") if package else None
    traits = [f"sources:{_relative(sources, folder)}"] if sources and scene.index.is_folder(sources) else []
    if any(_is_test(path, folder) for path in scene.index.below(folder)):
        traits.append("tests")
    component = Component(
        id=folder, root=folder, language=Language.SOLIDITY, kind=kind, name=name or (scene.name if folder == "." else base(folder)), manifest=manifest,
        package_manager="forge" if kind is Kind.FOUNDRY_PROJECT else None,
        lockfile=scene.index.first_in(folder, "foundry.lock", "soldeer.lock") if kind is Kind.FOUNDRY_PROJECT else None,
        toolchain_pin=f"solc {pinned}" if pinned else None, reasons=(f"{manifest} configures it",), traits=tuple(traits))
    declared = {key: f"{package.file}#{table}" for table in ("dependencies", "devDependencies") for key in package.table(table)} if package else {}
    return Found(component=component, named=name is not None, declared=declared)


def _is_test(path: str, folder: str) -> bool:
    return path.endswith(".t.sol") or (path.startswith(f"{join(folder, 'test')}/") and path.endswith((".sol", ".ts", ".js", ".mjs", ".cjs")))


def _foundry(scene: Scene, folder: str) -> Document | None:
    path = scene.index.first_in(folder, "foundry.toml")
    return scene.documents.toml(path) if path else None


def _profile(document: Document) -> Mapping[str, object]:
    """The default profile; very old files put its keys in [default] or at the top."""
    return document.table("profile", "default") or document.table("default") or document.data


def _solc(document: Document) -> str | None:
    profile = _profile(document)
    named = next((profile[key] for key in ("solc", "solc_version", "solc-version") if key in profile), None)
    return named if isinstance(named, str) else None


def _foundry_sources(scene: Scene, document: Document) -> str | None:
    named = _profile(document).get("src")
    folder = parent(document.file)
    if isinstance(named, str):
        return resolve(folder, named)
    return next((path for name in ("src", "contracts") if scene.index.is_folder(path := join(folder, name))), None)


def _package(scene: Scene, folder: str) -> Document | None:
    path = scene.index.first_in(folder, "package.json")
    return scene.documents.json(path) if path else None


def _hardhat_tests(package: Document | None) -> bool:
    line = package.get("scripts", "test") if package else None
    return isinstance(line, str) and "hardhat" in line


# ---- contracts without a project ----


def _bare(scene: Scene, configured: list[str]) -> list[Found]:
    """Contracts that no project covers, one component per package or top folder that holds them."""
    groups: dict[str, list[str]] = {}
    for path in scene.index.ending(".sol"):
        folder = parent(path)
        if any(inside(folder, root) for root in configured) or scene.exclusions.cause(folder) is not None:
            continue
        home = _home(scene, folder)
        if home is not None:
            groups.setdefault(home, []).append(path)
    return [_found_bare(scene, home, paths) for home, paths in sorted(groups.items())]


def _home(scene: Scene, folder: str) -> str | None:
    """The folder of the project that contracts in `folder` belong to: of the nearest manifest, else of the top source folder; None for test data."""
    manifest = scene.index.upwards(folder, *_OTHER, "package.json", "pyproject.toml", "Cargo.toml")
    home = parent(manifest) if manifest else "."
    home = parent(home) if base(home) in _SOURCE_FOLDERS else home
    parts = [] if folder == home else _relative(folder, home).split("/")
    if not _NO_SOURCES.isdisjoint(parts):
        return None
    source = next((position for position, part in enumerate(parts) if part in _SOURCE_FOLDERS), None)
    if manifest is not None:
        return home if not parts or source is not None else None
    return "/".join(parts[:source]) or "." if source is not None else home


def _found_bare(scene: Scene, home: str, paths: list[str]) -> Found:
    manifest = scene.index.first_in(home, *_OTHER)
    top = min({parent(path) for path in paths}, key=lambda folder: (folder.count("/"), folder))
    component = Component(
        id=home, root=home, language=Language.SOLIDITY, kind=Kind.SOLIDITY_CONTRACTS, name=scene.name if home == "." else base(home),
        manifest=manifest or (top if top != "." else paths[0]), reasons=("contracts without foundry.toml or a Hardhat configuration",),
        traits=(f"sources:{_relative(top, home)}",))
    return Found(component=component, named=False)


def _relative(folder: str, home: str) -> str:
    return folder if home == "." else "." if folder == home else folder.removeprefix(f"{home}/")
