"""Finds the suppressions of a tree: which files hold such comments (one call of git), and what the comments say, read when first asked.

Hands them to `judge.suppress` as a value. Does not know which findings there are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime

from gatekeeper.judge.inline import MARK, Inline, inline_suppressions
from gatekeeper.judge.suppress import Suppressing
from gatekeeper.model.value import replace
from gatekeeper.session.look import Sight
from gatekeeper.session.trust import trusted_lines
from gatekeeper.tree.changes import Changes
from gatekeeper.tree.files import Tree
from gatekeeper.tree.git import Git, split_names

#: whether a line of a file (1-based) was there before the proposal; None: nobody asked
Trusted = Callable[[str, int], bool]
_WORDS = "gatekeeper:"


class Comments:
    """The inline suppressions of a tree by file. Asks git once for the files that may hold some, but in a scoped run, where few files matter;
    keeps what it read unless files change meanwhile (`changing`)."""

    def __init__(self, tree: Tree, git: Git, *, scope: Collection[str] | None = None, changing: bool = False, trusted: Trusted | None = None) -> None:
        self._tree, self._git, self._scope, self._changing, self._trusted = tree, git, scope, changing, trusted
        self._files: frozenset[str] | None = None
        self._read: dict[str, tuple[Inline, ...]] = {}

    def __call__(self, file: str) -> tuple[Inline, ...]:
        """The suppressions in one file; of a proposal that is not trusted, those that were there before it."""
        if self._scope is None and file not in self.files():
            return ()
        if file not in self._read or self._changing:
            self._read[file] = tuple(self._judged(note) for note in inline_suppressions(file, self._tree.read(file) or b""))
        return self._read[file]

    def files(self) -> Collection[str]:
        """The files that may hold suppressions."""
        if self._files is None:
            listed = frozenset(self._tree.files)
            looked = listed if self._scope is None else listed.intersection(self._scope)
            by_git = self._tree.git and self._scope is None
            self._files = listed & _grepped(self._git) if by_git else frozenset(file for file in looked if MARK in (self._tree.read(file) or b""))
        return self._files

    def _judged(self, note: Inline) -> Inline:
        if note.fault is None and self._trusted is not None and not (self._trusted(note.file, note.line) and self._trusted(note.file, note.target)):
            return replace(note, fault="is new, or speaks of a line that is, and the proposal is not trusted to suppress its own findings")
        return note


def _grepped(git: Git) -> frozenset[str]:
    """git exits 1 where it finds nothing."""
    completed = git.call("grep", "-z", "-l", "-I", "-F", "--untracked", "--no-color", "-e", _WORDS)
    return frozenset(split_names(completed.stdout))


def suppressing(sight: Sight, changes: Changes) -> Suppressing:
    """Everything that may suppress a finding of this run, by today's date (UTC)."""
    trusted = trusted_lines(sight.tree, sight.git, sight.settings.trusted) if sight.settings.trusted else None
    comments = Comments(sight.tree, sight.git, scope=changes.files, changing=sight.settings.fix, trusted=trusted)
    return Suppressing(today=datetime.now(UTC).date().isoformat(), rules=sight.settings.suppressions, comments=comments, files=comments.files,
                       components=sight.detection.components)
