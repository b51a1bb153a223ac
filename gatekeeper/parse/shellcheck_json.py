"""`shellcheck -f json1` and the older `-f json`: comments with level, code and fix; places 1-based, ends exclusive.

`json1` counts characters; `json` counts a tab as going to the next multiple of eight, which the source turns back. A file that could not be
read ends with 2 beside the findings of the others. Proposed fixes change how words are split: never safe. Recorded from shellcheck 0.11.0.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Edit, Finding, Fix, Level, Parsed, RawOutput, Safety
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_list, asked_objects, asked_text, load, maybe_int, maybe_object, maybe_objects
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, report_of

_TAB = 8
_SYNTAX = range(1000, 2000)
_UNREAD = re.compile(r"^.+: openBinaryFile: .+$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of shellcheck."""
    report = load(report_of(raw))
    tabbed = isinstance(report, list)
    entries = asked_objects(report if isinstance(report, list) else asked_list(maybe_object(report).get("comments"), "`comments`"), "the report")
    scribe, sources = Scribe.of(raw, "shellcheck", Category.LINT), Sources(raw)
    findings = tuple(_finding(scribe, sources, relative(raw, asked_text(entry, "file")), entry, tabbed=tabbed) for entry in entries)
    return conclude(raw, exits, Account(findings=findings, error=unread(raw)))


def unread(raw: RawOutput) -> str | None:
    """The line that says which file could not be read."""
    found = _UNREAD.search(decode(raw.stderr))
    return found[0] if found else None


def _finding(scribe: Scribe, sources: Sources, file: str | None, entry: Json, *, tabbed: bool) -> Finding:
    line, column, end_line, end_column = _span(sources, file, entry, tabbed=tabbed)
    code, level = maybe_int(entry.get("code")), level_of(entry.get("level"))
    edits = [_edit(sources, file, change, tabbed=tabbed) for change in maybe_objects(maybe_object(entry.get("fix")).get("replacements"))]
    known = tuple(edit for edit in edits if edit is not None)
    fixes = () if not edits else (Fix(safety=Safety.UNSAFE, edits=known) if len(known) == len(edits) else Fix(safety=Safety.DISPLAY_ONLY),)
    return scribe.finding(asked_text(entry, "message"), level, Place(file=file, line=line, column=column, end_line=end_line, end_column=end_column),
                          rule=None if code is None else f"SC{code}", category=category_of(code, level), extra=Extra(fixes=fixes, url=wiki(code)))


def _edit(sources: Sources, file: str | None, change: Json, *, tabbed: bool) -> Edit | None:
    line, column, end_line, end_column = _span(sources, file, change, tabbed=tabbed)
    content = change.get("replacement")
    if file is None or not line or not column or not end_line or not end_column or not isinstance(content, str):
        return None
    return Edit(file=file, line=line, column=column, end_line=end_line, end_column=end_column, content=content)


def _span(sources: Sources, file: str | None, entry: Json, *, tabbed: bool) -> tuple[int | None, int | None, int | None, int | None]:
    line, end_line = maybe_int(entry.get("line")), maybe_int(entry.get("endLine"))
    column, end_column = maybe_int(entry.get("column")), maybe_int(entry.get("endColumn"))
    if tabbed:
        column, end_column = (from_tabs(sources.line(file, row), at) for row, at in ((line, column), (end_line, end_column)))
    return line, column, end_line, end_column


def from_tabs(text: str | None, column: int | None) -> int | None:
    """A 1-based column on a screen whose tabs stand every eight places, as characters; unchanged where the source is not at hand."""
    if text is None or column is None or "\t" not in text:
        return column
    screen = 1
    for number, character in enumerate(text, start=1):
        if screen >= column:
            return number
        screen = (screen - 1) // _TAB * _TAB + _TAB + 1 if character == "\t" else screen + 1
    return len(text) + 1 + max(column - screen, 0)


def category_of(code: int | None, level: Level) -> Category:
    """What cannot be parsed is an error of the 1000s; all else is a lint."""
    return Category.BUILD if code in _SYNTAX and level is Level.ERROR else Category.LINT


def wiki(code: int | None) -> str | None:
    """The page that explains a code."""
    return None if code is None else f"https://www.shellcheck.net/wiki/SC{code}"
