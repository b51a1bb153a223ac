"""Where else it is written what git ignores, beside the tree: in the repository's own folder, in the folders above the tree, and by the user.

Checkers that walk a folder by themselves heed these too. Does not know what the patterns mean.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from gatekeeper.tree.plain import open_plain
from gatekeeper.tree.refs import common_folder, git_folder

_NAMES = (".gitignore", ".ignore")
#: as git writes it, and as checkers look for it
_SAID = re.compile(rb"""(?mi)^[ \t]*excludesfile[ \t]*=[ \t]*"?([^"\r\n]+?)"?[ \t\r]*$""")


def exclude_files(root: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Their paths (absolute), whether there is something or not."""
    return tuple(dict.fromkeys((*_of_repository(root), *_of_user(environment))))


def _of_repository(root: str) -> Iterator[str]:
    folder = root
    while (parent := os.path.dirname(folder)) != folder:
        folder = parent
        yield from (os.path.join(folder, name) for name in _NAMES)
    try:
        own = git_folder(os.path.realpath(root))
        if own is not None:
            yield os.path.join(common_folder(own), "info", "exclude")
    except OSError:
        return


def _of_user(environment: Mapping[str, str]) -> Iterator[str]:
    home = environment.get("HOME", "")
    settings = environment.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    if os.path.isabs(settings):
        yield os.path.join(settings, "git", "ignore")
    for place in (os.path.join(home, ".gitconfig"), os.path.join(settings, "git", "config"), environment.get("GIT_CONFIG_GLOBAL", "")):
        if os.path.isabs(place):
            yield from (path for path in _said(place, home) if os.path.isabs(path))


def _said(place: str, home: str) -> Iterator[str]:
    try:
        with open_plain(place, follow=True) as file:
            text = file.read(1_000_000)
    except OSError:
        return
    for match in _SAID.finditer(text):
        name = os.fsdecode(match[1])
        yield f"{home}{name[1:]}" if name.startswith("~/") else name
