"""Understands calls of npm, yarn, pnpm and bun: which packages they mean, and which script or program. Knows words and names of packages.

Runners over many packages (turbo, nx, lerna, npm-run-all, concurrently) are understood as far as they only name scripts.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.detect.globs import matches, normal
from gatekeeper.detect.index import ancestors, inside, resolve
from gatekeeper.model.value import dataclass, field

Words = tuple[str, ...]

MANAGERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_VALUES = frozenset({"-w", "--workspace", "--prefix", "-C", "--dir", "--cwd", "--filter", "-F", "--loglevel", "--workspace-concurrency", "--filter-prod", "-j", "--jobs",
                     "--concurrency", "--exclude", "--ignore", "--include", "--from", "--scope", "--reporter"})
_QUOTES = "'\""
_FLAGS_ALL = frozenset({"-r", "--recursive", "-ws", "--workspaces", "-A", "--all", "--parallel", "-W", "--worktree", "-iwr", "--include-workspace-root"})
_NPM_SCRIPTS = {"test": "test", "t": "test", "tst": "test", "start": "start", "stop": "stop", "restart": "restart"}
_NOT_SCRIPTS = frozenset({"install", "i", "ci", "add", "remove", "uninstall", "publish", "pack", "version", "audit", "outdated", "config", "set", "link", "update", "up", "upgrade",
                          "cache", "login", "whoami", "init", "create", "store", "rebuild", "prune", "dedupe", "why", "info", "view", "plugin", "npm", "import", "patch",
                          "ls", "list", "root", "bin", "help", "global", "dlx", "deploy", "fetch", "approve-builds", "licenses", "pm"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """What is known of the packages of a tree: scripts by folder, names, and members by the folder of their workspace."""

    scripts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def home(self, cwd: str) -> str | None:
        """The folder of the package that a call in `cwd` speaks of."""
        return next((folder for folder in ancestors(cwd) if folder in self.scripts), None)

    def workspace(self, cwd: str) -> str | None:
        """The root of the workspace at or above `cwd`."""
        return next((folder for folder in ancestors(cwd) if folder in self.members), None)

    def selected(self, cwd: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """Folders of the members that filters name; all members without filters."""
        root = self.workspace(cwd)
        members = self.members.get(root, ()) if root is not None else ()
        plain = [pattern.strip("'\"") for pattern in patterns]
        wanted = [pattern for pattern in plain if not pattern.startswith("!")]
        taken = [folder for pattern in wanted for folder in members if self._means(pattern, folder, root or ".")] if wanted else list(members)
        left = {folder for pattern in plain if pattern.startswith("!") for folder in members if self._means(pattern[1:], folder, root or ".")}
        return tuple(folder for folder in dict.fromkeys(taken) if folder not in left)

    def _means(self, pattern: str, folder: str, root: str) -> bool:
        """Whether a filter (a name, a folder, a glob, `...name^...`) names the member in `folder`."""
        plain = pattern.removeprefix("...").removesuffix("...").rstrip("^")
        plain = plain if "," in plain else plain.strip("{}")
        name = next((name for name, home in self.names.items() if home == folder), "")
        relative = folder if root == "." else folder[len(root) + 1:]
        return matches(plain, name) or matches(normal(plain), relative) or normal(plain) in {folder, name.rsplit("/", 1)[-1]}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageCall:
    """A call of a package manager, understood: the packages it means, and a script or (`program`) a program with arguments."""

    folders: tuple[str, ...]
    script: str | None = None
    arguments: Words = ()
    program: Words = ()
    #: it hands the work to other packages than the one it stands in
    delegates: bool = False


@dataclass(slots=True)
class _Reading:
    """What the options of a call say, while it is read."""

    cwd: str | None
    filters: list[str] = field(default_factory=list)
    everywhere: bool = False
    excluded: list[str] = field(default_factory=list)


def understand(words: Words, cwd: str, packages: Packages) -> PackageCall | None:
    """A call of npm, yarn, pnpm or bun as scripts or programs of packages, or None."""
    manager = words[0]
    reading = _Reading(cwd=cwd)
    rest = _options(_npm_order(words[1:]) if manager == "npm" else words[1:], reading)
    if rest[:1] == ("workspace",) and manager == "yarn" and len(rest) > 1:
        reading.filters.append(rest[1])
        rest = _options(rest[2:], reading)
    elif rest[:1] == ("workspaces",) and manager == "yarn":
        reading.everywhere = True
        rest = _options(rest[2:], reading) if rest[1:2] == ("foreach",) else rest[1:]
    verb = rest[:1]
    named = False
    if verb in {("run",), ("run-script",), ("rum",)}:
        rest, named = _options(rest[1:], reading), True
    elif verb == ("exec",) or (verb == ("x",) and manager != "yarn"):
        return _program(reading, _double_dashless(_options(rest[1:], reading)), packages)
    if not rest or reading.cwd is None:
        return None
    return _script(manager, rest, reading, packages, named=named)


def _npm_order(words: Words) -> Words:
    """npm takes its own options anywhere before `--`: they are put first."""
    end = words.index("--") if "--" in words else len(words)
    options: list[str] = []
    others: list[str] = []
    position = 0
    while position < end:
        takes = words[position] in _VALUES and position + 1 < end
        if words[position].startswith("-"):
            options += words[position:position + 1 + takes]
        else:
            others.append(words[position])
        position += 1 + (takes and words[position].startswith("-"))
    return (*options, *others, *words[end:])


def _script(manager: str, rest: Words, reading: _Reading, packages: Packages, *, named: bool) -> PackageCall | None:
    assert reading.cwd is not None
    if manager == "bun" and rest[0] == "test" and not named:  # its own runner, whatever scripts there are
        return _program(reading, ("bun", *rest), packages)
    home = packages.home(reading.cwd)
    folders = packages.selected(reading.cwd, (*reading.filters, *reading.excluded)) if reading.filters or reading.everywhere else (home,) if home is not None else ()
    delegates = bool(reading.filters or reading.everywhere) and folders != (home,)
    name = rest[0] if named or manager in {"yarn", "pnpm"} else _NPM_SCRIPTS.get(rest[0]) if manager == "npm" else rest[0]
    if manager in {"yarn", "pnpm"} and not named:
        name = _NPM_SCRIPTS.get(rest[0], rest[0])
    if name is None:
        return None
    having = tuple(folder for folder in folders if name in packages.scripts.get(folder, {}))
    if having:
        return PackageCall(folders=having, script=name, arguments=_double_dashless(rest[1:]), delegates=delegates)
    if named or rest[0] in _NOT_SCRIPTS or manager == "npm":
        return PackageCall(folders=(), delegates=delegates)
    return _program(reading, rest, packages)


def _program(reading: _Reading, program: Words, packages: Packages) -> PackageCall | None:
    if not program or reading.cwd is None:
        return None
    if reading.filters or reading.everywhere:
        return PackageCall(folders=packages.selected(reading.cwd, (*reading.filters, *reading.excluded)), program=program, delegates=True)
    return PackageCall(folders=(reading.cwd,), program=program)


def _options(words: Words, reading: _Reading) -> Words:
    """What follows the options of the package manager; they say where and in which packages."""
    position = 0
    while position < len(words) and words[position].startswith("-") and words[position] != "--":
        option, _, value = words[position].partition("=")
        takes = not value and option in _VALUES and position + 1 < len(words)
        value = words[position + 1] if takes else value
        _note(option, value, reading)
        position += 2 if takes else 1
    return words[position:]


def _note(option: str, value: str, reading: _Reading) -> None:
    if option in {"-C", "--dir", "--cwd", "--prefix"} and value:
        reading.cwd = resolve(reading.cwd, value) if reading.cwd is not None else None
    elif option in {"-w", "--workspace", "--filter", "-F", "--scope", "--from", "--include", "--filter-prod"} and value:
        reading.filters.append(value)
    elif option in {"--exclude", "--ignore"} and value:
        reading.excluded.append(f"!{value.strip(_QUOTES)}")
    elif option in _FLAGS_ALL:
        reading.everywhere = True


def _double_dashless(words: Words) -> Words:
    return words[1:] if words[:1] == ("--",) else words


def task_runner(words: Words, cwd: str, packages: Packages) -> list[PackageCall] | None:
    """`turbo run lint`, `nx run-many -t test`, `lerna run build`, `run-s a b`, `concurrently "npm:x"` as calls of scripts, or None."""
    name, rest = words[0], words[1:]
    if name in {"run-s", "run-p", "npm-run-all", "npm-run-all2"}:
        home = packages.home(cwd)
        scripts = packages.scripts.get(home, {}) if home is not None else {}
        return [PackageCall(folders=(home,), script=script) for pattern in rest if not pattern.startswith("-") for script in scripts
                if home is not None and matches(pattern.split(" ")[0].replace(":", "/"), script.replace(":", "/"))]
    if name in {"turbo", "lerna", "nx", "moon", "wsrun", "ultra"}:
        reading = _Reading(cwd=cwd)
        targets = _targets(name, rest, reading)
        members = [folder for folder in packages.selected(cwd, (*reading.filters, *reading.excluded)) if inside(folder, packages.workspace(cwd) or ".")]
        return [PackageCall(folders=tuple(folder for folder in members if script in packages.scripts.get(folder, {})), script=script, delegates=True)
                for script in targets]
    return None


def _targets(name: str, rest: Words, reading: _Reading) -> list[str]:
    targets: list[str] = []
    position = 0
    while position < len(rest):
        word = rest[position]
        option, _, value = word.partition("=")
        if word == "--":
            break
        if option in {"-t", "--target", "--targets"}:
            given = value or (rest[position + 1] if position + 1 < len(rest) else "")
            targets += given.split(",")
            position += 1 if value else 2
            continue
        if word.startswith("-"):
            takes = not value and option in _VALUES and position + 1 < len(rest)
            _note(option, rest[position + 1] if takes else value, reading)
            position += 2 if takes else 1
            continue
        if word not in {"run", "run-many", "affected", "exec", "build-and-run"} and name != "nx":
            targets.append(word.split("#")[-1])
        elif name == "nx" and ":" in word:
            targets.append(word.split(":")[-1])
        position += 1
    return [target for target in targets if target]
