"""Decides which component a command is about, by the folder it runs in and the paths and packages it names. Knows no tools."""

from __future__ import annotations

from collections.abc import Iterable

from gatekeeper.detect.entries import Call, HookUse
from gatekeeper.detect.index import Index, ancestors, inside, resolve
from gatekeeper.detect.language import Found
from gatekeeper.model.component import Language


class Owners:
    """The components of a tree, asked by folder."""

    def __init__(self, found: Iterable[Found], index: Index) -> None:
        self._found = tuple(found)
        self._index = index

    def of_call(self, call: Call, languages: tuple[Language, ...]) -> tuple[Found, ...]:
        """The components of these languages that a call checks; none when it runs in a folder that is not in the tree."""
        if call.cwd == ".." or not self._index.is_folder(call.cwd):
            return ()
        fitting = [item for item in self._found if item.component.language in languages]
        if call.words[0] == "cargo" and (named := _packages(call.words)):
            return tuple(item for item in fitting if item.component.name in named)
        return self._of_folder(call.cwd, _paths(call, self._index), fitting)

    def of_hook(self, hook: HookUse, languages: tuple[Language, ...]) -> tuple[Found, ...]:
        """The components of these languages that a hook or action applies to."""
        fitting = [item for item in self._found if item.component.language in languages]
        return self._of_folder(hook.folder, (), fitting)

    def _of_folder(self, cwd: str, paths: tuple[str, ...], fitting: list[Found]) -> tuple[Found, ...]:
        """Those at the nearest folder at or above; else those that the paths lie in; else all below."""
        if paths and (inner := self._of_paths(cwd, paths, fitting)):
            return inner
        for folder in ancestors(cwd):
            here = tuple(item for item in fitting if item.component.root == folder)
            if here:
                return here
        below = [item for item in fitting if inside(item.component.root, cwd)]
        return tuple(item for item in below if not any(other is not item and inside(item.component.root, other.component.root) for other in below
                                                       if other.component.root != item.component.root))

    def _of_paths(self, cwd: str, paths: tuple[str, ...], fitting: list[Found]) -> tuple[Found, ...]:
        """The components further down that the paths of a call lie in, when all of them do."""
        homes = []
        for path in paths:
            home = next((item for folder in ancestors(path) for item in fitting if item.component.root == folder), None)
            if home is None or (home.component.root != cwd and not inside(home.component.root, cwd)):
                return ()
            homes.append(home)
        return tuple(item for item in fitting if item in homes)


def _packages(words: tuple[str, ...]) -> tuple[str, ...]:
    """The packages a cargo call names with -p."""
    named = []
    for position, word in enumerate(words):
        if word == "--":
            break
        if word in {"-p", "--package"} and position + 1 < len(words):
            named.append(words[position + 1])
        elif word.startswith("--package="):
            named.append(word.partition("=")[2])
    return tuple(name.split("@")[0] for name in named)


def _paths(call: Call, index: Index) -> tuple[str, ...]:
    """The words of a call that are folders or files of the tree."""
    found = []
    for word in call.words[1:]:
        if word == "--":
            break
        if word.startswith("-") or word in {".", "./"}:
            continue
        path = resolve(call.cwd, word)
        if path is not None and path != "." and (path in index or index.is_folder(path)):
            found.append(path)
    return tuple(found)
