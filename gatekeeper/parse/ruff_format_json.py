"""`ruff format --check --output-format=json`: one diagnostic `unformatted` per file, with the edits that would be made.

The diff is computed from the edits where the source can be read. Older ruff prints text instead, which `ruff-format` reads.
Recorded from ruff 0.17.5.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.difference import between
from gatekeeper.parse.document import Json, UnparsableError, asked_objects, asked_text, load, maybe_int, maybe_object, maybe_objects
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.ruff_format import parse as parse_text
from gatekeeper.parse.ruff_format import spoken
from gatekeeper.parse.ruff_json import diagnostic, no_files
from gatekeeper.parse.text import lines_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Files that `ruff format` would change, and those that it cannot parse."""
    if spoken(raw):
        return parse_text(raw, exits)
    scribe, sources = Scribe.of(raw, "ruff", Category.FORMAT), Sources(raw)
    findings = tuple(_finding(raw, scribe, sources, entry) for entry in asked_objects(load(raw.stdout), "the report"))
    broken = next((finding for finding in findings if finding.category is not Category.FORMAT), None)
    return conclude(raw, exits, Account(findings=findings, error=f"{broken.file}: {broken.message}" if broken else None, nothing=no_files(raw)))


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Finding:
    if entry.get("code") != "unformatted":
        return diagnostic(raw, scribe, entry)
    file = relative(raw, asked_text(entry, "filename"))
    return scribe.unformatted(file, _diff(file, sources.text(file), entry))


def _diff(file: str | None, old: str | None, entry: Json) -> str | None:
    """What the edits would change; None without source, or for a notebook, whose edits count within cells."""
    if file is None or old is None or maybe_int(entry.get("cell")) is not None or file.endswith(".ipynb"):
        return None
    starts = [0]
    for line in lines_of(old):
        ending = old[starts[-1] + len(line):][:2]
        starts.append(starts[-1] + len(line) + (2 if ending == "\r\n" else 1))
    new = old
    try:
        for edit in reversed(list(maybe_objects(maybe_object(entry.get("fix")).get("edits")))):
            start, end = (_index(starts, maybe_object(edit.get(key))) for key in ("location", "end_location"))
            new = new[:start] + asked_text(edit, "content") + new[end:]
    except UnparsableError:
        return None
    return between(file, old, new)


def _index(starts: list[int], location: Json) -> int:
    row, column = maybe_int(location.get("row")), maybe_int(location.get("column"))
    if row is None or column is None or not 0 < row <= len(starts) or column < 1:
        raise UnparsableError("an edit has no place")
    return starts[row - 1] + column - 1
