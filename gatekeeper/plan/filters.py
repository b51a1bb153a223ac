"""The filters of the command line: case-insensitive globs on job ids, tasks and batches."""

from __future__ import annotations

from fnmatch import fnmatchcase

from gatekeeper.errors import UsageError
from gatekeeper.model.plan import Job, Reason, SkippedJob
from gatekeeper.model.settings import Settings


def filtered(jobs: tuple[Job, ...], settings: Settings, batches: tuple[str, ...]) -> tuple[tuple[Job, ...], tuple[SkippedJob, ...]]:
    """The jobs that the filters leave, and the others with their reason. Raises UsageError for a filter that matches nothing."""
    for option, patterns in (("--only", settings.only), ("--skip", settings.skip)):
        for pattern in patterns:
            if pattern not in settings.lenient:
                _check(option, pattern, jobs)
    for pattern in settings.batches:
        _check_batch(pattern, batches)
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
    if settings.batches and not any(fnmatchcase(job.batch.lower(), pattern.lower()) for pattern in settings.batches):
        return f"not in batch {', '.join(settings.batches)}"
    if settings.only and not any(matches(job, pattern) for pattern in settings.only):
        return f"not matched by --only {' '.join(settings.only)}"
    hit = next((pattern for pattern in settings.skip if matches(job, pattern)), None)
    return f"skipped by {settings.origins.get('skip', '--skip')} {hit}" if hit else None


def matches(job: Job, pattern: str) -> bool:
    """Whether a glob names the job: by id, task, batch, command, tool or component."""
    names = (job.id, job.id.partition("/")[2], job.task, job.batch, job.command, job.tool_id, job.component or "")
    return any(fnmatchcase(name.lower(), pattern.lower()) for name in names)


def _check_batch(pattern: str, batches: tuple[str, ...]) -> None:
    if not any(fnmatchcase(batch.lower(), pattern.lower()) for batch in batches):
        import difflib  # lazy: only mistakes pay

        near = difflib.get_close_matches(pattern.lower(), batches, 1, cutoff=0.4)
        raise UsageError(f"--batch {pattern} matches no batch", hint=f"did you mean `{near[0]}`?" if near else f"one of: {', '.join(batches)}")


def _check(option: str, pattern: str, jobs: tuple[Job, ...]) -> None:
    if any(matches(job, pattern) for job in jobs):
        return
    words = sorted({word for job in jobs for word in (job.id, job.task, job.command, job.tool_id, job.batch)})
    import difflib  # lazy: only mistakes pay

    near = difflib.get_close_matches(pattern.strip("*"), words, 1, cutoff=0.4)
    raise UsageError(f"{option} {pattern} matches no job", hint=f"did you mean `{near[0]}`?" if near else "see the job ids with: gatekeeper plan")
