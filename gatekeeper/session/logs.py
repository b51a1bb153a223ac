"""Takes secrets out of what jobs wrote, once all have ended and before the run is shown as the latest.

The raw output lies in the run folder, and CI keeps that folder as an artifact: so it leaves the machine like a report does. Parsers have read it
by then. A job that still runs, or a run that was killed, has its output as it came, readable by its owner alone. Does not know what is secret.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from gatekeeper.errors import StoreError
from gatekeeper.execute.folders import RECORDED, earlier_folders, job_folder
from gatekeeper.model.plan import Job
from gatekeeper.model.redaction import redact
from gatekeeper.store.atomic import write_bytes
from gatekeeper.tree.plain import open_plain


def clean_logs(folder: str, jobs: Sequence[Job], secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Rewrites the recorded output of these jobs without secrets; a line for each that had to be deleted, because it could not be rewritten."""
    places = (place for job in jobs for place in (job_folder(folder, job.id), *earlier_folders(job_folder(folder, job.id))))
    lost = (_clean(os.path.join(place, name), secrets) for place in places for name in RECORDED)
    return tuple(line for line in lost if line is not None)


def _clean(path: str, secrets: tuple[str, ...]) -> str | None:
    try:
        with open_plain(path) as file:
            text = file.read().decode("utf-8", "surrogateescape")
    except OSError:
        return None
    kept = redact(text, secrets)
    if kept == text:
        return None
    try:
        write_bytes(path, kept.encode("utf-8", "surrogateescape"), mode=0o600)
    except StoreError as error:
        with suppress(OSError):
            os.unlink(path)
        return f"{path}: deleted, because the secrets in it could not be taken out ({error.message})"
    return None
