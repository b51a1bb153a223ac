"""`npm outdated --json [--long]`: packages with a newer version, or an error object; 1 means both.

Recorded from npm 11.19.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_object, load, maybe_object, maybe_objects, maybe_text
from gatekeeper.parse.grade import Place, Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.npm_audit_json import OFFLINE
from gatekeeper.parse.place import relative
from gatekeeper.parse.tally import headline
from gatekeeper.parse.text import report_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Dependencies of which the registry has a newer version."""
    if not report_of(raw).strip() and raw.exit_code in exits.clean:
        return conclude(raw, exits, Account())  # npm before 10 prints nothing when all is current
    report = asked_object(load(report_of(raw)), "the report")
    error = maybe_object(report.get("error"))
    if error and ("summary" in error or "code" in error):
        why = headline(": ".join(part for key in ("code", "summary") if (part := maybe_text(error.get(key))))) or "npm could not look"
        offline = OFFLINE.search(f"{why} {maybe_text(error.get('detail')) or ''}")
        return conclude(raw, exits, Account(nothing=f"no version data: {why}") if offline else Account(error=why))
    scribe = Scribe.of(raw, "npm", Category.DEPENDENCY)
    return conclude(raw, exits, Account(findings=tuple(one for name, entry in report.items() for one in _findings(raw, scribe, name, entry))))


def _findings(raw: RawOutput, scribe: Scribe, name: str, entry: object) -> Iterator[Finding]:
    """One package may be there several times, once per workspace that needs it."""
    for one in maybe_objects(entry if isinstance(entry, list) else [entry]):
        yield scribe.finding(_message(name, one), Level.INFO, Place(file=relative(raw, "package.json")), rule="outdated")


def _message(name: str, entry: Json) -> str:
    current, wanted, latest = (maybe_text(entry.get(key)) for key in ("current", "wanted", "latest"))
    return f"{name} {current or '(not installed)'} is behind: {latest or '?'} is the latest" + (f", {wanted} the newest allowed" if wanted and wanted != latest else "")
