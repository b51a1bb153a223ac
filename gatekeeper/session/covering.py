"""The groups of files of one run: what each holds, which of them a component's checks may read, and whether one leads out of the tree.

Looks at each group once for all jobs, and anew after a job that may have made files. Does not know jobs, nor what a key is made of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gatekeeper.model.component import Component
from gatekeeper.plan.key import Groups, digest_of
from gatekeeper.plan.scope import folders
from gatekeeper.session.inputs import every_input, whole_tree
from gatekeeper.session.mentions import Mentions, leading_out

if TYPE_CHECKING:
    from gatekeeper.session.look import Sight
    from gatekeeper.tree.digests import Digests


class UncachedError(Exception):
    """A result that is not kept; `args[0]` says why, in one line."""


class Covering:
    """See above. `components` are those of the plan."""

    def __init__(self, sight: Sight, components: Sequence[Component], digests: Digests, mentions: Mentions) -> None:
        self._sight, self._digests, self._mentions = sight, digests, mentions
        self._components = tuple(components)
        #: digests of groups, as they were when first asked
        self._held: dict[str, str] = {}
        self._grouped: Groups | None = None
        #: by group: what leads out of the tree
        self._leading_out: dict[str, str | None] = {}

    def members(self, group: str) -> Sequence[str]:
        """The files of a group. Raises TooManyError, TreeError."""
        return self._groups().members.get(group, ())

    def look_again(self) -> None:
        """Forgets what was ignored or built: a job has run that may have made some of it."""
        if self._grouped is not None:
            tracked = frozenset(self._sight.tree.files)
            stale = {name for name, members in self._grouped.members.items() if any(member not in tracked for member in members)}
            self._digests.forget(member for name in stale for member in self._grouped.members[name] if member not in tracked)
            self._grouped = None
            self._held.clear()
            self._leading_out.clear()

    def now(self, *, groups: bool) -> tuple[bool, Mapping[str, Sequence[str]]]:
        """Whether the tree holds the same names as when it was first looked at, and the `groups` as they are, if asked for. Raises TooManyError."""
        tree = whole_tree(self._sight, again=True)
        baseline = self._sight.settings.baseline
        if not self._sight.settings.exclude and [file for file in tree.files if file != baseline] != list(self._sight.tree.files):
            return False, {}
        return True, Groups(every_input(self._sight, tree), self._components).members if groups else {}

    def held(self) -> Mapping[str, str]:
        """What each group holds, as a digest. Raises UncachedError, TooManyError, TreeError."""
        for name in (members for members in self._groups().members if members not in self._held):
            self._held[name] = self._group(name)
        return self._held

    def covered(self, component: Component | None, more: Collection[str]) -> frozenset[str]:
        """The groups that a component's checks may read (None: all), `more` folders among them; asked for when it is known what the groups hold."""
        return self._groups().closure(component, self._digests.climb, more)

    def owners(self, sources: Iterable[str]) -> set[str]:
        """The roots of the components that these folders lie in."""
        return {next(folder for folder in folders(source) if folder in self.roots) for source in sources}

    @property
    def roots(self) -> frozenset[str]:
        """The folders of all components, and that of the tree."""
        return self._groups().roots

    def stay_inside(self, covered: Iterable[str]) -> None:
        """Raises UncachedError where one of the groups leads out of the tree."""
        for name in sorted(covered):
            if name not in self._leading_out:  # once for all jobs
                self._leading_out[name] = next(leading_out(self._sight.tree.root, self._groups().members[name], self._digests, self._mentions), None)
            if (said := self._leading_out[name]) is not None:
                raise UncachedError(said)

    def _groups(self) -> Groups:
        if self._grouped is None:
            self._grouped = Groups(every_input(self._sight, whole_tree(self._sight)), self._components)
        return self._grouped

    def _group(self, name: str) -> str:
        words: list[str] = []
        for file in self._groups().members[name]:
            found = self._digests.of(file)
            if found is None:
                raise UncachedError(f"{file} {self._digests.why(file)}")
            words += (file, found)
        return digest_of(words)
