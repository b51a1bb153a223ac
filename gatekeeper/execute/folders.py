"""Where a job's files lie in the run directory: recorded output, report, private work folder. Knows no processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress

from gatekeeper.model.naming import safe_name
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Attempt
from gatekeeper.model.value import replace

REPORT = "{report}"
WORK = "{work}"
#: what an attempt leaves that is worth keeping
RECORDED = ("stdout.log", "stderr.log", "report")
#: bytes of a job's work folder that are worth keeping
WORK_KEPT = 50_000_000


def job_folder(folder: str, job_id: str) -> str:
    """The folder of a job below the absolute run directory `folder`; it may not exist yet."""
    return f"{folder}/jobs/{safe_name(job_id)}"


def fill(job: Job, place: str) -> tuple[tuple[str, ...], Mapping[str, str], bool]:
    """argv and environment of `job` with `{report}` and `{work}` filled in, and whether a report was asked for.

    Words that are file names of the job stay as they are, whatever they look like.
    """
    env = _environment(job)
    if not _asks(job, env, REPORT) and not _asks(job, env, WORK):
        return job.argv, env, False
    report, work = os.path.join(place, "report"), os.path.join(place, "work")
    argv = tuple(word.replace(REPORT, report).replace(WORK, work) if _holds(job, word, REPORT, WORK) else word for word in job.argv)
    filled = {name: value.replace(REPORT, report).replace(WORK, work) for name, value in env.items()}
    return argv, filled, _asks(job, env, REPORT)


def wants_work(job: Job) -> bool:
    """Whether the job was promised a private folder."""
    return _asks(job, _environment(job), WORK)


def _asks(job: Job, env: Mapping[str, str], placeholder: str) -> bool:
    for word in job.argv:
        if placeholder in word and not job.is_file(word):
            return True
    return any(placeholder in value for value in env.values())


def _holds(job: Job, word: str, *placeholders: str) -> bool:
    return any(placeholder in word for placeholder in placeholders) and not job.is_file(word)


def _environment(job: Job) -> Mapping[str, str]:
    """What the tool, and over it the job itself, sets."""
    return {**(job.tool.env if job.tool else {}), **job.env}


def prepare(job: Job, place: str, attempt: int = 1, *, report: bool = True) -> None:
    """Make the folders that a job expects for its `attempt`, counted from 1; what the attempt before it wrote moves to a folder of its own.

    Without a `report` and a work folder there is none to make: recorded output makes its own. Raises OSError.
    """
    if attempt > 1:
        _set_aside(place, attempt - 1)
    elif os.path.lexists(place):
        shutil.rmtree(place)
    if wants_work(job):
        os.makedirs(os.path.join(place, "work"), exist_ok=True)
    elif report:
        os.makedirs(place, exist_ok=True)


def attempt_folder(place: str, attempt: int) -> str:
    """Where the files of an attempt lie that was not the last one of its job."""
    return os.path.join(place, f"attempt-{attempt}")


def earlier_folders(place: str) -> tuple[str, ...]:
    """The folders of those attempts that are there, in order."""
    found: list[str] = []
    while os.path.isdir(folder := attempt_folder(place, len(found) + 1)):
        found.append(folder)
    return tuple(found)


def set_aside(attempt: Attempt, place: str, number: int) -> Attempt:
    """The attempt with the names that its files have once the next one was prepared."""
    def moved(path: str) -> str:
        return os.path.join(attempt_folder(place, number), os.path.basename(path)) if os.path.dirname(path) == place else path

    return replace(attempt, stdout=moved(attempt.stdout), stderr=moved(attempt.stderr), report=None if attempt.report is None else moved(attempt.report))


def _set_aside(place: str, number: int) -> None:
    """Keep what attempt `number` recorded; its work folder goes."""
    kept = attempt_folder(place, number)
    os.makedirs(kept, exist_ok=True)
    for name in RECORDED:
        with suppress(FileNotFoundError):
            os.replace(os.path.join(place, name), os.path.join(kept, name))
    shutil.rmtree(os.path.join(place, "work"), ignore_errors=True)


def tidy(place: str) -> None:
    """Drop the work folder when it is empty or larger than 50 MB; what cannot be deleted stays."""
    work = f"{place}/work"
    if os.path.isdir(work) and not 0 < _size(work) <= WORK_KEPT:
        shutil.rmtree(work, ignore_errors=True)


def log_of(place: str, folder: str) -> str | None:
    """The recorded stream that says something, stdout first, relative to the run directory."""
    there = [path for path in (f"{place}/stdout.log", f"{place}/stderr.log") if os.path.exists(path)]
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
