"""Tests that a project runs by a command no tool of the catalogue stands for (`make test`, `python manage.py test`): run as the project does.

Without this a repository would open green with its tests unrun. What needs a shell cannot run: it is unavailable, and says so.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from gatekeeper.model.component import Component, Language, TestCommand
from gatekeeper.model.pipeline import Batch, Task
from gatekeeper.model.plan import Job, Reason, Resources, Unavailable
from gatekeeper.model.status import Cause
from gatekeeper.model.tool import LocatedTool, Role
from gatekeeper.plan.inputs import PlanInputs, family, workspace_parents
from gatekeeper.plan.select import Choice

_TIMEOUT = 1200.0
_SHELL = frozenset("|&;<>$`*?(){}~\n")


def untaken_tests(choices: Sequence[Choice], inputs: PlanInputs, concerned: frozenset[str]) -> tuple[Job, ...]:
    """One job for each component in scope whose own test command nothing else runs."""
    tested = {choice.component.id for choice in choices if choice.command.role is Role.TEST and choice.component is not None}
    # a hardhat project's `npm test` is its contracts' tests, which the Solidity component in the same folder runs
    contracts = {choice.component.root for choice in choices
                 if choice.command.role is Role.TEST and choice.component is not None and choice.component.language is Language.SOLIDITY}
    parents = workspace_parents(inputs.detection)
    jobs = []
    for component in inputs.detection.components:
        place = _place(component, inputs.catalog.pipeline.batches)
        if component.test is None or place is None or component.id in tested or component.id not in concerned or "folded:test" in component.traits:
            continue
        if not _wanted(component, inputs) or (family(component) is Language.JAVASCRIPT and component.root in contracts):
            continue
        parent = parents.get(component.id)
        if parent is None or (parent.id not in tested and parent.test is None):
            jobs.append(_job(component, component.test, *place, inputs))
    return tuple(jobs)


def _wanted(component: Component, inputs: PlanInputs) -> bool:
    """Whether neither the language was left out nor a tool that runs this component's tests was switched off."""
    settings = inputs.settings
    if settings.languages and component.language not in settings.languages:
        return False
    off = {name for name, said in settings.tools.items() if said.enabled is False}
    tools = (inputs.catalog.tool(use.tool) for use in component.tools if use.tool in off)
    return not any(command.role is Role.TEST for tool in tools if tool is not None for command in tool.commands)


def _place(component: Component, batches: Sequence[Batch]) -> tuple[Batch, Task] | None:
    """The task that runs the tests of this language, or None where the pipeline runs no tests."""
    return next(((batch, task) for batch in batches for task in batch.tasks
                 if Role.TEST in task.roles and (not task.languages or component.language in task.languages)), None)


def _job(component: Component, test: TestCommand, batch: Batch, task: Task, inputs: PlanInputs) -> Job:
    job_id = f"{task.id}/project.test@{component.id}"
    words, before = _words(test.command), inputs.before(job_id, 30.0)
    lack = Unavailable(cause=Cause.MISSING_TOOL, detail=f"the project tests itself with `{test.command}`, which needs a shell",
                       hint="put it into a script and name that in gatekeeper.yaml: tasks: [{id: tests, batch: beta, argv: [...]}]")
    missing = inputs.toolbox.dependencies(component)
    if words and missing is not None:
        lack = Unavailable(cause=Cause.MISSING_DEPENDENCIES, detail=missing.reason, hint=missing.hint)
    return Job(
        id=job_id, task=task.id, batch=batch.id, command="project.test", tool_id="project", role=Role.TEST, component=component.id,
        argv=words or (test.command,), cwd=component.root, timeout=_TIMEOUT, priority=task.priority, job_class=task.job_class,
        resources=Resources(memory_mb=before.memory_mb(600)), estimated_seconds=before.seconds, failure_odds=before.failure_odds, interrupt=True,
        unavailable=None if words and missing is None else lack, env=_environment(component, inputs),
        reason=Reason(kind="tests", detail=test.evidence),
    )


def _words(command: str) -> tuple[str, ...]:
    """The command as argv; empty where only a shell could run it."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ()
    return tuple(words) if words and not _SHELL & set(command) and "=" not in words[0] else ()


def _environment(component: Component, inputs: PlanInputs) -> dict[str, str]:
    """What an activated environment of the component sets, so that its programs are found."""
    python = inputs.catalog.tool("unittest")
    located = inputs.toolbox.locate(python, component) if python is not None and component.language is Language.PYTHON else None
    return dict(located.env) if isinstance(located, LocatedTool) else {}
