"""`eslint -f json`: one entry per file with messages; places 1-based, columns in UTF-16 units, ends exclusive.

A fatal message is a file that cannot be parsed: a finding without rule, also where `--exit-on-fatal-error` makes the exit code 2,
which else means that eslint could not start. `File ignored because` means that the file was not checked.
Recorded from eslint 10.15.0; the shape is that of 4 to 10.
"""

from __future__ import annotations

import re

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_list, asked_objects, asked_text, load, maybe_int, maybe_text
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
    entries = list(asked_objects(load(report_of(raw)), "the report"))
    findings: list[Finding] = []
    ignored: list[Problem] = []
    for entry in entries:
        file = relative(raw, asked_text(entry, "filePath"))
        sources.offer(file, maybe_text(entry.get("source")))
        for message in asked_objects(asked_list(entry.get("messages"), "`messages`"), "`messages`"):
            text = asked_text(message, "message")
            if text.startswith(_IGNORED) and message.get("ruleId") is None:
                ignored.append(Problem(file=file or "", line=None, message=f"not checked: {text}"))
            else:
                findings.append(_finding(scribe, sources, file, message))
    checked, fatal = len(entries) - len(ignored), next((finding for finding in findings if finding.category is Category.BUILD), None)
    return conclude(raw, finds_at(exits, _FATAL) if fatal else exits, Account(findings=tuple(findings), problems=tuple(ignored),
                                        nothing=None if checked else "every file is ignored" if ignored else "no files were checked"))


def _finding(scribe: Scribe, sources: Sources, file: str | None, message: Json) -> Finding:
    line, end_line = maybe_int(message.get("line")), maybe_int(message.get("endLine"))
    place = Place(file=file, line=line, column=sources.from_utf16(file, line, maybe_int(message.get("column"))),
                  end_line=end_line, end_column=sources.from_utf16(file, end_line, maybe_int(message.get("endColumn"))))
    fatal = message.get("fatal") is True
    return scribe.finding(asked_text(message, "message"), Level.ERROR if fatal or message.get("severity") == 2 else Level.WARNING, place,
                          rule=maybe_text(message.get("ruleId")), category=Category.BUILD if fatal else None, extra=Extra(fixable=bool(message.get("fix"))))
