"""checkstyle XML, as many linters print it: `file` elements with `error` elements; places 1-based, columns as the tool counts them."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import report_of
from gatekeeper.parse.xml import load_xml


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of any checkstyle report."""
    root = load_xml(report_of(raw), frozenset({"checkstyle"}))
    return conclude(raw, exits, Account(findings=tuple(_findings(raw, Scribe.of(raw, "checkstyle", Category.LINT), root))))


def _findings(raw: RawOutput, scribe: Scribe, root: Element) -> Iterator[Finding]:
    for entry in root.iter("file"):
        file = relative(raw, entry.get("name"))
        for error in entry.iter("error"):
            place = Place(file=file, line=_number(error.get("line")), column=_number(error.get("column")))
            yield scribe.finding(error.get("message", ""), level_of(error.get("severity")), place, rule=error.get("source") or None)


def _number(text: str | None) -> int | None:
    return int(text[:9]) if text and text.isascii() and text.isdigit() else None
