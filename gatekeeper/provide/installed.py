"""What a program runs with, beside its own file: the environment that it lies in, by what its installers wrote there.

A Python environment is told by `pyvenv.cfg`, its interpreter, the RECORD of each distribution, its `.pth` files and the names in it; `node_modules` by the
records of its package manager and the manifest of each package; a Rust toolchain by its manifest. A file that somebody edited inside an installed
package is not seen. Editable installs and links are followed into the tree; one that leads elsewhere cannot be vouched for. Runs nothing.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping

from gatekeeper.model.late import late
from gatekeeper.model.tool import LocatedTool
from gatekeeper.model.value import dataclass, field

Digest = Callable[[str], str | None]

_SHEBANG = late(rb"#![ \t]*(/\S+)(?:[ \t]+(\S+))?")
#: interpreters of scripts that are tools themselves; a script of a shell only starts one, from anywhere (shims)
_EXEC = late(r"""(?m)^[ \t]*exec[ \t]+["']?(/[^\s"'$`]+)["']?(?=\s|$)""")
#: programs that stand for many others
_DISPATCHERS = frozenset({"mise", "rtx", "asdf", "volta", "proto", "aqua", "hermit", "pkgx", "devbox", "vfox", "moon", "tea", "pixi", "fnm"})
_TOLD = ("python", "pypy", "node", "deno", "bun")
#: what package managers write about what they installed
_NODE_RECORDS = (".package-lock.json", ".yarn-state.yml", ".yarn-integrity", ".modules.yaml", ".pnpm/lock.yaml")
#: folders there that hold nothing that is imported, or what is told by its records
_NODE_NOISE = frozenset({".bin", ".cache", ".pnpm", ".vite", ".vite-temp", ".vitest", ".store", ".yarn", ".old_modules", ".ignored", ".tmp"})
_MOST_GENERATED = 500
#: top-level files of an environment's packages that are code or say where code is
_LOOSE = (".py", ".so", ".pth", ".egg-link", ".egg")


class UnknownStateError(Exception):
    """What a program runs with cannot be told; `args[0]` says why, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What was found: words by name (`environment .venv`), each the digest of one thing, and the folders of the tree that are installed by a link."""

    words: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = field(default=())


class Installed:
    """Asks each environment once. `digest` gives the digest of a file (`absent` where there is none), None where it cannot be told."""

    def __init__(self, root: str, digest: Digest, environment: Mapping[str, str]) -> None:
        self._root = os.path.realpath(root)
        self._digest = digest
        self._variables = environment
        self._home = environment.get("HOME", "")
        self._remembered: dict[str, State] = {}
        self._asked: dict[str, Callable[[], State]] = {}

    def program(self, path: str, search: str) -> tuple[State, ...]:
        """What the program at `path` (absolute) is and runs with. `search` is the PATH on which its interpreter is looked for. Raises UnknownStateError."""
        real = os.path.realpath(path)
        self._refuse_dispatcher(path, real)
        found = [State(words=((f"program {self._show(path)}", self._of(real)),))]
        interpreter = _interpreter(real, search)
        is_python = os.path.basename(path).startswith("python")
        if interpreter is None and not is_python:
            return tuple(found)  # a program of its own
        prefix = _python_prefix(path) or _python_prefix(interpreter or path)
        if prefix is not None:
            return (*found, self.python(prefix))
        around = _modules_around(real)
        if interpreter is not None and not around and not real.startswith(self._root + "/") and not os.path.basename(interpreter).startswith(_TOLD):
            found += self._started(real, os.path.basename(interpreter), search)
        found += [self.node(folder) for folder in around]
        started = interpreter or path
        found.append(State(words=((f"interpreter {self._show(started)}", self._of(os.path.realpath(started))),)))
        if os.path.basename(started).startswith("python"):
            found.append(self._once(f"packages of {started}", lambda: self._sites(_machine_sites(started, self._home))))
        return tuple(found)

    def _refuse_dispatcher(self, path: str, real: str) -> None:
        """Raises UnknownStateError for a program that starts others by the name that it was called by: which one, the folder and its files decide."""
        name, own = os.path.basename(path), os.path.basename(real)
        if "shims" in path.split("/")[:-1] or (os.path.islink(path) and own.partition("-")[0].lower() in _DISPATCHERS and name.partition("-")[0] != own.partition("-")[0]):
            raise UnknownStateError(f"{self._show(path)} starts whatever {own} takes for {name} in this folder")

    def _started(self, script: str, shell: str, search: str) -> tuple[State, ...]:
        """What a script of a shell starts in its place, by its whole name. Raises UnknownStateError where that is not told so plainly."""
        match = _EXEC.search(_text(script))
        if match is None:
            raise UnknownStateError(f"{self._show(script)} is a script of {shell}, and what it starts cannot be told")
        if _interpreter(os.path.realpath(match[1]), search) is not None and os.path.realpath(match[1]) != script:
            return self.program(match[1], search)
        return (State(words=((f"program {self._show(match[1])}", self._of(os.path.realpath(match[1]))),)),)

    def python(self, prefix: str) -> State:
        """The virtual environment in a folder. Raises UnknownStateError."""
        return self._once(f"environment {self._show(prefix)}", lambda: self._environment(prefix))

    def node(self, folder: str) -> State:
        """What is installed in a folder `node_modules`; nothing where there is none. Raises UnknownStateError."""
        return self._once(f"packages in {self._show(folder)}", lambda: self._modules(folder))

    def toolchain(self, tool: LocatedTool) -> State:
        """The Rust toolchain of a tool. Raises UnknownStateError."""
        name = tool.env.get("RUSTUP_TOOLCHAIN")
        if name is None:
            rustc = os.path.join(os.path.dirname(os.path.realpath(tool.path)), "rustc")
            return State(words=(("rustc", self._of(os.path.realpath(rustc))),))
        home = tool.env.get("RUSTUP_HOME") or self._variables.get("RUSTUP_HOME") or os.path.join(self._home, ".rustup")
        folder = name if os.path.isabs(name) else os.path.join(home, "toolchains", name)
        parts = [(f"toolchain {name}: {part}", self._of(os.path.realpath(os.path.join(folder, part))))
                 for part in ("bin/rustc", "bin/cargo", "lib/rustlib/components", "lib/rustlib/multirust-channel-manifest.toml")]
        return State(words=tuple(parts))

    def look_again(self) -> bool:
        """Asks each environment anew; whether all are as they were. Digests must have been looked at again."""
        before = dict(self._remembered)
        self._remembered.clear()
        try:
            return all(self._once(name, self._asked[name]) == state for name, state in before.items())
        except UnknownStateError:
            return False

    def _once(self, name: str, ask: Callable[[], State]) -> State:
        if name not in self._remembered:
            self._asked[name] = ask
            asked = ask()
            self._remembered[name] = State(words=((name, "\0".join("=".join(word) for word in asked.words)),) if asked.words else (), sources=asked.sources)
        return self._remembered[name]

    def _of(self, path: str) -> str:
        found = self._digest(path)
        if found is None:
            raise UnknownStateError(f"{self._show(path)} cannot be read")
        return found

    def _show(self, path: str) -> str:
        return os.path.relpath(path, self._root) if path.startswith(self._root + "/") else path

    # --- Python

    def _environment(self, prefix: str) -> State:
        own = sorted(glob.glob(os.path.join(glob.escape(prefix), "lib", "python3*", "site-packages")))
        settings = os.path.join(prefix, "pyvenv.cfg")
        python = os.path.join(prefix, "bin", "python")
        words = [("pyvenv.cfg", self._of(settings)), ("python", self._of(os.path.realpath(python)))]
        sites = tuple(own)
        if re.search(r"(?mi)^[ \t]*include-system-site-packages[ \t]*=[ \t]*true", _text(settings)):
            sites += _machine_sites(os.path.realpath(python), self._home)
        found = self._sites(sites)
        return State(words=(*words, *found.words), sources=found.sources)

    def _sites(self, sites: tuple[str, ...]) -> State:
        words: list[tuple[str, str]] = []
        sources: list[str] = []
        for site in sites:
            for name in _names(site):
                path = os.path.join(site, name)
                if name.endswith(".dist-info"):
                    words.append((name, self._of(os.path.join(path, "RECORD"))))
                    sources += self._editable(path)
                elif name.endswith(_LOOSE) and os.path.isfile(path):
                    words.append((name, self._of(path)))
                    sources += self._pointed(path, (*sites, os.path.dirname(os.path.dirname(os.path.dirname(site))))) if name.endswith((".pth", ".egg-link")) else ()
                elif name != "__pycache__":
                    words.append((name, ""))
        return State(words=tuple(words), sources=tuple(sources))

    def _editable(self, folder: str) -> Iterator[str]:
        """The source folder of a distribution that was installed from one to stay there."""
        text = _text(os.path.join(folder, "direct_url.json"))
        try:
            said = json.loads(text) if text else {}
            editable = isinstance(said, dict) and said.get("dir_info", {}).get("editable") and str(said.get("url", ""))
        except (ValueError, AttributeError):
            return
        if editable:
            yield self._inside(editable.removeprefix("file://"), os.path.basename(folder))

    def _pointed(self, path: str, around: tuple[str, ...]) -> Iterator[str]:
        """The folders that a `.pth` file adds, seen from its own; those inside the environment itself are nothing new."""
        own = tuple(f"{os.path.realpath(place)}/" for place in around)
        for line in _text(path).splitlines():
            if not line.strip() or line.startswith(("#", "import ", "import\t")):
                continue
            folder = os.path.join(os.path.dirname(path), line.strip())
            if not f"{os.path.realpath(folder)}/".startswith(own):
                yield self._inside(folder, os.path.basename(path))

    def _inside(self, folder: str, name: str) -> str:
        real = os.path.realpath(folder)
        if real != self._root and not real.startswith(self._root + "/"):
            raise UnknownStateError(f"{name} is installed from {folder}, which lies outside of the tree")
        return os.path.relpath(real, self._root)

    # --- node

    def _modules(self, folder: str) -> State:
        words: list[tuple[str, str]] = []
        sources: list[str] = []
        if not os.path.isdir(folder):
            return State()
        words += [(name, found) for name in _NODE_RECORDS if (found := self._of(os.path.join(folder, name))) != "absent"]
        packages = tuple(_packages(folder))
        for name in packages:
            path = os.path.join(folder, name)
            if os.path.islink(path) and "node_modules" not in os.path.realpath(path).split("/"):
                sources.append(self._inside(path, name))
            else:
                words.append((name, self._of(os.path.join(path, "package.json"))))
        words += self._generated(folder, packages)
        return State(words=tuple(words), sources=tuple(sources))

    def _generated(self, folder: str, packages: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """What was made among installed packages after they were installed, and belongs to none: generated code (`.prisma`), and which patches were put
        in. Raises UnknownStateError where that is too much."""
        patched = os.path.isdir(os.path.join(os.path.dirname(folder), "patches"))
        for place in dict.fromkeys((folder, *(_home_of(os.path.join(folder, name), name) for name in packages))):
            for name in _names(place):
                if name.startswith(".") and name not in _NODE_NOISE and os.path.isdir(os.path.join(place, name)):
                    yield from self._below(os.path.join(place, name), folder)
        for name in packages if patched else ():
            yield f"patches of {name}", self._of(os.path.join(folder, name, ".patch-package.json"))

    def _below(self, folder: str, base: str) -> Iterator[tuple[str, str]]:
        count = 0
        for place, _folders, names in os.walk(folder):
            for name in sorted(names):
                count += 1
                if count > _MOST_GENERATED:
                    raise UnknownStateError(f"{self._show(folder)} holds more than can be looked at")
                path = os.path.join(place, name)
                yield os.path.relpath(path, base), self._of(path)


def modules_above(folder: str) -> tuple[str, ...]:
    """Every `node_modules` in which node looks for packages from a folder (absolute), the nearest first."""
    found: list[str] = []
    while True:
        if os.path.isdir(place := os.path.join(folder, "node_modules")):
            found.append(place)
        parent = os.path.dirname(folder)
        if parent == folder:
            return tuple(found)
        folder = parent


def environment_around(path: str) -> str | None:
    """The virtual environment that a path lies in, if any."""
    folder = path
    while (parent := os.path.dirname(folder)) != folder:
        folder = parent
        if os.path.isfile(os.path.join(folder, "pyvenv.cfg")):
            return folder
    return None


def _modules_around(path: str) -> tuple[str, ...]:
    """The outermost `node_modules` that a path lies in."""
    before, found, _ = path.partition("/node_modules/")
    return (f"{before}/node_modules",) if found else ()


def _python_prefix(path: str) -> str | None:
    """The virtual environment that a program lies in: `PREFIX/bin/NAME`."""
    prefix = os.path.dirname(os.path.dirname(path))
    return prefix if os.path.isfile(os.path.join(prefix, "pyvenv.cfg")) else None


def _interpreter(path: str, search: str) -> str | None:
    """The program that a script names in its first line; None for a program of its own. Raises UnknownStateError where it is nowhere."""
    try:
        with open(path, "rb") as file:
            match = _SHEBANG.match(file.read(512))
    except OSError:
        return None
    if match is None:
        return None
    named = os.fsdecode(match[1])
    if os.path.basename(named) != "env":
        return named
    name = os.fsdecode(match[2] or b"")
    found = next((place for folder in search.split(os.pathsep) if os.access(place := os.path.join(folder, name), os.X_OK)), None) if name.isidentifier() or "." in name else None
    if found is None:
        raise UnknownStateError(f"{path} names no interpreter that can be found ({name or 'env'})")
    return found


def _machine_sites(python: str, home: str) -> tuple[str, ...]:
    """Where an interpreter that is no virtual environment finds packages, the user's own too."""
    prefix = glob.escape(os.path.dirname(os.path.dirname(os.path.realpath(python))))
    patterns = (f"{prefix}/lib/python3*/site-packages", f"{prefix}/lib/python3*/dist-packages", f"{prefix}/local/lib/python3*/dist-packages",
                f"{glob.escape(home)}/.local/lib/python3*/site-packages")
    return tuple(sorted({os.path.realpath(path) for pattern in patterns for path in glob.glob(pattern)}))


def _home_of(path: str, name: str) -> str:
    """The folder `node_modules` in which a package lies: another one where it is a link (pnpm)."""
    usual = path.removesuffix(f"/{name}")
    if not os.path.islink(path):
        return usual
    home = os.path.normpath(os.path.join(os.path.realpath(path), *([".."] * (name.count("/") + 1))))
    return home if os.path.basename(home) == "node_modules" else usual


def _packages(folder: str) -> Iterator[str]:
    for name in _names(folder):
        if name.startswith("@"):
            yield from (f"{name}/{inner}" for inner in _names(os.path.join(folder, name)))
        elif not name.startswith("."):
            yield name


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
