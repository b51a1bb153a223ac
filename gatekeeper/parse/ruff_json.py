"""`ruff check --output-format=json`: a list of diagnostics, places 1-based in characters, ends exclusive.

Notebook findings count lines within their cell, and keep it. A syntax error is a finding like any other; a file that
could not be read (E902) was not checked. Recorded from ruff 0.17.5.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_objects, asked_text, load, maybe_int, maybe_object, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative

#: by the letters of the rule, longest first; everything else is lint
_CATEGORIES = (("invalid-syntax", Category.BUILD), ("E902", Category.BUILD), ("E9", Category.BUILD), ("S", Category.VULNERABILITY),
               ("DOC", Category.DOCUMENTATION), ("D", Category.DOCUMENTATION), ("PERF", Category.PERFORMANCE), ("C90", Category.COMPLEXITY),
               ("PLR09", Category.COMPLEXITY), ("I", Category.STYLE), ("Q", Category.STYLE), ("W", Category.STYLE), ("COM", Category.STYLE),
               ("ANN", Category.TYPES))
_UNREAD = "E902"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of `ruff check`."""
    scribe = Scribe.of(raw, "ruff", Category.LINT)
    findings = tuple(diagnostic(raw, scribe, entry) for entry in asked_objects(load(raw.stdout), "the report"))
    unread = next((finding for finding in findings if finding.rule == _UNREAD), None)
    return conclude(raw, exits, Account(findings=findings, error=f"{unread.file}: {unread.message}" if unread else None))


def diagnostic(raw: RawOutput, scribe: Scribe, entry: Json) -> Finding:
    """One diagnostic as ruff prints it, also for its formatter."""
    rule = maybe_text(entry.get("code"))
    return scribe.finding(asked_text(entry, "message"), level_of(entry.get("severity")), _place(raw, entry), rule=rule,
                          category=category_of(rule or ""),
                          extra=Extra(fixable=bool(entry.get("fix")), cell=maybe_int(entry.get("cell")), url=maybe_text(entry.get("url"))))


def category_of(rule: str) -> Category:
    """The category of a ruff or flake8 rule."""
    letters = rule.rstrip("0123456789")
    return next((category for prefix, category in _CATEGORIES
                 if letters == prefix or (prefix != letters and prefix[-1:].isdigit() and rule.startswith(prefix))), Category.LINT)


def _place(raw: RawOutput, entry: Json) -> Place:
    start, end = maybe_object(entry.get("location")), maybe_object(entry.get("end_location"))
    return Place(file=relative(raw, asked_text(entry, "filename")), line=maybe_int(start.get("row")), column=maybe_int(start.get("column")),
                 end_line=maybe_int(end.get("row")), end_column=maybe_int(end.get("column")))
