"""`tokei -o json`: lines by language. Numbers, no findings; what `line_counts` says of them.

What lies in other languages within a file (`children`) belongs to those languages. Recorded from tokei 15.0.0.
"""

from __future__ import annotations

from gatekeeper.model.finding import Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import UnparsableError, asked_object, load, maybe_list, maybe_object
from gatekeeper.parse.line_counts import counted, of_entry
from gatekeeper.parse.text import report_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Lines by language as tokei counts them."""
    report = asked_object(load(report_of(raw)), "the report")
    if "Total" not in report:
        raise UnparsableError("the report is not tokei's: it has no `Total`")
    languages = {name: of_entry(maybe_object(value), len(maybe_list(maybe_object(value).get("reports"))), ("code", "comments", "blanks"))
                 for name, value in report.items() if name != "Total"}
    return counted(raw, exits, languages, None)
