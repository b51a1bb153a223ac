"""`gatekeeper detect`: which components there are, and what they use. Reads files only."""

from __future__ import annotations

import typer

from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, show_json
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.model.component import Component, Detection
from gatekeeper.model.wording import count_text


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="List the components of a repository and the tools they use; executes nothing.")
    def detect(
        path: str = typer.Argument(".", metavar="PATH", help="The folder to look at."),
        *,
        json: bool = typer.Option(False, "--json", help="Write JSON."),
    ) -> int:
        settings = load_settings(Arguments(path=path), here.environment, cwd=here.cwd, names=here.names())
        detection = here.session.look(settings, here.environment)
        if json:
            from gatekeeper.detect.document import to_json
            show_json(to_json(detection))
        else:
            show(detection_text(detection))
        return 0


def detection_text(detection: Detection) -> str:
    """A detection for people."""
    lines = [f"{detection.root}: {count_text(len(detection.components), 'component')}"]
    for component in detection.components:
        lines += ["", *_component_lines(component)]
    if detection.excluded:
        lines += ["", "left out:", *(f"  {excluded.root}: {excluded.reason}" for excluded in detection.excluded)]
    if detection.problems:
        lines += ["", "could not be read:"]
        lines += [f"  {problem.file}{f':{problem.line}' if problem.line else ''}: {problem.message}" for problem in detection.problems]
    return "\n".join(lines)


def _component_lines(component: Component) -> list[str]:
    lines = [f"{component.id}  {component.kind} ({component.language}) in {component.root}", f"  manifest   {component.manifest}"]
    facts = (("manager", component.package_manager), ("lockfile", component.lockfile), ("toolchain", component.toolchain_pin),
             ("backend", component.build_backend), ("workspace", component.workspace_root), ("needs", ", ".join(component.depends_on)))
    lines += [f"  {name:<10} {value}" for name, value in facts if value]
    if component.test is not None:
        lines.append(f"  tests      {component.test.command}  ({component.test.evidence})")
    lines += [f"  {use.status:<13} {use.tool:<12} {use.evidence}".rstrip() for use in component.tools]
    return lines
