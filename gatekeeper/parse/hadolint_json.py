"""`hadolint -f json`: a flat list of findings; the column is 1 but for what cannot be parsed.

Findings, crashes and usage errors all end with 1. A configuration that cannot be read is passed over with a word on standard error: then what
the project asked for was not checked. Recorded from hadolint 2.15.1.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_objects, asked_text, load, maybe_int, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode, report_of

_CONFIG = re.compile(r"^\"?(?P<why>Error parsing your config file[^\\\n]*)", re.MULTILINE)
UNPARSED = "DL1000"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of hadolint's JSON."""
    scribe = Scribe.of(raw, "hadolint", Category.LINT)
    entries = asked_objects(load(report_of(raw)), "the report")
    return conclude(raw, exits, Account(findings=tuple(_finding(raw, scribe, entry) for entry in entries), error=misconfigured(raw)))


def misconfigured(raw: RawOutput) -> str | None:
    """That the configuration could not be read, and so was not applied."""
    wrong = _CONFIG.search(decode(raw.stderr))
    return " ".join(wrong["why"].rstrip(": ").split()) if wrong else None


def _finding(raw: RawOutput, scribe: Scribe, entry: Json) -> Finding:
    code = maybe_text(entry.get("code"))
    place = Place(file=relative(raw, maybe_text(entry.get("file"))), line=maybe_int(entry.get("line")), column=maybe_int(entry.get("column")))
    return scribe.finding(" ".join(asked_text(entry, "message").split()), level_of(entry.get("level")), place, rule=code, category=Category.BUILD if code == UNPARSED else None, extra=explained(code))


def explained(code: str | None) -> Extra:
    """The page that explains a rule."""
    if code is None or code == UNPARSED:
        return Extra()
    return Extra(url=f"https://www.shellcheck.net/wiki/{code}" if code.startswith("SC") else f"https://github.com/hadolint/hadolint/wiki/{code}")
