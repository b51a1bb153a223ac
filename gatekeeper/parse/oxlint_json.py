"""`oxlint -f json`: `diagnostics` with spans as byte offsets, and `number_of_files`, which is 0 when nothing was checked.

A diagnostic without code comes from the parser: the file was not linted. Columns count bytes. Recorded from oxlint 0.18 and 1.94.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_object,
    asked_objects,
    asked_text,
    load,
    maybe_int,
    maybe_object,
    maybe_objects,
    maybe_text,
)
from gatekeeper.parse.edits import Ruler, Rulers
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.oxlint import bad_configuration, kind_of
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import report_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of oxlint."""
    if why := bad_configuration(raw):
        return conclude(raw, exits, Account(error=why))
    report = asked_object(load(report_of(raw)), "the report")
    if "diagnostics" not in report:
        raise UnparsableError("the report has no `diagnostics`")
    scribe, sources = Scribe.of(raw, "oxlint", Category.LINT), Sources(raw)
    rulers = Rulers(Ruler.utf8)
    findings = tuple(_finding(scribe, _place(raw, sources, rulers, entry), entry) for entry in asked_objects(report["diagnostics"], "`diagnostics`"))
    return conclude(raw, exits, Account(findings=findings, nothing="no files were checked" if report.get("number_of_files") == 0 else None))


def _finding(scribe: Scribe, place: Place, entry: Json) -> Finding:
    rule, level = maybe_text(entry.get("code")), level_of(entry.get("severity"), Level.WARNING)
    return scribe.finding(asked_text(entry, "message"), level, place, rule=rule, category=kind_of(rule, level),
                          extra=Extra(detail=maybe_text(entry.get("help")), url=maybe_text(entry.get("url"))))


def _place(raw: RawOutput, sources: Sources, rulers: Rulers, entry: Json) -> Place:
    """The first label; its end is known only with the file's text."""
    file = relative(raw, maybe_text(entry.get("filename")))
    span = maybe_object(next(maybe_objects(entry.get("labels")), {}).get("span"))
    line, column = maybe_int(span.get("line")), maybe_int(span.get("column"))
    offset, length, ruler = maybe_int(span.get("offset")), maybe_int(span.get("length")), rulers.of(file, sources.text(file))
    end = ruler.place(offset + length) if ruler and offset is not None and length is not None else None
    return Place(file=file, line=line, column=sources.from_bytes(file, line, column), end_line=end[0] if end else None, end_column=end[1] if end else None)
