"""The Solidity sources that compiling a component reads: its own files and what they import, libraries too. Reads text; compiles nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from gatekeeper.model.component import Component
from gatekeeper.model.late import late
from gatekeeper.provide.foundry import profile
from gatekeeper.provide.places import Surroundings, names_in, read_text
from gatekeeper.provide.pragma import expressions, without_comments

#: below the component, but not its own sources
_FOREIGN = frozenset({"lib", "node_modules", "out", "cache", "artifacts", "dependencies", "broadcast", "typechain-types"})
#: a bound on what is read, far above any project that was seen
_MOST_FILES = 5000
_IMPORT = late(r"""^[ \t]*import\s+(?:[^"';]{0,4000}?from\s+)?["']([^"']+)["']""", re.MULTILINE)


def wanted_versions(surroundings: Surroundings, component: Component | None) -> list[str]:
    """The version expressions of everything that compiling the component reads, each once, in order of first sight."""
    folder = surroundings.folder(component)
    remappings = _remappings(folder)
    roots = [folder, *(os.path.join(parent, "node_modules") for parent in surroundings.upwards(component))]
    pending = list(own_sources(folder))[::-1]
    seen = set(pending)
    found: dict[str, None] = {}
    while pending:
        path = pending.pop()
        text = without_comments(read_text(path, 1_000_000) or "")
        found.update(dict.fromkeys(expressions(text)))
        for name in _IMPORT.findall(text):
            target = _target(path, name, remappings, roots)
            if target and target not in seen and len(seen) < _MOST_FILES and surroundings.inside(target):
                seen.add(target)
                pending.append(target)
    return list(found)


def own_sources(folder: str) -> Iterator[str]:
    """The `.sol` files of a component, without libraries and build output; at most some thousands."""
    count = 0
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _FOREIGN and not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".sol"):
                yield os.path.join(where, name)
                count += 1
                if count >= _MOST_FILES:
                    return


def _target(importer: str, name: str, remappings: Mapping[str, str], roots: list[str]) -> str | None:
    """The file that an import means, or None where it cannot be told."""
    if name.startswith("."):
        candidates = [os.path.join(os.path.dirname(importer), name)]
    else:
        prefix = max((key for key in remappings if name.startswith(key)), key=len, default=None)
        candidates = [] if prefix is None else [os.path.join(remappings[prefix], name[len(prefix):])]
        candidates += [os.path.join(root, name) for root in roots]
    return next((os.path.normpath(path) for path in candidates if os.path.isfile(path)), None)


def _remappings(folder: str) -> dict[str, str]:
    """Import prefixes and the folders they stand for: `remappings.txt`, foundry.toml, and forge's own guess for each library."""
    found: dict[str, str] = {}
    libraries = os.path.join(folder, "lib")
    for name in sorted(names_in(libraries)):
        guesses = [os.path.join(libraries, name, inner) for inner in ("src", "contracts", "")]
        found[f"{name}/"] = next(path for path in guesses if os.path.isdir(path) or path.endswith("/"))
    listed = profile(folder).get("remappings")
    lines = [*(read_text(os.path.join(folder, "remappings.txt"), 1_000_000) or "").splitlines(), *(listed if isinstance(listed, list) else [])]
    for line in lines:
        prefix, equals, target = str(line).rpartition(":")[2].partition("=") if "=" in str(line) else ("", "", "")
        if equals and prefix.strip():
            found[prefix.strip()] = os.path.join(folder, target.strip())
    return found
