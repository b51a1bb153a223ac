"""Tasks of the repository's own as jobs: scripts named in the configuration. Knows nothing of the catalogue's commands."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import normpath

from gatekeeper.errors import UsageError
from gatekeeper.model.component import Component
from gatekeeper.model.pipeline import Batch, Task
from gatekeeper.model.plan import Job, Reason, Resources, SkippedJob
from gatekeeper.model.recovery import UNDECLARED
from gatekeeper.model.settings import CustomTask
from gatekeeper.model.tool import OutputSpec, Role, Takes
from gatekeeper.model.value import replace
from gatekeeper.plan.inputs import PlanInputs
from gatekeeper.plan.jobs import of_median
from gatekeeper.plan.scope import affected, chunks
from gatekeeper.plan.share import jobserver_of

_TIMEOUT = 600.0


def custom_jobs(inputs: PlanInputs) -> tuple[tuple[Job, ...], tuple[SkippedJob, ...]]:
    """The jobs of all configured tasks that this pipeline has a place for."""
    jobs: list[Job] = []
    skipped: list[SkippedJob] = []
    for custom in inputs.settings.tasks:
        place = _place(custom, inputs.catalog.pipeline.batches)
        if place is None:
            reason = Reason(kind="not-applicable", detail=f"the {inputs.catalog.pipeline.name} pipeline has no task for {custom.role}")
            skipped.append(SkippedJob(id=custom.id, reason=reason))
        else:
            jobs.extend(_jobs(custom, *place, inputs))
    return tuple(jobs), tuple(skipped)


def _place(custom: CustomTask, batches: Sequence[Batch]) -> tuple[Batch, Task] | None:
    """Where a script belongs: under the pipeline's analysis scripts, else where its role is; in the batch that it asks for if there is one."""
    every = [(batch, task) for batch in batches for task in batch.tasks if task.when != "fix"]
    fitting = [pair for role in (Role.ANALYSIS, Role(custom.role)) for pair in every if role in pair[1].roles]
    if not fitting:
        return None
    asked = next((batch for batch in batches if batch.id == custom.batch), None)
    batch, task = fitting[0]
    return asked or batch, task


def _jobs(custom: CustomTask, batch: Batch, task: Task, inputs: PlanInputs) -> tuple[Job, ...]:
    if inputs.scope is not None and not frozenset(inputs.scope).isdisjoint(normpath(word) for word in custom.argv):
        inputs = replace(inputs, scope=None)  # its own script changed: it may say something else of every file
    match Takes(custom.takes):
        case Takes.REPOSITORY:
            return (_job(custom, batch, task, inputs),)
        case Takes.COMPONENT:
            concerned = affected(inputs)
            return tuple(_job(custom, batch, task, inputs, component) for component in inputs.detection.components if component.id in concerned)
        case Takes.FILES:
            files = inputs.files if inputs.scope is None else inputs.scope
            parts = chunks(tuple(files)) if files else ()
            made = [_given(_job(custom, batch, task, inputs), part) for part in parts]
            return tuple(replace(job, id=f"{job.id}#{number}") for number, job in enumerate(made, 1)) if len(made) > 1 else tuple(made)


def _given(job: Job, files: tuple[str, ...]) -> Job:
    """The job, and what stands in for it, with the files that it looks at."""
    return replace(job, files=files, argv=_with_files(job.argv, files), fallback=None if job.fallback is None else _given(job.fallback, files))


def _with_files(argv: tuple[str, ...], files: tuple[str, ...]) -> tuple[str, ...]:
    """The files in place of `{files}`, or at the end."""
    names = tuple(f"./{file}" if file.startswith("-") else file for file in files)
    if "{files}" not in argv:
        return (*argv, *names)
    at = argv.index("{files}")
    return (*argv[:at], *names, *argv[at + 1:])


def _job(custom: CustomTask, batch: Batch, task: Task, inputs: PlanInputs, component: Component | None = None) -> Job:
    job_id = f"{task.id}/{custom.id}" + (f"@{component.id}" if component else "")
    before = inputs.before(job_id, 5.0)
    job = Job(
        id=job_id, task=task.id, batch=batch.id, command=f"task.{custom.id}", tool_id="task", role=Role(custom.role),
        component=component.id if component else None, argv=custom.argv, cwd=component.root if component else ".",
        timeout=_timeout(custom, job_id, inputs), blocking=custom.blocking or inputs.settings.strict, output=OutputSpec(parser=custom.parser, pattern=custom.pattern),
        needs=custom.needs, retry=custom.retry or inputs.settings.execution.retry or UNDECLARED, recovery=custom.recovery, estimated_seconds=before.seconds, failure_odds=before.failure_odds,
        resources=Resources(cpu=custom.cpu, memory_mb=before.memory_mb(100)), jobserver=jobserver_of(custom.argv, custom.cpu),
        reason=Reason(kind="configured", detail=f"tasks: {custom.id} in gatekeeper.yaml"),
    )
    other = custom.recovery.fallback
    return replace(job, fallback=replace(job, argv=other)) if other else job


def _timeout(custom: CustomTask, job_id: str, inputs: PlanInputs) -> float:
    every = inputs.settings.execution
    factor = custom.timeout_factor if custom.timeout_factor or custom.timeout else every.job_timeout_factor
    return of_median(factor, job_id, inputs) or custom.timeout or every.job_timeout or _TIMEOUT


def with_needs(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """The needs of configured tasks as job ids: a name means every job with that id, task, command or name. Raises UsageError for an unknown one."""
    return tuple(replace(job, needs=tuple(dict.fromkeys(found for name in job.needs for found in _named(name, job, jobs))))
                 if job.tool_id == "task" and job.needs else job for job in jobs)


def _named(name: str, job: Job, jobs: tuple[Job, ...]) -> tuple[str, ...]:
    found = tuple(other.id for other in jobs if other.id != job.id and name in (other.id, other.task, other.command, other.command.removeprefix("task.")))
    if not found:
        known = sorted({word for other in jobs for word in (other.id, other.task, other.command.removeprefix("task."))})
        import difflib  # lazy: only mistakes pay

        near = difflib.get_close_matches(name, known, 1)
        raise UsageError(f"task {job.command.removeprefix('task.')} needs `{name}`, and no job is called so",
                         hint=f"did you mean `{near[0]}`?" if near else "see the job ids with: gatekeeper plan")
    return found
