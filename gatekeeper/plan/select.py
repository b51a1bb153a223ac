"""Decides which commands run on which components, and why or why not. Knows nothing of argv, files or order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from gatekeeper.model.assessment import MEASURERS
from gatekeeper.model.component import Component, ToolStatus
from gatekeeper.model.pipeline import Task
from gatekeeper.model.plan import Reason, SkippedJob
from gatekeeper.model.settings import Settings
from gatekeeper.model.tool import Command, Role, Takes, Tool
from gatekeeper.model.value import dataclass, field, replace
from gatekeeper.plan.expand import own_scope
from gatekeeper.plan.inputs import PlanInputs, chosen, family, within, workspace_parents

_BLOCKING_ROLES = frozenset({Role.BUILD, Role.TEST, Role.HYGIENE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A command that will run on a component (None: the whole repository), with its reason."""

    batch: str
    task: Task
    tool: Tool
    command: Command
    component: Component | None
    blocking: bool = False
    reason: Reason = field(default_factory=lambda: Reason(kind="default", detail="of the catalogue"))
    fix: bool = False

    @property
    def job_id(self) -> str:
        action = f"{self.command.id}.fix" if self.fix else self.command.id
        where = f"@{self.component.id}" if self.component else ""
        return f"{self.task.id}/{action}{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What every decision of one plan stands on, looked up once."""

    inputs: PlanInputs
    parents: Mapping[str, Component]
    commands: tuple[Command, ...]


def select(inputs: PlanInputs) -> tuple[tuple[Choice, ...], tuple[SkippedJob, ...]]:
    """All commands of all tasks on all components that they fit, split into those that run and those that do not."""
    picked: list[Choice] = []
    skipped: list[SkippedJob] = []
    ground = _Ground(inputs=inputs, parents=workspace_parents(inputs.detection),
                     commands=tuple(command for tool in inputs.catalog.tools for command in tool.commands))
    for batch in inputs.catalog.pipeline.batches:
        for task in batch.tasks:
            before = len(picked) + len(skipped)
            for tool in inputs.catalog.tools:
                for command in tool.commands:
                    if _belongs(command, task):
                        for component in _targets(command, inputs):
                            draft = Choice(batch=batch.id, task=task, tool=tool, command=command, component=component, fix=task.when == "fix")
                            _decide(_weighed(draft, inputs), ground, picked, skipped)
            if len(picked) + len(skipped) == before:
                skipped.append(SkippedJob(id=task.id, reason=_nothing_for(task)))
    return tuple(picked), tuple(skipped)


def _nothing_for(task: Task) -> Reason:
    if task.languages:
        return Reason(kind="not-applicable", detail=f"no {' or '.join(task.languages)} component was found")
    return Reason(kind="not-applicable", detail="no command of the catalogue or configuration fits")


def _belongs(command: Command, task: Task) -> bool:
    if command.id in task.commands:
        return True
    if command.role not in task.roles or (command.role is Role.BACKUP):
        return False
    return not task.languages or not command.languages or bool(set(command.languages) & set(task.languages))


def _targets(command: Command, inputs: PlanInputs) -> tuple[Component | None, ...]:
    if command.takes is Takes.REPOSITORY:
        return (None,)
    return tuple(component for component in inputs.detection.components
                 if component.language in command.languages and (not command.kinds or component.kind in command.kinds)
                 and (not inputs.settings.languages or component.language in inputs.settings.languages))


def _weighed(draft: Choice, inputs: PlanInputs) -> Choice:
    """The choice with its weight in the verdict: what the project itself uses blocks, what nobody chose only advises."""
    command = draft.command
    own = draft.component is None or chosen(command, draft.component)
    blocking = (own or command.role in _BLOCKING_ROLES) and not command.advisory
    said = inputs.settings.tools.get(draft.tool.id)
    if said is not None and said.blocking is not None:
        blocking = said.blocking
    if inputs.settings.strict:
        blocking = True
    kind = _condition_of(command, inputs.settings)
    reason = _reason(draft.tool, command, draft.component) if kind is None else Reason(kind="condition", detail=f"a condition of the policy asks for {kind}")
    return replace(draft, blocking=blocking, reason=reason)


def _reason(tool: Tool, command: Command, component: Component | None) -> Reason:
    if tool.builtin:
        return Reason(kind="builtin", detail=f"{tool.id} is part of every run")
    if component is None:
        return Reason(kind="default", detail="of the catalogue")
    script = next((need.partition(":")[2] for need in command.requires if need.startswith("script:")), None)
    if script is not None:
        return Reason(kind="used", detail=f"script `{script}` in {component.manifest}")
    use = component.use_of(tool.id)
    if use is not None and use.status is not ToolStatus.DEFAULT and chosen(command, component):
        return Reason(kind=str(use.status), detail=use.evidence)
    if command.role is Role.TEST and component.test is not None:
        return Reason(kind="tests", detail=component.test.evidence)
    if command.role in _BLOCKING_ROLES:
        return Reason(kind=str(command.role), detail=f"{component.manifest} makes it a {component.kind}")
    return Reason(kind="default", detail="nothing like it is configured: advice only")


def _decide(choice: Choice, ground: _Ground, picked: list[Choice], skipped: list[SkippedJob]) -> None:
    refusal = _refusal(choice, ground)
    if refusal is None:
        picked.append(choice)
    else:
        skipped.append(SkippedJob(id=choice.job_id, reason=refusal))


def _refusal(choice: Choice, ground: _Ground) -> Reason | None:
    """Why this command does not run here, or None."""
    command, settings = choice.command, ground.inputs.settings
    said = settings.tools.get(choice.tool.id)
    if said is not None and said.enabled is False:
        return Reason(kind="off", detail=f"tools.{choice.tool.id} is off in the configuration")
    if command.role is Role.BACKUP and not settings.backup:
        return Reason(kind="off", detail="switched off by --no-backup")
    if choice.task.when == "fix" and (command.fix is None or not settings.fix):
        return Reason(kind="no-fix", detail="fixers run only with --fix" if command.fix else f"{command.id} has no fixer")
    if choice.task.when == "fix" and choice.component is not None and not chosen(command, choice.component):
        return Reason(kind="no-fix", detail=f"{choice.component.id} does not use {_spoken(command)}: nothing is rewritten by a tool that nobody chose")
    if (choice.task.when == "asked" or command.on_demand) and not asked_for(choice, settings.only) and _condition_of(command, settings) is None:
        return Reason(kind="on-demand", detail=f"runs only when asked for: --only {command.id}")
    return _unfit(choice, ground) if choice.component is not None else None


def _condition_of(command: Command, settings: Settings) -> str | None:
    """The kind of condition in the policy that needs this command to run, or None."""
    kinds = {condition.kind for condition in settings.conditions}
    if command.role is Role.BENCH and "benchmark" in kinds:
        return "benchmark"
    return next((kind for kind, name in MEASURERS.items() if name == command.id and kind in kinds), None)


def _unfit(choice: Choice, ground: _Ground) -> Reason | None:
    component, command = choice.component, choice.command
    assert component is not None
    missing = next((need for need in command.requires if not need.startswith("used:") and not component.holds(need)), None)
    if missing is not None:
        return Reason(kind="not-applicable", detail=f"{component.id} has no {missing.replace(':', ' ')}")
    excess = next((trait for trait in command.unless if component.holds(trait)), None)
    if excess is not None and excess.startswith("folded:"):
        return Reason(kind="workspace", detail="it only has the scripts of its packages run, which are run directly")
    if excess is not None:
        return Reason(kind="covered", detail=f"{excess.partition('=')[2] or excess.partition(':')[2]} does the same directly")
    use = component.use_of(choice.tool.id)
    if use is not None and use.status is ToolStatus.STALE:
        return Reason(kind="stale", detail=use.evidence)
    if not _wanted(choice, component):
        return Reason(kind="not-used", detail=f"{component.id} does not use {_spoken(command)}")
    return _covered(choice, component, ground)


def _spoken(command: Command) -> str:
    words = next((need.partition(":")[2] for need in command.requires if need.startswith("used:")), None)
    return words or command.tool


def _wanted(choice: Choice, component: Component) -> bool:
    command = choice.command
    if chosen(command, component):
        return True
    use = component.use_of(command.tool)
    if command.role is Role.TEST and use is not None and use.status is ToolStatus.DECLARED_ONLY:
        return component.holds("tests")
    return command.default


def _covered(choice: Choice, component: Component, ground: _Ground) -> Reason | None:
    """A rival of the same role that the project chose, or the workspace's root, does it already."""
    command = choice.command
    if not chosen(command, component) and command.role in (Role.FORMAT, Role.LINT, Role.TYPES):
        rival = next((other.id for other in ground.commands if other.tool != command.tool and other.role is command.role
                      and component.language in other.languages and chosen(other, component) and not _lacks(other, component)), None)
        if rival is not None:
            return Reason(kind="covered", detail=f"{component.id} uses {rival}")
    parent = ground.parents.get(component.id)
    if parent is not None and _root_does_it(command, component, parent, ground.inputs.files):
        return Reason(kind="workspace", detail=f"runs once for the whole workspace, at {parent.id}")
    return None


def _lacks(command: Command, component: Component) -> bool:
    return any(not component.holds(need) for need in command.requires)


def _root_does_it(command: Command, member: Component, parent: Component, files: Sequence[str]) -> bool:
    if member.kind == "cargo-workspace-member":
        return True
    if parent.language not in command.languages:
        return False
    if command.tool == "script":
        script = next((need.partition(":")[2] for need in command.requires if need.startswith("script:")), "")
        return f"delegates:{script}={member.root}" in parent.traits and f"folded:{script}" not in parent.traits
    if _lacks(command, parent) or family(parent) != family(member) or _runs_its_own(command, member, parent, files):
        return False
    return chosen(command, parent) or (command.default and not chosen(command, member))


def _runs_its_own(command: Command, member: Component, parent: Component, files: Sequence[str]) -> bool:
    """Whether the project calls the tool in the member, and at the root only on other folders (`tsc -p scripts`, `eslint src`)."""
    use = member.use_of(command.tool)
    if use is None or use.status is not ToolStatus.USED:
        return False
    named = own_scope(command, parent, files)
    return bool(named) and not any(_may_hold(path, member.root) for path in named)


def _may_hold(path: str, folder: str) -> bool:
    """Whether a folder lies below a path of a call; of a glob, what stands before its first mark counts."""
    plain = path.removeprefix("./").rstrip("/") or "."
    sure = re.split(r"[*?{[]", plain, maxsplit=1)[0]
    return within(folder, plain) or (sure != plain and (folder.startswith(sure) or within(sure.rstrip("/") or ".", folder)))


def asked_for(choice: Choice, patterns: tuple[str, ...]) -> bool:
    """Whether a filter names this very command or task (a bare `*` asks for nothing in particular); a command on demand is not meant by its task's name."""
    names = [name.lower() for name in (choice.job_id, choice.command.id, choice.task.id, choice.tool.id)]
    if choice.command.on_demand:
        names = [name for name in names if name != choice.task.id.lower()]
        patterns = tuple(pattern for pattern in patterns if not fnmatchcase(choice.task.id.lower(), pattern.lower().partition("/")[0])
                         or pattern.partition("/")[2].strip("*"))
    return any(pattern.strip("*") and any(fnmatchcase(name, pattern.lower()) for name in names) for pattern in patterns)
