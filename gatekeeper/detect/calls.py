"""Follows what a project runs down to simple commands: scripts of packages, recipes, shell scripts, `cd`. Executes nothing.

Every way that leads to a command gives a `Call` with the place where it starts (CI) and the words it ends in, so that flags which CI
adds to a script (`yarn lint --max-warnings=0`) are not lost.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping

from gatekeeper.detect import shell
from gatekeeper.detect.documents import Documents
from gatekeeper.detect.entries import Call, Entry, Via
from gatekeeper.detect.globs import matches
from gatekeeper.detect.index import Index, base, resolve
from gatekeeper.detect.packages import MANAGERS, PackageCall, Packages, task_runner, understand
from gatekeeper.detect.recipes import Recipe
from gatekeeper.detect.wrappers import Words, directory, unwrap
from gatekeeper.model.value import dataclass, field, replace

_DEEPEST = 8
_MOST = 20_000
_ENVIRONMENT_OPTIONS = frozenset({"-e", "-s", "--session", "--sessions", "-f", "-m"})
#: options with which tools change files; a check says more about what must hold
_WRITING = frozenset({"--fix", "--write", "-w", "--in-place", "--fix-only", "--unsafe-fixes", "--apply"})
_SHELLS = frozenset({"sh", "bash", "zsh", "dash"})
_RUNNERS = {"make": "make", "gmake": "make", "just": "just", "task": "task", "go-task": "task", "tox": "tox", "nox": "nox", "inv": "invoke", "invoke": "invoke", "poe": "poe",
            "poethepoet": "poe"}
#: test runs inside another tool's call
_HIDDEN_TESTS = dict.fromkeys(("tarpaulin", "llvm-cov", "mutants", "insta"), ("cargo", "test"))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that a command line can lead to."""

    index: Index
    documents: Documents
    packages: Packages = field(default_factory=Packages)
    recipes: Mapping[tuple[str, str], tuple[Recipe, ...]] = field(default_factory=dict)
    cargo_aliases: Mapping[str, str] = field(default_factory=dict)


def calls(entries: Iterable[Entry], world: World) -> list[Call]:
    """Every simple command that the entries lead to, each once, strongest evidence first."""
    found: dict[tuple[Words, str, str, int | None], Call] = {}
    for entry in entries:
        for call in _follow(entry, world, ()):
            found.setdefault((call.words, call.cwd, call.file, call.line), call)
            if len(found) > _MOST:
                break
    return sorted(found.values(), key=lambda call: (call.via, not _WRITING.isdisjoint(call.words), not call.plain, call.steps if call.via is Via.RECIPE else 0))


def follow(entry: Entry, world: World) -> list[Call]:
    """The simple commands that one entry leads to, in the order in which they run."""
    return list(_follow(entry, world, ()))


def _follow(entry: Entry, world: World, trail: tuple[str, ...]) -> Iterator[Call]:
    mark = f"{entry.cwd}\0{entry.text}"
    if len(trail) > _DEEPEST or mark in trail:
        return
    cwd: str | None = entry.cwd
    for simple in shell.commands(entry.text, entry.variables):
        words, around = unwrap(simple.words)
        if not words:
            continue
        if words[0] in {"cd", "pushd"} and len(words) > 1:
            cwd = _entered(cwd, words[1], plain=simple.plain)
        else:
            entered = directory(simple.words)
            inner = resolve(cwd, entered) if entered is not None and cwd is not None else cwd
            line = entry.line + simple.line if entry.line is not None and len(trail) == 0 else entry.line
            step = replace(entry, cwd=inner or "..", line=line)
            for outer in around:
                yield _call(outer, step, trail, plain=simple.plain)
            yield from _resolve(words, simple.plain, step, world, (*trail, mark))
        if simple.ends_with == ")":
            cwd = entry.cwd


def _entered(cwd: str | None, target: str, *, plain: bool) -> str | None:
    """The folder after `cd`; out of the tree is None, an unknown target changes nothing."""
    if not plain or target in {"-", "~"}:
        return cwd
    return resolve(cwd, target) if cwd is not None else None


def _call(words: Words, step: Entry, trail: tuple[str, ...], *, plain: bool) -> Call:
    return Call(words=words, cwd=step.cwd, file=step.file, line=step.line, via=step.via, plain=plain, steps=len(trail))


def _resolve(words: Words, plain: bool, step: Entry, world: World, trail: tuple[str, ...]) -> Iterator[Call]:  # noqa: FBT001
    """The calls that one unwrapped command stands for: itself, or what it leads to."""
    name = words[0]
    if name in _SHELLS:
        yield from _shell(words, step, world, trail)
    elif name in MANAGERS:
        understood = understand(words, step.cwd, world.packages)
        yield from _of_packages([understood] if understood else [], plain, step, world, trail)
    elif (runs := task_runner(words, step.cwd, world.packages)) is not None:
        yield _call(words, step, trail, plain=plain)
        yield from _of_packages(runs, plain, step, world, trail)
    elif name == "concurrently":
        yield from _concurrently(words, step, world, trail)
    elif name in _RUNNERS:
        yield _call(words, step, trail, plain=plain)
        yield from _of_recipes(_RUNNERS[name], words[1:], step, world, trail)
    elif (path := _script_file(name, step.cwd, world.index)) is not None:
        yield from _follow(replace(step, text=world.documents.text(path) or "", name=path), world, trail)
    elif name == "cargo" and len(words) > 1 and words[1] in world.cargo_aliases:
        text = f"cargo {world.cargo_aliases[words[1]]} {shlex.join(words[2:])}"
        yield from _follow(replace(step, text=text), world, trail)
    else:
        yield _call(words, step, trail, plain=plain)
        yield from _own_tasks(words, step, world, trail)
        if name == "cargo" and len(words) > 1 and words[1] in _HIDDEN_TESTS:
            yield _call(_HIDDEN_TESTS[words[1]], step, trail, plain=False)


def _shell(words: Words, step: Entry, world: World, trail: tuple[str, ...]) -> Iterator[Call]:
    rest = words[1:]
    while rest and rest[0].startswith("-") and "c" not in rest[0]:
        rest = rest[1:]
    if rest and rest[0].startswith("-"):
        yield from _follow(replace(step, text=" ".join(rest[1:2])), world, trail)
    elif rest and (path := _script_file(rest[0], step.cwd, world.index, named=True)) is not None:
        yield from _follow(replace(step, text=world.documents.text(path) or "", name=path), world, trail)


def _script_file(name: str, cwd: str, index: Index, *, named: bool = False) -> str | None:
    """The shell script in the tree that `name` means, or None."""
    if not named and "/" not in name:
        return None
    path = resolve(cwd, name)
    if path is None or path not in index:
        return None
    ending = base(path).rpartition(".")[2] if "." in base(path) else ""
    return path if ending in {"", "sh", "bash"} else None


def _of_packages(understood: list[PackageCall], plain: bool, step: Entry, world: World, trail: tuple[str, ...]) -> Iterator[Call]:  # noqa: FBT001
    for call in understood:
        for folder in call.folders:
            inner = replace(step, cwd=folder)
            if call.script is not None:
                line = world.packages.scripts[folder].get(call.script, "")
                yield from _follow(replace(inner, text=f"{line} {shlex.join(call.arguments)}" if call.arguments else line, variables={}), world, trail)
            elif call.program:
                words, around = unwrap(call.program)
                for outer in around:
                    yield _call(outer, inner, trail, plain=plain)
                if words and words[0] not in MANAGERS:
                    yield from _resolve(words, plain, inner, world, trail)
                elif words:
                    yield _call(words, inner, trail, plain=plain)


def _concurrently(words: Words, step: Entry, world: World, trail: tuple[str, ...]) -> Iterator[Call]:
    for word in words[1:]:
        if not word.startswith("-"):
            text = f"npm run {word.partition(':')[2]}" if word.startswith(("npm:", "yarn:", "pnpm:", "bun:")) else word
            yield from _follow(replace(step, text=text), world, trail)


def _of_recipes(runner: str, rest: Words, step: Entry, world: World, trail: tuple[str, ...]) -> Iterator[Call]:
    cwd, names = _recipe_names(runner, rest, step.cwd)
    known = world.recipes.get((runner, cwd or ".."), ())
    wanted = _wanted(runner, names, known)
    done: set[str] = set()
    while wanted:
        name = wanted.pop(0)
        if name in done:
            continue
        done.add(name)
        for recipe in known:
            if recipe.name == name:
                wanted += recipe.first
                for entry in recipe.entries:
                    yield from _follow(replace(entry, via=step.via, file=step.file, line=step.line), world, trail)


def _wanted(runner: str, names: list[str], known: tuple[Recipe, ...]) -> list[str]:
    """The recipes that a call runs: those named, else the first target of make, the environments of tox and nox.

    An environment of tox without a section of its own runs what the base environment says.
    """
    if runner in {"tox", "nox"}:
        fitting = [recipe.name for recipe in known if any(matches(recipe.name, name) or name in _factors(recipe.name) for name in names)]
        base_only = [recipe.name for recipe in known if recipe.name == "testenv"]
        return fitting or (base_only if names else []) or [recipe.name for recipe in known]
    if names:
        return names
    return [known[0].name] if known and runner in {"make", "just"} else []


def _factors(environment: str) -> list[str]:
    """The parts of a tox environment's name, by which `-f` selects."""
    return re.split(r"[-{},]+", environment)


def _recipe_names(runner: str, rest: Words, cwd: str) -> tuple[str | None, list[str]]:
    """The folder and the recipes that a call names."""
    folder: str | None = cwd
    names: list[str] = []
    position = 0
    while position < len(rest):
        word = rest[position]
        value = rest[position + 1] if position + 1 < len(rest) else ""
        if word == "--":
            break
        if word in {"-C", "--directory", "-d", "--dir", "--working-directory"}:
            folder = resolve(folder, value) if folder is not None else None
            position += 1
        elif word in _ENVIRONMENT_OPTIONS and runner in {"tox", "nox"}:
            names += [part.split("(")[0] for part in value.split(",")]
            position += 1
        elif word in {"-j", "-f", "--file", "-c", "--conf", "-x", "-p"}:
            position += 1
        elif not word.startswith("-") and "=" not in word and runner not in {"tox", "nox"}:
            names.append(word)
        position += 1
    return folder, [name for name in names if name]


def _own_tasks(words: Words, step: Entry, world: World, trail: tuple[str, ...]) -> Iterator[Call]:
    """`hatch run lint` and `pdm run lint` were unwrapped to `lint`: a task of that name in pyproject.toml."""
    for runner in ("hatch", "pdm", "task"):
        for recipe in world.recipes.get((runner, step.cwd), ()):
            if recipe.name == words[0]:
                for entry in recipe.entries:
                    yield from _follow(replace(entry, via=step.via, file=step.file, line=step.line), world, trail)
