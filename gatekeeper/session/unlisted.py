"""Finds plain files below a folder by a glob, ignored ones too: artifacts and reports are what git does not list.

Never leaves the folder and follows no links; `**` means any folders. Does not know what the files are.
"""

from __future__ import annotations

import glob
import os

_MOST = 10_000


def globbed(root: str, pattern: str) -> tuple[str, ...]:
    """Names of the plain files that a pattern matches, relative to `root`, sorted; a folder stands for nothing. At most 10,000."""
    if os.path.isabs(pattern) or ".." in pattern.split("/"):
        return ()
    found = []
    for name in glob.iglob(pattern, root_dir=root, recursive=True, include_hidden=False):
        if _is_plain(root, name):
            found.append(name)
        if len(found) >= _MOST:
            break
    return tuple(sorted(found))


def _is_plain(root: str, name: str) -> bool:
    full = os.path.join(root, name)
    folder = os.path.realpath(os.path.dirname(full))
    base = os.path.realpath(root)
    return os.path.isfile(full) and not os.path.islink(full) and (folder == base or folder.startswith(base.rstrip("/") + "/"))
