"""Files that are either whole or not there: written beside their place, synced, then renamed. Does not know what they hold."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import BinaryIO

from gatekeeper.errors import StoreError

#: names of unfinished files start so; whoever finds one that nobody writes may delete it
UNFINISHED = ".unfinished-"


@contextlib.contextmanager
def naming(path: str, doing: str) -> Iterator[None]:
    """Turns an OSError of the block into a StoreError that names the path: `PATH: cannot be DOING: reason`."""
    try:
        yield
    except OSError as error:
        named = os.fsdecode(error.filename) if error.filename else path
        place = path if os.path.basename(named).startswith(UNFINISHED) else named
        raise StoreError(f"{place}: cannot be {doing}: {error.strerror or error}", hint=_hint(error)) from error


def _hint(error: OSError) -> str | None:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "free some space on that disk, or delete old runs below .gatekeeper/runs"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "check the permissions of that folder"
        case _:
            return None


@contextlib.contextmanager
def replacing(path: str, mode: int | None = None, *, last: bool = True) -> Iterator[BinaryIO]:
    """A file to write to that becomes `path` when the block ends well, and disappears when it does not. Raises OSError.

    It has exactly the `mode`; without one, what the umask of the user leaves of 0644. Where it is not the `last` of several in one folder, its name is made to last together with that one's.
    """
    folder = os.path.dirname(path) or "."
    unfinished = os.path.join(folder, f"{UNFINISHED}{os.urandom(8).hex()}")
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644 if mode is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise
    if last:
        sync_folder(folder)


def write_bytes(path: str, data: bytes, mode: int | None = None, *, last: bool = True) -> None:
    """Writes a whole file at once (`mode`, `last`: see `replacing`). Raises StoreError; then the old content of `path` is untouched."""
    with naming(path, "written"), replacing(path, mode, last=last) as file:
        file.write(data)


def sync_folder(folder: str) -> None:
    """Makes the names in a folder last through a power cut, where the file system can do so."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
