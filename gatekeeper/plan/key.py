"""What a job's result depends on, as a key: named parts, each a digest or a word. The key and its explanation come from the same parts.

    scope      what of the repository a command may read (`cache:` of the catalogue)
    file       each file by itself, and the configuration around it; one result per file
    component  the files of the component and all below it, of what it depends on, and what belongs to no component; of all, where a file speaks of
               places further up
    tree       everything (commands that execute the repository's code)
    ttl:N      as component, for so many seconds: what is asked of the network
    none       nobody knows what it depends on

Pure: knows names and digests, never a disk.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from posixpath import basename, dirname

from gatekeeper.model.component import Component
from gatekeeper.model.late import late
from gatekeeper.model.plan import Job
from gatekeeper.model.tool import Command, FailsAt, Takes
from gatekeeper.model.value import dataclass, field, replace
from gatekeeper.plan.scope import folders

#: of files that belong to no component: what no checker of code reads there
_PROSE = (".md", ".rst", ".adoc", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".pdf", ".mp4", ".webp", ".woff2")
#: variables that change from terminal to terminal and decide nothing
_VOLATILE = late(
    r"(SSH_|XDG_(SESSION|RUNTIME|SEAT|VTNR)|DBUS_|DESKTOP_|GNOME_|KDE_|GTK_|QT_|TMUX|VSCODE_|ITERM_|KITTY_|WEZTERM_|ALACRITTY_|VTE_|COLORFGBG$|TERM_|WINDOW"
    r"|DISPLAY$|WAYLAND_|SESSION_|LOGNAME$|USER$|SHELL$|HOSTNAME$|HIST|LS_COLORS$|LESS|EDITOR$|VISUAL$|PAGER$|MAIL$|COLUMNS$|LINES$|P9K_|STARSHIP_|DIRENV_"
    r"|GITHUB_(RUN_|STEP_SUMMARY$|ACTION)|RUNNER_TRACKING_ID$|INVOCATION_ID$|JOURNAL_STREAM$|SYSTEMD_|MEMORY_PRESSURE_)")
#: variables that every tool heeds
_HEEDED = late(r"(LANG|LANGUAGE|LC_\w+|TZ|HOME|XDG_CONFIG_HOME|XDG_CONFIG_DIRS|CI|VIRTUAL_ENV|PYTHON\w*|NODE_\w+|(?i:npm_config_)\w+|https?_proxy|HTTPS?_PROXY)$")
#: of families of tools
_FAMILIES: Mapping[str, str] = {"cargo": "CARGO|RUST", "clippy": "CARGO|RUST|CLIPPY", "rustfmt": "CARGO|RUST", "cargo-audit": "CARGO|RUST", "forge": "FOUNDRY|DAPP|ETH",
                                "slither": "FOUNDRY|SOLC", "solc": "SOLC", "pip": "PIP|UV", "pip-audit": "PIP|UV", "npm": "NPM|npm|YARN|PNPM", "tsc": "TS", "ty": "TY|UV"}
#: what else a tool heeds beside what the catalogue names as its configuration, wherever it lies
_FURTHER: Mapping[str, tuple[str, ...]] = {
    "black": (".gitignore",), "ruff": (".gitignore", ".ruff.toml", "ruff.toml"), "isort": (".editorconfig", ".gitignore", "setup.cfg", "tox.ini", ".isort.cfg"),
    "flake8": ("setup.cfg", "tox.ini", ".flake8"), "prettier": (".prettierignore", ".editorconfig", ".gitignore", "package.yaml", ".prettierrc.mts", ".prettierrc.cts", "prettier.config.mts", "prettier.config.cts"), "stylelint": (".stylelintignore",),
    "rustfmt": ("Cargo.toml",),  # the edition may be that of a workspace above the tree
}
#: configuration that belongs to a user, below HOME
_OF_USERS: Mapping[str, tuple[str, ...]] = {
    "ruff": (".config/ruff/ruff.toml", ".config/ruff/.ruff.toml", ".config/ruff/pyproject.toml"), "black": (".config/black",), "isort": (".isort.cfg", ".config/isort.cfg"),
    "flake8": (".config/flake8", ".flake8"), "mypy": (".config/mypy/config", ".mypy.ini"), "pylint": (".pylintrc", ".config/pylintrc"),
    "prettier": (".prettierrc", ".editorconfig", ".prettierrc.json", ".prettierrc.yaml"), "rustfmt": (".config/rustfmt/rustfmt.toml", ".config/rustfmt/.rustfmt.toml", "rustfmt.toml", ".rustfmt.toml"),
    "cargo": (".cargo/config.toml", ".cargo/config"), "clippy": (".cargo/config.toml", ".cargo/config"), "npm": (".npmrc",), "pip": (".config/pip/pip.conf", ".pip/pip.conf"),
    "pip-audit": (".config/pip/pip.conf", ".pip/pip.conf"), "cargo-audit": (".cargo/audit.toml", ".cargo/config.toml"), "forge": (".foundry/foundry.toml",),
}
#: and to everybody on the machine
_OF_MACHINES: Mapping[str, tuple[str, ...]] = {"pylint": ("/etc/pylintrc",), "npm": ("/etc/npmrc",), "pip": ("/etc/pip.conf",), "pip-audit": ("/etc/pip.conf",)}
#: variables in which tools look for more code
SEARCHED = ("PYTHONPATH", "MYPYPATH", "NODE_PATH", "PYTHONHOME", "PYTHONUSERBASE")
_CODE_CONFIG = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py")
_QUOTED = late(r""""([^"\n]{1,200})"|'([^'\n]{1,200})'""")
_BARE = late(r"""[^\s"'=,:;|\[\](){}]{2,200}""")
_SECTION = late(r"(?m)^([ \t]*\[+[^\]\n]+\]+)")
_CLIMBING = late(r"(?:\.\./)+[\w.@+/-]*")
#: names that are file-local by the catalogue, but look at the names of other files: what is there decides what an import means
_LOOKS_AROUND = frozenset({"ruff.lint", "isort.format", "flake8.lint"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What identifies a result: `digest` over all `parts`, which are named for people."""

    digest: str
    parts: Mapping[str, str] = field(default_factory=dict)


def key_of(parts: Mapping[str, str]) -> Key:
    """The key of these parts; their order does not matter."""
    return Key(digest=digest_of(f"{name}\0{parts[name]}" for name in sorted(parts)), parts=dict(parts))


def digest_of(words: Iterable[str]) -> str:
    """One digest over words, none of which can run into the next."""
    text = "".join([f"{len(word)}:{word}" for word in words])
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the parts in which two keys differ."""
    return tuple(name for name in sorted({*before, *after}) if before.get(name) != after.get(name))


# --- what a command reads --------------------------------------------------------------------------------------------


def scope_of(job: Job, command: Command | None, said: str | None) -> str:
    """The scope in which a job's result may be kept; `said` is what the repository's configuration says of its tool."""
    if command is None:
        return said or "none"
    if said is not None:
        return "none" if said == "none" or job.output.parser == "fixer" else said
    if command.cache == "file" and (job.fails_at is FailsAt.EXIT or not _by_files(job, command)):
        return "component"
    return command.cache


def _by_files(job: Job, command: Command) -> bool:
    """Whether the files that the job looks at can be told, one by one, on its command line."""
    return command.takes is Takes.FILES or _is_told_by_list(command) or positions(job) is not None


def _is_told_by_list(command: Command) -> bool:
    return any("{files_from}" in word for word in command.argv)


def positions(job: Job) -> int | None:
    """Where the one word of argv stands that names everything (`.`), None where there is none, or more is named."""
    found = [number for number, word in enumerate(job.argv) if word == "."]
    return found[0] if len(found) == 1 else None


def words_of(job: Job, command: Command | None, places: Mapping[str, str]) -> tuple[str, ...]:
    """argv without what differs from run to run (`places`: path to word) and, for commands that are given files, without those."""
    names = frozenset(job.files) if command is not None and command.takes is Takes.FILES else frozenset[str]()
    words = [word for word in job.argv if not (names and _named(job, word) in names)]
    for path, name in places.items():
        words = [word.replace(path, name) for word in words]
    return tuple(words)


def variables(job: Job, environment: Mapping[str, str], *, all_of_them: bool) -> Mapping[str, str]:
    """Of the job's environment, those variables that may decide: what the tool heeds, or all but those of terminals and sessions."""
    if all_of_them:
        return {name: value for name, value in environment.items() if not _VOLATILE.match(name)}
    own = re.compile(rf"({_FAMILIES.get(job.tool_id, re.escape(job.tool_id.upper().replace('-', '_')))})", re.IGNORECASE)
    return {name: value for name, value in environment.items() if _HEEDED.match(name) or own.match(name)}


def is_common(name: str) -> bool:
    """Whether a variable is one that every tool heeds, and says nothing of a single one."""
    return _HEEDED.match(name) is not None


def looks_around(command: Command) -> bool:
    """Whether a command that looks at each file by itself also asks which other files there are."""
    return command.id in _LOOKS_AROUND


def configuration_names(job: Job, files: Sequence[str], keys: Iterable[str]) -> tuple[str, ...]:
    """Names that configuration of the job's tool may have, in the folder of a file or any folder above it."""
    return tuple(dict.fromkeys((*files, *keys, *_FURTHER.get(job.tool_id, ()))))


def user_configuration(job: Job, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Paths of the user's own configuration of the job's tool; variables may say that it lies elsewhere."""
    home = environment.get("HOME", "")
    names = _OF_USERS.get(job.tool_id, ())
    moved = [(".config/", environment.get("XDG_CONFIG_HOME", "")), (".cargo/", environment.get("CARGO_HOME", ""))]
    return (*(f"{home}/{name}" for name in names if home), *(f"{place}/{name.removeprefix(start)}" for start, place in moved if place for name in names if name.startswith(start)),
            *_OF_MACHINES.get(job.tool_id, ()))


def is_code(name: str) -> bool:
    """Whether a configuration file is a program, which may read anything."""
    return name.endswith(_CODE_CONFIG)


def section(name: str, text: str, keys: Sequence[str]) -> str:
    """Of a file that many tools share, what belongs to one: the value of its keys in package.json, its sections elsewhere. All of any other file."""
    if not keys:
        return text
    if name.endswith(".json"):
        try:
            document = json.loads(text)
        except ValueError:
            return text
        return "\n".join(json.dumps(document[key]) for key in keys if key in document) if isinstance(document, dict) else text
    parts = _SECTION.split(text)
    return "\n".join(f"{head}{body}" for head, body in zip(parts[1::2], parts[2::2], strict=True) if any(key.strip("[]") in head for key in keys))


def spoken(text: str) -> Iterator[str]:
    """Words of a configuration file that may be names of files or folders."""
    yield from (word for pair in _QUOTED.findall(text) for word in pair if word.strip())
    yield from (word for word in _BARE.findall(text) if "/" in word or "." in word.strip("."))


def climbing(text: str) -> Iterator[str]:
    """Names in any text that lead to folders further up (`../../x`)."""
    yield from _CLIMBING.findall(text)


def _join(folder: str, name: str) -> str:
    parts = [part for part in folder.split("/") if part]
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


# --- groups of files -------------------------------------------------------------------------------------------------


class Groups:
    """The files of a tree by the innermost component that they lie in; what belongs to none is the root's. Prose that belongs to none is apart."""

    def __init__(self, files: Iterable[str], components: Sequence[Component]) -> None:
        self.roots = frozenset((".", *(component.root for component in components)))
        self._needs = {component.id: component for component in components}
        self.members: dict[str, list[str]] = {}
        at: dict[str, str] = {}
        for file in files:
            folder = dirname(file) or "."
            if folder not in at:
                at[folder] = next(root for root in folders(folder) if root in self.roots)
            owner = at[folder]
            name = f"{owner} (texts)" if owner == "." and file.lower().endswith(_PROSE) else owner
            self.members.setdefault(name, []).append(file)

    def leaves(self, name: str, climbs: Callable[[str], int]) -> bool:
        """Whether a file of a group speaks of places above the folder of its component; `climbs` tells how many folders upwards a file speaks of."""
        depth = name.count("/") + 1
        return name != "." and name in self.roots and any(climbs(file) > file.count("/") - depth and not file.lower().endswith(_PROSE) for file in self.members[name])

    def closure(self, component: Component | None, leaving: Collection[str], more: Collection[str] = ()) -> frozenset[str]:
        """The groups that a component's checks may read: its own and those below it, of what it depends on, and what belongs to no component.
        Everything, where one of them is `leaving` its component, or where there is no component. `more` are folders that belong to it too."""
        if component is None:
            return frozenset(self.members)
        # what lies above it may configure it
        roots = {component.root, *more}
        around = {folder for folder in folders(component.root) if folder in self.roots}
        pending = [component, *(each for each in self._needs.values() if each.root in roots)]
        while pending:
            for need in pending.pop().depends_on:
                other = self._needs.get(need)
                if other is not None and other.root not in roots:
                    roots.add(other.root)
                    pending.append(other)
        if "." in roots:
            return frozenset(self.members)
        named = {name for name in self.members if name == "." or name in around or any(folder in roots for folder in folders(name))}
        return frozenset(named) if named.isdisjoint(leaving) else frozenset(self.members)


def leads_out(file: str, climb: int) -> bool:
    """Whether a manifest or configuration file speaks of places above the root of the tree."""
    return climb > file.count("/") and is_manifest(file)


def is_manifest(file: str) -> bool:
    """Whether a file says where code is that is checked together with what lies around it."""
    name = basename(file)
    return any(fnmatchcase(name, glob) for glob in (
        "Cargo.toml", "tsconfig*.json", "jsconfig.json", "pyproject.toml", "package.json", "foundry.toml", "remappings.txt", "mypy.ini", ".mypy.ini", "setup.cfg",
        "pyrightconfig.json", "pylintrc", ".pylintrc", "config.toml"))


def declares(file: str) -> bool:
    """Whether a file says what a project depends on, or where that comes from."""
    return any(fnmatchcase(basename(file), glob) for glob in (
        "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "pnpm-workspace.yaml", "bun.lock*", ".npmrc", ".yarnrc*", ".nvmrc",
        "pyproject.toml", "setup.py", "setup.cfg", "requirements*", "constraints*", "Pipfile*", "*.lock", "Cargo.toml", "config.toml", "audit.toml", "audit-ci*", ".nsprc"))


# --- fewer files -----------------------------------------------------------------------------------------------------


def narrowed(job: Job, command: Command, files: Sequence[str], relative: Callable[[str, str], str]) -> Job:
    """The job for only some of its files."""
    wanted = frozenset(files)
    kept = tuple(file for file in job.files if file in wanted)
    if command.takes is Takes.FILES:
        mine = frozenset(job.files)
        words = tuple(word for word in job.argv if (name := _named(job, word)) not in mine or name in wanted)
        return replace(job, argv=words, files=kept, partial=True)
    place = positions(job)
    if place is None or _is_told_by_list(command):
        return replace(job, files=kept, partial=True)
    names = tuple(f"./{name}" if (name := relative(job.cwd, file)).startswith("-") else name for file in kept)
    return replace(job, argv=(*job.argv[:place], *names, *job.argv[place + 1:]), files=kept, partial=True)


def _named(job: Job, word: str) -> str:
    """The file that a word of the command line names, if it is one."""
    if ".." in word:
        return _join("" if job.cwd == "." else job.cwd, word)
    plain = word.removeprefix("./")
    return plain if job.cwd == "." else f"{job.cwd}/{plain}"
