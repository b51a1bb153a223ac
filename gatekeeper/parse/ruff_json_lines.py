"""`ruff check --output-format=json-lines`: the objects of `ruff-json`, one per line; nothing at all when all is well.

Does not know what the entries hold. Recorded from ruff 0.17.5.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import asked_object, load_lines
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.ruff_json import checked, diagnostic
from gatekeeper.parse.text import decode, report_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of `ruff check`."""
    scribe, out = Scribe.of(raw, "ruff", Category.LINT), decode(report_of(raw))
    findings = tuple(diagnostic(raw, scribe, asked_object(value, f"line {number} of the output")) for number, value in load_lines(out))
    foreign = any(line.strip() and not line.startswith("{") for line in out.splitlines())
    return checked(raw, exits, findings, "the output is not ruff's JSON lines" if foreign else None)
