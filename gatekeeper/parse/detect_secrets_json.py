"""`detect-secrets scan`, and the baseline it keeps: secrets by file, with lines and without columns; the exit code is 0 in any case.

The secret itself is not in the report, only its hash. Entries that an audit called false (`is_secret`) are left out. A file that does
not exist is passed over in silence. Recorded from detect-secrets 1.5.0; 0.12 to 1.5 share the shape.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput, Severity
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import UnparsableError, asked_object, asked_objects, asked_text, load, maybe_int
from gatekeeper.parse.grade import Extra, Place, Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import report_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Secrets that detect-secrets suspects."""
    report = asked_object(load(report_of(raw)), "the report")
    if "plugins_used" not in report or "results" not in report:
        raise UnparsableError("the report has no `plugins_used` and `results`")
    return conclude(raw, exits, Account(findings=tuple(_findings(raw, asked_object(report["results"], "`results`")))))


def _findings(raw: RawOutput, results: object) -> Iterator[Finding]:
    scribe = Scribe.of(raw, "detect-secrets", Category.SECRET)
    for path, entries in asked_object(results, "`results`").items():
        for entry in asked_objects(entries, "`results`"):
            if entry.get("is_secret") is not False:
                yield suspicion(scribe, asked_text(entry, "type"), Place(file=relative(raw, path), line=maybe_int(entry.get("line_number"))))


def suspicion(scribe: Scribe, kind: str, place: Place) -> Finding:
    """A possible secret of one kind."""
    return scribe.finding(f"possible secret: {kind}", Level.ERROR, place, rule=kind, extra=Extra(severity=Severity.HIGH))
