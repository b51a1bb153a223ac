"""SHA256SUMS: the digests of a run's files, in the format that `sha256sum --check` reads. Knows no file, only names and bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def digest(content: bytes) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def render_checksums(digests: Mapping[str, str]) -> bytes:
    """One line per file, sorted by name; names (relative to the run directory) are escaped as coreutils does."""
    return b"".join(_line(name, digests[name]) for name in sorted(digests))


def _line(name: str, value: str) -> bytes:
    raw = name.encode("utf-8", "surrogateescape")
    escaped = raw.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"\\" if escaped != raw else b"") + value.encode() + b"  " + escaped + b"\n"
