"""`solhint -f json`: a flat list of findings with a conclusion object at its end; places 1-based.

Parse errors alone come straight from the grammar, whose columns are 0-based. Recorded from solhint 6.2.4.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_objects, asked_text, load, maybe_int, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import report_of

_PARSE_ERROR = "Parse error"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of solhint."""
    scribe = Scribe.of(raw, "solhint", Category.LINT)
    entries = asked_objects(load(report_of(raw)), "the report")
    return conclude(raw, exits, Account(findings=tuple(_finding(raw, scribe, entry) for entry in entries if "conclusion" not in entry)))


def _finding(raw: RawOutput, scribe: Scribe, entry: Json) -> Finding:
    message, column = asked_text(entry, "message"), maybe_int(entry.get("column"))
    broken = message.startswith(_PARSE_ERROR)
    place = Place(file=relative(raw, maybe_text(entry.get("filePath"))), line=maybe_int(entry.get("line")),
                  column=column + 1 if broken and column is not None else column)
    return scribe.finding(message, level_of(entry.get("severity")), place, rule=maybe_text(entry.get("ruleId")),
                          category=Category.BUILD if broken else None, extra=Extra(fixable=bool(entry.get("fix"))))
