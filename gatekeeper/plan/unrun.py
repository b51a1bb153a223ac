"""Names what the project itself runs and no job stands for: a green run says nothing of it. Knows no argv and no order."""

from __future__ import annotations

import re
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
    lines = _lines_run(component, inputs, jobs)
    for use in component.tools:
        tool = inputs.catalog.tool(use.tool)
        if tool is None or tool.commands or tool.represented or use.status is not ToolStatus.USED:
            continue
        if not any(_mentions(line, word) for word in tool.traces.words for line in lines):
            yield use


def _lines_run(component: Component, inputs: PlanInputs, jobs: Sequence[Job]) -> tuple[str, ...]:
    """The lines of the package's scripts that jobs run as they stand, and of those that these call by their names."""
    commands = [inputs.catalog.command(job.command) for job in jobs if job.component == component.id and job.tool_id == "script"]
    open_ = [need.partition(":")[2] for command in commands if command for need in command.requires if need.startswith("script:")]
    scripts, run = dict(component.scripts), dict[str, str]()
    while open_:
        name = open_.pop()
        if name in scripts and name not in run:
            run[name] = scripts[name]
            open_ += [other for other in scripts if _mentions(scripts[name], other)]
    return tuple(run.values())


def _mentions(line: str, word: str) -> bool:
    return re.search(rf"(?<![\w:.-]){re.escape(word)}(?![\w:.-])", line) is not None
