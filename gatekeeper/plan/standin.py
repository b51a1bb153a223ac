"""The other way to do a job's work, as `on_failure: {fallback: ...}` names it: planned beside the job, started only when that cannot do its work; in its
place where its tool is not there. Knows no order and starts nothing.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from posixpath import basename

from gatekeeper.model.plan import Job, Reason
from gatekeeper.model.tool import Command, Takes, Tool
from gatekeeper.model.value import replace
from gatekeeper.plan.inputs import PlanInputs
from gatekeeper.plan.jobs import jobs_for
from gatekeeper.plan.select import Choice


def with_fallbacks(jobs: tuple[Job, ...], choice: Choice, inputs: PlanInputs) -> tuple[Job, ...]:
    """The jobs of one choice, each with what does its work when it cannot."""
    said = inputs.settings.tools.get(choice.tool.id)
    if said is None or said.recovery is None or not said.recovery.fallback or choice.fix:
        return jobs
    other = _other(said.recovery.fallback[0], choice, inputs)
    return jobs if other is None else tuple(_with_fallback(job, other, inputs) for job in jobs)


def _other(name: str, choice: Choice, inputs: PlanInputs) -> Choice | None:
    """The same work by another tool: the command that is named, or that of the named tool which has the same role."""
    tool = inputs.catalog.tool(name.partition(".")[0])
    if tool is None:
        return None
    command = next((command for command in tool.commands if _does(command, name, choice)), None)
    return None if command is None else _choice(choice, tool, command)


def _does(command: Command, name: str, choice: Choice) -> bool:
    if "." in name:
        return command.id == name
    languages = choice.component is None or not command.languages or choice.component.language in command.languages
    return command.role is choice.command.role and command.id != choice.command.id and languages and not command.on_demand


def _choice(choice: Choice, tool: Tool, command: Command) -> Choice:
    return replace(choice, tool=tool, command=command)


def _with_fallback(job: Job, choice: Choice, inputs: PlanInputs) -> Job:
    files = job.files
    if choice.command.takes is Takes.FILES and choice.command.globs:
        files = tuple(file for file in files if any(fnmatchcase(basename(file), glob) for glob in choice.command.globs))
    made = jobs_for(choice, files, inputs) if files or not job.files else ()
    if len(made) > 1:  # cut for speed, which one job cannot be in place of another: whole, as if nobody knew how long it takes
        made = jobs_for(choice, files, replace(inputs, past={}))
    if len(made) != 1 or made[0].unavailable is not None:
        return job
    other = replace(made[0], id=job.id, recovery=job.recovery, partial=job.partial)
    if job.unavailable is None:
        return replace(job, fallback=other)
    detail = f"{job.command} is unavailable ({job.unavailable.detail}): {other.command} does its work"
    return replace(other, reason=Reason(kind="fallback", detail=detail))
