"""The result cache on disk: entries by key, in the user's cache folder, shared by all runs of a user.

    <cache>/gatekeeper/results/1/<two digits>/<key>     one entry: magic, checksum of the rest, marshalled plain data

An entry is whole or not there: written beside its place and renamed, and its checksum is looked at before anything else. What is torn, damaged,
made by somebody else or by a version to come is a miss. Nothing here ever fails a run: what cannot be written is told once. Does not know what
entries mean, nor what keys are made of.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import stat
import time
from collections.abc import Iterator
from typing import Any

from gatekeeper.model.value import dataclass

#: the folder of this layout; another layout takes another
SCHEMA = 1
_MAGIC = b"gatekeeper-cache-1\n"
_SUM = 16
#: entries larger than this are not kept
LARGEST = 32 * 1024 * 1024
#: entries are said to be used when they were last said to be so this long ago (seconds)
_USED = 12 * 3600.0
#: what is kept without being asked for: 30 days, 1 GB
KEPT_SECONDS = 30 * 86400.0
KEPT_BYTES = 1_000_000_000
_TIDIED = 86400.0
_UNFINISHED = ".unfinished-"

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How many entries there are, and their bytes."""

    entries: int = 0
    size: int = 0


class ResultStore:
    """The entries below one folder (absolute; None: there is none, and nothing is kept). `notices` holds at most one line for people."""

    def __init__(self, folder: str | None) -> None:
        self._base = folder
        self._folder = None if folder is None else os.path.join(folder, "results", str(SCHEMA))
        self.notices: list[str] = []
        why = _distrust(self._folder) if self._folder is not None else ""
        self._trusted = why is None
        if why:
            self._tell(f"no result is kept or taken from the cache: {self._folder}: {why}")

    @property
    def folder(self) -> str | None:
        """Where entries are; None where nothing is kept."""
        return self._folder if self._trusted else None

    def get(self, key: str) -> Entry | None:
        """The entry under `key`, or None; whatever is wrong with it, it is as if it were not there."""
        if not self._trusted:
            return None
        path = self._path(key)
        found = read_packed(path)
        if not isinstance(found, dict) or found.get("key") != key:
            return None
        with contextlib.suppress(OSError):
            if time.time() - os.stat(path).st_mtime > _USED:
                os.utime(path)
        return found

    def put(self, key: str, entry: Entry) -> None:
        """Keeps an entry under `key`, in place of what was there."""
        if not self._trusted:
            return
        path = self._path(key)
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            write_packed(path, {**entry, "key": key})
        except (OSError, ValueError) as error:
            self._tell(f"results cannot be kept for the next run: {getattr(error, 'strerror', None) or error}")

    def drop(self, key: str) -> None:
        """Removes an entry, if it is there."""
        if self._trusted:
            with contextlib.suppress(OSError):
                os.unlink(self._path(key))

    def tidy(self) -> None:
        """Prunes, once a day."""
        if self._base is None or not self._trusted:
            return
        marker = os.path.join(self._folder or "", "pruned")
        with contextlib.suppress(OSError):
            if not os.path.exists(marker) or time.time() - os.stat(marker).st_mtime > _TIDIED:
                prune(self._base)
                write_packed(marker, 0)

    def _path(self, key: str) -> str:
        return os.path.join(self._folder or "", key[:2], key)

    def _tell(self, text: str) -> None:
        if not self.notices:
            self.notices.append(text)


def read_packed(path: str) -> object:
    """The plain data in a file that `write_packed` wrote; None for anything else. Only what its checksum vouches for is unpacked, and only of ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid() or found.st_size > 2 * LARGEST:
                return None
            data = file.read()
    except OSError:
        return None
    start = len(_MAGIC) + _SUM
    if not data.startswith(_MAGIC) or hashlib.blake2b(memoryview(data)[start:], digest_size=_SUM).digest() != data[len(_MAGIC):start]:
        return None
    try:
        value: object = marshal.loads(memoryview(data)[start:])  # noqa: S302 - its checksum and owner were looked at
    except (EOFError, ValueError, TypeError):
        return None
    return value


def write_packed(path: str, value: Any) -> None:
    """Writes plain data so that a reader sees all of it or nothing. Raises OSError, and ValueError for what is no plain data or too much."""
    # version 4, which every Python that runs us reads
    payload = marshal.dumps(value, 4)
    if len(payload) > LARGEST:
        raise ValueError(f"{len(payload)} bytes are too many")
    unfinished = os.path.join(os.path.dirname(path), f"{_UNFINISHED}{os.getpid()}-{os.urandom(4).hex()}")
    try:
        with open(unfinished, "xb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)) as file:
            file.write(_MAGIC + hashlib.blake2b(payload, digest_size=_SUM).digest())
            file.write(payload)
        os.replace(unfinished, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def usage(folder: str) -> Usage:
    """What the cache below Gatekeeper's cache folder holds."""
    sizes = [size for _path, size, _used in _entries(folder)]
    return Usage(entries=len(sizes), size=sum(sizes))


def prune(folder: str, *, older: float = KEPT_SECONDS, most: int = KEPT_BYTES, now: float | None = None) -> Usage:
    """Removes what was not used for `older` seconds, then the longest unused until at most `most` bytes are left; says what went."""
    moment = time.time() if now is None else now
    total = count = size = 0
    for path, bytes_, used in sorted(_entries(folder), key=lambda entry: -entry[2]):
        if total + bytes_ <= most and moment - used <= older:
            total += bytes_
            continue
        with contextlib.suppress(OSError):
            os.unlink(path)
            count, size = count + 1, size + bytes_
    return Usage(entries=count, size=size)


def clear(folder: str) -> Usage:
    """Removes every entry; says what went."""
    return prune(folder, most=-1)


def _entries(folder: str) -> Iterator[tuple[str, int, float]]:
    """Path, bytes and last use of all files of all layouts, unfinished ones too."""
    for place, _folders, names in os.walk(os.path.join(folder, "results")):
        for name in names:
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):
                found = os.lstat(path)
                yield path, found.st_size, found.st_mtime


def _distrust(folder: str) -> str | None:
    """Why the folder cannot be used, None where it is ours and nobody else writes into it. Makes it where it is missing."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        found = os.lstat(folder)
    except OSError as error:
        return error.strerror or str(error)
    return None if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022 else "others can write there"
