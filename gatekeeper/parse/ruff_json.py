"""`ruff check --output-format=json`: a list of diagnostics, places 1-based in characters, ends exclusive.

Notebook findings count lines within their cell, and keep it; the edits of their fixes do too, so they are left out. A syntax
error is a finding like any other (ruff 0.2 to 0.9 give it no code); a file that could not be read (E902) was not checked.
Recorded from ruff 0.1, 0.8 and 0.17.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Edit, Finding, Fix, Parsed, RawOutput, Safety
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_objects, asked_text, load, maybe_int, maybe_object, maybe_objects, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import complaint, decode, report_of

#: by the letters of the rule, longest first; everything else is lint
_CATEGORIES = (("invalid-syntax", Category.BUILD), ("E902", Category.BUILD), ("E9", Category.BUILD), ("S", Category.VULNERABILITY),
               ("DOC", Category.DOCUMENTATION), ("D", Category.DOCUMENTATION), ("PERF", Category.PERFORMANCE), ("C90", Category.COMPLEXITY),
               ("PLR09", Category.COMPLEXITY), ("I", Category.STYLE), ("Q", Category.STYLE), ("W", Category.STYLE), ("COM", Category.STYLE),
               ("ANN", Category.TYPES))
_UNREAD = "E902"
SYNTAX = "SyntaxError: "
#: where both streams are one the warning comes first
_HEAD = 4096
SYNTAX_RULE = "invalid-syntax"
_NO_FILES = re.compile(r"^warning: (No Python files found under the given path\(s\))$", re.MULTILINE)
_FAILED = re.compile(r"^(?:error: |ruff failed)", re.MULTILINE)
#: `Automatic`, `Suggested` and `Manual` until 0.1
_SAFETY = {"safe": Safety.SAFE, "automatic": Safety.SAFE, "always": Safety.SAFE,
           "unsafe": Safety.UNSAFE, "suggested": Safety.UNSAFE, "sometimes": Safety.UNSAFE}


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of `ruff check`."""
    scribe = Scribe.of(raw, "ruff", Category.LINT)
    return checked(raw, exits, tuple(diagnostic(raw, scribe, entry) for entry in asked_objects(load(report_of(raw)), "the report")))


def checked(raw: RawOutput, exits: ExitSpec, findings: tuple[Finding, ...], error: str | None = None) -> Parsed:
    """The meaning of a `ruff check` in any form: a file that could not be read was not checked, and no file is nothing."""
    unread = next((finding for finding in findings if finding.rule == _UNREAD), None)
    if unread is not None:
        error = f"{unread.file}: {unread.message}"
    elif error is None and ended(raw, exits) is Ended.UNKNOWN and not findings and _FAILED.search(decode(raw.stderr)):
        error = complaint(raw)
    return conclude(raw, exits, Account(findings=findings, error=error, nothing=no_files(raw)))


def no_files(raw: RawOutput) -> str | None:
    """What ruff says when it was given nothing that it checks; it then ends with 0 and an empty report."""
    found = _NO_FILES.search(decode(raw.stderr or raw.stdout[:_HEAD]))
    return found[1] if found else None


def diagnostic(raw: RawOutput, scribe: Scribe, entry: Json) -> Finding:
    """One diagnostic as ruff prints it, also for its formatter."""
    message = asked_text(entry, "message")
    # in preview the code of a syntax error is its name
    rule = maybe_text(entry.get("code")) or (maybe_text(entry.get("name")) if entry.get("name") == SYNTAX_RULE else None)
    fix = _fix(raw, entry)
    return scribe.finding(message, level_of(entry.get("severity")), _place(raw, entry), rule=rule,
                          category=Category.BUILD if rule is None and message.startswith(SYNTAX) else category_of(rule or ""),
                          extra=Extra(fixes=(fix,) if fix else (), cell=maybe_int(entry.get("cell")), url=maybe_text(entry.get("url"))))


def _fix(raw: RawOutput, entry: Json) -> Fix | None:
    told = maybe_object(entry.get("fix"))
    if not told:
        return None
    safety = _SAFETY.get((maybe_text(told.get("applicability")) or "").lower(), Safety.DISPLAY_ONLY)
    file = relative(raw, asked_text(entry, "filename"))
    edits = [_edit(file, edit) for edit in maybe_objects(told.get("edits"))] if file and maybe_int(entry.get("cell")) is None else []
    whole = tuple(edit for edit in edits if edit is not None)
    return Fix(safety=safety, message=maybe_text(told.get("message")), edits=whole if len(whole) == len(edits) else ())


def _edit(file: str, told: Json) -> Edit | None:
    start, end, content = maybe_object(told.get("location")), maybe_object(told.get("end_location")), told.get("content")
    line, column, end_line, end_column = (maybe_int(at.get(key)) for at in (start, end) for key in ("row", "column"))
    if line is None or column is None or end_line is None or end_column is None or not isinstance(content, str):
        return None
    return Edit(file=file, line=line, column=column, end_line=end_line, end_column=end_column, content=content)


def category_of(rule: str) -> Category:
    """The category of a ruff or flake8 rule."""
    letters = rule.rstrip("0123456789")
    return next((category for prefix, category in _CATEGORIES
                 if letters == prefix or (prefix != letters and prefix[-1:].isdigit() and rule.startswith(prefix))), Category.LINT)


def _place(raw: RawOutput, entry: Json) -> Place:
    start, end = maybe_object(entry.get("location")), maybe_object(entry.get("end_location"))
    return Place(file=relative(raw, asked_text(entry, "filename")), line=maybe_int(start.get("row")), column=maybe_int(start.get("column")),
                 end_line=maybe_int(end.get("row")), end_column=maybe_int(end.get("column")))
