"""Makes the plan: select, expand, filter, order, weigh. Pure: the same inputs give the same plan."""

from __future__ import annotations

from collections.abc import Callable

from gatekeeper.model.pipeline import Task
from gatekeeper.model.plan import Job, Plan, PlannedBatch, Reason, SkippedJob
from gatekeeper.model.tool import Effect, Takes
from gatekeeper.model.value import replace
from gatekeeper.plan.custom import custom_jobs, with_needs
from gatekeeper.plan.filters import filtered
from gatekeeper.plan.inputs import PlanInputs
from gatekeeper.plan.jobs import jobs_for
from gatekeeper.plan.order import critical_path, estimate, groups, ordered
from gatekeeper.plan.reach import Holdings, Reach
from gatekeeper.plan.scope import affected, applies
from gatekeeper.plan.select import Choice, select
from gatekeeper.plan.unrun import unrun
from gatekeeper.plan.untaken import untaken_tests
from gatekeeper.plan.widen import Widening


def make(inputs: PlanInputs) -> Plan:
    """The plan of one run. Raises UsageError for filters that match nothing."""
    choices, skipped = select(inputs)
    widening = Widening(inputs)
    jobs, out_of_scope = _expanded(choices, inputs, widening)
    reached = replace(inputs, scope=None) if widening.everything else inputs
    jobs += untaken_tests(choices, reached, affected(reached))
    custom, without_place = custom_jobs(reached)
    jobs, left_out = filtered(with_needs((*jobs, *custom)), inputs.settings, tuple(batch.id for batch in inputs.catalog.pipeline.batches))
    jobs, barriers = ordered(_with_safety(jobs, inputs), inputs.catalog)
    path, longest = critical_path(jobs, barriers)
    return Plan(
        root=inputs.detection.root, pipeline=inputs.catalog.pipeline.name, jobs=jobs,
        batches=tuple(PlannedBatch(id=batch.id, title=batch.title, target=batch.target, timeout=batch.timeout)
                      for batch in inputs.catalog.pipeline.batches),
        skipped=(*skipped, *out_of_scope, *without_place, *left_out), components=inputs.detection.components, groups=groups(jobs, barriers), barriers=barriers,
        critical_path=path, estimated_seconds=estimate(jobs, inputs.pool_size, longest), pool_size=inputs.pool_size,
        timeout=inputs.settings.timeout or inputs.catalog.pipeline.timeout, scope=inputs.scope_name, scoped=inputs.scoped,
        notes=(*inputs.notes, *widening.notes(), *unrun(inputs, jobs)),
    )


def _expanded(choices: tuple[Choice, ...], inputs: PlanInputs, widening: Widening) -> tuple[tuple[Job, ...], tuple[SkippedJob, ...]]:
    jobs: list[Job] = []
    skipped: list[SkippedJob] = []
    concerned, reach = affected(inputs), Reach(choices, inputs)
    standing_in = _standing_in(inputs)
    for choice in choices:
        governed = widening.governed(choice) if inputs.scoped else ()
        files = reach.files_of(choice, governed)
        wider = bool(governed) and (bool(files) or choice.command.takes is not Takes.FILES)
        made = jobs_for(choice, files, inputs) if wider or applies(choice, files, concerned, inputs) else ()
        if made and standing_in is not None:
            made = standing_in(made, choice, inputs)
        if made and wider:
            widening.tell(choice)
        jobs.extend(made)
        if not made:
            what = f"no file in scope ({inputs.scope_name}) is its concern" if inputs.scoped else "no file of its kind"
            skipped.append(SkippedJob(id=choice.job_id, reason=Reason(kind="no-files", detail=what)))
    return tuple(jobs), tuple(skipped)


def _standing_in(inputs: PlanInputs) -> Callable[[tuple[Job, ...], Choice, PlanInputs], tuple[Job, ...]] | None:
    """What gives jobs their fallback, where the configuration names one."""
    if not any(said.recovery is not None and said.recovery.fallback for said in inputs.settings.tools.values()):
        return None
    from gatekeeper.plan.standin import with_fallbacks  # lazy: only configurations that name one pay

    return with_fallbacks


def _with_safety(jobs: tuple[Job, ...], inputs: PlanInputs) -> tuple[Job, ...]:
    """Puts a backup of what the fixers may touch before them."""
    fixers = [job for job in jobs if job.effect is Effect.WRITES]
    tool, command = inputs.catalog.tool("backup"), inputs.catalog.command("backup.before-fix")
    if not fixers or tool is None or command is None:
        return jobs
    first = fixers[0]
    task = Task(id=first.task, title="Code style", priority=first.priority)
    choice = Choice(batch=first.batch, task=task, tool=tool, command=command, component=None, blocking=True,
                    reason=Reason(kind="builtin", detail="fixers may touch these files"))
    fixed = {job.component for job in fixers}
    holdings = Holdings(inputs.files)
    files = {file for job in fixers for file in job.files}
    files.update(file for component in inputs.detection.components if component.id in fixed for file in holdings.below(component.root))
    return tuple(replace(job, files=tuple(sorted(files))) for job in jobs_for(choice, tuple(sorted(files)), inputs)) + jobs
