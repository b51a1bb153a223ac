"""Opens files that somebody else made: only plain ones, and without waiting. A pipe could block for ever, a device never ends, a link leads anywhere.

Does not know what the files hold, nor which of them belong to a tree.
"""

from __future__ import annotations

import errno
import os
import stat
from functools import partial
from io import BufferedReader


def open_plain(path: str, *, follow: bool = False) -> BufferedReader:
    """The plain file at `path` for reading; with `follow` a link to one will do. Raises OSError, also for whatever is no plain file."""
    return open(path, "rb", opener=partial(_open, links=0 if follow else os.O_NOFOLLOW))


def _open(path: str, flags: int, *, links: int) -> int:
    descriptor = os.open(path, flags | links | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is no plain file", path)
    return descriptor
