"""`cargo fmt --check`: paths (`-- -l`) or `Diff in FILE:LINE:` blocks on standard output; errors on standard error.

Needs formatting, syntax errors and broken configuration all end with 1: what was printed where tells them apart. A file that
rustfmt cannot parse is a finding and an error. Recorded from rustfmt 1.9.0.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.difference import first_change, from_hunks
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.rustc_text import errors
from gatekeeper.parse.text import decode, lines_of

_DIFF = re.compile(r"^Diff in (?P<path>.+?)(?: at line |:)(?P<line>\d{1,9}):$")
_WARNING = re.compile(r"^warning\b", re.IGNORECASE)
_ERROR = re.compile(r"^(?:error\b|error details|the file .* failed to parse|unrecognized option|`cargo metadata` exited|failed to|this utility)", re.IGNORECASE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Files that rustfmt would change, and those that it cannot parse."""
    scribe, said = Scribe.of(raw, "rustfmt", Category.FORMAT), decode(raw.stderr)
    lines = lines_of(decode(raw.stdout))
    found = _from_diffs(raw, scribe, lines) or _from_list(raw, scribe, lines)
    broken = errors(raw, said, scribe)
    wrong = _wrong(lines_of(said))
    foreign = not found and any(line.strip() for line in lines) and ended(raw, exits) is Ended.UNKNOWN
    error = f"{broken[0].file}: {broken[0].message}" if broken else wrong or ("the output is not rustfmt's" if foreign else None)
    return conclude(raw, exits, Account(findings=(*found, *broken), error=error))


def _wrong(said: list[str]) -> str | None:
    """The line that says why rustfmt could not work; a broken configuration is explained by the next one."""
    at = next((at for at, line in enumerate(said) if _ERROR.match(line) and not _WARNING.match(line)), None)
    return None if at is None else " ".join(said[at:at + 2]) if said[at].endswith("failed to parse.") else said[at]


def _from_list(raw: RawOutput, scribe: Scribe, lines: list[str]) -> tuple[Finding, ...]:
    return tuple(scribe.unformatted(relative(raw, line)) for line in lines if line.endswith(".rs") and not line.startswith(("+", "-", " ")))


def _from_diffs(raw: RawOutput, scribe: Scribe, lines: list[str]) -> tuple[Finding, ...]:
    """One finding per file; its hunks are put together as a unified diff."""
    hunks: dict[str | None, list[tuple[int, list[str]]]] = {}
    body: list[str] = []
    for line in lines:
        head = _DIFF.match(line)
        if head:
            body = []
            hunks.setdefault(relative(raw, head["path"]), []).append((int(head["line"]), body))
        elif hunks:
            body.append(line)
    return tuple(scribe.unformatted(file, from_hunks(file, parts), first_change(*parts[0])) for file, parts in hunks.items())
