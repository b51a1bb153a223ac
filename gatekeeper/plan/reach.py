"""Which files each choice is given, looked up and not searched for: a large repository asks once per job.

Knows names only, never contents; paths are POSIX and relative to the tree, `.` is the tree itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from gatekeeper.model.value import replace
from gatekeeper.plan.inputs import PlanInputs, within
from gatekeeper.plan.scope import excluded_by, folders
from gatekeeper.plan.select import Choice

_SPECIAL = frozenset("*?[/")


class Holdings:
    """Files by the folder that they lie below; answers keep the order in which the files came."""

    def __init__(self, files: Iterable[str]) -> None:
        self._files = tuple(files)
        self._sorted = tuple(sorted(self._files))

    def below(self, root: str) -> tuple[str, ...]:
        """The files below the folder `root`, or the file of that name."""
        if root == ".":
            return self._files
        # `0` is the character after `/`: everything below sorts between the two
        found = (*self._between(root, f"{root}\0"), *self._between(f"{root}/", f"{root}0"))
        return found if self._sorted == self._files else tuple(sorted(found, key=self._places.__getitem__))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self._files)}

    def _between(self, first: str, end: str) -> tuple[str, ...]:
        return self._sorted[bisect_left(self._sorted, first):bisect_left(self._sorted, end)]


class Reach:
    """The files of every choice of one plan."""

    def __init__(self, choices: Sequence[Choice], inputs: PlanInputs) -> None:
        exclude = inputs.settings.exclude
        files = inputs.files if inputs.scope is None else inputs.scope
        self._holdings = Holdings([path for path in files if not excluded_by(exclude, path)] if exclude else files)
        self._inputs = inputs
        self._excluded = frozenset(exclusion.root for exclusion in inputs.detection.excluded)
        self._choices = tuple(choices)
        self._remembered: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
        self._roots: dict[tuple[str, bool], set[str]] = defaultdict(set)
        for choice in choices:
            if choice.component is not None:
                self._roots[choice.command.id, choice.fix].add(choice.component.root)

    @cached_property
    def _whole(self) -> Reach:
        """The same choices in a run that looks at everything."""
        return Reach(self._choices, replace(self._inputs, scope=None))

    def files_of(self, choice: Choice, governed: Sequence[str] = ()) -> tuple[str, ...]:
        """The files that a command is given: below its component, matching its globs, in scope, and nobody else's. Of the folders that are
        `governed` by what changed, all files are in scope."""
        files = self._in_scope(choice)
        if not governed:
            return files
        more = [path for path in self._whole.files_of(choice) if any(within(path, folder) for folder in governed)]
        return tuple(sorted({*files, *more}))

    def _in_scope(self, choice: Choice) -> tuple[str, ...]:
        root = choice.component.root if choice.component is not None else "."
        # what another component with the same command looks at, and for tools that nobody chose what detection left out
        others = self._roots[choice.command.id, choice.fix] if choice.component is not None else frozenset[str]()
        unwanted = self._excluded if choice.reason.kind == "default" else frozenset[str]()
        files = self._matching(root, choice.command.globs)
        if len(others) > 1:
            files = tuple(path for path in files if not _below_another(path, root, others))
        return tuple(path for path in files if not lies_below(path, unwanted)) if unwanted else files

    def _matching(self, root: str, globs: tuple[str, ...]) -> tuple[str, ...]:
        """The files below `root` whose names match; remembered, because the commands of one language ask for the same."""
        if (root, globs) not in self._remembered:
            below = self._holdings.below(root)
            self._remembered[root, globs] = matching(below, globs) if globs else below
        return self._remembered[root, globs]


def lies_below(path: str, roots: Collection[str]) -> bool:
    """Whether a path is one of `roots` or lies below one."""
    return bool(roots) and any(folder in roots for folder in folders(path))


def _below_another(path: str, root: str, others: Collection[str]) -> bool:
    """Whether a component further in has the path; `root` itself is among `others`."""
    for folder in folders(path):
        if folder == root:
            return False
        if folder in others:
            return True
    return False


def matching(paths: Iterable[str], globs: Iterable[str]) -> tuple[str, ...]:
    """The paths whose name matches one of the globs."""
    suffixes, rest = _suffixes(globs)
    if not rest:  # a hundred thousand calls less
        return tuple([path for path in paths if path.endswith(suffixes)])
    return tuple(filter(matcher(globs), paths))


def matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """Whether the name at the end of a path matches one of the globs."""
    suffixes, rest = _suffixes(globs)

    def matches(path: str) -> bool:
        return path.endswith(suffixes) or (bool(rest) and any(fnmatchcase(path.rpartition("/")[2], glob) for glob in rest))
    return matches


def _suffixes(globs: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The endings of globs like `*.suffix`, as nearly all are, and the other globs."""
    plain = [glob for glob in globs if glob.startswith("*") and not _SPECIAL.intersection(glob[1:])]
    return tuple(glob[1:] for glob in plain), tuple(glob for glob in globs if glob not in plain)
