"""The keys of jobs: puts together everything that `plan.key` says a result depends on. What cannot be told has no key, and says why.

Asks `covering` for groups of files, `configured` for configuration, `started` for programs. Does not know what is kept under a key.
"""

from __future__ import annotations

import os
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
    Key,
    configuration_names,
    declares,
    digest_of,
    is_code,
    key_of,
    looks_around,
    scope_of,
    user_configuration,
    words_of,
)
from gatekeeper.provide.installed import Installed, UnknownStateError
from gatekeeper.session.configured import Configured
from gatekeeper.session.covering import Covering, UncachedError
from gatekeeper.session.inputs import TooManyError, beside_us, left_out, ourselves
from gatekeeper.session.mentions import Mentions
from gatekeeper.session.programs import LOADS_WHAT_IS_INSTALLED, WITH_PLUGINS, above, names_programs
from gatekeeper.session.reading import content
from gatekeeper.session.started import NODE, Started
from gatekeeper.tree.digests import ABSENT

if TYPE_CHECKING:
    from gatekeeper.session.look import Sight
    from gatekeeper.tree.digests import Digests

#: tools that take one configuration for all files, found from what is common to those that they are given
_ONE_CONFIGURATION = frozenset({"black", "isort"})


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

    @property
    def configuration(self) -> tuple[str, ...]:
        """The configuration files that the key holds."""
        return (*self.around, *(name.removeprefix("configuration ") for name in self.key.parts if name.startswith("configuration ")))


class Keys:
    """Makes the keys of one run. `places` are paths that only this run knows, and the words that stand for them."""

    def __init__(self, sight: Sight, plan: Plan, digests: Digests, places: Mapping[str, str]) -> None:
        self._sight, self._digests, self._places = sight, digests, places
        self._root = sight.tree.root
        self._components = {component.id: component for component in plan.components}
        self._commands = {command.id: (tool, command) for tool in sight.catalog.tools for command in tool.commands}
        self._needed = {need for job in plan.jobs for need in job.needs}
        environment = base_environment(sight.environment, root=self._root, prefix=sys.prefix, base_prefix=sys.base_prefix)
        self._mentions = Mentions(self._root, environment)
        self._started = Started(self._root, environment, Installed(self._root, digests.of, sight.environment))
        self._configured = Configured(self._root, sight.tree.files, digests, self._mentions, places)
        self._covering = Covering(sight, plan.components, digests, self._mentions)
        self._same = True
        #: what all keys hold
        self._everywhere = (("gatekeeper", f"{__version__} {ourselves()}"), ("platform", f"{sys.platform} {os.uname().machine}"), *left_out(self._root))

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
        return self._covering.members(group)

    def look_again(self) -> None:
        """Forgets what was ignored or built: a job has run that may have made some of it."""
        self._covering.look_again()
        self.is_same_machine()

    def is_same_machine(self) -> bool:
        """Whether what lies outside of the tree and what is installed is as it was when keys were made of it, ever since; looks again."""
        outside = [path for path in self._digests.looked_at() if os.path.isabs(path) or path.startswith("..")]
        changed = [path for path in outside if not self._digests.unchanged(path)]
        self._digests.forget(changed)
        self._same = self._started.look_again() and self._same and not changed
        return self._same

    def now(self, *, groups: bool) -> tuple[bool, Mapping[str, Sequence[str]]]:
        """Whether the tree holds the same names as when it was first looked at, and the `groups` as they are, if asked for. Raises TooManyError."""
        return self._covering.now(groups=groups)

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
        yield from self._everywhere
        yield "command line", digest_of(words_of(job, command, {**self._places, self._root + "/": "", self._root: "."}))
        yield "working folder", job.cwd
        yield "timeout", f"{job.timeout:g}"
        yield "reading", digest_of((job.output.parser, job.output.pattern, str(job.output.source), *(str(sorted(codes)) for codes in (
            job.exit.clean, job.exit.findings, job.exit.nothing))))
        if job.tool is not None:
            yield f"version of {job.tool_id}", job.tool.version or "unknown"
        yield from self._started.variables(job, command, tool)
        names = configuration_names(job, tool.traces.files, tool.traces.keys) if tool is not None else ()
        for path in (*user_configuration(job, self._sight.environment), *self._configured.named(job, command), *self._started.spoken_of(job, names)):
            yield from ((f"configuration {name}", found) for name, found in self._configured.of_file(path, tool))
        yield "what git ignores by files beside the tree", self._configured.excludes(self._sight.environment)

    # --- one result for all

    def _whole(self, job: Job, command: Command | None, tool: Tool | None, scope: str) -> Wanted:
        component = self._components.get(job.component or "")
        if component is not None and component.language is Language.RUST and job.tool_id != "rustfmt" and component.lockfile is None:
            raise UncachedError("no lock file pins what it is built with")
        parts = dict(self._common(job, command, tool))
        ran = self._started.ran_with(job, component)
        parts.update(ran.words)
        parts.update(self._configured.above(job, tool, component))
        sources = ran.sources
        if tool is not None:
            named = self._started.environments(self._configured.spoken_of(job, tool, component))
            parts.update(named.words)
            sources |= named.sources
            parts.update((f"configuration {path}", found) for path, found in self._configured.beyond(job, tool, component))
        more = self._covering.owners(sources) | self._spoken_of(job, tool, component)
        if command is not None and command.takes is Takes.FILES:
            parts["list of files"] = digest_of(job.files)
        held = self._covering.held()
        near = None if scope == "tree" else component
        is_node = component is not None and component.language in NODE
        covered = self._with_modules(near, more, parts) if is_node else self._covering.covered(near, more)
        if scope.startswith("ttl:"):
            return self._of_dependencies(job, command, {**parts, "scope": scope}, covered)
        self._covering.stay_inside(covered)
        parts.update((f"files of {name}", held[name]) for name in covered)
        return Wanted(job=job, command=command, scope=scope, key=key_of({**parts, "scope": scope}), groups=covered)

    def _with_modules(self, component: Component | None, more: frozenset[str], parts: dict[str, str]) -> frozenset[str]:
        """The groups that are covered, with those that are installed by a link in folders below; adds to `parts` what is installed there."""
        while True:
            covered = self._covering.covered(component, more)
            installed = self._started.modules(self._covering.modules(covered))
            parts.update(installed.words)
            linked = self._covering.owners(installed.sources)
            if linked <= more:
                return covered
            more |= linked

    def _spoken_of(self, job: Job, tool: Tool | None, component: Component | None) -> set[str]:
        """The roots of the components that configuration speaks of which lies above a component, or variables."""
        places = self._configured.folders_of(job, tool, component, self._started.told(job))
        return {root for place in places for root in self._covering.roots if within(root, place) or within(place, root)} - {"."}

    def _of_dependencies(self, job: Job, command: Command | None, parts: Mapping[str, str], covered: frozenset[str]) -> Wanted:
        """What is asked of the network is asked about what is declared, locked and installed, and about no code."""
        files = {file: self._digests.of(file) for name in sorted(covered) for file in self._covering.members(name) if declares(file)}
        return Wanted(job=job, command=command, scope=parts["scope"], files=files, key=key_of({
            **parts, **{f"declaration {file}": found or "unreadable" for file, found in files.items()}}))

    # --- one result for each file

    def _is_plain(self, job: Job, tool: Tool) -> bool:
        """Whether the configuration of the tool is data without plugins: a program may read more than the file that is checked."""
        component = self._components.get(job.component or "")
        use = component.use_of(job.tool_id) if component is not None else None
        name = (use.config or "").partition("#")[0] if use is not None else ""
        if is_code(name) and os.path.basename(name) != "setup.py":
            return False
        root = component.root if component is not None else "."
        here = self._configured.here(job, tool, root)
        called = tuple(self._configured.named(job, self._commands[job.command][1]))
        if any(is_code(file) for file in (*here, *called)):
            return False
        names = configuration_names(job, tool.traces.files, tool.traces.keys)
        if tool.id in WITH_PLUGINS and names_programs(self._root, (*here, *called, *above(self._root, names)), self._mentions, tool.traces.keys):
            return False
        if tool.id in LOADS_WHAT_IS_INSTALLED and self._started.ran_with(job, component).sources:
            return False
        # which one holds depends on what other files are named with it
        return tool.id not in _ONE_CONFIGURATION or not any(within(file, root) and os.path.dirname(file) != root.removeprefix(".") for file in here)

    def _is_listed(self, job: Job, command: Command) -> bool:
        """Whether the files of the job are all that it looks at, also where its command line names the folder and not them."""
        if command.takes is not Takes.COMPONENT:
            return True
        tree = self._sight.tree
        foreign = any(within(folder, job.cwd) or within(job.cwd, folder) for folder in (*tree.submodules, *tree.nested))
        return not foreign and not self._sight.settings.exclude and len(job.files) == len(self._configured.all_below(job.cwd))

    def _by_file(self, job: Job, command: Command, tool: Tool) -> Wanted:
        component = self._components.get(job.component or "")
        parts = dict(self._common(job, command, tool))
        if tool.builtin:
            parts["our packages"] = beside_us()
        else:
            parts.update(self._started.ran_with(job, component).words)
        if tool.builtin:
            parts["names of files"] = digest_of(self._sight.tree.files)
            parts["new files"] = digest_of(os.fsdecode(content(job.argv[job.argv.index("--added") + 1] if "--added" in job.argv else "")).split("\0"))
        names = configuration_names(job, tool.traces.files, tool.traces.keys) if not tool.builtin else ()
        files = dict(self._each(job, names, tool))
        if looks_around(command):
            parts["names of files"] = digest_of((self._configured.names(component, command), *self._configured.beside(tool, component)))
        return Wanted(job=job, command=command, scope="file", key=key_of({**parts, "scope": "file"}), files=files, around=self._configured.around(job.tool_id))

    def _each(self, job: Job, names: tuple[str, ...], tool: Tool) -> Iterator[tuple[str, str | None]]:
        """What each file holds and the configuration around it, as one word; None where that cannot be told."""
        of, around = self._digests.of, dict[str, str]()
        for file in job.files:
            folder = file[:max(0, file.rfind("/"))]
            if folder not in around:
                around[folder] = self._configured.chain(tool, names, folder)[:16]
            found = of(file)
            yield file, None if found is None or found == ABSENT else found + around[folder]
