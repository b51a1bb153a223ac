"""What a job is started with: its variables, the program and the environments that it runs with.

Does not know which files it reads, nor what a key is made of.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from gatekeeper.model.component import Component, Language
from gatekeeper.model.plan import Job
from gatekeeper.model.tool import Command, Tool
from gatekeeper.plan.key import SEARCHED, digest_of, variables
from gatekeeper.provide.installed import Installed, State, environment_around, modules_above
from gatekeeper.session.covering import UncachedError
from gatekeeper.session.mentions import is_outside

#: languages that take packages from `node_modules`
_NODE = frozenset({Language.JAVASCRIPT, Language.TYPESCRIPT, Language.SOLIDITY})


class Started:
    """See above. `environment` is what every job of the run gets; `root` the tree (absolute)."""

    def __init__(self, root: str, environment: Mapping[str, str], installed: Installed) -> None:
        self._root, self._environment, self._installed = root, environment, installed

    def told(self, job: Job) -> Mapping[str, str]:
        """The variables that a job gets, without those of its tool."""
        return {**self._environment, **job.env}

    def variables(self, job: Job, command: Command | None, tool: Tool | None) -> Iterator[tuple[str, str]]:
        """The variables that may decide, by name, each as a digest."""
        executes = tool is None or tool.executes_repository_code
        threads = {word.partition(":")[0] for word in command.threads.get("env", "").split()} if command is not None else set()
        for name, value in variables(job, self._all_told(job), all_of_them=executes).items():
            if name not in threads:
                yield f"variable {name}", digest_of((value.replace(self._root, "."),))

    def spoken_of(self, job: Job) -> tuple[str, ...]:
        """The files outside of the tree that variables name which the tool heeds."""
        heeded = variables(job, self._all_told(job), all_of_them=False)
        words = [word.strip() for name, value in heeded.items() if name not in SEARCHED for word in re.split(r"[\s=:,]+", value)]
        return tuple(path for path in words if is_outside(self._root, path) and os.path.isfile(path))

    def states(self, job: Job, component: Component | None) -> Iterator[State]:
        """The programs that a job starts, and what they run with. Raises UncachedError, UnknownStateError."""
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

    def _all_told(self, job: Job) -> Mapping[str, str]:
        return {**self._environment, **(job.tool.env if job.tool else {}), **job.env}

    def _program(self, job: Job, search: str) -> str:
        """The program that a job starts, as an absolute path."""
        name = job.argv[0]
        places = [os.path.normpath(os.path.join(self._root, job.cwd, name))] if "/" in name else [os.path.join(folder, name) for folder in search.split(os.pathsep)]
        found = next((place for place in places if os.path.isabs(place) and os.access(place, os.X_OK)), None)
        if found is None:
            raise UncachedError(f"which program `{name}` is cannot be told")
        return found
