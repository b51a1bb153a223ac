"""Names of files that stand for ids. Does not know where such files lie, nor what an id means."""

from __future__ import annotations

import hashlib
import string

_KEPT = frozenset(string.ascii_letters + string.digits + "._-@")
#: most file systems allow 255 bytes; some are left for a suffix such as `.log`
_LONGEST = 200


def safe_name(job_id: str) -> str:
    """A file name for `job_id`: letters, digits and `._-@` stay, every other byte is `%XX`; different ids give different names.

    `.` and `..` are escaped as well, and a name above 200 characters is cut and ends in a digest of the whole id.
    """
    name = "".join(char if char in _KEPT else _escaped(char) for char in job_id)
    if not name.strip("."):
        name = "%2E" * len(name) or "%"
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return f"{name[:_LONGEST - len(digest) - 1]}~{digest}"


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))
