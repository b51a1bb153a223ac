"""The keys of jobs: asks the machine for everything that `plan.key` says a result depends on. What cannot be told has no key, and says why.

Looks at each file, environment and program once for all jobs. Does not know what is kept under a key.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gatekeeper import __version__
from gatekeeper.errors import TreeError
from gatekeeper.execute.environment import base_environment
from gatekeeper.model.component import Component, Language
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.tool import Command, Effect, Takes, Tool
from gatekeeper.model.value import dataclass, field
from gatekeeper.plan.inputs import within
from gatekeeper.plan.key import (
    SEARCHED,
    Groups,
    Key,
    configuration_names,
    declares,
    digest_of,
    is_code,
    key_of,
    looks_around,
    scope_of,
    user_configuration,
    variables,
    words_of,
)
from gatekeeper.plan.reach import Holdings, matcher
from gatekeeper.plan.scope import folders
from gatekeeper.provide.installed import Installed, State, UnknownStateError, environment_around, modules_above
from gatekeeper.session.inputs import TooManyError, beside_us, by_name, every_input, ourselves, whole_tree
from gatekeeper.session.mentions import Mentions, importable, inner, is_outside, leading_out
from gatekeeper.session.programs import LOADS_WHAT_IS_INSTALLED, WITH_PLUGINS, above, names_programs, programs_outside
from gatekeeper.session.reading import content
from gatekeeper.tree.digests import ABSENT

if TYPE_CHECKING:
    from gatekeeper.session.look import Sight
    from gatekeeper.tree.digests import Digests

#: languages that take packages from `node_modules`
_NODE = frozenset({Language.JAVASCRIPT, Language.TYPESCRIPT, Language.SOLIDITY})
#: tools that take one configuration for all files, found from what is common to those that they are given
_ONE_CONFIGURATION = frozenset({"black", "isort"})


class UncachedError(Exception):
    """A result that is not kept; `args[0]` says why, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for a job: its key, the scope (`file`, `component`, `tree`, `ttl:N`), the files by digest where each is kept by itself, and the
    groups of files that the key covers. `around`: the configuration of the tool that was found, which is part of each of those digests."""

    job: Job
    command: Command | None
    scope: str
    key: Key
    files: Mapping[str, str | None] = field(default_factory=dict)
    groups: frozenset[str] = field(default=frozenset())
    around: Mapping[str, str] = field(default_factory=dict)


class Keys:
    """Makes the keys of one run. `places` are paths that only this run knows, and the words that stand for them."""

    def __init__(self, sight: Sight, plan: Plan, digests: Digests, places: Mapping[str, str]) -> None:
        self._sight, self._digests, self._places = sight, digests, places
        self._root = sight.tree.root
        self._components = {component.id: component for component in plan.components}
        self._commands = {command.id: (tool, command) for tool in sight.catalog.tools for command in tool.commands}
        self._needed = {need for job in plan.jobs for need in job.needs}
        self._environment = base_environment(sight.environment, root=self._root, prefix=sys.prefix, base_prefix=sys.base_prefix)
        self._installed = Installed(self._root, digests.of, sight.environment)
        self._mentions = Mentions(self._root, self._environment)
        self._chains: dict[tuple[str, str], str] = {}
        self._listed: dict[tuple[str, tuple[str, ...]], str] = {}
        self._around: dict[str, dict[str, str]] = {}
        self._own = ourselves()
        #: digests of groups, as they were when first asked
        self.groups: dict[str, str] = {}
        self._grouped: Groups | None = None
        #: by group: what leads out of the tree
        self._leading_out: dict[str, str | None] = {}

    def of(self, job: Job) -> Wanted:
        """What is asked for a job. Raises UncachedError."""
        tool, command = self._commands.get(job.command, (None, None))
        scope = scope_of(job, command, self._said(job))
        self._refuse(job, scope)
        try:
            if scope == "file" and command is not None and tool is not None and self._is_plain(job, tool) and self._is_listed(job, command):
                return self._by_file(job, command, tool)
            return self._whole(job, command, tool, "component" if scope == "file" else scope)
        except UnknownStateError as error:
            raise UncachedError(str(error.args[0])) from None
        except TooManyError as error:
            raise UncachedError(f"{error.args[0]} holds too many files to look at") from None
        except TreeError as error:  # a job broke it: what it found is told all the same
            raise UncachedError(f"the tree cannot be listed any more: {error.message}") from None

    def members(self, group: str) -> Sequence[str]:
        """The files of a group."""
        return self._groups().members.get(group, ())

    def look_again(self) -> None:
        """Forgets what was ignored or built: a job has run that may have made some of it."""
        if self._grouped is not None:
            tracked = frozenset(self._sight.tree.files)
            stale = {name for name, members in self._grouped.members.items() if any(member not in tracked for member in members)}
            self._digests.forget(member for name in stale for member in self._grouped.members[name] if member not in tracked)
            self._grouped = None
            self.groups.clear()
            self._leading_out.clear()

    def now(self, *, groups: bool) -> tuple[bool, Mapping[str, Sequence[str]]]:
        """Whether the tree holds the same names as when it was first looked at, and the `groups` as they are, if asked for. Raises TooManyError."""
        tree = whole_tree(self._sight, again=True)
        baseline = self._sight.settings.baseline
        if not self._sight.settings.exclude and [file for file in tree.files if file != baseline] != list(self._sight.tree.files):
            return False, {}
        return True, Groups(every_input(self._sight, tree), tuple(self._components.values())).members if groups else {}

    # --- what every key holds

    def _said(self, job: Job) -> str | None:
        """What the configuration says of the job's tool, or of the task."""
        settings = self._sight.settings
        if job.tool_id == "task":
            return next((task.cache for task in settings.tasks if job.command == f"task.{task.id}"), None)
        said = settings.tools.get(job.tool_id)
        return said.cache if said is not None else None

    def _refuse(self, job: Job, scope: str) -> None:
        if job.effect is Effect.WRITES or job.output.parser == "fixer":
            raise UncachedError("it changes files")
        if scope == "none":
            raise UncachedError("nobody knows all that its result depends on: it runs each time")
        if job.id in self._needed:
            raise UncachedError("other jobs need what it makes, so it runs each time")
        if job.needs:
            raise UncachedError(f"it needs what {job.needs[0]} makes, which is not kept")

    def _common(self, job: Job, command: Command | None, tool: Tool | None) -> Iterator[tuple[str, str]]:
        yield "gatekeeper", f"{__version__} {self._own}"
        yield "platform", f"{sys.platform} {os.uname().machine}"
        yield "command line", digest_of(words_of(job, command, {**self._places, self._root + "/": "", self._root: "."}))
        yield "working folder", job.cwd
        yield "timeout", f"{job.timeout:g}"
        yield "reading", digest_of((job.output.parser, job.output.pattern, str(job.output.source), *(str(sorted(codes)) for codes in (
            job.exit.clean, job.exit.findings, job.exit.nothing))))
        if job.tool is not None:
            yield f"version of {job.tool_id}", job.tool.version or "unknown"
        executes = tool is None or tool.executes_repository_code
        told = {**self._environment, **(job.tool.env if job.tool else {}), **job.env}
        threads = {word.partition(":")[0] for word in command.threads.get("env", "").split()} if command is not None else set()
        for name, value in variables(job, told, all_of_them=executes).items():
            if name not in threads:
                yield f"variable {name}", digest_of((value.replace(self._root, "."),))
        spoken_of = [word.strip() for name, value in variables(job, told, all_of_them=False).items() if name not in SEARCHED for word in re.split(r"[\s=:,]+", value)]
        for path in (*user_configuration(job, self._sight.environment), *self._named(job, command), *(path for path in spoken_of if is_outside(self._root, path) and os.path.isfile(path))):
            yield from ((f"configuration {name}", found) for name, found in self._configuration(path, tool, 0))

    def _named(self, job: Job, command: Command | None) -> Iterator[str]:
        """Files that the command line names, beside those that are looked at (`--config=x.toml`)."""
        looked_at = frozenset(job.files)
        for word in words_of(job, command, self._places)[1:]:
            name = word.partition("=")[2] or word
            path = os.path.normpath(os.path.join(job.cwd, name))
            if name and "{" not in name and path not in looked_at and os.path.isfile(os.path.join(self._root, path)):
                yield path

    def _states(self, job: Job, component: Component | None) -> Iterator[State]:
        """The programs that a job starts, and what they run with."""
        search = self._environment.get("PATH", os.defpath)
        words = [self._program(job, search), *((word for word in job.tool.prefix if os.path.isabs(word)) if job.tool is not None else ())]
        absolute = [word for word in job.argv[1:] if word.startswith("/")]
        words += [word for word in absolute if os.access(word, os.X_OK) and os.path.isfile(word) and word not in words]
        for word in words:
            yield from self._installed.program(word, search)
        if job.tool is not None and job.tool.source == "toolchain":
            yield self._installed.toolchain(job.tool)
        if component is not None and component.language in _NODE:
            yield from (self._installed.node(folder) for folder in modules_above(os.path.normpath(os.path.join(self._root, job.cwd))))
        yield from (self._installed.python(prefix) for word in absolute if (prefix := environment_around(word)) is not None)

    def _program(self, job: Job, search: str) -> str:
        """The program that a job starts, as an absolute path."""
        name = job.argv[0]
        places = [os.path.normpath(os.path.join(self._root, job.cwd, name))] if "/" in name else [os.path.join(folder, name) for folder in search.split(os.pathsep)]
        found = next((place for place in places if os.path.isabs(place) and os.access(place, os.X_OK)), None)
        if found is None:
            raise UncachedError(f"which program `{name}` is cannot be told")
        return found

    # --- one result for all

    def _whole(self, job: Job, command: Command | None, tool: Tool | None, scope: str) -> Wanted:
        component = self._components.get(job.component or "")
        if component is not None and component.language is Language.RUST and job.tool_id != "rustfmt" and component.lockfile is None:
            raise UncachedError("no lock file pins what it is built with")
        parts = dict(self._common(job, command, tool))
        sources: set[str] = set()
        for state in self._states(job, component):
            parts.update((name, digest_of((word,))) for name, word in state.words)
            sources.update(state.sources)
        parts.update(self._above(job, tool))
        more = self._owners(sources) | self._configured(job, tool, component)
        if command is not None and command.takes is Takes.FILES:
            parts["list of files"] = digest_of(job.files)
        groups = self._groups()
        for name in (members for members in groups.members if members not in self.groups):
            self.groups[name] = self._group(name)
        whole = scope == "tree" or component is None
        covered = groups.closure(None if whole else component, self._digests.climb, more)
        if scope.startswith("ttl:"):
            return self._of_dependencies(job, command, {**parts, "scope": scope}, covered)
        self._stay_inside(covered)
        parts.update((f"files of {name}", self.groups[name]) for name in covered)
        return Wanted(job=job, command=command, scope=scope, key=key_of({**parts, "scope": scope}), groups=covered)

    def _of_dependencies(self, job: Job, command: Command | None, parts: Mapping[str, str], covered: frozenset[str]) -> Wanted:
        """What is asked of the network is asked about what is declared, locked and installed, and about no code."""
        files = {file: self._digests.of(file) for name in sorted(covered) for file in self._groups().members[name] if declares(file)}
        return Wanted(job=job, command=command, scope=parts["scope"], files=files, key=key_of({
            **parts, **{f"declaration {file}": found or "unreadable" for file, found in files.items()}}))

    def _groups(self) -> Groups:
        if self._grouped is None:
            self._grouped = Groups(every_input(self._sight, whole_tree(self._sight)), tuple(self._components.values()))
        return self._grouped

    def _group(self, name: str) -> str:
        words: list[str] = []
        for file in self._groups().members[name]:
            found = self._digests.of(file)
            if found is None:
                raise UncachedError(f"{file} {self._digests.why(file)}")
            words += (file, found)
        return digest_of(words)

    def _owners(self, sources: set[str]) -> set[str]:
        return {next(folder for folder in folders(source) if folder in self._groups().roots) for source in sources}

    def _configured(self, job: Job, tool: Tool | None, component: Component | None) -> set[str]:
        """The components that configuration speaks of which lies above a component, or variables. Raises UncachedError where that is outside."""
        names = configuration_names(job, tool.traces.files, tool.traces.keys) if tool is not None else ()
        around = folders(component.root if component is not None else ".")
        files = [path for folder in around for name in names if (path := os.path.normpath(os.path.join(folder, name))) in self._all]
        places = [(path, folder) for path in (*files, *self._named(job, None)) for folder in self._mentions.of(path, tool.traces.keys if tool else {}).folders]
        places += [(name, inner(self._root, os.path.normpath(os.path.join(self._root, job.cwd, place)))) for name in SEARCHED
                   for place in {**self._environment, **job.env}.get(name, "").split(os.pathsep) if place]
        for who, place in places:
            if os.path.isabs(place) and os.path.isdir(place):
                raise UncachedError(f"{who} speaks of {place}, which lies outside of the tree")
        return {root for _who, place in places for root in self._groups().roots if within(root, place) or within(place, root)} - {"."}

    def _stay_inside(self, covered: frozenset[str]) -> None:
        for name in sorted(covered):
            if name not in self._leading_out:  # once for all jobs
                self._leading_out[name] = next(leading_out(self._root, self._groups().members[name], self._digests, self._mentions), None)
            if (said := self._leading_out[name]) is not None:
                raise UncachedError(said)

    def _above(self, job: Job, tool: Tool | None) -> Iterator[tuple[str, str]]:
        """Configuration in the folders above the root, which tools find too."""
        names = configuration_names(job, tool.traces.files, tool.traces.keys) if tool is not None else ()
        paths = tuple(above(self._root, names))
        if (outside := next(programs_outside(paths, self._mentions, tool.traces.keys if tool is not None else {}), None)) is not None:
            raise UncachedError(f"configuration above the tree speaks of {outside}, a program outside of it")
        for place in paths:
            yield from ((f"configuration {path}", found) for path, found in self._configuration(place, tool, 0))

    # --- one result for each file

    def _is_plain(self, job: Job, tool: Tool) -> bool:
        """Whether the configuration of the tool is data without plugins: a program may read more than the file that is checked."""
        component = self._components.get(job.component or "")
        use = component.use_of(job.tool_id) if component is not None else None
        name = (use.config or "").partition("#")[0] if use is not None else ""
        if is_code(name) and os.path.basename(name) != "setup.py":
            return False
        names = configuration_names(job, tool.traces.files, tool.traces.keys)
        root = component.root if component is not None else "."
        named = (file for name in names for file in self._by_name.get(name, ()))
        here = [file for file in named if within(file, root) or within(root, os.path.dirname(file) or ".")]
        called = tuple(self._named(job, self._commands[job.command][1]))
        if any(is_code(file) for file in (*here, *called)):
            return False
        if tool.id in WITH_PLUGINS and names_programs(self._root, (*here, *called, *above(self._root, names)), self._mentions, tool.traces.keys):
            return False
        if tool.id in LOADS_WHAT_IS_INSTALLED and any(state.sources for state in self._states(job, component)):
            return False
        # which one holds depends on what other files are named with it
        return tool.id not in _ONE_CONFIGURATION or not any(within(file, root) and os.path.dirname(file) != root.removeprefix(".") for file in here)

    def _is_listed(self, job: Job, command: Command) -> bool:
        """Whether the files of the job are all that it looks at, also where its command line names the folder and not them."""
        if command.takes is not Takes.COMPONENT:
            return True
        tree = self._sight.tree
        foreign = any(within(folder, job.cwd) or within(job.cwd, folder) for folder in (*tree.submodules, *tree.nested))
        return not foreign and not self._sight.settings.exclude and len(job.files) == len(self._holdings.below(job.cwd))

    def _by_file(self, job: Job, command: Command, tool: Tool) -> Wanted:
        component = self._components.get(job.component or "")
        parts = dict(self._common(job, command, tool))
        if tool.builtin:
            parts["our packages"] = beside_us()
        else:
            parts.update((name, digest_of((word,))) for state in self._states(job, component) for name, word in state.words)
        if tool.builtin:
            parts["names of files"] = digest_of(self._sight.tree.files)
            parts["new files"] = digest_of(os.fsdecode(content(job.argv[job.argv.index("--added") + 1] if "--added" in job.argv else "")).split("\0"))
        names = configuration_names(job, tool.traces.files, tool.traces.keys) if not tool.builtin else ()
        files = dict(self._each(job, names, tool))
        if looks_around(command):
            parts["names of files"] = digest_of((self._names(component, command), *self._beside(tool, component)))
        return Wanted(job=job, command=command, scope="file", key=key_of({**parts, "scope": "file"}), files=files, around=self._around.get(job.tool_id, {}))

    def _beside(self, tool: Tool, component: Component | None) -> Iterator[str]:
        """What an import may find beside the files: in the folders above and those that configuration names, whether git ignores it or not."""
        root = component.root if component is not None else "."
        around = [path for path in self._around.get(tool.id, {}) if path.startswith(("..", "/")) or within(path, root) or within(root, os.path.dirname(path) or ".")]
        places = {*folders(root), *(os.path.dirname(path) or "." for path in around)}
        places |= {folder for path in around for folder in self._mentions.of(path, tool.traces.keys).folders}
        for place in sorted({*places, *(os.path.join(place, "src") for place in places)}):
            yield from (place, *importable(self._root, place))

    def _each(self, job: Job, names: tuple[str, ...], tool: Tool) -> Iterator[tuple[str, str | None]]:
        """What each file holds and the configuration around it, as one word; None where that cannot be told."""
        of, around = self._digests.of, dict[str, str]()
        for file in job.files:
            folder = file[:max(0, file.rfind("/"))]
            if folder not in around:
                around[folder] = self._chain(tool, names, folder)[:16]
            found = of(file)
            yield file, None if found is None or found == ABSENT else found + around[folder]

    def _names(self, component: Component | None, command: Command) -> str:
        root = component.root if component is not None else "."
        matches = matcher(command.globs)
        if (root, command.globs) not in self._listed:
            here = self._holdings.below(root)
            # a folder alone makes a module of its name
            self._listed[root, command.globs] = digest_of((*sorted({file.rpartition("/")[0] for file in here}), "", *(file for file in here if matches(file))))
        return self._listed[root, command.globs]

    def _chain(self, tool: Tool, names: tuple[str, ...], folder: str) -> str:
        """The configuration that holds for the files of a folder: there, and in every folder above it."""
        if not names:
            return ""
        if (tool.id, folder) not in self._chains:
            full = os.path.normpath(os.path.join(self._root, folder))
            above = os.path.dirname(full)
            before = "" if above == full else self._chain(tool, names, os.path.relpath(above, self._root) if folder.startswith("..") or not folder else os.path.dirname(folder))
            rows = [row for name in names for row in self._configuration(os.path.join(folder, name), tool, 0)]
            self._around.setdefault(tool.id, {}).update(rows)
            own = [word for row in rows for word in row]
            self._chains[tool.id, folder] = digest_of((before, *own)) if own else before
        return self._chains[tool.id, folder]

    def _configuration(self, path: str, tool: Tool | None, depth: int) -> Iterator[tuple[str, str]]:
        """A configuration file with its digest, if there is one, and those that it speaks of."""
        found = self._digests.of(path)
        if found == ABSENT:
            return
        yield path, found or "unreadable"
        if depth < 5 and tool is not None:
            for other in self._mentions.of(path, tool.traces.keys).files:
                yield from self._configuration(other, tool, depth + 1)

    @functools.cached_property
    def _all(self) -> frozenset[str]:
        return frozenset(self._sight.tree.files)

    @functools.cached_property
    def _holdings(self) -> Holdings:
        return Holdings(self._sight.tree.files)

    @functools.cached_property
    def _by_name(self) -> Mapping[str, list[str]]:
        return by_name(self._sight.tree.files)
