"""`pylint -f json` (a list) and `json2` (messages and statistics): lines 1-based, columns 0-based UTF-8 bytes, ends exclusive.

The column of a syntax error counts from 1. A `fatal` message means that something could not be checked. The exit code adds 1 fatal,
2 error, 4 warning, 8 refactor and 16 convention; 32 is a wrong call. Recorded from pylint 2.17 and 4.1.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, UnparsableError, asked_objects, asked_text, load, maybe_int, maybe_text
from gatekeeper.parse.grade import Place, Scribe
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import report_of

#: every sum of the bits for messages
FOUND = tuple(range(1, 32))
_LEVELS = {"fatal": Level.ERROR, "error": Level.ERROR, "warning": Level.WARNING, "refactor": Level.INFO, "convention": Level.INFO, "info": Level.INFO}
_BY_LETTER = {"F": "fatal", "E": "error", "W": "warning", "R": "refactor", "C": "convention", "I": "info"}
_SYNTAX = "syntax-error"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of pylint."""
    report = load(report_of(raw))
    entries = report.get("messages") if isinstance(report, dict) else report
    if entries is None:
        raise UnparsableError("the report has no `messages`")
    scribe, sources = Scribe.of(raw, "pylint", Category.LINT), Sources(raw)
    told = list(asked_objects(entries, "`messages`"))
    findings = tuple(_finding(raw, scribe, sources, entry) for entry in told)
    fatal = next((finding for finding, entry in zip(findings, told, strict=True) if entry.get("type") == "fatal"), None)
    return conclude(raw, finds_at(exits, *FOUND), Account(findings=findings, error=f"{fatal.file}: {fatal.message}" if fatal else None))


def message(scribe: Scribe, text: str, place: Place, *, identity: str, symbol: str | None) -> Finding:
    """One message; `identity` is a letter and a number (`C0114`), the rule is the symbol by which pylint is configured."""
    kind = _BY_LETTER.get(identity[:1], "error")
    broken = kind == "fatal" or symbol == _SYNTAX
    return scribe.finding(text, _LEVELS[kind], place, rule=symbol or identity, category=Category.BUILD if broken else None)


def column(sources: Sources, file: str | None, line: int | None, told: int | None, symbol: str | None) -> int | None:
    """What pylint calls a column as 1-based characters."""
    if told is None or told < 0 or symbol == _SYNTAX:
        return told
    return sources.from_bytes(file, line, told + 1)


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Finding:
    file, line, end_line = relative(raw, asked_text(entry, "path")), maybe_int(entry.get("line")), maybe_int(entry.get("endLine"))
    symbol, end = maybe_text(entry.get("symbol")), maybe_int(entry.get("endColumn"))
    place = Place(file=file, line=line, column=column(sources, file, line, maybe_int(entry.get("column")), symbol), end_line=end_line,
                  end_column=column(sources, file, end_line, end, symbol))
    identity = maybe_text(entry.get("messageId")) or maybe_text(entry.get("message-id")) or (maybe_text(entry.get("type")) or "error")[:1].upper()
    return message(scribe, asked_text(entry, "message"), place, identity=identity, symbol=symbol)
