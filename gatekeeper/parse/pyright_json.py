"""`pyright --outputjson`: one document; lines and characters 0-based, characters in UTF-16 units.

`--verifytypes` adds `typeCompleteness`, whose exported symbols have diagnostics of their own; its errors decide the exit code.
A broken configuration file makes pyright go on with defaults and exit 3: findings and a tool error. Recorded from pyright 1.1.414.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    maybe_text,
)
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import report_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of pyright or basedpyright."""
    report = asked_object(load(report_of(raw)), "the report")
    if "generalDiagnostics" not in report:
        raise UnparsableError("the report has no `generalDiagnostics`")
    scribe, sources = Scribe.of(raw, "pyright", Category.TYPES), Sources(raw)
    told = (*asked_objects(report["generalDiagnostics"], "`generalDiagnostics`"), *_incomplete(report))
    findings = tuple(_finding(raw, scribe, sources, entry) for entry in told)
    analyzed = maybe_int(maybe_object(report.get("summary")).get("filesAnalyzed"))
    return conclude(raw, exits, Account(findings=findings, nothing="no source files found" if analyzed == 0 else None))


def _incomplete(report: Json) -> Iterator[Json]:
    """Errors of the exported symbols whose types are not known; missing docstrings are warnings, which pyright itself does not print."""
    symbols = maybe_object(report.get("typeCompleteness")).get("symbols")
    for symbol in asked_objects(symbols, "`symbols`") if symbols is not None else ():
        yield from (entry for entry in asked_objects(symbol.get("diagnostics") or [], "`diagnostics`") if entry.get("severity") == "error")


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Finding:
    file, span = relative(raw, maybe_text(entry.get("file")) or maybe_text(entry.get("uri"))), maybe_object(entry.get("range"))
    line, column = _position(sources, file, maybe_object(span.get("start")))
    end_line, end_column = _position(sources, file, maybe_object(span.get("end")))
    rule = maybe_text(entry.get("rule"))
    return scribe.finding(asked_text(entry, "message"), level_of(entry.get("severity")),
                          Place(file=file, line=line, column=column, end_line=end_line, end_column=end_column), rule=rule,
                          category=None if rule or level_of(entry.get("severity")) is not Level.ERROR else Category.BUILD)


def _position(sources: Sources, file: str | None, position: Json) -> tuple[int | None, int | None]:
    line, character = maybe_int(position.get("line")), maybe_int(position.get("character"))
    if line is None:
        return None, None
    return line + 1, sources.from_utf16(file, line + 1, character + 1 if character is not None else None)
