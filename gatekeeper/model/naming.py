"""Names of files that stand for ids. Does not know where such files lie, nor what an id means."""

from __future__ import annotations

import hashlib

from gatekeeper.model.late import late

#: most file systems allow 255 bytes; some are left for a digest and a suffix such as `.log`
_LONGEST = 120
_ODD = late(r"[^A-Za-z0-9._@+-]")


def safe_name(job_id: str) -> str:
    """A file name for a job id: `B2/ruff.lint@api` is `B2-ruff.lint@api`. Different ids give different names.

    Where readability alone would lose the difference (other characters, a dash in the task, more than 120 characters) the
    name ends in a digest of the id.
    """
    task, slash, rest = job_id.partition("/")
    plain = f"{task}-{rest}" if slash else task
    name = _ODD.sub("-", plain)
    if name == plain and len(name) <= _LONGEST and "-" not in task and not name.startswith(".") and name:
        return name
    digest = hashlib.blake2b(job_id.encode("utf-8", "surrogateescape"), digest_size=5).hexdigest()
    return f"{name[:_LONGEST].lstrip('.')}-{digest}"
