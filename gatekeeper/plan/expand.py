"""Fills a command's argv from its closed set of placeholders. A word that is nothing but an empty placeholder disappears.
The DEFAULT of {adopted} stands where the project has no call of its own and its configuration does not say what is checked (`targets:TOOL`).

{files} {adopted} {adopted|DEFAULT} {unchosen|WORDS} {manifest} {lockfile} {workspace} {all} {locked} {python} {own_python} {site_packages} {solc} {tool}
{cpus} {audit_level} {--} {trait:NAME} {root} {workspace_root} {builtin:NAME} {since:VERSION|WORDS} {rest}
Left for the session, which knows the run directory: {report} {work} {run} {files_from} {added} {known} {components} {inventory} {record}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gatekeeper.model.component import Component, Kind, ToolStatus
from gatekeeper.model.late import late
from gatekeeper.model.ports import Toolbox
from gatekeeper.model.tool import Command, FailsAt, LocatedTool, Takes
from gatekeeper.model.value import dataclass
from gatekeeper.plan.inputs import trait_value

_PLACEHOLDER = late(r"\{([a-z_]+|--)(?::([^}|]*))?(?:\|([^}]*))?\}")
_PROJECT_FLAGS = frozenset({"-p", "--project"})
_LATER = frozenset({"report", "work", "run", "files_from", "added", "known", "components", "inventory", "record"})


class UnfilledError(Exception):
    """A placeholder has no value here (no environment, no compiler): the job cannot run. `args[0]` is its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What placeholders may ask: the component and its files (relative to the working folder), the tool, the cores."""

    command: Command
    component: Component | None
    files: tuple[str, ...]
    tool: LocatedTool
    toolbox: Toolbox
    cpus: int
    audit_level: str
    extra: tuple[str, ...] = ()
    #: what the project's own calls name (`own_paths`)
    paths: tuple[str, ...] = ()


def expand(words: tuple[str, ...], expansion: Expansion) -> tuple[str, ...]:
    """The argv after the program. Raises UnfilledError."""
    argv: list[str] = []
    for word in words:
        whole = _PLACEHOLDER.fullmatch(word)
        if whole is not None and whole[1] == "adopted":
            argv.extend(item for item in _values(whole, expansion) if not (item.startswith("-") and item in argv))
        elif whole is not None and whole[1] not in _LATER:
            argv.extend(_values(whole, expansion))
        else:
            argv.append(_PLACEHOLDER.sub(lambda match: _inline(match, expansion), word))
    return tuple(argv)


def _inline(match: re.Match[str], expansion: Expansion) -> str:
    return match[0] if match[1] in _LATER else " ".join(_values(match, expansion))


def _values(match: re.Match[str], expansion: Expansion) -> tuple[str, ...]:
    name, argument, fallback = match[1], match[2], match[3]
    if name == "files":
        dashed = "\0-" in "\0".join(("", *expansion.files))  # one look at all: there are hundreds of thousands, and next to never one
        return tuple(f"./{file}" if file.startswith("-") else file for file in expansion.files) if dashed else expansion.files
    if name == "adopted":
        return _adopted_or(fallback, expansion) + expansion.extra
    if name == "unchosen":
        return tuple((fallback or "").split()) if _unchosen(expansion) else ()
    if name == "cpus":
        return (str(expansion.cpus),)
    if name == "audit_level":
        return (expansion.audit_level,)
    if name == "rest":
        return _rest(own_call(expansion.command, expansion.component))
    if name == "since":
        return tuple((fallback or "").split()) if at_least(expansion.tool.version, argument or "0") else ()
    if name == "builtin":
        return expansion.toolbox.builtin(argument or "")
    if name == "tool":
        return (expansion.tool.path,)
    return _of_component(name, argument, expansion)


def at_least(version: str | None, wanted: str) -> bool:
    """Whether a tool's version has what came with `wanted`; a version that cannot be told counts as the newest."""
    def key(text: str) -> tuple[int, ...]:
        return (*(int(number) for number in re.findall(r"\d+", text)[:3]), 0, 0)[:3]

    return version is None or not re.search(r"\d", version) or key(version) >= key(wanted)


def _of_component(name: str, argument: str | None, expansion: Expansion) -> tuple[str, ...]:
    component = expansion.component
    if component is None:
        raise UnfilledError(name)
    simple = _simple_values(component)
    if name in simple:
        return simple[name]
    asked: Mapping[str, str | None] = {
        "trait": trait_value(component, argument or ""),
        "python": expansion.toolbox.python(component) if name == "python" else None,
        "own_python": _own_python(expansion.toolbox, component) if name == "own_python" else None,
        "site_packages": expansion.toolbox.site_packages(component) if name == "site_packages" else None,
        "solc": expansion.toolbox.solc(component) if name == "solc" else None,
    }
    value = asked.get(name)
    if value is None:
        raise UnfilledError(name)
    return (value,)


def _own_python(toolbox: Toolbox, component: Component) -> str | None:
    """The interpreter of an environment that is the project's own; the machine's says nothing about the project."""
    return toolbox.python(component) if toolbox.site_packages(component) else None


def _simple_values(component: Component) -> dict[str, tuple[str, ...]]:
    workspace = component.kind is Kind.CARGO_WORKSPACE
    lockfile = component.lockfile
    return {
        "manifest": (_from(component.root, component.manifest),),
        "lockfile": (_from(component.root, lockfile),) if lockfile else (),
        "workspace": ("--workspace",) if workspace else (),
        "all": ("--all",) if workspace else (),
        "locked": ("--locked",) if lockfile else (),
        "--": ("--",) if component.package_manager == "npm" else (),
        "root": (component.root,),
        "workspace_root": (component.workspace_root or component.root,),
    }


def _from(root: str, path: str) -> str:
    """`path` (relative to the tree) as seen from the component's folder; both are POSIX and normalised."""
    if root == ".":
        return path
    here, there = root.split("/"), path.split("/")
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:])


def relative(root: str, path: str) -> str:
    """The same for anyone: a path of the tree as seen from a component's folder."""
    return _from(root, path)


def _unchosen(expansion: Expansion) -> bool:
    use = expansion.component.use_of(expansion.command.tool) if expansion.component else None
    return use is None or use.status is ToolStatus.DEFAULT


def _adopted_or(fallback: str | None, expansion: Expansion) -> tuple[str, ...]:
    invocation = own_call(expansion.command, expansion.component)
    if invocation:
        # where files are listed, the paths of the call have narrowed that list already
        paths = expansion.paths if expansion.command.takes is not Takes.FILES else ()
        return (*adopted_flags(invocation, expansion.command.adopt, len(_lead(expansion.command, invocation))), *paths)
    targeted = expansion.component is not None and f"targets:{expansion.command.tool}" in expansion.component.traits
    return () if targeted else tuple((fallback or "").split())


def _rest(invocation: tuple[str, ...]) -> tuple[str, ...]:
    """What the project's own call hands on after `--`, with the `--` itself (lints that rustc is told to deny)."""
    return invocation[invocation.index("--"):] if "--" in invocation[:-1] else ()


def own_call(command: Command, component: Component | None) -> tuple[str, ...]:
    """The project's own call of this very command, the strongest evidence first, or nothing."""
    return next(iter(_own_calls(command, component)), ())


def _own_calls(command: Command, component: Component | None) -> tuple[tuple[str, ...], ...]:
    use = component.use_of(command.tool) if component else None
    return tuple(call for call in use.invocations if _lead(command, call)) if use else ()


def _lead(command: Command, invocation: tuple[str, ...]) -> tuple[str, ...]:
    """The words of the call that name the command itself (`ruff check`); empty when it is another command of the tool."""
    subcommand = command.argv[0] if command.argv and re.fullmatch(r"[a-z][a-z-]*", command.argv[0]) else None
    if subcommand is None or command.argv[0] == "run":
        return invocation[:1]
    return invocation[:2] if len(invocation) > 1 and invocation[1] == subcommand else ()


def adopted_flags(invocation: tuple[str, ...], accepted: tuple[str, ...], skip: int) -> list[str]:
    """The words of a call that are taken over: known flags, and known flags with their values."""
    kept: list[str] = []
    words = list(invocation[skip:])
    while words:
        word = words.pop(0)
        if word == "--":
            break
        name, equals, _ = word.partition("=")
        if word in accepted or (equals and f"{name}=" in accepted):
            kept.append(word)
        elif f"{word}=" in accepted and words:
            kept += [word, words.pop(0)]
    return kept


def own_paths(command: Command, component: Component | None, files: Sequence[str]) -> tuple[str, ...]:
    """The folders and files that the project's own calls name, all calls together; empty when one of them names none.

    `files` are those of the tree: a word that is no path in it is the value of a flag that we do not know.
    """
    calls = _own_calls(command, component)
    if component is None or "paths" not in command.adopt:
        return ()
    named = [tuple(word for word in _plain_words(call, command) if _is_path(word, component.root, files)) for call in calls]
    return tuple(dict.fromkeys(word for words in named for word in words)) if all(named) else ()


def own_scope(command: Command, component: Component, files: Sequence[str]) -> tuple[str, ...]:
    """The paths that the project's own calls look at, named plainly or as a project (`tsc -p scripts`); empty when one call names none."""
    named = [_project_of(call, component.root, files) for call in _own_calls(command, component)]
    return own_paths(command, component, files) or (tuple(path for path in named if path) if all(named) else ())


def _project_of(call: tuple[str, ...], root: str, files: Sequence[str]) -> str | None:
    """The folder of the project that a call names, where it is one of the tree."""
    for option, value in zip(call, (*call[1:], ""), strict=True):
        value = option.partition("=")[2] or value  # noqa: PLW2901 - both forms of one option
        if option.partition("=")[0] in _PROJECT_FLAGS and value and _is_path(value, root, files):
            return (value.rpartition("/")[0] or ".") if value.endswith(".json") else value
    return None


def _plain_words(call: tuple[str, ...], command: Command) -> tuple[str, ...]:
    words = call[len(_lead(command, call)):]
    valued = {flag.rstrip("=") for flag in command.adopt if flag.endswith("=")}
    end = words.index("--") if "--" in words else len(words)
    return tuple(word for number, word in enumerate(words[:end])
                 if not word.startswith("-") and (number == 0 or words[number - 1] not in valued))


def _is_path(word: str, root: str, files: Sequence[str]) -> bool:
    path = word.removeprefix("./").rstrip("/")
    if path in ("", ".") or any(mark in path for mark in "*?["):
        return True
    whole = path if root == "." else f"{root}/{path}"
    return any(file == whole or file.startswith(f"{whole}/") for file in files)


def strictness(command: Command, component: Component | None) -> FailsAt:
    """`fails_at`, or any finding where the project's own call asks for that."""
    invocation = own_call(command, component)
    line = f" {' '.join(invocation)} "
    return FailsAt.ANY if any(f" {word} " in line for word in command.strict_words) else command.fails_at
