"""`gatekeeper parse`: what a recorded or piped output of a tool means, without running anything."""

from __future__ import annotations

import sys

import typer

from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, show_json
from gatekeeper.errors import UsageError
from gatekeeper.parse.formats import ALIASES, FORMATS, format_named
from gatekeeper.parse.names import also_called


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verb."""

    @app.command(help="Say what an output of a tool means: findings, tests, and whether it did its work; runs nothing.")
    def parse(
        *,
        format_id: str = typer.Option(None, "--format", metavar="ID", help="The format of the output; --list names them.", show_default=False),
        exit_code: int = typer.Option(None, "--exit-code", metavar="N", help="How the tool ended; without it the output alone decides.", show_default=False),
        stdout: str = typer.Option(None, metavar="FILE", help="Its standard output; - or nothing: what is piped in.", show_default=False),
        stderr: str = typer.Option(None, metavar="FILE", help="Its standard error.", show_default=False),
        report: str = typer.Option(None, metavar="FILE", help="The report that it wrote.", show_default=False),
        root: str = typer.Option(None, metavar="DIR", help="Where sources are read, and what paths are made relative to.", show_default="."),
        cwd: str = typer.Option(None, metavar="DIR", help="The folder below the root in which the tool ran.", show_default="."),
        pattern: str = typer.Option("", metavar="REGEX", help="For --format regex: an expression with named groups.", show_default=False),
        listed: bool = typer.Option(False, "--list", help="List the formats with the versions they were recorded from."),
        json: bool = typer.Option(False, "--json", help="Write JSON."),
    ) -> int:
        if listed:
            _list(as_json=json)
            return 0
        if format_id is None:
            raise UsageError("which format is it? give --format ID", hint=f"one of: {', '.join(FORMATS)}")
        from gatekeeper.execute.helper import run_helper
        from gatekeeper.report.parsed import parsed_document, parsed_lines
        from gatekeeper.session.recorded import Asked, parse_recorded

        asked = Asked(parser=format_id, exit_code=exit_code, stdout=stdout, stderr=stderr, report=report, root=root, cwd=cwd, pattern=pattern)
        read = parse_recorded(asked, folder=here.cwd, stdin=sys.stdin.buffer if sys.stdin else None, environment=here.environment, runner=run_helper)
        if json:
            show_json(parsed_document(read.parsed, format_named(format_id), read.root))
        else:
            show("\n".join(parsed_lines(read.parsed)))
        return 0


def _list(*, as_json: bool) -> None:
    from gatekeeper.parse.recorded import recorded

    known = recorded()
    if as_json:
        show_json({"schema": 1, "formats": [{"id": name, "aliases": list(also_called(name, ALIASES)), "recorded": list(known.get(name, ()))} for name in FORMATS]})
        return
    width = max(map(len, FORMATS))
    versions = {name: ", ".join(f"{one['tool']} {one['version']}" for one in known.get(name, ())) for name in FORMATS}
    others = {name: ", ".join(also_called(name, ALIASES)) for name in FORMATS}
    show("\n".join(f"{name:<{width}}  {versions[name] or '-'}" + (f"\n{'':<{width}}  also called {others[name]}" if others[name] else "") for name in FORMATS))
