"""`oxlint -f unix`: the form of eslint's `unix`, with columns in bytes. Recorded from oxlint 0.18 and 1.94."""

from __future__ import annotations

from gatekeeper.model.finding import Category, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.eslint_lines import listed
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.oxlint import no_files
from gatekeeper.parse.place import Sources


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of oxlint, one per line."""
    if nothing := no_files(raw):
        return conclude(raw, exits, Account(nothing=nothing))
    return listed(raw, exits, Scribe.of(raw, "oxlint", Category.LINT), Sources.from_bytes)
