"""Names what the project itself runs and no job stands for: a green run says nothing of it. Knows no argv and no order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gatekeeper.model.component import Component, ToolStatus, ToolUse
from gatekeeper.model.plan import Job
from gatekeeper.plan.inputs import PlanInputs


def unrun(inputs: PlanInputs, jobs: Sequence[Job]) -> tuple[str, ...]:
    """A sentence for each tool that the project uses and the catalogue only recognises; of a scoped or filtered run that is not the question."""
    settings = inputs.settings
    if inputs.scoped or settings.only or settings.batches or settings.languages:
        return ()
    return tuple(dict.fromkeys(f"the project runs {use.tool}, no job here does: {use.evidence}"
                               for component in inputs.detection.components for use in _unrun(component, inputs, jobs)))


def _unrun(component: Component, inputs: PlanInputs, jobs: Sequence[Job]) -> Iterable[ToolUse]:
    scripts = any(job.component == component.id and job.tool_id == "script" for job in jobs)
    for use in component.tools:
        tool = inputs.catalog.tool(use.tool)
        if tool is None or tool.commands or tool.represented or use.status is not ToolStatus.USED:
            continue
        if not (scripts and use.evidence.startswith("script")):  # a script that calls it is run as it stands
            yield use
