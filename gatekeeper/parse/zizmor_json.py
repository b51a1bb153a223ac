"""`zizmor --format=json` (the same as `json-v1`): findings, each with locations of which one is primary; rows 0-based, columns 0-based bytes.

The exit code tells the worst severity (11 informational to 14 high). 3 means that nothing was audited: there was no input, or none that
could be parsed; some that could not are only a warning on standard error, which names no file. Recorded from zizmor 1.32.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Fix, Parsed, RawOutput, Safety, Severity
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_objects, asked_text, load, maybe_int, maybe_object, maybe_objects, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe, level_for, severity_of
from gatekeeper.parse.meaning import Account, conclude, finds_at, idle_at
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, report_of

FOUND = (11, 12, 13, 14)
NO_INPUT = 3
_SAFETY = {"safe": Safety.SAFE, "unsafe": Safety.UNSAFE}
_UNREAD = re.compile(r"^ *WARN .*: (?P<why>failed to (?:parse|load) input: .*)$", re.MULTILINE)
_IDLE = "no inputs collected"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of zizmor."""
    if raw.exit_code == NO_INPUT or (not report_of(raw).strip() and _IDLE in decode(raw.stderr)):
        return without_input(raw, exits)
    scribe, sources = Scribe.of(raw, "zizmor", Category.VULNERABILITY), Sources(raw)
    findings = tuple(_finding(raw, scribe, sources, entry) for entry in asked_objects(load(report_of(raw)), "the report") if entry.get("ignored") is not True)
    return conclude(raw, finds_at(exits, *FOUND), Account(findings=findings, error=unread(raw)))


def without_input(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Nothing was audited: an error where there was something that could not be read."""
    return conclude(raw, idle_at(exits, NO_INPUT), Account(error=unread(raw), nothing=_IDLE))


def unread(raw: RawOutput) -> str | None:
    """Why an input was left out."""
    found = _UNREAD.search(decode(raw.stderr))
    return f"not every input was audited: {found['why']}" if found else None


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Finding:
    severity = severity_of(maybe_object(entry.get("determinations")).get("severity")) or Severity.INFO
    primary = _primary(entry)
    told = maybe_text(maybe_object(primary.get("symbolic")).get("annotation"))
    message = asked_text(entry, "desc")
    return scribe.finding(f"{message}: {told}" if told else message, level_for(severity), _place(raw, sources, primary), rule=asked_text(entry, "ident"),
                          extra=Extra(severity=severity, url=maybe_text(entry.get("url")), fixes=tuple(_fixes(entry))))


def _primary(entry: Json) -> Json:
    locations = list(maybe_objects(entry.get("locations")))
    return next((one for one in locations if maybe_object(one.get("symbolic")).get("kind") == "Primary"), locations[0] if locations else {})


def _place(raw: RawOutput, sources: Sources, location: Json) -> Place:
    """Where a finding is; of an input that is no local file, its name without lines."""
    key = maybe_object(maybe_object(location.get("symbolic")).get("key"))
    local = maybe_object(key.get("Local"))
    file = relative(raw, maybe_text(local.get("verbatim_path")) or maybe_text(local.get("given_path")))
    span = maybe_object(maybe_object(location.get("concrete")).get("location"))
    line, column = _point(sources, file, maybe_object(span.get("start_point")))
    end_line, end_column = _point(sources, file, maybe_object(span.get("end_point")))
    return Place(file=file, line=line, column=column, end_line=end_line, end_column=end_column)


def _point(sources: Sources, file: str | None, point: Json) -> tuple[int | None, int | None]:
    row, column = maybe_int(point.get("row")), maybe_int(point.get("column"))
    if row is None or column is None:
        return None, None
    return row + 1, sources.from_bytes(file, row + 1, column + 1)


def _fixes(entry: Json) -> Iterator[Fix]:
    """The fixes that zizmor knows; it does not spell them out."""
    for fix in maybe_objects(entry.get("fixes")):
        yield Fix(safety=_SAFETY.get(maybe_text(fix.get("disposition")) or "", Safety.DISPLAY_ONLY), message=maybe_text(fix.get("title")))
