"""reviewdog's diagnostic format: `rdjson`, one document, and `rdjsonl`, one diagnostic in each line.

Lines and columns are 1-based, ends exclusive, columns count UTF-8 bytes by the format's definition; ruff counts characters all the same. Without
columns a range means whole lines. The format knows no safety of suggestions, so they are unsafe. Recorded from ruff 0.17.5 (rdjson); the definition
is `proto/rdf/reviewdog.proto` of reviewdog.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatekeeper.model.finding import Category, Edit, Finding, Fix, Level, Parsed, RawOutput, Safety
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_object,
    asked_objects,
    asked_text,
    load,
    load_lines,
    maybe_int,
    maybe_object,
    maybe_objects,
    maybe_text,
)
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, report_of

#: the numbers of the severities in the definition
_LEVELS = {1: Level.ERROR, 2: Level.WARNING, 3: Level.INFO}
#: producers whose columns count characters, whatever the definition says
_CHARACTERS = frozenset({"ruff"})


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of one document of diagnostics."""
    report = asked_object(load(report_of(raw)), "the report")
    if "diagnostics" not in report:
        raise UnparsableError("the report has no `diagnostics`")
    return conclude(raw, exits, Account(findings=tuple(_findings(raw, report, asked_objects(report["diagnostics"], "`diagnostics`")))))


def parse_lines(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of one diagnostic in each line; no line at all is clean only with a good exit code."""
    text = decode(report_of(raw))
    foreign = next((line for line in text.splitlines() if line.strip() and not line.startswith("{")), None)
    if foreign is not None and ended(raw, exits) is Ended.UNKNOWN:
        raise UnparsableError(f"a line is no diagnostic: {foreign:.80}")
    findings = tuple(_findings(raw, {}, (asked_object(value, f"line {number}") for number, value in load_lines(text))))
    silent = not findings and ended(raw, exits) is Ended.UNKNOWN
    return conclude(raw, exits, Account(findings=findings, error="no report: the output is empty, and the exit code is unknown" if silent else None))


def _findings(raw: RawOutput, report: Json, entries: Iterable[Json]) -> Iterator[Finding]:
    sources = Sources(raw)
    for entry in entries:
        source = maybe_object(entry.get("source")) or maybe_object(report.get("source"))
        name, code, location = maybe_text(source.get("name")), maybe_object(entry.get("code")), maybe_object(entry.get("location"))
        file = relative(raw, maybe_text(location.get("path")))
        scale = None if name in _CHARACTERS else sources
        yield Scribe(tool=raw.tool or name or "reviewdog", category=Category.LINT).finding(
            asked_text(entry, "message"), _level(entry.get("severity") or report.get("severity")), _place(scale, file, maybe_object(location.get("range"))),
            rule=maybe_text(code.get("value")), extra=Extra(url=maybe_text(code.get("url")), detail=maybe_text(entry.get("original_output")),
                                                            fixes=tuple(_fixes(scale, sources, file, entry))))


def _level(word: object) -> Level:
    number = maybe_int(word)
    return _LEVELS.get(number, Level.ERROR) if number is not None else level_of(word)


def _place(scale: Sources | None, file: str | None, span: Json) -> Place:
    start, end = maybe_object(span.get("start")), maybe_object(span.get("end"))
    line, end_line = maybe_int(start.get("line")), maybe_int(end.get("line"))
    return Place(file=file, line=line, column=_column(scale, file, start), end_line=end_line, end_column=_column(scale, file, end))


def _column(scale: Sources | None, file: str | None, position: Json) -> int | None:
    line, column = maybe_int(position.get("line")), maybe_int(position.get("column"))
    return column if scale is None else scale.from_bytes(file, line, column)


def _fixes(scale: Sources | None, sources: Sources, file: str | None, entry: Json) -> Iterator[Fix]:
    for suggestion in maybe_objects(entry.get("suggestions")):
        edit = _edit(scale, sources, file, suggestion)
        yield Fix(safety=Safety.UNSAFE, edits=(edit,) if edit else ())


def _edit(scale: Sources | None, sources: Sources, file: str | None, suggestion: Json) -> Edit | None:
    """One replacement; whole lines end where the last of them does, which only its text tells."""
    place = _place(scale, file, maybe_object(suggestion.get("range")))
    content = suggestion.get("text", "")
    if file is None or place.line is None or not isinstance(content, str):
        return None
    end_line, column, end_column = place.end_line or place.line, place.column, place.end_column
    if column is None and end_column is None:
        text = sources.line(file, end_line)
        column, end_column = 1, None if text is None else len(text) + 1
    elif place.end_line is None:
        end_column = column
    if end_column is None or (end_line, end_column) < (place.line, column or 1):
        return None
    return Edit(file=file, line=place.line, column=column or 1, end_line=end_line, end_column=end_column, content=content)
