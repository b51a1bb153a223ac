"""`uv pip list --outdated --format json` and `pip list --outdated --format json`: installed packages with a newer release.

Offline, uv with UV_OFFLINE prints `[]` and ends with 0: the plan must not run it then. Recorded from uv 0.13.8.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import asked_objects, asked_text, load, maybe_text
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.text import report_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Python packages of which the index has a newer release."""
    scribe = Scribe.of(raw, "uv", Category.DEPENDENCY)
    entries = asked_objects(load(report_of(raw)), "the report")
    findings = tuple(scribe.finding(f"{asked_text(entry, 'name')} {maybe_text(entry.get('version')) or '?'} is behind: {asked_text(entry, 'latest_version')} is the latest",
                                    Level.INFO, rule="outdated") for entry in entries)
    return conclude(raw, exits, Account(findings=findings))
