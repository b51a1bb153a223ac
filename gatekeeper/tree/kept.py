"""Keeps values in files of the user's cache: written whole or not at all, read only when they are whole and of the classes that are expected.

Whatever goes wrong costs time and nothing else. Does not know what the values are for, nor where the cache is.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from collections.abc import Callable, Collection, Mapping
from typing import Any

from gatekeeper import __version__

_SUM = 16
#: another number forgets all that was remembered: to be changed with what works through texts
_FORM = 1
_MOST_KEPT = 100
_PLAIN = frozenset({str, int, float, bool, type(None)})


def keep(path: str, value: object) -> None:
    """Keeps a value; a cache that cannot be written is only slower."""
    import tempfile  # lazy: only what is kept anew pays

    data = pickle.dumps(value, 5)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), delete=False) as file:
            file.write(_sum(data) + data)
        os.replace(file.name, path)
    except OSError:
        return


def kept(path: str, modules: Collection[str] = ()) -> object:
    """The value that was kept, None for whatever is not whole or holds anything but plain data and classes of these modules."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        return _Values(io.BytesIO(data[_SUM:]), modules).load() if data[:_SUM] == _sum(data[_SUM:]) else None
    except (OSError, EOFError, ValueError, TypeError, AttributeError, LookupError, pickle.UnpicklingError):
        return None


def _sum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_SUM).digest()


class _Values(pickle.Unpickler):
    """Builds nothing but values: a pickle could name anything that Python can call."""

    def __init__(self, file: io.BytesIO, modules: Collection[str]) -> None:
        super().__init__(file)
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        """The class of that name if it is one of those that are expected."""
        if module in self._modules and name.isidentifier():
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no value that is kept")


class Remembered:
    """What was worked out of texts, by their content: the same text is not worked through twice, not even by two runs.

    One file for all texts of one tree; `folder` None keeps nothing. What is handed out is shared: nobody may change it.
    """

    def __init__(self, folder: str | None, tree: str) -> None:
        name = hashlib.blake2b(f"{__version__} {_FORM} ".encode() + os.fsencode(tree), digest_size=16).hexdigest()
        self._path = None if folder is None else os.path.join(folder, name)
        self._before: Mapping[str, object] | None = None
        self._now: dict[str, object] = {}
        self._is_new = False

    def of(self, text: str, work: Callable[[str], object]) -> object:
        """What `work` makes of a text, or made of it before. What it raises is raised each time."""
        key = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=20).hexdigest()
        if self._before is None:
            found = kept(self._path) if self._path is not None else None
            self._before = found if isinstance(found, dict) else {}
        if key in self._before:
            self._now[key] = self._before[key]
        elif key not in self._now:
            self._now[key] = work(text)
            self._is_new = True
        return self._now[key]

    def close(self) -> None:
        """Keeps what was asked for this time, if any of it was new."""
        if self._is_new and self._path is not None:
            keep(self._path, {key: value for key, value in self._now.items() if _is_plain(value)})
            _thin_out(os.path.dirname(self._path))


def _is_plain(value: object) -> bool:
    try:
        if isinstance(value, dict):
            return all(type(key) in _PLAIN and _is_plain(item) for key, item in value.items())
        return all(map(_is_plain, value)) if isinstance(value, list) else type(value) in _PLAIN
    except RecursionError:  # a YAML alias may hold itself
        return False


def _thin_out(folder: str) -> None:
    """Deletes the older half once there are many."""
    try:
        with os.scandir(folder) as entries:
            by_age = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
        for _age, path in by_age[:len(by_age) // 2] if len(by_age) > _MOST_KEPT else ():
            os.unlink(path)
    except OSError:
        return
