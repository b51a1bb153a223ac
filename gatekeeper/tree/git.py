"""Calls git so that looking is safe. Knows nothing of components or plans.

Every call is read-only: no optional locks, no fsmonitor program, no external diff, no prompt; the repository's own
configuration can start nothing. The environment loses the GIT_* variables a hook sets, unless asked to keep the index.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from gatekeeper.errors import TreeError
from gatekeeper.model.ports import Completed, Runner

_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "diff.external=", "-c", "core.quotePath=false",
         "-c", "log.showSignature=false", "-c", "core.untrackedCache=keep", "-c", "safe.directory=*")
#: variables that would point git at another repository; GIT_INDEX_FILE stays because `git commit PATH` hands hooks a temporary index
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_EXTERNAL_DIFF", "GIT_COMMON_DIR", "GIT_CONFIG_PARAMETERS")


def git_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for git: nothing that redirects it, nothing that prompts, no index refresh written back."""
    kept = {name: value for name, value in environment.items() if name not in _FOREIGN}
    return kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_PAGER": "cat"}


class Git:
    """git in one folder. `ask` gives the answer or None where git refuses; `require` raises `TreeError`."""

    def __init__(self, runner: Runner, root: str, environment: Mapping[str, str]) -> None:
        self._runner = runner
        self.root = root
        self._environment = git_environment(environment)

    def call(self, *words: str, stdin: bytes = b"") -> Completed:
        return self._runner(("git", *_SAFE, *words), cwd=self.root, env=self._environment, stdin=stdin, timeout=120.0)

    def ask(self, *words: str) -> bytes | None:
        completed = self.call(*words)
        return completed.stdout if completed.ok else None

    def line(self, *words: str) -> str | None:
        """The first line of the answer, without its end, or None."""
        answer = self.ask(*words)
        return os.fsdecode(answer).split("\n", 1)[0].strip() if answer is not None else None

    def require(self, *words: str) -> bytes:
        completed = self.call(*words)
        if not completed.ok:
            said = completed.stderr.decode("utf-8", "replace").strip().split("\n")[0]
            raise TreeError(f"git {words[0]} failed in {self.root}: {said or 'no answer'}", hint="check the repository with: git status")
        return completed.stdout

    def has(self, name: str) -> bool:
        """Whether something of that name is on disk below the folder."""
        return os.path.lexists(os.path.join(self.root, name))

    def names(self, *words: str) -> list[str]:
        """A NUL-separated answer as file names."""
        return split_names(self.require(*words))


def split_names(answer: bytes) -> list[str]:
    """NUL-separated bytes as names, in order, decoded so that any byte survives the way back."""
    return [os.fsdecode(name) for name in answer.split(b"\0") if name]


def matching(names: Sequence[str], folder: str) -> list[str]:
    """The names below `folder` (`.` = all)."""
    return list(names) if folder == "." else [name for name in names if name.startswith(folder + "/")]
