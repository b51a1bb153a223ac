"""A fixer's end: it did its work whether or not findings are left; the checks that follow speak of the state after."""

from __future__ import annotations

from gatekeeper.model.finding import Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.text import complaint


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Clean for every exit code that is no error."""
    if ended(raw, exits) in {Ended.BROKEN, Ended.UNKNOWN}:
        return conclude(raw, exits, Account(error=complaint(raw) or f"exit code {raw.exit_code}"))
    return conclude(RawOutput(stdout=raw.stdout, stderr=raw.stderr, exit_code=min(exits.clean, default=0), root=raw.root, cwd=raw.cwd), exits, Account())
