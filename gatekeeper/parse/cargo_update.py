"""`cargo update --dry-run` on standard error: what a lockfile would move to. Format: `    Updating NAME vOLD -> vNEW`.

Without the registry's index nothing can be said: that is nothing checked, not clean.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.text import decode, lines_of

_MOVE = re.compile(r"^\s*(?:Updating|Downgrading) (?P<name>[\w-]+) v(?P<old>\S+)(?: \([^)]*\))? -> v(?P<new>\S+)")
_OWN = re.compile(r"^\s*(?:Updating|Locking|Downgrading|Unchanged) |^warning: not updating lockfile")
#: cargo says so, and nothing else, where it goes on to tell what moves
_MOVES = re.compile(r"^\s*Locking [1-9]\d*\b|^\s*Locking\s*$")
_OFFLINE = re.compile(r"offline|failed to (?:get|fetch|query|download)|Unable to update|network|could not resolve", re.IGNORECASE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """One finding of level info for each package that has a newer compatible version."""
    lines = lines_of(decode(raw.stderr))
    if raw.exit_code not in exits.clean and any(_OFFLINE.search(line) for line in lines):
        return conclude(RawOutput(exit_code=None), exits, Account(nothing="the registry's index cannot be reached"))
    scribe = Scribe.of(raw, "cargo", Category.DEPENDENCY)
    moves = [match for line in lines if (match := _MOVE.match(line))]
    findings = tuple(scribe.finding(f"{move['name']} {move['old']} can move to {move['new']}", Level.INFO, rule="outdated") for move in moves)
    foreign = raw.exit_code is None and not any(_OWN.match(line) for line in lines)
    cut = raw.exit_code is None and not moves and any(_MOVES.match(line) for line in lines)
    error = "the output is not that of cargo update" if foreign else "the output is cut off: it tells of packages and names none" if cut else None
    return conclude(raw, exits, Account(findings=findings, error=error))
