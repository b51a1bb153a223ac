"""What pnpm and yarn put before each line when they run a script in several packages, and the package that a line comes from.

`[name]: ` (yarn 2 and later) names the package, `DIR SCRIPT: ` (pnpm) its folder below the working directory. Does not know what the scripts print;
the lines around a script of one package are those of `text.without_noise`. Recorded from yarn 4 and pnpm 10.
"""

from __future__ import annotations

import posixpath
import re

from gatekeeper.model.finding import RawOutput
from gatekeeper.model.value import dataclass

_YARN = re.compile(r"^\[(?:@[\w.-]+/)?[\w.-]+\]: (?P<text>.*)$")
_YARN_END = re.compile(r"^(?:The command failed in workspace \S+ with exit code \d+|(?:Failed with errors|Done) in .*)$")
#: pnpm announces each script before it starts it
_PNPM_START = re.compile(r"^(?P<folder>\S.*?) (?P<script>[\w:.-]+)\$ ")
_PNPM_NOISE = re.compile(r"^(?:Scope: (?:all )?\d+ .*workspace projects?| ERR_PNPM_RECURSIVE_RUN_FIRST_FAIL .*|Exit status \d+)$")
_PNPM_END = ("Done", "Failed")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a script; `base` is the folder its relative paths start from, None for that of the tool itself."""

    text: str
    base: str | None = None


def script_lines(raw: RawOutput, lines: list[str]) -> list[Line]:
    """The lines without the prefixes of workspaces and without what those add."""
    started = {f"{match['folder']} {match['script']}: ": match["folder"] for line in lines if (match := _PNPM_START.match(line))}
    if not started and not any(_YARN.match(line) for line in lines):
        return [Line(line) for line in lines]
    return [found for line in lines if (found := _line(raw, started, line)) is not None]


def _line(raw: RawOutput, started: dict[str, str], line: str) -> Line | None:
    if _PNPM_START.match(line) or _PNPM_NOISE.match(line) or _YARN_END.match(line):
        return None
    head, colon, rest = line.partition(": ")
    folder = started.get(head + colon)
    if folder is not None:
        return None if rest in _PNPM_END else Line(rest, posixpath.normpath(posixpath.join(raw.cwd, folder)))
    yarn = _YARN.match(line)
    return Line(yarn["text"]) if yarn else Line(line)
