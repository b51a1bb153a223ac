"""The groups of files of one run: what each holds, which of them a component's checks may read, and whether one leads out of the tree.

Looks at each group once for all jobs. After a job that may have made files, what git ignores is looked at again: contents by their state, names where
the times of folders do not prove that all are the same; a group that holds what it held is not hashed anew. Does not know jobs, nor what a key is made of.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gatekeeper.model.component import Component
from gatekeeper.model.value import dataclass
from gatekeeper.plan.key import Groups, digest_of
from gatekeeper.plan.scope import folders
from gatekeeper.session.inputs import every_input, is_noise, whole_tree
from gatekeeper.session.mentions import Mentions, leading_out, suspects

if TYPE_CHECKING:
    from gatekeeper.session.look import Sight
    from gatekeeper.tree.digests import Digests
    from gatekeeper.tree.times import FolderTimes


class UncachedError(Exception):
    """A result that is not kept; `args[0]` says why, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What is known of a group whose files were all looked at: their digest, what they name that may be ignored, whether one speaks of places above
    its component, and those that may speak of places outside of the tree."""

    digest: str
    named: tuple[str, ...]
    leaves: bool
    suspects: tuple[str, ...]


class Covering:
    """See above. `components` are those of the plan."""

    def __init__(self, sight: Sight, components: Sequence[Component], digests: Digests, mentions: Mentions) -> None:
        self._sight, self._digests, self._mentions = sight, digests, mentions
        self._components = tuple(components)
        self._grouped: Groups | None = None
        #: the files beyond those of the tree: ignored, or of a repository inside this one
        self._beyond: frozenset[str] = frozenset()
        #: of those, what a job has changed since groups were made of them
        self._changed: set[str] = set()
        self._unsure = False
        self._times: FolderTimes | None = None
        self._held: dict[str, _Held] = {}
        self._digest: dict[str, str] = {}
        #: what was told before, by what was asked
        self._covered: dict[tuple[str | None, frozenset[str]], frozenset[str]] = {}
        self._owners: dict[frozenset[str], frozenset[str]] = {}
        self._inside: set[frozenset[str]] = set()
        #: by group: the folders of installed packages beside its files
        self._modules: dict[str, tuple[str, ...]] = {}
        #: and where they would lie
        self._around: dict[str, tuple[str, ...]] = {}

    def members(self, group: str) -> Sequence[str]:
        """The files of a group. Raises TooManyError, TreeError."""
        return self._groups().members.get(group, ())

    def look_again(self) -> None:
        """Forgets what of the ignored or built was changed: a job has run that may have made some of it."""
        changed = [file for file in self._beyond if not self._digests.unchanged(file)]
        self._digests.forget(changed)
        self._changed.update(changed)
        for name in [name for name, held in self._held.items() if not all(map(self._digests.unchanged, held.named))]:
            self._digests.forget(self._held[name].named)
            del self._held[name], self._digest[name]
        self._unsure = self._grouped is not None
        self._inside.clear()  # what a file speaks of outside may be there now
        self._modules.clear()

    def now(self, *, groups: bool) -> tuple[bool, Mapping[str, Sequence[str]]]:
        """Whether the tree holds the same names as when it was first looked at, and the `groups` as they are, if asked for. Raises TooManyError."""
        tree = whole_tree(self._sight, again=True)
        baseline = self._sight.settings.baseline
        if not self._sight.settings.exclude and [file for file in tree.files if file != baseline] != list(self._sight.tree.files):
            return False, {}
        return True, Groups(every_input(self._sight, tree), self._components).members if groups else {}

    def held(self) -> Mapping[str, str]:
        """What each group holds, as a digest. Raises UncachedError, TooManyError, TreeError."""
        groups = self._groups()
        for name in (members for members in groups.members if members not in self._held):
            self._held[name] = self._group(groups, name)
            self._digest[name] = self._held[name].digest
        return self._digest

    def covered(self, component: Component | None, more: frozenset[str]) -> frozenset[str]:
        """The groups that a component's checks may read (None: all), `more` folders among them. Raises UncachedError, TooManyError, TreeError."""
        self.held()
        asked = (component.id if component is not None else None, more)
        if asked not in self._covered:
            self._covered[asked] = self._groups().closure(component, {name for name, held in self._held.items() if held.leaves}, more)
        return self._covered[asked]

    def owners(self, sources: frozenset[str]) -> frozenset[str]:
        """The roots of the components that these folders lie in."""
        if sources not in self._owners:
            self._owners[sources] = frozenset(next(folder for folder in folders(source) if folder in self.roots) for source in sources)
        return self._owners[sources]

    def modules(self, covered: Iterable[str]) -> tuple[str, ...]:
        """Every `node_modules` (absolute) in which node looks for what the files of these groups import, beside those above the groups."""
        for name in (name for name in covered if name not in self._modules):
            if name not in self._around:
                within = dict.fromkeys(folder for file in self._groups().members[name] for folder in folders(file.rpartition("/")[0] or "."))
                self._around[name] = tuple(os.path.normpath(os.path.join(self._sight.tree.root, folder, "node_modules")) for folder in within)
            self._modules[name] = tuple(place for place in self._around[name] if os.path.isdir(place))
        return tuple(sorted({place for name in covered for place in self._modules[name]}))

    @property
    def roots(self) -> frozenset[str]:
        """The folders of all components, and that of the tree."""
        return self._groups().roots

    def stay_inside(self, covered: frozenset[str]) -> None:
        """Raises UncachedError where one of the groups leads out of the tree."""
        if covered in self._inside:
            return
        for name in sorted(covered):
            said = next(leading_out(self._sight.tree.root, self._held[name].suspects, self._digests, self._mentions), None)
            if said is not None:
                raise UncachedError(said)
        self._inside.add(covered)

    def _groups(self) -> Groups:
        if self._grouped is None:
            return self._take(self._listed())
        if self._unsure:
            if self._changed or self._times is None or not self._times.prove():
                self._list_again()
            self._unsure = False
        return self._grouped

    def _listed(self) -> Groups:
        return Groups(every_input(self._sight, whole_tree(self._sight)), self._components)

    def _list_again(self) -> None:
        """Lists all files; the times of folders are taken before that, so that what comes meanwhile is seen the next time."""
        from gatekeeper.tree.times import FolderTimes  # lazy: only runs with jobs that may write pay

        self._times = None
        times = FolderTimes(self._sight.tree.root, is_noise)
        self._take(self._listed())
        self._times = times

    def _take(self, groups: Groups) -> Groups:
        """Takes over what groups hold now; what is known of those that are as they were still holds."""
        before = self._grouped.members if self._grouped is not None else {}
        for name in {*before, *groups.members}:
            if before.get(name) != groups.members.get(name) or not self._changed.isdisjoint(groups.members[name]):
                self._held.pop(name, None)
                self._digest.pop(name, None)
        self._grouped = groups
        self._covered.clear()
        self._around.clear()
        self._changed.clear()
        tree = frozenset(self._sight.tree.files)
        self._beyond = frozenset(member for members in groups.members.values() for member in members if member not in tree)
        return groups

    def _group(self, groups: Groups, name: str) -> _Held:
        members = groups.members[name]
        for file in members:
            if self._digests.of(file) is None:
                raise UncachedError(f"{file} {self._digests.why(file)}")
        return _Held(digest=digest_of(words_of_files(members, self._digests)), named=named_by(members, self._digests), leaves=groups.leaves(name, self._digests.climb), suspects=suspects(groups.members[name], self._digests))


def words_of_files(members: Sequence[str], digests: Digests) -> Iterator[str]:
    """What files hold, and what those hold that they name and that are no code by their names: git may ignore these, so that no list has them."""
    for file in members:
        yield from (file, digests.of(file) or "")
    for file in named_by(members, digests):
        yield from (file, digests.of(file) or "")


def named_by(members: Sequence[str], digests: Digests) -> tuple[str, ...]:
    """The files that are no members, no code by their names, and named by members; whether there are such or not."""
    named = {name for file in members for name in digests.named(file)}
    return tuple(sorted(named.difference(members))) if named else ()
