"""What configuration speaks of, where that exists: files and folders, in the tree, ignored by git, or anywhere else on the machine.

A word counts if there is something of its name: seen from the folder of the configuration, from HOME (`~`), from a variable, or from the root of the
machine. Of files that many tools share (`pyproject.toml`, `package.json`) only what belongs to the tool is looked through. Does not know what a tool
does with what it finds.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass
from gatekeeper.plan.key import climbing, is_code, is_manifest, leads_out, section, spoken
from gatekeeper.session.reading import content
from gatekeeper.tree.digests import Digests
from gatekeeper.tree.plain import open_plain

#: bytes of a configuration file, and names that one word with a star may stand for
_LARGEST = 1_000_000
_MOST = 200
#: files that take others along by relative names
_SOURCES = (".py", ".pyi", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte", ".rs", ".sol", ".css", ".scss", ".sass", ".less")
_LEADING = late(r"\$\{(\w+)[^}]*\}|\$(\w+)|%\(\w+\)s|<rootDir>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioned:
    """Names of files that are no code, of what is code (also packages that are linked from the tree), and of folders: relative to the root of the tree, or absolute for what lies outside."""

    files: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    @property
    def outside(self) -> tuple[str, ...]:
        """All that lies outside of the tree."""
        return tuple(name for name in (*self.files, *self.code, *self.folders) if os.path.isabs(name))


class Mentions:
    """Reads each configuration file once. `root` is the tree (absolute)."""

    def __init__(self, root: str, environment: Mapping[str, str]) -> None:
        self._root, self._real = root, os.path.realpath(root)
        self._environment = environment
        self._remembered: dict[tuple[str, tuple[str, ...]], Mentioned] = {}

    def of(self, path: str, keys: Mapping[str, Sequence[str]]) -> Mentioned:
        """What a configuration file (relative to the root, or absolute) speaks of; `keys` are by file name those that belong to the tool."""
        if path.endswith(("ignore", ".editorconfig")):
            return Mentioned()  # what they name is what is checked
        mine = tuple(keys.get(os.path.basename(path), ()))
        if (path, mine) not in self._remembered:
            self._remembered[path, mine] = self._found(path, mine)
        return self._remembered[path, mine]

    def _found(self, path: str, keys: tuple[str, ...]) -> Mentioned:
        full = os.path.normpath(os.path.join(self._root, path))
        try:
            with open_plain(full) as file:
                text = file.read(_LARGEST).decode("utf-8", "replace")
        except OSError:
            return Mentioned()
        return self._sorted(full, os.path.dirname(full), dict.fromkeys(spoken(section(os.path.basename(path), text, keys))))

    def _sorted(self, own: str, folder: str, words: Mapping[str, None]) -> Mentioned:
        files: dict[str, None] = {}
        folders: dict[str, None] = {}
        linked = [name for word in words if (name := self._linked(folder, word))]
        for full in (place for word in words for place in self._places(folder, word)):
            if full not in (own, "/") and os.path.isdir(full):
                folders[self._name(full)] = None
            elif full != own and os.path.isfile(full):
                files[self._name(full)] = None
        return Mentioned(files=tuple(name for name in files if not is_code(name)), code=(*filter(is_code, files), *linked), folders=tuple(folders))

    def _places(self, folder: str, word: str) -> Iterator[str]:
        """Where something of this name may lie."""
        word = _LEADING.sub(lambda found: self._environment.get(found[1] or found[2] or "", "."), word, count=1)
        if word.startswith("~/"):
            word = f"{self._environment.get('HOME', '')}{word[1:]}"
        if "\0" in word:  # what is read may be anything: a program, a picture
            return
        place = os.path.normpath(os.path.join(folder, word))
        if "*" in place:
            # what a pattern of files stands for is what is checked, and no configuration
            if (before := place.partition("*")[0].rpartition("/")[0]) != folder:
                yield before
            yield from filter(os.path.isdir, sorted(glob.glob(place.partition("**")[0].rstrip("/") if "**" in place else place))[:_MOST])
        else:
            yield place

    def _linked(self, folder: str, word: str) -> str | None:
        """The folder of a package of this name that is a link into the tree, and no copy."""
        parts = word.split("/")[:2 if word.startswith("@") else 1]
        if not parts[0] or parts[0].startswith((".", "/", "~", "$")) or not re.fullmatch(r"[\w.@/-]+", word):
            return None
        while folder.startswith(self._root):
            place = os.path.join(folder, "node_modules", *parts)
            if os.path.islink(place) and "node_modules" not in (real := os.path.realpath(place)).split("/"):
                return self._name(real)
            folder = os.path.dirname(folder)
        return None

    def _name(self, full: str) -> str:
        return next((name for root in (self._root, self._real) if (name := inner(root, full)) != full), full)


def inner(root: str, path: str) -> str:
    """An absolute path below `root` as it is called there; any other as it is."""
    return "." if path == root else path[len(root) + 1:] if path.startswith(f"{root}/") else path


def is_outside(root: str, path: str) -> bool:
    """Whether a path is an absolute one that does not lie below `root`."""
    return os.path.isabs(path) and inner(root, path) == path


def suspects(files: Iterable[str], digests: Digests) -> tuple[str, ...]:
    """Those of the files that may speak of files outside of the tree, by what is known of them."""
    return tuple(file for file in files if digests.climb(file) > file.count("/") or (digests.far(file) and is_manifest(file)) or digests.leads_out(file))


def leading_out(root: str, files: Iterable[str], digests: Digests, mentions: Mentions) -> Iterator[str]:
    """Which of the files, `suspects` at least, speak of files outside of the tree at `root`, in words."""
    for file in files:
        if digests.leads_out(file) and file.endswith(_SOURCES):
            yield f"{file} is a link out of the tree, and what it takes along lies there too"
        climb = digests.climb(file)
        if leads_out(file, climb) or (climb > file.count("/") and reaches_out(root, file)):
            yield f"{file} speaks of files outside of the tree"
        if digests.far(file) and is_manifest(file) and (outside := mentions.of(file, {}).outside):
            yield f"{file} speaks of {outside[0]}, which lies outside of the tree"


def reaches_out(root: str, file: str) -> bool:
    """Whether a file names another above the root of the tree that is there."""
    here = os.path.dirname(os.path.join(root, file))
    places = (os.path.normpath(os.path.join(here, name)) for name in climbing(content(os.path.join(root, file)).decode("utf-8", "replace")))
    return any(is_outside(root, place) and not root.startswith(f"{place.rstrip('/')}/") and _is_there(place) for place in places)


def _is_there(place: str) -> bool:
    """Whether there is something of a name, or a module of it, whose ending an import leaves out."""
    return os.path.exists(place) or bool(glob.glob(f"{glob.escape(place)}.*"))


def importable(root: str, folder: str) -> tuple[str, ...]:
    """Names in a folder (relative to `root`, or absolute) that an import may mean, whether git ignores them or not: folders, modules."""
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            return tuple(sorted(entry.name for entry in entries if (entry.name.isidentifier() and entry.is_dir()) or entry.name.endswith((".py", ".pyi", ".so", ".ipynb"))))
    except OSError:
        return ()
