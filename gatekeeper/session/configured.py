"""The configuration that holds for jobs and for single files: where it may lie, what it speaks of, what an import may find beside it.

Looks at each configuration file once for all jobs. Does not know programs, nor what a key is made of.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence

from gatekeeper.model.component import Component, Language
from gatekeeper.model.plan import Job
from gatekeeper.model.tool import Command, Tool
from gatekeeper.plan.inputs import within
from gatekeeper.plan.key import SEARCHED, configuration_names, digest_of, words_of
from gatekeeper.plan.reach import Holdings, matcher
from gatekeeper.plan.scope import folders
from gatekeeper.session.covering import UncachedError
from gatekeeper.session.inputs import by_name
from gatekeeper.session.mentions import Mentions, importable, inner
from gatekeeper.session.programs import above, programs_outside
from gatekeeper.tree.digests import ABSENT, Digests
from gatekeeper.tree.excludes import exclude_files

_SCRIPTS = frozenset({Language.JAVASCRIPT, Language.TYPESCRIPT})
_PROJECTS = ("tsconfig.json", "jsconfig.json")
#: how many files a configuration may take from another, one after the other
_DEPTH = 5


class Configured:
    """See above. `files` are those of the tree at `root` (absolute); `places` paths that only this run knows, and the words that stand for them."""

    def __init__(self, root: str, files: Sequence[str], digests: Digests, mentions: Mentions, places: Mapping[str, str]) -> None:
        self._root, self._files, self._digests, self._mentions, self._places = root, files, digests, mentions, places
        self._chains: dict[tuple[str, str], str] = {}
        self._listed: dict[tuple[str, tuple[str, ...]], str] = {}
        self._around: dict[str, dict[str, str]] = {}
        self._excludes: str | None = None

    def around(self, tool_id: str) -> Mapping[str, str]:
        """The configuration of a tool that was found around the files of jobs, with its digests."""
        return self._around.get(tool_id, {})

    def of_file(self, path: str, tool: Tool | None, depth: int = 0) -> Iterator[tuple[str, str]]:
        """A configuration file with its digest, if there is one, and those that it speaks of."""
        found = self._digests.of(path)
        if found == ABSENT:
            return
        yield path, found or "unreadable"
        if depth < _DEPTH and tool is not None:
            for other in self._mentions.of(path, tool.traces.keys).files:
                yield from self.of_file(other, tool, depth + 1)

    def named(self, job: Job, command: Command | None) -> Iterator[str]:
        """Files that the command line names, beside those that are looked at (`--config=x.toml`)."""
        return (path for path in self._called(job, command) if os.path.isfile(os.path.join(self._root, path)))

    def _called(self, job: Job, command: Command | None) -> Iterator[str]:
        """What the command line may name, beside the files that are looked at, whether there is something of the name or not."""
        looked_at = frozenset(job.files)
        for word in words_of(job, command, self._places)[1:]:
            name = word.partition("=")[2] or word
            path = os.path.normpath(os.path.join(job.cwd, name))
            if name and "{" not in name and path not in looked_at:
                yield path

    def excludes(self, environment: Mapping[str, str]) -> str:
        """What says beside the tree which files are ignored, as a digest: tools that walk by themselves heed it."""
        if self._excludes is None:
            found = (self._digests.of(path) or "unreadable" for path in exclude_files(self._root, environment))
            self._excludes = digest_of(digest for digest in found if digest != ABSENT)
        return self._excludes

    def beyond(self, job: Job, tool: Tool, component: Component | None) -> Iterator[tuple[str, str]]:
        """The configuration that a job's takes from files which are not of the tree. Raises UncachedError where one is a program."""
        here = self.here(job, tool, component.root if component is not None else ".")
        if (outside := next(programs_outside(here, self._mentions, tool.traces.keys), None)) is not None:
            raise UncachedError(f"its configuration speaks of {outside}, a program outside of the tree")
        return ((path, found) for file in here for path, found in self.of_file(file, tool) if path not in self._all)

    def spoken_of(self, job: Job, tool: Tool, component: Component | None) -> tuple[str, ...]:
        """All files and folders that configuration of a job speaks of, absolute."""
        found = (self._mentions.of(file, tool.traces.keys) for file in self.here(job, tool, component.root if component is not None else "."))
        return tuple(dict.fromkeys(os.path.join(self._root, name) for each in found for name in (*each.files, *each.folders)))

    def above(self, job: Job, tool: Tool | None, component: Component | None) -> Iterator[tuple[str, str]]:
        """Configuration in the folders above the root, which tools find too. Raises UncachedError where it speaks of programs."""
        names = configuration_names(job, tool.traces.files, tool.traces.keys) if tool is not None else ()
        names += _PROJECTS if component is not None and component.language in _SCRIPTS else ()
        paths = tuple(above(self._root, names))
        if (outside := next(programs_outside(paths, self._mentions, tool.traces.keys if tool is not None else {}), None)) is not None:
            raise UncachedError(f"configuration above the tree speaks of {outside}, a program outside of it")
        for place in paths:
            yield from ((f"configuration {path}", found) for path, found in self.of_file(place, tool))

    def folders_of(self, job: Job, tool: Tool | None, component: Component | None, told: Mapping[str, str]) -> tuple[str, ...]:
        """The folders that the configuration of a component, its command line, or variables (`told`) speak of. Raises UncachedError where that is outside."""
        files = self.here(job, tool, component.root if component is not None else ".") if tool is not None else ()
        places = [(path, folder) for path in (*files, *self.named(job, None), *self._project(component)) for folder in self._mentions.of(path, tool.traces.keys if tool else {}).folders]
        places += [(name, inner(self._root, os.path.normpath(os.path.join(self._root, job.cwd, place)))) for name in SEARCHED
                   for place in told.get(name, "").split(os.pathsep) if place]
        places += [("the command line", inner(self._root, full)) for path in self._called(job, None)
                   if not os.path.isabs(path) and os.path.isdir(full := os.path.normpath(os.path.join(self._root, path)))]
        for who, place in places:
            if os.path.isabs(place) and os.path.isdir(place):
                raise UncachedError(f"{who} speaks of {place}, which lies outside of the tree")
        return tuple(place for _who, place in places)

    def _project(self, component: Component | None) -> Iterator[str]:
        """The project of TypeScript above a component that has none of its own: where its aliases lead, no file of the component says."""
        if component is None or component.language not in _SCRIPTS:
            return
        around = [[path for name in _PROJECTS if (path := os.path.normpath(os.path.join(folder, name))) in self._all] for folder in folders(component.root)]
        if not around[0]:
            yield from next(filter(None, around), ())

    def here(self, job: Job, tool: Tool, root: str) -> tuple[str, ...]:
        """The files of the tree that may configure a tool for a component at `root`: at, above or below it."""
        names = configuration_names(job, tool.traces.files, tool.traces.keys)
        named = (file for name in names for file in self._by_name.get(name, ()))
        return tuple(file for file in named if within(file, root) or within(root, os.path.dirname(file) or "."))

    def all_below(self, folder: str) -> Sequence[str]:
        """The files of the tree below a folder."""
        return self._holdings.below(folder)

    def chain(self, tool: Tool, names: tuple[str, ...], folder: str) -> str:
        """The configuration that holds for the files of a folder: there, and in every folder above it."""
        if not names:
            return ""
        if (tool.id, folder) not in self._chains:
            full = os.path.normpath(os.path.join(self._root, folder))
            above = os.path.dirname(full)
            before = "" if above == full else self.chain(tool, names, os.path.relpath(above, self._root) if folder.startswith("..") or not folder else os.path.dirname(folder))
            rows = [row for name in names for row in self.of_file(os.path.join(folder, name), tool)]
            self._around.setdefault(tool.id, {}).update(rows)
            own = [word for row in rows for word in row]
            self._chains[tool.id, folder] = digest_of((before, *own)) if own else before
        return self._chains[tool.id, folder]

    def beside(self, tool: Tool, component: Component | None) -> Iterator[str]:
        """What an import may find beside the files: in the folders above and those that configuration names, whether git ignores it or not."""
        root = component.root if component is not None else "."
        around = [path for path in self._around.get(tool.id, {}) if path.startswith(("..", "/")) or within(path, root) or within(root, os.path.dirname(path) or ".")]
        places = {*folders(root), *(os.path.dirname(path) or "." for path in around)}
        places |= {folder for path in around for folder in self._mentions.of(path, tool.traces.keys).folders}
        for place in sorted({*places, *(os.path.join(place, "src") for place in places)}):
            yield from (place, *importable(self._root, place))

    def names(self, component: Component | None, command: Command) -> str:
        """The names of the files below a component that a command looks at, and of all folders there, as a digest."""
        root = component.root if component is not None else "."
        matches = matcher(command.globs)
        if (root, command.globs) not in self._listed:
            here = self._holdings.below(root)
            # a folder alone makes a module of its name
            self._listed[root, command.globs] = digest_of((*sorted({file.rpartition("/")[0] for file in here}), "", *(file for file in here if matches(file))))
        return self._listed[root, command.globs]

    @functools.cached_property
    def _all(self) -> frozenset[str]:
        return frozenset(self._files)

    @functools.cached_property
    def _holdings(self) -> Holdings:
        return Holdings(self._files)

    @functools.cached_property
    def _by_name(self) -> Mapping[str, list[str]]:
        return by_name(self._files)
