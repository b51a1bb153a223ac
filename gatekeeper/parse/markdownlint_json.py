"""`markdownlint --json` (markdownlint-cli): a list, on standard error.

A clean check prints nothing; files that do not exist end with 0 and the usage. Columns count UTF-16 units. Nobody says what a proposed fix may
change: it counts as unsafe. Recorded from markdownlint-cli 0.48.0.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Edit, Finding, Fix, Parsed, RawOutput, Safety
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_objects, asked_text, load, maybe_int, maybe_list, maybe_object, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.markdownlint import IDLE, idle
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import error_line


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of markdownlint's JSON."""
    scribe, sources = Scribe.of(raw, "markdownlint", Category.STYLE), Sources(raw)
    report = next((data for data in (raw.report, raw.stderr, raw.stdout) if data and data.strip()), b"")
    if idle(raw) or (not report and ended(raw, exits) is Ended.CLEAN):
        return conclude(raw, exits, Account(nothing=IDLE if report else None))
    if b"[" not in report and (why := error_line(raw)):
        return conclude(raw, exits, Account(error=why))
    entries = asked_objects(load(report), "the report")
    return conclude(raw, exits, Account(findings=tuple(_finding(scribe, sources, relative(raw, asked_text(entry, "fileName")), entry) for entry in entries)))


def _finding(scribe: Scribe, sources: Sources, file: str | None, entry: Json) -> Finding:
    line, names = maybe_int(entry.get("lineNumber")), [name for name in maybe_list(entry.get("ruleNames")) if isinstance(name, str)]
    start, width = ([value for part in maybe_list(entry.get("errorRange")) if (value := maybe_int(part)) is not None] + [0, 0])[:2]
    column, end = (sources.from_utf16(file, line, at) if start else None for at in (start, start + width))
    details = [entry.get("errorDetail") and f"[{entry['errorDetail']}]", entry.get("errorContext") and f'[Context: "{entry["errorContext"]}"]']
    message = " ".join([asked_text(entry, "ruleDescription"), *(str(part) for part in details if part)])
    return scribe.finding(message, level_of(entry.get("severity")), Place(file=file, line=line, column=column, end_line=line if end else None, end_column=end),
                          rule=names[0] if names else None,
                          extra=Extra(url=maybe_text(entry.get("ruleInformation")), fixes=_fixes(sources, file, line, maybe_object(entry.get("fixInfo")))))


def _fixes(sources: Sources, file: str | None, line: int | None, info: Json) -> tuple[Fix, ...]:
    """A deletion of -1 takes the whole line with its end."""
    at = maybe_int(info.get("lineNumber")) or line
    if not info or file is None or at is None or at < 1:
        return ()
    column, count, text = maybe_int(info.get("editColumn")) or 1, maybe_int(info.get("deleteCount")) or 0, info.get("insertText")
    start, end = sources.from_utf16(file, at, column) or 1, sources.from_utf16(file, at, column + max(count, 0)) or 1
    whole = count < 0
    edit = Edit(file=file, line=at, column=1 if whole else start, end_line=at + 1 if whole else at, end_column=1 if whole else end,
                content=text if isinstance(text, str) and not whole else "")
    return (Fix(safety=Safety.UNSAFE, edits=(edit,)),)
