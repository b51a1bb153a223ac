"""`actionlint -format '{{json .}}'`: a flat list; columns 1-based in bytes, `end_column` is the last one. Recorded from actionlint 1.7.12."""

from __future__ import annotations

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.actionlint import finding
from gatekeeper.parse.document import Json, asked_objects, asked_text, load, maybe_int, maybe_text
from gatekeeper.parse.grade import Place, Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import report_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of actionlint's JSON."""
    scribe, sources = Scribe.of(raw, "actionlint", Category.LINT), Sources(raw)
    entries = asked_objects(load(report_of(raw)), "the report")
    return conclude(raw, exits, Account(findings=tuple(_finding(raw, scribe, sources, entry) for entry in entries)))


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Finding:
    line, last = maybe_int(entry.get("line")), maybe_int(entry.get("end_column"))
    place = Place(file=relative(raw, maybe_text(entry.get("filepath"))), line=line, column=maybe_int(entry.get("column")),
                  end_line=line if last else None, end_column=last + 1 if last else None)
    return finding(scribe, sources, (asked_text(entry, "message"), maybe_text(entry.get("kind"))), place)
