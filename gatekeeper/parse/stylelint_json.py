"""`stylelint -f json`: one entry per file with `warnings`, on standard output (before 16) or standard error; columns in UTF-16 units.

`CssSyntaxError` is a file that could not be parsed; an unknown rule and options that a rule does not have are the configuration's fault. Exit code 2
goes with findings, 1 and 78 with a tool that did not start. Recorded from stylelint 13 and 17.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_list, asked_objects, asked_text, load, maybe_int, maybe_objects, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude, finds_at, idle_at
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, report_of

_FOUND = 2
_ALL_IGNORED = "AllFilesIgnoredError"
_SYNTAX = "CssSyntaxError"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of stylelint."""
    report = raw.stderr if raw.report is None and not raw.stdout.strip() else report_of(raw)
    if report is raw.stderr and _ALL_IGNORED in decode(raw.stderr[:4096]):
        return conclude(raw, idle_at(exits, 1), Account(nothing="every file is ignored"))
    entries = list(asked_objects(load(report), "the report"))
    scribe, sources = Scribe.of(raw, "stylelint", Category.LINT), Sources(raw)
    checked = [entry for entry in entries if entry.get("ignored") is not True]
    findings = tuple(finding for entry in checked for finding in _findings(raw, scribe, sources, entry))
    problems = tuple(problem for entry in checked for problem in _problems(raw, entry))
    return conclude(raw, finds_at(exits, _FOUND), Account(findings=findings, problems=problems,
                                                          nothing=None if checked else "every file is ignored" if entries else "no files were checked"))


def _findings(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Iterator[Finding]:
    file = relative(raw, maybe_text(entry.get("source")))
    for warning in asked_objects(asked_list(entry.get("warnings"), "`warnings`"), "`warnings`"):
        rule, line, end_line = maybe_text(warning.get("rule")), maybe_int(warning.get("line")), maybe_int(warning.get("endLine"))
        place = Place(file=file, line=line, column=sources.from_utf16(file, line, maybe_int(warning.get("column"))),
                      end_line=end_line, end_column=sources.from_utf16(file, end_line, maybe_int(warning.get("endColumn"))))
        text = asked_text(warning, "text").removesuffix(f" ({rule})")
        yield scribe.finding(text, level_of(warning.get("severity")), place, rule=rule, category=Category.BUILD if rule == _SYNTAX else None,
                             extra=Extra(fixable=bool(warning.get("fix")), url=maybe_text(warning.get("url"))))


def _problems(raw: RawOutput, entry: Json) -> Iterator[Problem]:
    """What stylelint says of its configuration, once for each file."""
    file = relative(raw, maybe_text(entry.get("source"))) or ""
    for key in ("invalidOptionWarnings", "deprecations"):
        for told in maybe_objects(entry.get(key)):
            if text := maybe_text(told.get("text")):
                yield Problem(file=file, line=None, message=text)
