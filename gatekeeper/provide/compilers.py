"""Solidity compilers for a component: which versions its sources need, and where forge finds them without a network.

A native compiler is used where there is one; else npm's `solc` behind a small script (`solc_shim.js`). forge looks for compilers in
`$XDG_DATA_HOME/svm/VERSION/solc-VERSION` and takes the right one for each file, so a folder of that shape is handed to it.
Knows nothing of what is compiled.
"""

from __future__ import annotations

import hashlib
import os

from gatekeeper.model.component import Component
from gatekeeper.model.ports import Runner
from gatekeeper.model.tool import LocatedTool, MissingTool, Provide, Tool
from gatekeeper.model.value import dataclass, field
from gatekeeper.provide.foundry import foundry_solc
from gatekeeper.provide.kits import kit_for, split_pin
from gatekeeper.provide.managed import ManagedTools, Permission
from gatekeeper.provide.places import Surroundings, executable, names_in, read_text
from gatekeeper.provide.pragma import Version, choose, choose_each, parse_version, show
from gatekeeper.provide.probe import ask
from gatekeeper.provide.sources import wanted_versions

_SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "solc_shim.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilers:
    """Compilers by component; `solc` is the catalogue's tool, None where it has none."""

    surroundings: Surroundings
    runner: Runner
    managed: ManagedTools
    solc: Tool | None
    answers: dict[str, object] = field(default_factory=dict)

    def locate(self, component: Component | None) -> LocatedTool | MissingTool:
        """One compiler that accepts all of the component's sources: native on PATH or in svm's folder, else through npm."""
        key = f"one:{component.root if component else '.'}"
        if key not in self.answers:
            self.answers[key] = self._locate(component)
        found = self.answers[key]
        assert isinstance(found, LocatedTool | MissingTool)
        return found

    def for_forge(self, component: Component | None) -> dict[str, str] | MissingTool:
        """Variables with which forge finds every compiler that the sources need."""
        key = f"forge:{component.root if component else '.'}"
        if key not in self.answers:
            self.answers[key] = self._for_forge(component)
        found = self.answers[key]
        assert isinstance(found, dict | MissingTool)
        return found

    def _default(self) -> Version:
        pin = split_pin(self.solc.provide.npm)[1] if self.solc and self.solc.provide and self.solc.provide.npm else ""
        return parse_version(pin) or (0, 8, 0)

    def _locate(self, component: Component | None) -> LocatedTool | MissingTool:
        wanted = self._wanted(component)
        if native := self._native(wanted):
            return native
        version = choose(wanted, self._default())
        if version is None:
            return MissingTool(reason=f"no one Solidity compiler fits all sources ({', '.join(sorted(set(wanted)))})",
                               hint="give them one `pragma solidity` range, or use foundry, which takes a compiler per file")
        return self._shim(version)

    def _for_forge(self, component: Component | None) -> dict[str, str] | MissingTool:
        configured = foundry_solc(self.surroundings.folder(component))
        if configured and parse_version(configured) is None:
            return {}
        wanted = [configured] if configured else self._wanted(component)
        versions, hopeless = choose_each(wanted, self._default())
        if hopeless:
            return MissingTool(reason=f"no known Solidity compiler fits `pragma solidity {hopeless[0]}`", hint="svm install VERSION")
        svm = self._svm_folder()
        if svm and all(executable(_in_svm(svm, version)) for version in versions):
            return {}
        shims = [(version, self._shim(version)) for version in versions or (self._default(),)]
        for _version, shim in shims:
            if isinstance(shim, MissingTool):
                return shim
        located = [(version, shim.path) for version, shim in shims if isinstance(shim, LocatedTool)]
        if self._home_svm():
            return {"FOUNDRY_SOLC": located[0][1]}
        return {"XDG_DATA_HOME": self._collect(located)}

    def _wanted(self, component: Component | None) -> list[str]:
        folder = self.surroundings.folder(component)
        configured = foundry_solc(folder)
        if configured and parse_version(configured):
            return [configured]
        return wanted_versions(self.surroundings, component)

    def _native(self, wanted: list[str]) -> LocatedTool | None:
        """A compiler that is no script of ours: `solc` on PATH, or the newest fitting one in svm's folder."""
        probe = self.solc.version_probe if self.solc else None
        native = self.surroundings.find("solc")
        if probe and native:
            version = parse_version(ask(self.runner, [native], probe, self.surroundings.environment) or "")
            if version and choose(wanted, version) == version:
                return LocatedTool(path=native, version=show(version), source="path")
        svm = self._svm_folder()
        for version in sorted((parsed for name in names_in(svm) if (parsed := parse_version(name))), reverse=True) if svm else []:
            if svm and choose(wanted, version) == version and executable(_in_svm(svm, version)):
                return LocatedTool(path=_in_svm(svm, version), version=show(version), source="path")
        return None

    def _shim(self, version: Version) -> LocatedTool | MissingTool:
        if self.solc is None or self.solc.provide is None:
            return MissingTool(reason="no Solidity compiler on PATH", hint="install solc")
        shimmed = _as_shim(self.solc)
        kit = kit_for(shimmed, self.managed.locks, show(version))
        if kit is None:
            return MissingTool(reason="no Solidity compiler on PATH", hint="install solc")
        return self.managed.get(kit, write_shim)

    def _home_svm(self) -> str | None:
        home = self.surroundings.home
        return path if home and os.path.isdir(path := os.path.join(home, ".svm")) else None

    def _svm_folder(self) -> str | None:
        """Where svm keeps compilers: `~/.svm` if it exists, else in the user's data folder."""
        if found := self._home_svm():
            return found
        home = self.surroundings.home
        base = self.surroundings.environment.get("XDG_DATA_HOME") or (os.path.join(home, ".local", "share") if home else "")
        return path if base and os.path.isdir(path := os.path.join(base, "svm")) else None

    def _collect(self, located: list[tuple[Version, str]]) -> str:
        """A folder that looks like svm's to forge: a link to each compiler. Its name follows from its content."""
        digest = hashlib.blake2b("\0".join(path for _version, path in located).encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
        base = os.path.join(self.managed.home, "compilers", digest)
        if self.managed.permission is Permission.ANNOUNCE:
            return base
        for version, path in located:
            link = _in_svm(os.path.join(base, "svm"), version)
            try:
                os.makedirs(os.path.dirname(link), exist_ok=True)
                os.symlink(path, link)
            except OSError:
                continue  # there already, or forge will say that it is not
        return base


def write_shim(folder: str) -> str | None:
    """Puts the script beside an installed npm `solc`; a line when that fails."""
    path = os.path.join(folder, "bin", "solc")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    text = read_text(_SHIM)
    if text is None:
        return "the solc script is not part of this installation"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755)  # noqa: S103 - a program that everyone may start, as an installer would leave it
    return None


def _as_shim(tool: Tool) -> Tool:
    """The catalogue's solc with our script as its program (relative to its package)."""
    npm = tool.provide.npm if tool.provide else None
    return Tool(id=tool.id, executable="solc", version_probe=tool.version_probe, provide=Provide(npm=npm, binary="../../bin/solc"))


def _in_svm(svm: str, version: Version) -> str:
    return os.path.join(svm, show(version), f"solc-{show(version)}")
