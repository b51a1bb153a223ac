"""Turns choices into jobs: argv, working folder, resources, limits. Knows nothing of order."""

from __future__ import annotations

from posixpath import normpath

from gatekeeper.model.component import Component
from gatekeeper.model.pipeline import JobClass
from gatekeeper.model.plan import Job, Resources, Unavailable
from gatekeeper.model.recovery import NONE, UNDECLARED, Recovery, RetryPolicy, Trouble
from gatekeeper.model.status import Cause
from gatekeeper.model.tool import Effect, FailsAt, LocatedTool, MissingTool, OutputSpec, Takes
from gatekeeper.model.value import replace
from gatekeeper.plan.cut import cut, expected
from gatekeeper.plan.expand import Expansion, UnfilledError, expand, own_paths, relative, strictness
from gatekeeper.plan.inputs import PlanInputs
from gatekeeper.plan.scope import below
from gatekeeper.plan.select import Choice
from gatekeeper.plan.share import share

#: peak memory in MB by class, from measured medians of the tools (reference run on 64,000 lines)
_MEMORY = {"small": 80, "medium": 200, "large": 600}
_TIMEOUT = 600.0
#: seconds that a timeout has at least which is a multiple of what was measured: a job of 20 ms is no sign of a hang when it takes a second
LEAST_TIMEOUT = 30.0
#: of commands that talk to a service: what the network does to them passes
_OF_SERVICES = RetryPolicy(on=(Trouble.SPAWN, Trouble.LOST, Trouble.NETWORK))
_UNFILLED = {
    "site_packages": "the project has no Python environment of its own to look into",
    "own_python": "the project has no Python environment of its own to look into",
    "python": "no Python interpreter was found for the project",
    "solc": "no Solidity compiler was found",
}


def jobs_for(choice: Choice, files: tuple[str, ...], inputs: PlanInputs) -> tuple[Job, ...]:
    """The jobs of one choice: one, or several where the files do not fit on one command line. Empty when the project's own paths leave nothing."""
    root = choice.component.root if choice.component else "."
    if choice.command.takes is Takes.FILES:
        paths = own_paths(choice.command, choice.component, inputs.files)
        files = below(files, root, paths) if paths and not set(paths) <= {".", "./"} else files
        if not files:
            return ()
    parts = cut(choice, files, inputs)
    return tuple(_job(choice, part, number if len(parts) > 1 else 0, inputs) for number, part in enumerate(parts, 1))


def _job(choice: Choice, files: tuple[str, ...], number: int, inputs: PlanInputs) -> Job:
    command, component = choice.command, choice.component
    part = share(command, component, inputs.pool_size)
    job_id = choice.job_id + (f"#{number}" if number else "")
    before = expected(choice, job_id, files, inputs)
    base = Job(
        id=job_id, task=choice.task.id, batch=choice.batch, command=command.id, tool_id=choice.tool.id, role=command.role,
        component=component.id if component else None, argv=(), cwd=component.root if component else ".", files=files,
        timeout=_timeout(choice, inputs, job_id), blocking=choice.blocking and (inputs.settings.strict or choice.task.job_class is not JobClass.ASYNC), priority=choice.task.priority, job_class=choice.task.job_class,
        resources=Resources(cpu=part.cores, memory_mb=before.memory_mb(_MEMORY.get(command.memory, 100)), exclusive=_exclusive(choice)),
        effect=Effect.WRITES if choice.fix else command.effect,
        estimated_seconds=before.seconds, failure_odds=before.failure_odds,
        output=OutputSpec(parser="fixer") if choice.fix else command.output, exit=command.exit,
        fails_at=FailsAt.NEVER if choice.fix else strictness(command, component), interrupt=command.interrupt, reason=choice.reason,
        retry=_retry(choice, inputs), recovery=_recovery(choice, inputs), services=command.services, partial=command.takes is Takes.FILES and (inputs.scoped or number > 0),
        leaves=tuple(normpath(name) for name in _placed(command.leaves, component)),
        env={**command.env, **part.env}, jobserver=part.jobserver,
    )
    return _with_tool(base, choice, files, inputs, part.told)


def _with_tool(job: Job, choice: Choice, files: tuple[str, ...], inputs: PlanInputs, cpus: int) -> Job:
    lack = _no_environment(choice, inputs)
    if lack is not None:
        return replace(job, argv=(choice.tool.executable,), unavailable=lack)
    located = _available(choice, inputs)
    if isinstance(located, MissingTool):
        cause = Cause.MISSING_DEPENDENCIES if located.dependencies else Cause.MISSING_TOOL
        return replace(job, argv=(choice.tool.executable,), unavailable=Unavailable(cause=cause, detail=located.reason, hint=located.hint))
    names = () if choice.command.takes is not Takes.FILES else files if job.cwd == "." else tuple(relative(job.cwd, file) for file in files)
    said = inputs.settings.tools.get(choice.tool.id)
    expansion = Expansion(command=choice.command, component=choice.component, files=names, tool=located, toolbox=inputs.toolbox, cpus=cpus,
                          audit_level=inputs.settings.audit_level, extra=said.args if said else (),
                          paths=own_paths(choice.command, choice.component, inputs.files))
    words = (choice.command.fix or ()) if choice.fix else choice.command.argv
    try:
        argv = expand(words, expansion)
    except UnfilledError as gap:
        name = str(gap.args[0])
        missing = Unavailable(cause=Cause.MISSING_DEPENDENCIES, detail=_UNFILLED.get(name, f"nothing to put for {{{name}}}"),
                              hint=_dependency_hint(choice.component, inputs))
        return replace(job, argv=(located.path,), tool=located, unavailable=missing)
    program = () if words[:1] and words[0].startswith("{builtin:") else (located.path, *located.prefix)
    return replace(job, argv=(*program, *argv), tool=located, env={**located.env, **job.env})


def _no_environment(choice: Choice, inputs: PlanInputs) -> Unavailable | None:
    """Asked before the tool is located: nothing needs installing for a look into an environment that is not there."""
    wanted = next((name for name in ("own_python", "site_packages") if f"{{{name}}}" in choice.command.argv), None)
    if wanted is None or choice.component is None or inputs.toolbox.site_packages(choice.component) is not None:
        return None
    return Unavailable(cause=Cause.MISSING_DEPENDENCIES, detail=_UNFILLED[wanted], hint=_dependency_hint(choice.component, inputs))


def _dependency_hint(component: Component | None, inputs: PlanInputs) -> str:
    missing = inputs.toolbox.dependencies(component) if component else None
    return missing.hint if missing else "make one: python3 -m venv .venv, then install the project into it"


def _available(choice: Choice, inputs: PlanInputs) -> LocatedTool | MissingTool:
    located = inputs.toolbox.locate(choice.tool, choice.component)
    if isinstance(located, LocatedTool) and choice.command.dependencies and choice.component is not None:
        return inputs.toolbox.dependencies(choice.component) or located
    return located


def _timeout(choice: Choice, inputs: PlanInputs, job_id: str) -> float:
    said = inputs.settings.tools.get(choice.tool.id)
    every = inputs.settings.execution
    usual = (said.timeout if said else None) or choice.command.timeout or every.job_timeout or _TIMEOUT
    factor = said.timeout_factor if said and (said.timeout_factor or said.timeout) else every.job_timeout_factor
    return of_median(factor, job_id, inputs) or usual


def of_median(factor: float | None, job_id: str, inputs: PlanInputs) -> float | None:
    """A timeout that was declared as a multiple of the median of earlier runs; None where nothing was declared, or nothing is known."""
    past = inputs.past.get(job_id)
    return None if factor is None or past is None else max(LEAST_TIMEOUT, factor * past.seconds)


def _retry(choice: Choice, inputs: PlanInputs) -> RetryPolicy:
    """Only what checks is tried again: a fixer has changed files by then, unless what it did is put back."""
    said = inputs.settings.tools.get(choice.tool.id)
    if choice.fix and not _recovery(choice, inputs).rollback:
        return UNDECLARED
    usual = _OF_SERVICES if choice.command.services else UNDECLARED
    return (said.retry if said else None) or inputs.settings.execution.retry or choice.command.retry or usual


def _recovery(choice: Choice, inputs: PlanInputs) -> Recovery:
    said = inputs.settings.tools.get(choice.tool.id)
    return (said.recovery if said else None) or NONE


def _exclusive(choice: Choice) -> tuple[str, ...]:
    return ("tree",) if choice.fix else _placed(choice.command.exclusive, choice.component)


def _placed(names: tuple[str, ...], component: Component | None) -> tuple[str, ...]:
    """Names with `{root}` and `{workspace_root}` of the component put in."""
    if component is None:
        return names
    workspace = component.workspace_root or component.root
    return tuple(name.replace("{root}", component.root).replace("{workspace_root}", workspace) for name in names)
