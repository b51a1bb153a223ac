"""The filters of the command line: case-insensitive globs on job ids, tasks and batches."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase

from gatekeeper.errors import UsageError
from gatekeeper.model.plan import Job, Reason, SkippedJob
from gatekeeper.model.settings import Settings


def filtered(jobs: tuple[Job, ...], settings: Settings) -> tuple[tuple[Job, ...], tuple[SkippedJob, ...]]:
    """The jobs that the filters leave, and the others with their reason. Raises UsageError for a filter that matches nothing."""
    for option, patterns in (("--only", settings.only), ("--skip", settings.skip)):
        for pattern in patterns:
            _check(option, pattern, jobs)
    kept: list[Job] = []
    skipped: list[SkippedJob] = []
    for job in jobs:
        reason = _reason(job, settings)
        if reason is None:
            kept.append(job)
        else:
            skipped.append(SkippedJob(id=job.id, reason=Reason(kind="filtered", detail=reason)))
    return tuple(kept), tuple(skipped)


def _reason(job: Job, settings: Settings) -> str | None:
    if settings.batches and not any(fnmatchcase(job.batch, pattern.lower()) for pattern in settings.batches):
        return f"not in batch {', '.join(settings.batches)}"
    if settings.only and not any(matches(job, pattern) for pattern in settings.only):
        return f"not matched by --only {' '.join(settings.only)}"
    hit = next((pattern for pattern in settings.skip if matches(job, pattern)), None)
    return f"skipped by {settings.origins.get('skip', '--skip')} {hit}" if hit else None


def matches(job: Job, pattern: str) -> bool:
    """Whether a glob names the job: by id, task, batch, command, tool or component."""
    names = (job.id, job.id.partition("/")[2], job.task, job.batch, job.command, job.tool_id, job.component or "")
    return any(fnmatchcase(name.lower(), pattern.lower()) for name in names)


def _check(option: str, pattern: str, jobs: tuple[Job, ...]) -> None:
    if any(matches(job, pattern) for job in jobs):
        return
    words = sorted({word for job in jobs for word in (job.id, job.task, job.command, job.tool_id, job.batch)})
    near = difflib.get_close_matches(pattern.strip("*"), words, 1, cutoff=0.4)
    raise UsageError(f"{option} {pattern} matches no job", hint=f"did you mean `{near[0]}`?" if near else "see the job ids with: gatekeeper plan")
