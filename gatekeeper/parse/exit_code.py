"""The exit code alone: for programs whose output nobody can read.

A findings code becomes one finding with the last words of the output; its tail is the detail.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.text import both_tails, complaint


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """What the exit code says; an unknown one says nothing, which is an error."""
    match ended(raw, exits):
        case Ended.UNKNOWN:
            return conclude(raw, exits, Account(error="only the exit code could tell, and it is unknown"))
        case Ended.FINDINGS:
            message = complaint(raw) or f"ended with exit code {raw.exit_code}"
            finding = Scribe.of(raw, "script", Category.LINT).finding(message, Level.ERROR, extra=Extra(detail=both_tails(raw)))
            return conclude(raw, exits, Account(findings=(finding,)))
        case Ended.CLEAN | Ended.NOTHING | Ended.BROKEN:
            return conclude(raw, exits, Account())
