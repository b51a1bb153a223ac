"""`gatekeeper setup`: installs what a run would miss. Shows every step first, and does nothing without a yes."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import typer

from gatekeeper.cli.boundary import INCOMPLETE
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, tell
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.display.choose import is_terminal
from gatekeeper.errors import UsageError
from gatekeeper.model.wording import count_text

if TYPE_CHECKING:
    from gatekeeper.session.equip import Setup



def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="Install the tools and project dependencies that a run would miss; shows them first.")
    def setup(
        path: str = typer.Argument(".", metavar="PATH", help="The folder of the repository."),
        *,
        yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
        dry_run: bool = typer.Option(False, "--dry-run", help="Show the steps and do nothing."),
    ) -> int:
        settings = load_settings(Arguments(path=path), here.environment, cwd=here.cwd, names=here.names())
        work = here.session.setup(settings, here.environment)
        steps = work.steps
        if not steps:
            show("nothing is missing")
            return 0
        show("\n".join(f"{shlex.join(step.argv)}{f'   in {step.cwd}' if step.cwd != '.' else ''}   # {step.why}" for step in steps))
        if dry_run:
            return 0
        if not yes:
            _ask(len(steps))
        return _perform(work)


def _ask(count: int) -> None:
    if not is_terminal(sys.stdin):
        raise UsageError("setup asks before it installs, and there is no terminal to ask on", hint="add --yes, or --dry-run to only look")
    tell(f"do {'this' if count == 1 else f'these {count} steps'}? The steps run the installers of this project. [y/N]")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UsageError("not confirmed: nothing was installed")


def _perform(work: Setup) -> int:
    """Does every step, also after one that failed: they are independent, and what is there helps."""
    failures = []
    for step in work.steps:
        tell(f"... {shlex.join(step.argv)}")
        if (reason := work.perform(step)) is not None:
            failures.append(reason)
            tell(f"failed: {reason}")
    if failures:
        show(f"{count_text(len(failures), 'step')} failed:\n" + "\n".join(f"  {reason}" for reason in failures))
        return INCOMPLETE
    show("everything is installed")
    return 0
