"""What exactly is installed for a managed tool: package, version, lock file, and the folder name that follows from them. Installs nothing."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from enum import StrEnum

from gatekeeper.model.late import late
from gatekeeper.model.tool import Tool
from gatekeeper.model.value import dataclass
from gatekeeper.provide.environments import normalise
from gatekeeper.provide.pins import package_json
from gatekeeper.provide.places import read_text

#: versions come from files of the repository and become words of an installer's command line: nothing but a plain version passes
_PLAIN_VERSION = late(r"\d[0-9A-Za-z]*(?:[.+-][0-9A-Za-z]+)*")
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class Ecosystem(StrEnum):
    PYPI = "pypi"
    NPM = "npm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """One managed tool at one version. `lock` is the file (PyPI) or folder (npm) that pins everything by hash, None for a version that only the project pins (its lock is made at the first install)."""

    tool: Tool
    ecosystem: Ecosystem
    package: str
    version: str
    lock: str | None

    @property
    def source(self) -> str:
        """`managed` at the catalogue's pin, `pinned` at a version that the project asks for."""
        pin = package_of(self.tool)
        return "managed" if pin and pin[2] == self.version else "pinned"

    @property
    def folder_name(self) -> str:
        """Distinct for everything that makes the content differ: version, lock, interpreter, platform."""
        digest = hashlib.blake2b(digest_size=6)
        for part in (self.package, self.version, f"{sys.platform}-{os.uname().machine}", *self._content()):
            digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
        return f"{self.tool.id}-{self.version}-{digest.hexdigest()}"

    def _content(self) -> tuple[str, ...]:
        interpreter = (f"{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}",) if self.ecosystem is Ecosystem.PYPI else ()
        if self.lock is None:
            return interpreter
        path = self.lock if self.ecosystem is Ecosystem.PYPI else os.path.join(self.lock, "package-lock.json")
        with open(path, encoding="utf-8") as file:
            return (*interpreter, file.read())

    def program(self, folder: str) -> str:
        """Where the executable lies once the kit is installed in `folder`."""
        if self.ecosystem is Ecosystem.PYPI:
            return os.path.join(folder, "bin", self.tool.executable)
        if self.tool.provide and self.tool.provide.binary:
            return os.path.normpath(os.path.join(folder, "node_modules", self.package, self.tool.provide.binary))
        return os.path.join(folder, "node_modules", ".bin", self.tool.executable)


def kit_for(tool: Tool, locks: str, version: str | None = None) -> Kit | None:
    """The kit of the catalogue's pin, or of another `version`; None where the catalogue provides nothing or the version is no plain one."""
    pin = package_of(tool)
    if pin is None:
        return None
    ecosystem, package, pinned = pin
    wanted = pinned if version is None else version
    if not _PLAIN_VERSION.fullmatch(wanted):
        return None
    lock = os.path.join(locks, ecosystem.value, tool.id + (".txt" if ecosystem is Ecosystem.PYPI else ""))
    return Kit(tool=tool, ecosystem=ecosystem, package=package, version=wanted, lock=lock if _locks(lock, ecosystem, package, wanted) else None)


def _locks(lock: str, ecosystem: Ecosystem, package: str, version: str) -> bool:
    """Whether a lock holds exactly this version of the package."""
    if ecosystem is Ecosystem.PYPI:
        return re.search(rf"(?m)^{re.escape(package)}=={re.escape(version)}(?=[\s;\\])", read_text(lock) or "") is not None
    return f"{package}@{version}" in locked_packages(lock)


def locked_packages(folder: str) -> frozenset[str]:
    """`NAME@VERSION` of what an npm lock folder asks for itself."""
    document = package_json(folder)
    asked = {name: version for section in ("dependencies", "optionalDependencies") if isinstance(table := document.get(section), dict) for name, version in table.items()}
    return frozenset(f"{name}@{version}" for name, version in asked.items())


def package_of(tool: Tool) -> tuple[Ecosystem, str, str] | None:
    """Registry, package and pinned version that the catalogue names for a tool."""
    if tool.provide is None:
        return None
    if tool.provide.pypi:
        name, version = split_pin(tool.provide.pypi)
        return Ecosystem.PYPI, normalise(name), version
    if tool.provide.npm:
        name, version = split_pin(tool.provide.npm)
        return Ecosystem.NPM, for_this_platform(name), version
    return None


def split_pin(pin: str) -> tuple[str, str]:
    """`ruff==0.17.5` and `@eslint/js@10.0.1` -> name and version."""
    if "==" in pin:
        name, _, version = pin.partition("==")
    else:
        name, _, version = pin.rpartition("@")
    return name, version


def for_this_platform(package: str) -> str:
    """npm packages with a native binary are one per platform; the catalogue names the Linux one."""
    if not package.endswith("-linux-amd64"):
        return package
    machine = _MACHINES.get(os.uname().machine.lower(), os.uname().machine.lower())
    return f"{package.removesuffix('-linux-amd64')}-{'darwin' if sys.platform == 'darwin' else 'linux'}-{machine}"
