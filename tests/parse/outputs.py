"""Short ways to hand text to a parser."""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.model.finding import Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output


def raw_of(stdout: str = "", stderr: str = "", *, code: int | None = 0, report: str | None = None,
           sources: Mapping[str, str] | None = None, cwd: str = "/repo") -> RawOutput:
    """An output of a tool that ran in `cwd` of the tree /repo, with the sources that can be read."""
    files = {name: text.encode() for name, text in (sources or {}).items()}
    return RawOutput(stdout=stdout.encode(), stderr=stderr.encode(), report=None if report is None else report.encode(), exit_code=code,
                     root="/repo", cwd=cwd, read=files.get)


def read(name: str, raw: RawOutput, exits: ExitSpec | None = None) -> Parsed:
    """What the format makes of it, by default with the usual exit codes."""
    return parse_output(name, raw, exits or ExitSpec())
