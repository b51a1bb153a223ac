"""Where a job's files lie in the run directory: recorded output, report, private work folder. Knows no processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress

from gatekeeper.model.naming import safe_name
from gatekeeper.model.plan import Job

REPORT = "{report}"
WORK = "{work}"
#: bytes of a job's work folder that are worth keeping
WORK_KEPT = 50_000_000


def job_folder(folder: str, job_id: str) -> str:
    """The folder of a job below the absolute run directory `folder`; it may not exist yet."""
    return os.path.join(folder, "jobs", safe_name(job_id))


def fill(job: Job, place: str) -> tuple[tuple[str, ...], Mapping[str, str], bool]:
    """argv and environment of `job` with `{report}` and `{work}` filled in, and whether a report was asked for.

    Words that are file names of the job stay as they are, whatever they look like.
    """
    report, work = os.path.join(place, "report"), os.path.join(place, "work")
    argv = tuple(word.replace(REPORT, report).replace(WORK, work) if _holds(job, word, REPORT, WORK) else word for word in job.argv)
    env = _environment(job)
    filled = {name: value.replace(REPORT, report).replace(WORK, work) for name, value in env.items()}
    asked = any(_holds(job, word, REPORT) for word in job.argv) or any(REPORT in value for value in env.values())
    return argv, filled, asked


def wants_work(job: Job) -> bool:
    """Whether the job was promised a private folder."""
    return any(_holds(job, word, WORK) for word in job.argv) or any(WORK in value for value in _environment(job).values())


def _holds(job: Job, word: str, *placeholders: str) -> bool:
    return any(placeholder in word for placeholder in placeholders) and not job.is_file(word)


def _environment(job: Job) -> Mapping[str, str]:
    """What the tool, and over it the job itself, sets."""
    return {**(job.tool.env if job.tool else {}), **job.env}


def prepare(job: Job, place: str) -> None:
    """Make the folders of a job, without what an earlier attempt left; raises OSError."""
    with suppress(FileNotFoundError):
        shutil.rmtree(place)
    os.makedirs(os.path.join(place, "work") if wants_work(job) else place)


def tidy(place: str) -> None:
    """Drop the work folder when it is empty or larger than 50 MB; what cannot be deleted stays."""
    work = os.path.join(place, "work")
    if not 0 < _size(work) <= WORK_KEPT:
        shutil.rmtree(work, ignore_errors=True)


def log_of(place: str, folder: str) -> str | None:
    """The recorded stream that says something, stdout first, relative to the run directory."""
    paths = [os.path.join(place, name) for name in ("stdout.log", "stderr.log")]
    there = [path for path in paths if os.path.exists(path)]
    telling = [path for path in there if os.path.getsize(path)] or there
    return os.path.relpath(telling[0], folder) if telling else None


def _size(folder: str) -> int:
    """Bytes of all files below `folder`; a file of no bytes counts as one, so that 0 means: no files."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += max(1, os.lstat(os.path.join(parent, name)).st_size)
    return total
