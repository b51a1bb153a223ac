"""Asks git before anybody waits for the answer: the first questions of a run are known as soon as its folder is, those after its jobs when the last
one has ended, and a second core is idle while we load what comes next.

A runner like any other: who asks one of these questions gets the answer that is under way, every other call goes the usual way, and no answer
is given twice. Does not know what the questions mean.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from gatekeeper.model.ports import Completed, Runner
from gatekeeper.tree.git import Git


class Underway(Protocol):
    """A process that was started."""

    @property
    def started(self) -> bool: ...

    def answer(self, timeout: float) -> Completed: ...

    def end(self) -> None: ...


class Begin(Protocol):
    """Starts a process and does not wait for it."""

    def __call__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Underway: ...


class Ahead:
    """Puts questions (the words after `git`) to the folder `root`, each once; what nobody asked for is ended with the block."""

    def __init__(self, runner: Runner, begin: Begin, root: str, environment: Mapping[str, str]) -> None:
        self._runner, self._start = runner, begin
        self._asked: dict[tuple[str, ...], _Asked] = {}
        self._git = Git(self._begin, os.path.abspath(root), environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        while self._asked:
            self._asked.popitem()[1].underway.end()

    def put(self, questions: Sequence[Sequence[str]]) -> None:
        """Has git work on these; whoever asks one of them next gets what is true from now on."""
        for words in questions if os.path.isdir(self._git.root) else ():
            self._git.call(*words)

    def _begin(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:  # noqa: ARG002 - a runner
        if (before := self._asked.pop(tuple(argv), None)) is not None:
            before.underway.end()
        underway = self._start(argv, cwd=cwd, env=env, stdin=stdin)
        if underway.started:  # else git is asked when somebody wants to know: by then the machine may have a process to spare
            self._asked[tuple(argv)] = _Asked(underway, cwd, env)
        return Completed(exit_code=None)

    def __call__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        """Runs a program, or waits for the one that runs already."""
        asked = self._asked.get(tuple(argv))
        if asked is not None and (asked.cwd, asked.env) == (cwd, env) and not stdin:
            del self._asked[tuple(argv)]
            return asked.underway.answer(timeout)
        return self._runner(argv, cwd=cwd, env=env, stdin=stdin, timeout=timeout)


class _Asked:
    def __init__(self, underway: Underway, cwd: str, env: Mapping[str, str] | None) -> None:
        self.underway, self.cwd, self.env = underway, cwd, env
