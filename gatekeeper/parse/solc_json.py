"""solc's standard JSON, as `solc --standard-json` and `forge build --json` print it: `errors[]` with byte offsets into the source.

The exit code is 0 whatever the errors: severity decides. Line and column come from the formatted message, else from the offsets and
the source. Banner lines before the document are passed over. When forge fails before it compiles, it speaks plain text, which is read
too. Recorded from solc 0.8.28 and forge 1.7.1.
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
    maybe_text,
)
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.place import Offsets, nearest
from gatekeeper.parse.solc_text import BROKEN, diagnostics, spot
from gatekeeper.parse.text import decode, report_of

_NOTHING = "Nothing to compile"
_KEYS = ("sources", "contracts", "errors")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Errors and warnings of the Solidity compiler."""
    scribe, out = Scribe.of(raw, "solc", Category.BUILD), report_of(raw)
    if out.lstrip().startswith(_NOTHING.encode()):
        return conclude(raw, exits, Account(nothing=_NOTHING.lower()))
    told = tuple(diagnostics(raw, decode(raw.stderr), scribe))
    if told and b"{" not in out:
        return conclude(raw, finds_at(exits, 1), Account(findings=told))
    report = asked_object(load(out), "the report")
    if not any(key in report for key in _KEYS):
        raise UnparsableError("the report is no standard JSON: neither `errors` nor `sources`")
    errors = list(asked_objects(report.get("errors") or [], "`errors`"))
    broken = next((maybe_text(entry.get("message")) for entry in errors if entry.get("type") in BROKEN), None)
    findings = tuple(_finding(raw, scribe, entry) for entry in errors if entry.get("type") not in BROKEN)
    return conclude(raw, finds_at(exits, 1), Account(findings=findings, error=broken))


def _finding(raw: RawOutput, scribe: Scribe, entry: Json) -> Finding:
    level, shown = level_of(entry.get("severity")), maybe_text(entry.get("formattedMessage"))
    return scribe.finding(maybe_text(entry.get("message")) or asked_text(entry, "formattedMessage"), level, _place(raw, entry, shown or ""),
                          rule=maybe_text(entry.get("errorCode")) or maybe_text(entry.get("type")),
                          category=Category.BUILD if level is Level.ERROR else Category.LINT, extra=Extra(detail=shown))


def _place(raw: RawOutput, entry: Json, shown: str) -> Place:
    location = maybe_object(entry.get("sourceLocation"))
    file = nearest(raw, maybe_text(location.get("file")))
    start, end = maybe_int(location.get("start")), maybe_int(location.get("end"))
    if file is None or start is None or start < 0:
        return Place(file=file)
    data, first = raw.read(file), spot(shown)
    offsets = Offsets(data) if data is not None else None
    first = first or (offsets.place(start) if offsets else None)
    if first is None:
        return Place(file=file)
    last = offsets.place(end) if offsets and end is not None and offsets.place(start) == first else None
    return Place(file=file, line=first[0], column=first[1], end_line=last[0] if last else None, end_column=last[1] if last else None)
