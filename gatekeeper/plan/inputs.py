"""What a plan is made from, as one value."""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.model.component import Component, Detection, Language, ToolStatus
from gatekeeper.model.past import Past
from gatekeeper.model.pipeline import Catalog
from gatekeeper.model.ports import Toolbox
from gatekeeper.model.settings import Settings
from gatekeeper.model.tool import Command
from gatekeeper.model.value import dataclass, field

#: languages that share package managers, workspaces and tools
_FAMILIES = {Language.TYPESCRIPT: Language.JAVASCRIPT}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """Everything `plan.make` looks at.

    `scope` are the files in scope, relative to the root (None = all), `deleted` those that are gone but affect what was there.
    `past` is what history tells, by job id. `pool_size` is the number of jobs that may run at once.
    """

    detection: Detection
    catalog: Catalog
    settings: Settings
    toolbox: Toolbox
    files: tuple[str, ...]
    scope: tuple[str, ...] | None = None
    deleted: tuple[str, ...] = ()
    scope_name: str = "all files"
    past: Mapping[str, Past] = field(default_factory=dict)
    pool_size: int = 2
    notes: tuple[str, ...] = ()

    @property
    def scoped(self) -> bool:
        return self.scope is not None

    def before(self, job_id: str, guess: float) -> Past:
        """What history tells of a job; `guess` seconds where it tells nothing."""
        return self.past.get(job_id) or Past(seconds=guess)


def family(component: Component) -> Language:
    """The language, with TypeScript counted as JavaScript."""
    return _FAMILIES.get(component.language, component.language)


def trait_value(component: Component, name: str) -> str | None:
    """`docs` for the trait `sphinx:docs`, asked as `sphinx`."""
    return next((own.partition(":")[2] for own in component.traits if own.startswith(f"{name}:")), None)


def workspace_parents(detection: Detection) -> Mapping[str, Component]:
    """By the id of each member of a workspace: the component at the workspace's root."""
    at: dict[tuple[str, Language], Component] = {}
    for component in detection.components:
        at.setdefault((component.root, family(component)), component)
    found = {member.id: at.get((member.workspace_root, family(member))) for member in detection.components
             if member.workspace_root is not None and member.workspace_root != member.root}
    return {member: parent for member, parent in found.items() if parent is not None}


def within(path: str, root: str) -> bool:
    """Whether `path` lies below `root` (or is it)."""
    return root in (".", path) or path.startswith(f"{root}/")


def chosen(command: Command, component: Component) -> bool:
    """Whether the project itself uses this command: by a call or script of its own, or by configuration of the tool."""
    own_words = [need for need in command.requires if need.startswith(("used:", "script:"))]
    if own_words:
        return all(need in component.traits for need in own_words)
    use = component.use_of(command.tool)
    return use is not None and use.status in (ToolStatus.USED, ToolStatus.CONFIGURED)
