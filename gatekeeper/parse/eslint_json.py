"""`eslint -f json`: one entry per file with messages; places 1-based, columns in UTF-16 units, ends exclusive.

A fatal message is a file that cannot be parsed: a finding without rule, also where `--exit-on-fatal-error` makes the exit code 2,
which else means that eslint could not start. `File ignored because` means that the file was not checked.
A fix replaces a range of UTF-16 offsets and is safe (`--fix` applies it); suggestions, of which `--fix` applies none and which may
exclude each other, are for a reader to choose from. Recorded from eslint 5, 8 and 10; 4 to 10 share the shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Fix, Level, Parsed, RawOutput, Safety
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    asked_list,
    asked_objects,
    asked_text,
    load,
    maybe_int,
    maybe_list,
    maybe_object,
    maybe_objects,
    maybe_text,
)
from gatekeeper.parse.edits import Ruler
from gatekeeper.parse.grade import Extra, Place, Scribe
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, report_of

#: how eslint ends when it cannot start: its version, then the reason
_OOPS = re.compile(r"^ESLint: \d\S*\n\s*(?P<why>\S.*)$", re.MULTILINE)
#: the exit code of `--exit-on-fatal-error`
_FATAL = 2
_IGNORED = "File ignored "


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of eslint."""
    scribe, sources = Scribe.of(raw, "eslint", Category.LINT), Sources(raw)
    if not report_of(raw).strip() and (why := _OOPS.search(decode(raw.stderr))):
        return conclude(raw, exits, Account(error=why["why"]))
    report = load(report_of(raw))
    entries = list(asked_objects(report.get("results") if isinstance(report, dict) and "metadata" in report else report, "the report"))
    findings: list[Finding] = []
    ignored: list[Problem] = []
    for entry in entries:
        file = relative(raw, asked_text(entry, "filePath"))
        sources.offer(file, maybe_text(entry.get("source")))
        ruler = _ruler(sources, file, entry)
        for message in asked_objects(asked_list(entry.get("messages"), "`messages`"), "`messages`"):
            text = asked_text(message, "message")
            if text.startswith(_IGNORED) and message.get("ruleId") is None:
                ignored.append(Problem(file=file or "", line=None, message=f"not checked: {text}"))
            else:
                findings.append(_finding(scribe, sources, ruler, message, file))
    checked, fatal = len(entries) - len(ignored), next((finding for finding in findings if finding.category is Category.BUILD), None)
    return conclude(raw, finds_at(exits, _FATAL) if fatal else exits, Account(findings=tuple(findings), problems=tuple(ignored),
                                        nothing=None if checked else "every file is ignored" if ignored else "no files were checked"))


def _finding(scribe: Scribe, sources: Sources, ruler: Ruler | None, message: Json, file: str | None) -> Finding:
    line, end_line = maybe_int(message.get("line")), maybe_int(message.get("endLine"))
    place = Place(file=file, line=line, column=sources.from_utf16(file, line, maybe_int(message.get("column"))),
                  end_line=end_line, end_column=sources.from_utf16(file, end_line, maybe_int(message.get("endColumn"))))
    fatal = message.get("fatal") is True
    return scribe.finding(asked_text(message, "message"), Level.ERROR if fatal or message.get("severity") == 2 else Level.WARNING, place,
                          rule=maybe_text(message.get("ruleId")), category=Category.BUILD if fatal else None, extra=Extra(fixable=bool(message.get("fix")), fixes=tuple(_fixes(ruler, message))))


def _ruler(sources: Sources, file: str | None, entry: Json) -> Ruler | None:
    """The text that the offsets of an entry's fixes count in; after `--fix` that is `output`."""
    if not any(message.get("fix") or message.get("suggestions") for message in maybe_objects(entry.get("messages"))):
        return None
    text = maybe_text(entry.get("output")) or maybe_text(entry.get("source")) or sources.text(file)
    return Ruler.utf16(file, text.removeprefix("\ufeff")) if file and text else None


def _fixes(ruler: Ruler | None, message: Json) -> Iterator[Fix]:
    if message.get("fix"):
        yield _fix(ruler, message, Safety.SAFE, None)
    for suggestion in maybe_objects(message.get("suggestions")):
        yield _fix(ruler, suggestion, Safety.DISPLAY_ONLY, maybe_text(suggestion.get("desc")))


def _fix(ruler: Ruler | None, holder: Json, safety: Safety, message: str | None) -> Fix:
    """One fix; without the file's text, or with offsets that are none of it, it has no edits."""
    told = maybe_object(holder.get("fix"))
    offsets, content = [maybe_int(number) for number in maybe_list(told.get("range"))], told.get("text")
    if ruler is None or len(offsets) != 2 or not isinstance(content, str):
        return Fix(safety=safety, message=message)
    start, end = offsets
    edit = ruler.edit(start, end, content) if start is not None and end is not None else None
    return Fix(safety=safety, message=message, edits=(edit,) if edit else ())
