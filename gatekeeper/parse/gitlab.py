"""GitLab's code quality report (also Code Climate's issues as one array): a list of entries with severity, check, and a place.

Severity words are theirs (blocker, critical, major, minor, info). Places are `lines` or `positions`, 1-based, columns as the tool counts them (no
producer is known to count anything but characters). An entry that is no issue (`type: measurement`) is passed over; one without a place or a
description is an error, because GitLab itself drops everything after it. Recorded from ruff 0.17.5.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput, Severity
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_objects,
    asked_text,
    load,
    maybe_int,
    maybe_list,
    maybe_object,
    maybe_text,
)
from gatekeeper.parse.grade import Extra, Place, Scribe, level_for
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import report_of

_SEVERITY = {"blocker": Severity.CRITICAL, "critical": Severity.HIGH, "major": Severity.MEDIUM, "minor": Severity.LOW, "info": Severity.INFO}
_CATEGORIES = {"bug risk": Category.BUG, "complexity": Category.COMPLEXITY, "performance": Category.PERFORMANCE, "security": Category.VULNERABILITY,
               "style": Category.STYLE, "duplication": Category.COMPLEXITY}


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of any code quality report."""
    scribe = Scribe.of(raw, "gitlab", Category.LINT)
    return conclude(raw, exits, Account(findings=tuple(_findings(raw, scribe, asked_objects(load(report_of(raw)), "the report")))))


def _findings(raw: RawOutput, scribe: Scribe, entries: Iterator[Json]) -> Iterator[Finding]:
    for entry in entries:
        if entry.get("type", "issue") != "issue":
            continue
        severity = _SEVERITY.get(str(entry.get("severity")).lower(), Severity.MEDIUM)
        body = maybe_object(entry.get("content")).get("body")
        yield Scribe(tool=maybe_text(entry.get("engine_name")) or scribe.tool, category=_category(entry)).finding(
            asked_text(entry, "description"), level_for(severity), _place(raw, maybe_object(entry.get("location"))), rule=maybe_text(entry.get("check_name")),
            extra=Extra(severity=severity, detail=body if isinstance(body, str) else None))


def _category(entry: Json) -> Category:
    words = (word.lower() for word in maybe_list(entry.get("categories")) if isinstance(word, str))
    return next((_CATEGORIES[word] for word in words if word in _CATEGORIES), Category.LINT)


def _place(raw: RawOutput, location: Json) -> Place:
    file, lines, positions = relative(raw, asked_text(location, "path")), maybe_object(location.get("lines")), maybe_object(location.get("positions"))
    if not lines and not positions:
        raise UnparsableError(f"the place of an entry in {file} has neither `lines` nor `positions`")
    if lines:
        return Place(file=file, line=maybe_int(lines.get("begin")), end_line=maybe_int(lines.get("end")))
    begin, end = maybe_object(positions.get("begin")), maybe_object(positions.get("end"))
    return Place(file=file, line=maybe_int(begin.get("line")), column=maybe_int(begin.get("column")), end_line=maybe_int(end.get("line")),
                 end_column=maybe_int(end.get("column")))
