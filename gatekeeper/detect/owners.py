"""Decides which component a command is about, by the folder it runs in and the paths and packages it names. Knows no tools."""

from __future__ import annotations

from collections.abc import Iterable

from gatekeeper.detect.entries import Call, HookUse
from gatekeeper.detect.index import Index, ancestors, inside, resolve
from gatekeeper.detect.language import Found, Scene
from gatekeeper.model.component import Language

#: languages that share package managers, workspaces and most tools are one here
FAMILIES = {Language.RUST: "rust", Language.PYTHON: "python", Language.JAVASCRIPT: "js", Language.TYPESCRIPT: "js", Language.SOLIDITY: "solidity"}
_WHOLE = frozenset({"--workspace", "--all"})


class Owners:
    """The components of a tree, asked by folder; answers are positions in the list it was made from."""

    def __init__(self, found: Iterable[Found], scene: Scene) -> None:
        self._found = tuple(found)
        self._index = scene.index
        self._exclusions = scene.exclusions
        self._at: dict[tuple[str, str], int] = {(item.component.root, FAMILIES[item.component.language]): position for position, item in enumerate(self._found)}
        self._answers: dict[tuple[str, str, tuple[str, ...]], tuple[int, ...]] = {}

    def of_call(self, call: Call, languages: tuple[Language, ...]) -> tuple[int, ...]:
        """The components of these languages that a call checks; none when it runs in a folder that is not in the tree."""
        if call.cwd == ".." or not self._index.is_folder(call.cwd):
            return ()
        if call.words[0] == "cargo" and (named := _packages(call.words)):
            return self._fitting(languages, (position for position, item in enumerate(self._found) if item.component.name in named))
        paths = _paths(call, self._index)
        if paths and all(self._exclusions.cause(path) is not None for path in paths):
            return ()
        owning = self._of_folder(call.cwd, paths, languages)
        return self._widened(call, owning)

    def _widened(self, call: Call, owning: tuple[int, ...]) -> tuple[int, ...]:
        """`cargo test --workspace` means the whole workspace, from whichever member it is called."""
        if call.words[0] != "cargo" or _WHOLE.isdisjoint(call.words):
            return owning
        homes = [self._at.get((self._found[position].component.workspace_root or "", "rust"), position) for position in owning]
        return tuple(dict.fromkeys(homes))

    def of_hook(self, hook: HookUse, languages: tuple[Language, ...]) -> tuple[int, ...]:
        """The components of these languages that a hook or action applies to."""
        return self._of_folder(hook.folder, (), languages)

    def _fitting(self, languages: tuple[Language, ...], positions: Iterable[int]) -> tuple[int, ...]:
        return tuple(position for position in positions if self._found[position].component.language in languages)

    def _of_folder(self, cwd: str, paths: tuple[str, ...], languages: tuple[Language, ...]) -> tuple[int, ...]:
        owning: list[int] = []
        for family in dict.fromkeys(FAMILIES[language] for language in languages):
            key = (family, cwd, paths)
            if key not in self._answers:
                self._answers[key] = self._decide(family, cwd, paths)
            owning += self._answers[key]
        return self._fitting(languages, owning)

    def _decide(self, family: str, cwd: str, paths: tuple[str, ...]) -> tuple[int, ...]:
        """The one that all paths lie in; else that at the nearest folder at or above; else those of the paths or the outermost below."""
        homes = tuple(dict.fromkeys(self._nearest(family, path) for path in paths))
        known = tuple(home for home in homes if home is not None and inside(self._found[home].component.root, cwd))
        above = self._nearest(family, cwd)
        if known == homes and (len(homes) == 1 or (homes and above is None)):
            return known
        if above is not None:
            return (above,)
        below = [position for (root, other), position in self._at.items() if other == family and inside(root, cwd)]
        return tuple(position for position in below if self._outermost(position, family))

    def _nearest(self, family: str, path: str) -> int | None:
        return next((self._at[folder, family] for folder in ancestors(path) if (folder, family) in self._at), None)

    def _outermost(self, position: int, family: str) -> bool:
        root = self._found[position].component.root
        return not any((folder, family) in self._at for folder in ancestors(root) if folder != root)


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
