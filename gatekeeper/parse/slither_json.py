"""`slither --json`: detectors with impact, confidence and elements; places 1-based, columns in bytes, ends exclusive.

Findings end with 255, crashes with 1 or nothing at all: with `--json -` slither is silent about contracts that do not compile, so only a
report says that anything was looked at. `success: false` brings the reason. Recorded from slither 0.11.6 over forge 1.7.1.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput, Severity
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_object,
    asked_objects,
    asked_text,
    load,
    maybe_int,
    maybe_list,
    maybe_object,
    maybe_objects,
    maybe_text,
)
from gatekeeper.parse.grade import NOWHERE, Extra, Place, Scribe, level_for, severity_of
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.place import Sources, nearest
from gatekeeper.parse.text import error_line, first_line, report_of

_FOUND = 255
#: places inside the words, which would make every finding new when a line is added above
_WHERE = re.compile(r" \([^()\n]*#\d{1,9}(?:-\d{1,9})?\)")
_CATEGORIES = {"Informational": Category.LINT, "Optimization": Category.PERFORMANCE}


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of slither's detectors."""
    if not report_of(raw).strip():
        raise UnparsableError(error_line(raw) or "slither printed no report: the contracts were not analysed")
    report = asked_object(load(report_of(raw)), "the report")
    if "success" not in report:
        raise UnparsableError("the report has no `success`")
    scribe, sources = Scribe.of(raw, "slither", Category.VULNERABILITY), Sources(raw)
    detectors = maybe_object(report.get("results")).get("detectors")
    findings = tuple(_finding(raw, scribe, sources, entry) for entry in asked_objects(detectors, "`detectors`")) if detectors is not None else ()
    return conclude(raw, finds_at(exits, _FOUND), Account(findings=findings, error=_error(report)))


def _error(report: Json) -> str | None:
    """Why slither did not succeed."""
    if report.get("success") is True and not report.get("error"):
        return None
    return first_line(maybe_text(report.get("error")) or "") or "slither did not succeed and says no reason"


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Finding:
    impact, said = maybe_text(entry.get("impact")) or "", asked_text(entry, "description")
    severity = severity_of(impact) or Severity.LOW
    element = next(maybe_objects(entry.get("elements")), None)
    return scribe.finding(_WHERE.sub("", first_line(said)), level_for(severity), _place(raw, sources, maybe_object(element.get("source_mapping"))) if element else NOWHERE,
                          rule=maybe_text(entry.get("check")), category=_CATEGORIES.get(impact),
                          extra=Extra(severity=severity, detail=said.rstrip(), url=maybe_text(entry.get("reference"))))


def _place(raw: RawOutput, sources: Sources, mapping: Json) -> Place:
    file = nearest(raw, maybe_text(mapping.get("filename_relative")) or maybe_text(mapping.get("filename_absolute")))
    lines = [line for value in maybe_list(mapping.get("lines")) if (line := maybe_int(value)) is not None]
    if not lines:
        return Place(file=file)
    return Place(file=file, line=lines[0], column=sources.from_bytes(file, lines[0], maybe_int(mapping.get("starting_column"))),
                 end_line=lines[-1], end_column=sources.from_bytes(file, lines[-1], maybe_int(mapping.get("ending_column"))))
