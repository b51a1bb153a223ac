"""What a job is started with: its variables, the program and the environments that it runs with.

Asks the machine once for all jobs, and anew after a job that may have made something. Does not know which files a job reads, nor what a key is made of.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from gatekeeper.model.component import Component, Language
from gatekeeper.model.plan import Job
from gatekeeper.model.tool import Command, Tool
from gatekeeper.model.value import dataclass
from gatekeeper.plan.key import SEARCHED, digest_of, is_common, variables
from gatekeeper.provide.installed import Installed, State, environment_around, modules_above
from gatekeeper.session.covering import UncachedError
from gatekeeper.session.mentions import inner

#: languages that take packages from `node_modules`
NODE = frozenset({Language.JAVASCRIPT, Language.TYPESCRIPT, Language.SOLIDITY})
_Variables = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RanWith:
    """The programs and environments of a job, by name with the digest of each, and the folders of the tree that are installed there by a link."""

    words: Mapping[str, str]
    sources: frozenset[str]


class Started:
    """See above. `environment` is what every job of the run gets; `root` the tree (absolute)."""

    def __init__(self, root: str, environment: Mapping[str, str], installed: Installed) -> None:
        self._root, self._environment, self._installed = root, environment, installed
        self._variables: dict[tuple[object, ...], _Variables] = {}
        self._outside: dict[tuple[object, ...], tuple[str, ...]] = {}
        self._ran: dict[tuple[object, ...], RanWith] = {}
        self._found: dict[str, str | None] = {}

    def look_again(self) -> bool:
        """Forgets where things lie: a job has run that may have made some of them. Whether all that is installed is as it was."""
        self._outside.clear()
        self._ran.clear()
        self._found.clear()
        return self._installed.look_again()

    def told(self, job: Job) -> Mapping[str, str]:
        """The variables that a job gets, without those of its tool."""
        return {**self._environment, **job.env}

    def variables(self, job: Job, command: Command | None, tool: Tool | None) -> _Variables:
        """The variables that may decide, by name, each as a digest."""
        asked = self._asked(job)
        if asked not in self._variables:
            executes = tool is None or tool.executes_repository_code
            threads = {word.partition(":")[0] for word in command.threads.get("env", "").split()} if command is not None else set()
            told = variables(job, self._all_told(job), all_of_them=executes)
            self._variables[asked] = tuple((f"variable {name}", digest_of((value.replace(self._root, "."),))) for name, value in told.items() if name not in threads)
        return self._variables[asked]

    def spoken_of(self, job: Job, names: tuple[str, ...]) -> tuple[str, ...]:
        """The files that variables name which the tool heeds, and those of `names` in folders that its own variables name."""
        asked = self._asked(job)
        if asked not in self._outside:
            heeded = variables(job, self._all_told(job), all_of_them=False)
            words = [(name, word) for name, value in heeded.items() if name not in SEARCHED for word in re.split(r"[\s=:,]+", value) if os.path.isabs(word)]
            places = dict.fromkeys(word for name, word in words if not is_common(name) and os.path.isdir(word))
            paths = (*(word for _name, word in words if os.path.isfile(word)), *(os.path.join(place, name) for place in places for name in names))
            self._outside[asked] = tuple(inner(self._root, path) for path in paths)
        return self._outside[asked]

    def ran_with(self, job: Job, component: Component | None) -> RanWith:
        """The programs that a job starts, and what they run with. Raises UncachedError, UnknownStateError."""
        node = component is not None and component.language in NODE
        tool = job.tool
        absolute = tuple(word for word in job.argv[1:] if word.startswith("/"))
        modules = modules_above(os.path.normpath(os.path.join(self._root, job.cwd))) if node else ()
        asked = (job.argv[0], absolute, job.cwd if "/" in job.argv[0] else "", modules,
                 (tool.path, tool.source, tuple(tool.prefix), tuple(sorted(tool.env.items()))) if tool is not None else None)
        if asked not in self._ran:
            self._ran[asked] = _together(self._states(job, absolute, modules))
        return self._ran[asked]

    def modules(self, places: Iterable[str]) -> RanWith:
        """What is installed in folders `node_modules` (absolute). Raises UnknownStateError."""
        return _together(map(self._installed.node, places))

    def environments(self, spoken: Iterable[str]) -> RanWith:
        """Those that configuration names: interpreters, and folders of environments (absolute). Raises UnknownStateError."""
        return _together(state for path in spoken for state in self._named(path))

    def _named(self, path: str) -> Iterator[State]:
        if os.path.basename(path).startswith("python") and os.access(path, os.X_OK) and os.path.isfile(path):
            yield from self._installed.program(path, self._environment.get("PATH", os.defpath))
        elif (prefix := environment_around(os.path.join(path, "x"))) is not None:
            yield self._installed.python(prefix)

    def _states(self, job: Job, absolute: tuple[str, ...], modules: tuple[str, ...]) -> Iterator[State]:
        search = self._environment.get("PATH", os.defpath)
        words = [self._program(job, search), *((word for word in job.tool.prefix if os.path.isabs(word)) if job.tool is not None else ())]
        words += [word for word in absolute if os.access(word, os.X_OK) and os.path.isfile(word) and word not in words]
        for word in words:
            yield from self._installed.program(word, search)
        if job.tool is not None and job.tool.source == "toolchain":
            yield self._installed.toolchain(job.tool)
        yield from map(self._installed.node, modules)
        yield from (self._installed.python(prefix) for word in absolute if (prefix := environment_around(word)) is not None)

    def _asked(self, job: Job) -> tuple[object, ...]:
        """What decides of a job which variables it gets and heeds."""
        return job.tool_id, job.command, tuple(job.env.items()), tuple(job.tool.env.items()) if job.tool is not None else ()

    def _all_told(self, job: Job) -> Mapping[str, str]:
        return {**self._environment, **(job.tool.env if job.tool else {}), **job.env}

    def _program(self, job: Job, search: str) -> str:
        """The program that a job starts, as an absolute path."""
        name = job.argv[0]
        place = os.path.normpath(os.path.join(self._root, job.cwd, name)) if "/" in name else name
        if place not in self._found:
            places = [place] if "/" in name else [os.path.join(folder, name) for folder in search.split(os.pathsep)]
            self._found[place] = next((place for place in places if os.path.isabs(place) and os.access(place, os.X_OK)), None)
        found = self._found[place]
        if found is None:
            raise UncachedError(f"which program `{name}` is cannot be told")
        return found


def _together(states: Iterable[State]) -> RanWith:
    found = tuple(states)
    return RanWith(words={name: digest_of((word,)) for state in found for name, word in state.words}, sources=frozenset(source for state in found for source in state.sources))
