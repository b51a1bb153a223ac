"""Programs that configuration speaks of: plugins, syntaxes, shared configurations that are code. They may read more than the one file that is checked.

Follows what one configuration file takes from another. Does not know keys, nor what a program does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gatekeeper.model.late import late
from gatekeeper.plan.key import section
from gatekeeper.session.mentions import Mentions
from gatekeeper.session.reading import content

#: tools whose plugins and configuration programs may read more than the one file that they check
WITH_PLUGINS = frozenset({"prettier", "stylelint", "flake8"})
#: of these, those that take plugins from whatever is installed, without being told
LOADS_WHAT_IS_INSTALLED = frozenset({"flake8"})
#: a name that leads from the folder of the configuration
_RELATIVE = late(r"""["'\s=](\.\.?/[\w@./-]+)""")
#: endings of data; any other name may be that of a module
_DATA = (".json", ".jsonc", ".json5", ".yaml", ".yml", ".toml", ".cfg", ".ini")

Keys = Mapping[str, Sequence[str]]


def names_programs(root: str, paths: Iterable[str], mentions: Mentions, keys: Keys) -> bool:
    """Whether one of these configuration files (relative to `root`), or of those that they extend, speaks of programs."""
    return any(mentions.of(path, keys).code or _names_modules(root, path, keys) for path in _reached(paths, mentions, keys))


def programs_outside(paths: Iterable[str], mentions: Mentions, keys: Keys) -> Iterator[str]:
    """The programs that these files, or those that they extend, speak of and that lie outside of the tree."""
    return (name for path in _reached(paths, mentions, keys) for name in mentions.of(path, keys).code if os.path.isabs(name))


def above(root: str, names: Sequence[str]) -> Iterator[str]:
    """Where files of these names may lie in the folders above `root`."""
    folder = root
    while (parent := os.path.dirname(folder)) != folder:
        folder = parent
        yield from (os.path.join(folder, name) for name in names)


def _reached(paths: Iterable[str], mentions: Mentions, keys: Keys) -> Iterator[str]:
    """The files, and all that they take from others."""
    pending = list(paths)
    seen = set(pending)
    while pending:
        path = pending.pop()
        yield path
        more = [name for name in mentions.of(path, keys).files if name not in seen]
        seen.update(more)
        pending += more


def _names_modules(root: str, path: str, keys: Keys) -> bool:
    if path.endswith(("ignore", ".editorconfig")):
        return False
    full = os.path.join(root, path)
    text = section(os.path.basename(path), content(full).decode("utf-8", "replace"), keys.get(os.path.basename(path), ())) if os.path.isfile(full) else ""
    return "plugins" in text or any(not name.endswith(_DATA) for name in _RELATIVE.findall(text))
