"""`cloc --json`, also `--by-file`: lines by language. Numbers, no findings; what `line_counts` says of them.

Ends with 0 also where it could not read what it was given, and with `{}` where it found nothing. Recorded from cloc 1.96.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import UnparsableError, asked_object, load, maybe_int, maybe_object, maybe_text
from gatekeeper.parse.line_counts import KINDS, Count, counted, of_entry
from gatekeeper.parse.text import decode, report_of

_UNREADABLE = re.compile(r"^Unable to read: +\S.*$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Lines by language as cloc counts them."""
    report = asked_object(load(report_of(raw)), "the report")
    header = maybe_object(report.get("header"))
    if report and "cloc_version" not in header:
        raise UnparsableError("the report is not cloc's: it has no header with a version")
    languages: dict[str, Count] = {}
    for name, value in report.items():
        entry = maybe_object(value)
        if name not in {"header", "SUM"}:
            language = maybe_text(entry.get("language")) or name
            languages[language] = of_entry(entry, maybe_int(entry.get("nFiles")) or 1, KINDS).plus(languages.get(language))
    unread = _UNREADABLE.search(decode(raw.stderr))
    return counted(raw, exits, languages, unread[0] if unread else None)
