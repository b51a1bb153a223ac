"""`gatekeeper doctor`: is this machine ready to run here? Looks at programs, folders, space and tools; changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import typer

from gatekeeper import __version__
from gatekeeper.cli.boundary import INCOMPLETE
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, show_json
from gatekeeper.cli.tools import inventory_document, inventory_lines
from gatekeeper.config.compiled import cache_folder
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.model.document import to_document
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import dataclass
from gatekeeper.model.wording import count_text, size_text

if TYPE_CHECKING:
    from gatekeeper.session.equip import Equipment

_LEAST_SPACE = 1_000_000_000
_LEAST_MEMORY_MB = 1000.0
#: programs that the runners of a language need, beside the tools of the catalogue
_PROGRAMS = (("git", "lists files, finds changes"), ("cargo", "Rust"), ("node", "JavaScript, TypeScript, Solidity"), ("npm", "JavaScript, TypeScript"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at; `hint` is set where it wants attention."""

    name: str
    found: str
    hint: str | None = None


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="Check that this machine is ready; exit code 3 where a run would lack something.")
    def doctor(
        path: str = typer.Argument(".", metavar="PATH", help="The folder of the repository."),
        *,
        json: bool = typer.Option(False, "--json", help="Write JSON."),
    ) -> int:
        settings = load_settings(Arguments(path=path), here.environment, cwd=here.cwd, names=here.names())
        checks = tuple(examine(settings, here.environment))
        found = here.session.equipment(settings, here.environment)
        if json:
            show_json({"checks": [to_document(check) for check in checks], "resources": _resources(settings), **inventory_document(found)})
        else:
            show("\n".join((*_lines(checks), "", *inventory_lines(found), *_conclusion(checks, found))))
        return INCOMPLETE if _lacking(checks, found) else 0


def examine(settings: Settings, environment: Mapping[str, str]) -> Iterator[Check]:
    """Everything but the tools."""
    yield Check(name="gatekeeper", found=f"{__version__} in {os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}")
    yield Check(name="python", found=f"{platform.python_version()} at {sys.executable}")
    for program, purpose in _PROGRAMS:
        yield _program(program, purpose, settings.root, environment)
    yield _folder("repository", settings.root, "reports then go to the user's cache folder")
    cache = cache_folder(environment)
    yield Check(name="cache", found="none", hint="set HOME or XDG_CACHE_HOME, or tools are installed anew each time") if cache is None else _folder(
        "cache", cache, "set XDG_CACHE_HOME to a folder that can be written")
    yield _temporary()
    yield from _machine(settings.root)


def _temporary() -> Check:
    import tempfile

    try:
        return Check(name="temporary", found=tempfile.gettempdir())
    except FileNotFoundError:
        return Check(name="temporary", found="no folder for temporary files can be written", hint="set TMPDIR to a folder that can be written")


def _program(name: str, purpose: str, root: str, environment: Mapping[str, str]) -> Check:
    place = shutil.which(name, path=environment.get("PATH"))
    if place is None:
        hint = "install git: without it files are listed without .gitignore" if name == "git" else None
        return Check(name=name, found=f"not on PATH ({purpose})", hint=hint)
    if os.path.realpath(place).startswith(os.path.realpath(root) + os.sep):
        return Check(name=name, found=place, hint="this one belongs to the repository itself and was not started: take its folder out of PATH")
    from gatekeeper.execute.helper import run_helper

    # from the root folder, where no project can decide what rustup or a version manager starts
    said = run_helper((place, "--version"), cwd="/", env={**environment, "RUSTUP_AUTO_INSTALL": "0"}, timeout=10.0)
    version = said.stdout.decode("utf-8", "replace").split("\n", 1)[0].strip()
    if not said.ok:
        return Check(name=name, found=f"{place}: does not run", hint=f"try: {name} --version")
    return Check(name=name, found=f"{version} at {place}")


def _folder(name: str, path: str, hint: str) -> Check:
    existing = path
    while not os.path.exists(existing) and existing != os.path.dirname(existing):
        existing = os.path.dirname(existing)
    writable = os.access(existing, os.W_OK | os.X_OK)
    return Check(name=name, found=path if writable else f"{path}: cannot be written", hint=None if writable else hint)


def _machine(root: str) -> Iterator[Check]:
    from gatekeeper.execute.resources import capacity, free_memory_mb

    usage = shutil.disk_usage(root)
    yield Check(name="disk", found=f"{size_text(usage.free)} free of {size_text(usage.total)}",
                hint="free some space: builds and reports may fail" if usage.free < _LEAST_SPACE else None)
    memory = free_memory_mb()
    yield Check(name="memory", found=f"{size_text(memory * 1e6)} free", hint="close something: fewer jobs run at once" if memory < _LEAST_MEMORY_MB else None)
    yield Check(name="cores", found=str(capacity().cpu))
    from gatekeeper.execute.certainty import finding_processes, not_told

    yield Check(name="processes", found=finding_processes())
    if missing := tuple(not_told()):
        yield Check(name="not told", found=f"{', '.join(missing)}: this system does not say")


def _resources(settings: Settings) -> Mapping[str, float]:
    """What is free now, in cores (by the load of the last minute) and MB, and how many jobs a run would start at once."""
    from gatekeeper.execute.resources import capacity, free_memory_mb

    cores = capacity().cpu
    return {"cores": cores, "cpu_free": round(max(0.0, cores - os.getloadavg()[0]), 2), "mem_free": round(free_memory_mb()),
            "disk_free": round(shutil.disk_usage(settings.root).free / 1e6), "workers": settings.jobs or cores}


def _lines(checks: tuple[Check, ...]) -> Iterator[str]:
    width = max(len(check.name) for check in checks)
    for check in checks:
        yield f"{'look' if check.hint else 'ok':<4}  {check.name.ljust(width)}  {check.found}"
        if check.hint:
            yield f"    to do: {check.hint}"


def _lacking(checks: tuple[Check, ...], found: Equipment) -> int:
    """How much wants attention before a run can measure everything that blocks."""
    chosen = sum(row.missing is not None and row.status in {"used", "configured"} for row in found.tools)
    return chosen + len(found.dependencies) + sum(check.hint is not None for check in checks)


def _conclusion(checks: tuple[Check, ...], found: Equipment) -> tuple[str, ...]:
    number = _lacking(checks, found)
    return ("", f"{count_text(number, 'thing')} a run would lack; see what is to do above" if number else "ready: a run lacks nothing that blocks")
