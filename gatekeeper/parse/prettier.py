"""`prettier --check` (`[warn] PATH` on standard error) and `prettier --list-different` (one path per line on standard output).

`[error] PATH: SyntaxError: ... (L:C)` is a file that was not checked: a finding and an error; any other `[error]` is an error.
Standard output says `All matched files use Prettier code style!` even when nothing matched. Recorded from prettier 1.19, 2.8 and 3.10.
"""

from __future__ import annotations

import re

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode, lines_of, without_noise

_CHATTER = re.compile(r"^(?:Checking formatting\.\.\.|All matched files use Prettier|Error occurred when checking|Code style issues|Forgot to run Prettier)")
_FOUND = re.compile(r"^\[warn\] (?:Code style issues|Forgot to run Prettier)")
_WARN = re.compile(r"^\[warn\] (?P<path>.+)$")
_BROKEN = re.compile(r"^\[error\] (?P<path>.+?): (?P<why>(?:\w*SyntaxError|YAMLSyntaxError|[A-Z]\w*Error): .*?)(?: \((?P<line>\d{1,9}):(?P<column>\d{1,9})\))?$")
_ERROR = re.compile(r"^\[error\] (?P<why>\S.*)$")
_FRAME = re.compile(r"^\[error\](?: [> ]?\s*\d* \|.*|\s*)$")
_OPTION = re.compile(r"^\[warn\] (?P<message>(?:Ignored unknown option|.+ is deprecated).*)$")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Files that prettier would change, and those that it cannot parse."""
    scribe, said = Scribe.of(raw, "prettier", Category.FORMAT), lines_of(decode(raw.stderr))
    out = without_noise(lines_of(decode(raw.stdout)))
    listed = [line for line in out if not _CHATTER.match(line) and not line.startswith("[")]
    # one stream when a package manager or a pipe has merged them
    merged = [*said, *(line for line in out if line.startswith("["))]
    warned = [match["path"] for line in merged if (match := _WARN.match(line)) and not _OPTION.match(line) and not _CHATTER.match(match["path"])]
    quiet = ended(raw, exits) is Ended.CLEAN and not any(_FOUND.match(line) for line in merged)
    broken = tuple(_broken(raw, scribe, match, merged[at:at + 8]) for at, line in enumerate(merged) if (match := _BROKEN.match(line)))
    found = tuple(scribe.unformatted(relative(raw, path)) for path in dict.fromkeys([*listed, *(() if quiet else warned)]))
    foreign = next((line for line in out if line.startswith("[") and not line.startswith(("[warn]", "[error]"))), None)
    error = _error(merged, broken) or (f"not prettier's: {foreign}" if foreign and ended(raw, exits) is Ended.UNKNOWN else None)
    return conclude(raw, exits, Account(findings=(*found, *broken), problems=_problems(merged, warned if quiet else []), error=error))


def _broken(raw: RawOutput, scribe: Scribe, match: re.Match[str], lines: list[str]) -> Finding:
    line, column = (int(match["line"]), int(match["column"])) if match["line"] else (None, None)
    frame = [one.removeprefix("[error] ") for one in lines[1:] if _FRAME.match(one)]
    return scribe.finding(match["why"], Level.ERROR, Place(file=relative(raw, match["path"]), line=line, column=column), category=Category.BUILD,
                          extra=Extra(detail="\n".join(frame)))


def _error(lines: list[str], broken: tuple[Finding, ...]) -> str | None:
    if broken:
        return f"{broken[0].file}: {broken[0].message}"
    return next((match["why"] for line in lines if (match := _ERROR.match(line)) and not _FRAME.match(line)), None)


def _problems(lines: list[str], warnings: list[str]) -> tuple[Problem, ...]:
    """What prettier warns of that is no file: options that it does not know, and anything else in a run that found all files in order."""
    options = [match["message"] for line in lines if (match := _OPTION.match(line))]
    return tuple(Problem(file=".prettierrc", line=None, message=message) for message in [*options, *warnings])
