"""Asks git while the program is still loading: the first questions of a run are known as soon as its folder is, and a second core is idle then.

A runner like any other: who asks one of these questions gets the answer that is under way, every other call goes the usual way, and no answer
is given twice. Does not know what the questions mean.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from threading import Thread

from gatekeeper.model.ports import Completed, Runner
from gatekeeper.tree.git import Git


class Ahead:
    """Has put `questions` (the words after `git`) to the folder `root`, each once."""

    def __init__(self, runner: Runner, root: str, environment: Mapping[str, str], questions: Sequence[Sequence[str]]) -> None:
        self._runner = runner
        self._asked: dict[tuple[str, ...], _Asked] = {}
        absolute = os.path.abspath(root)
        git = Git(self._begin, absolute, environment)
        for words in questions if os.path.isdir(absolute) else ():
            git.call(*words)

    def _begin(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        self._asked[tuple(argv)] = _Asked(lambda: self._runner(argv, cwd=cwd, env=env, stdin=stdin, timeout=timeout), cwd, env)
        return Completed(exit_code=None)

    def __call__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        """Runs a program, or waits for the one that runs already."""
        asked = self._asked.pop(tuple(argv), None)
        if asked is not None and (asked.cwd, asked.env) == (cwd, env) and not stdin:
            return asked.answer()
        return self._runner(argv, cwd=cwd, env=env, stdin=stdin, timeout=timeout)


class _Asked:
    """One call under way in a thread, which ends with the program (`execute.helper` sees to it): Ctrl-C must not wait for it."""

    def __init__(self, call: Callable[[], Completed], cwd: str, env: Mapping[str, str] | None) -> None:
        self.cwd, self.env, self._call = cwd, env, call
        self._completed = Completed(exit_code=None)
        self._thread: Thread | None = Thread(target=self._run, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the machine has no thread to spare: git is asked when somebody wants to know
            self._thread = None

    def _run(self) -> None:
        self._completed = self._call()

    def answer(self) -> Completed:
        if self._thread is None:
            return self._call()
        self._thread.join()
        return self._completed
