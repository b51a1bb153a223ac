"""Keeps validated documents compiled, by content: a document that did not change costs neither yaml nor jsonschema.

Knows no schema and no settings. Whatever goes wrong here, the document is simply read and validated again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping

from gatekeeper import __version__
from gatekeeper.config.document import Document

_MOST_KEPT = 200


def cache_folder(environment: Mapping[str, str]) -> str | None:
    """The user's cache directory for Gatekeeper, absolute; None without HOME and XDG_CACHE_HOME."""
    base = environment.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return os.path.join(base, "gatekeeper")
    home = environment.get("HOME", "")
    return os.path.join(home, ".cache", "gatekeeper") if os.path.isabs(home) else None


def key_of(data: bytes, schema: Mapping[str, object]) -> str:
    """The name of a document's compiled form: it depends on the content, the schema and our version, and on nothing else."""
    digest = hashlib.blake2b(digest_size=20)
    for part in (__version__.encode(), json.dumps(schema, sort_keys=True).encode(), data):
        digest.update(hashlib.blake2b(part).digest())
    return digest.hexdigest()


def recall(folder: str | None, key: str, name: str) -> Document | None:
    """The document that was kept under `key`, or None."""
    if folder is None:
        return None
    try:
        with open(_path(folder, key), encoding="utf-8") as file:
            kept = json.load(file)
    except (OSError, ValueError):
        return None
    match kept:
        case {"value": dict(value), "lines": dict(lines)} if all(isinstance(line, int) for line in lines.values()):
            return Document(name=name, value=value, lines=lines)
        case _:
            return None


def keep(folder: str | None, key: str, document: Document) -> None:
    """Keeps a valid document, complete or not at all; a failure to do so only costs time later."""
    if folder is None:
        return
    path = _path(folder, key)
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(temporary, "x", encoding="utf-8") as file:
            json.dump({"value": document.value, "lines": document.lines}, file)
        os.replace(temporary, path)
        _thin_out(os.path.dirname(path))
    except (OSError, ValueError):
        _forget(temporary)


def _thin_out(folder: str) -> None:
    """Deletes the older half once there are many: nobody asks for the documents of last year."""
    with os.scandir(folder) as entries:
        by_age = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
    if len(by_age) > _MOST_KEPT:
        for _age, path in by_age[:len(by_age) // 2]:
            _forget(path)


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def _path(folder: str, key: str) -> str:
    return os.path.join(folder, "config", f"{key}.json")
