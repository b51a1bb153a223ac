"""Every file of a repository that checks may read, also those that git ignores: what is built or generated is imported like what is written.

Left out of what is ignored: installed packages (they are told by their records), caches, reports, and whatever is no code and no configuration.
And what we are ourselves, because results are read by our code. Does not know which check reads what.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

import gatekeeper
from gatekeeper.plan.key import digest_of
from gatekeeper.session.look import Sight
from gatekeeper.tree.files import WALK_SKIPS, Tree, read_tree
from gatekeeper.tree.git import split_names

#: most files below ignored or foreign folders that are looked at
MOST = 20_000
_CODE = (".py", ".pyi", ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".json5", ".toml", ".yaml", ".yml", ".cfg", ".ini", ".rs", ".sol", ".so",
         ".vue", ".svelte", ".css", ".scss", ".env", ".txt", ".proto", ".graphql", ".gql", ".lock", "rc",
         ".jsonc", ".grit", ".less", ".sass", ".astro", ".node", ".wasm", ".ipynb", ".typed")
#: what is written by checks, and read by none
_OUTPUTS = frozenset({"coverage", "htmlcov", ".nyc_output", "test-results", "playwright-report", ".turbo", ".nx", ".moon", ".task", ".wireit", ".cache", ".parcel-cache", ".vite", ".next", ".nuxt",
                      ".svelte-kit", ".idea", ".vscode", ".hypothesis", ".import_linter_cache", "__pypackages__", ".slither", "forge-cache"})
#: what else tools leave out when nobody tells them to
_LEFT_OUT = frozenset({"build", "dist", "_build", "buck-out", ".bzr", ".direnv", ".pants.d", ".ipynb_checkpoints", ".pyenv", "site-packages", "cvs", "env", ".env", "vendor",
                       "bower_components", "jspm_packages", "out", "lib", "tests", "test", "fixtures", "docs", "examples", "__snapshots__"})


class TooManyError(Exception):
    """More files than can be looked at; `args[0]` names the folder."""


def whole_tree(sight: Sight, *, again: bool = False) -> Tree:
    """The tree with what the configuration excludes, because tools see that too; `again`: as it is now."""
    return read_tree(sight.tree.root, sight.runner, sight.environment) if again or sight.settings.exclude else sight.tree


def every_input(sight: Sight, tree: Tree) -> tuple[str, ...]:
    """The files, relative to the root, sorted. Raises TooManyError."""
    more: list[str] = []
    for folder in (*tree.submodules, *tree.nested):
        more += _below(tree.root, folder, len(more), everything=True)
    if tree.git:
        answer = sight.git.ask("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
        for name in split_names(answer or b""):
            if any(map(is_noise, name.rstrip("/").split("/"))):
                continue
            more += _below(tree.root, name.rstrip("/"), len(more)) if name.endswith("/") else [name] if _is_read(tree.root, name) else []
    return tuple(sorted({*tree.files, *more}))


def by_name(files: Iterable[str]) -> dict[str, list[str]]:
    """Files by the last part of their names."""
    found: dict[str, list[str]] = {}
    for file in files:
        found.setdefault(os.path.basename(file), []).append(file)
    return found


def is_noise(name: str) -> bool:
    """Whether a folder of this name holds, of what is ignored, nothing that a check reads."""
    return name in WALK_SKIPS or name in _OUTPUTS or name.endswith((".egg-info", "_cache"))


def _is_read(root: str, name: str) -> bool:
    """Whether something that is ignored, and no folder itself, may be read: code, or a link to a folder that holds it."""
    return _is_code(name) or (os.path.islink(full := os.path.join(root, name)) and os.path.isdir(full) and not _is_fixed(full))


def _is_fixed(full: str) -> bool:
    """Whether a link leads to a folder that is no input: an environment, what Bazel shows of its builds, or a store that nobody changes."""
    return (os.path.exists(os.path.join(full, "pyvenv.cfg")) or os.path.basename(full).startswith("bazel-") or os.path.realpath(full).startswith("/nix/store/"))


def _is_code(name: str) -> bool:
    return name.endswith(_CODE) or os.path.basename(name).startswith(".env")


def _below(root: str, folder: str, already: int, *, everything: bool = False) -> Iterator[str]:
    """The files below an ignored or foreign folder that may be read as code."""
    if os.path.exists(os.path.join(root, folder, "pyvenv.cfg")):
        return
    for place, folders, names in os.walk(os.path.join(root, folder)):
        folders[:] = sorted(name for name in folders if not is_noise(name))
        for name in sorted((*names, *(name for name in folders if os.path.islink(os.path.join(place, name))))):
            path = os.path.relpath(os.path.join(place, name), root)
            if everything or _is_code(path) or (name in folders and not _is_fixed(os.path.join(place, name))):
                already += 1
                if already > MOST:
                    raise TooManyError(folder)
                yield path


def left_out(root: str) -> tuple[tuple[str, str], ...]:
    """The folders around the tree, and its own, that tools leave out by their names, wherever they look for them; nothing for most trees."""
    found = [part for part in root.split("/") if part.lower() in _LEFT_OUT or is_noise(part)]
    return (("names of folders around the tree", digest_of(found)),) if found else ()


def ourselves() -> str:
    """What decides how we read outputs, as it lies on disk: also where a checkout is changed that has no new version."""
    folder = os.path.dirname(gatekeeper.__file__)
    with os.scandir(folder) as entries:
        rooms = sorted(entry.path for entry in entries if entry.is_dir() and not entry.name.startswith("__"))
    words: list[str] = []
    for room in rooms:
        with os.scandir(room) as entries:
            words += sorted(f"{entry.name} {found.st_size} {found.st_mtime_ns}" for entry in entries if entry.name.endswith(".py") and (found := entry.stat()))
    return digest_of(words)


def beside_us() -> str:
    """The interpreter and the packages that our own jobs run with, by name and version."""
    names = [name for folder in sys.path if folder.endswith(("site-packages", "dist-packages")) and os.path.isdir(folder) for name in os.listdir(folder)]
    return digest_of((sys.version, *sorted(name for name in names if name.endswith((".dist-info", ".egg-info")))))
