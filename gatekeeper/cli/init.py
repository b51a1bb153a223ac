"""`gatekeeper init`: a commented gatekeeper.yaml from what was detected. With `--baseline` it runs, too, and writes what is found as known.

Does not know what a baseline holds.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable

import typer

from gatekeeper.cli import baseline as known
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, tell
from gatekeeper.cli.run import run_watched
from gatekeeper.config.file import NAME
from gatekeeper.config.load import load_bare, load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.errors import StoreError, UsageError
from gatekeeper.model.component import Component, Detection, ToolStatus
from gatekeeper.model.sanitize import one_line
from gatekeeper.model.settings import Settings
from gatekeeper.model.status import Outcome
from gatekeeper.model.value import replace

#: while a baseline is replaced, nothing is compared with it
_NO_BASELINE = "none"
_CHOSEN = frozenset({ToolStatus.USED, ToolStatus.CONFIGURED})


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="Write a commented gatekeeper.yaml from what is detected.")
    def init(
        path: str = typer.Argument(".", metavar="PATH", help="The folder of the repository."),
        *,
        force: bool = typer.Option(False, "--force", help="Replace a gatekeeper.yaml that is there."),
        baseline: bool = typer.Option(False, "--baseline", help="Run, too, and take everything that is found for known, so that the next run opens green."),
    ) -> int:
        if baseline:
            return _adopt(path, here, force=force)
        settings = load_bare(Arguments(path=path), here.environment, cwd=here.cwd)
        target = os.path.join(settings.root, NAME)
        if os.path.lexists(target) and not force:
            raise UsageError(f"{NAME} is there already", hint="gatekeeper init --force replaces it")
        _write(target, draft(here.session.look(settings, here.environment)))
        show(target)
        tell("hint: gatekeeper plan shows what it decides")
        return 0


def _adopt(path: str, here: Here, *, force: bool) -> int:
    """Configuration, run, baseline; a configuration that is there already stays. The exit code says whether the next run can pass."""
    settings = _loaded(path, here)
    known.check_room(settings, force=force)
    target = os.path.join(settings.root, NAME)
    if os.path.lexists(target):
        tell(f"gatekeeper: {NAME} is there already and stays as it is")
    else:
        _write(target, draft(here.session.look(settings, here.environment)))
        show(target)
    settings = _loaded(path, here)
    record = run_watched(replace(settings, baseline=_NO_BASELINE) if force else settings, here)
    return record.verdict.exit_code if record.verdict.outcome is Outcome.INTERRUPTED else known.write(settings, record)


def _loaded(path: str, here: Here) -> Settings:
    return load_settings(Arguments(path=path), here.environment, cwd=here.cwd, names=here.names())


def draft(detection: Detection) -> str:
    """The document: prose behind `# `, settings that can be switched on behind a bare `#`; as it stands it changes nothing."""
    return "\n".join((
        "# What this repository decides about its gate; every key is optional (schema: gatekeeper config schema config).",
        "# Lines without a blank after the # are settings: take the # away to switch one on.",
        "version: 1",
        "",
        "# Which jobs a run consists of: default, quick, ci or phases.",
        "#pipeline: default",
        "",
        "# Files that no job looks at.",
        '#exclude: ["fixtures/**"]',
        "",
        *_component_lines(detection.components),
        *_tool_lines(detection.components),
        "# Jobs of this repository's own; `output: {parser: gatekeeper-json}` reads findings from a script's JSON.",
        "#tasks:",
        "#  - {id: contracts-sync, batch: beta, argv: [python, scripts/check_sync.py], takes: repository}",
        "",
        "# What the findings may amount to, besides the jobs that block.",
        "#policy:",
        "#  conditions:",
        '#    - {severity: ">=critical", max: 0}',
        "",
        "# How a run is made; options and GATEKEEPER_ variables override these.",
        "#timeout: 60m",
        "#jobs: 4",
        "#fail_fast: false",
        "",
    ))


def _component_lines(components: tuple[Component, ...]) -> list[str]:
    if not components:
        return ["# No components were found.", ""]
    return ["# Found:", *(one_line(f"# - {found.id}: {found.kind} ({found.language}) in {found.root}") for found in components), ""]


def _tool_lines(components: tuple[Component, ...]) -> list[str]:
    chosen = _uses(components, _CHOSEN)
    advising = {tool: why for tool, why in _uses(components, {ToolStatus.DEFAULT}).items() if tool not in chosen}
    if not chosen and not advising:
        return []
    lines = ["# Tools: off, on, or {blocking, timeout, args}. What the project uses or configures blocks; what nobody chose only advises.", "#tools:"]
    lines += [f"#  {tool}: {{blocking: true}}  # {why}" for tool, why in sorted(chosen.items())]
    lines += [f"#  {tool}: off  # {why}" for tool, why in sorted(advising.items())]
    return [*lines, ""]


def _uses(components: Iterable[Component], statuses: Iterable[ToolStatus]) -> dict[str, str]:
    wanted = set(statuses)
    found: dict[str, str] = {}
    for component in components:
        for use in component.tools:
            if use.status in wanted:
                found.setdefault(use.tool, one_line(f"{use.status}: {use.evidence}" if use.evidence else str(use.status)))
    return found


def _write(path: str, text: str) -> None:
    """Writes the file whole or not at all."""
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=os.path.dirname(path), prefix=".gatekeeper-", delete=False) as file:
            try:
                file.write(text)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.replace(file.name, path)
            except OSError:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error
