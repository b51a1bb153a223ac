"""checkstyle XML, as many linters print it: `file` elements with `error` elements; places 1-based, columns as the tool counts them.

An `exception` element is a file that could not be checked, and so is an error of shellcheck without a code. eslint writes its rules as `eslint.rules.NAME`, once more behind the message, counts
columns in UTF-16 units, and names no rule for what it could not parse.
Recorded from eslint 8.57 and shellcheck.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import first_line, report_of
from gatekeeper.parse.xml import load_xml

_OF_ESLINT = "eslint.rules."
#: what shellcheck names as source of what is no finding: a file that it cannot read
_UNREAD = "ShellCheck"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of any checkstyle report."""
    root = load_xml(report_of(raw), frozenset({"checkstyle"}))
    unread = tuple(_unread(raw, root))
    return conclude(raw, exits, Account(findings=tuple(_findings(raw, Scribe.of(raw, "checkstyle", Category.LINT), root)), problems=unread,
                                        error=f"{unread[0].file}: {unread[0].message}" if unread else None))


def _findings(raw: RawOutput, scribe: Scribe, root: Element) -> Iterator[Finding]:
    sources = Sources(raw)
    of_eslint = any((error.get("source") or "").startswith(_OF_ESLINT) for error in root.iter("error"))
    for entry in root.iter("file"):
        file = relative(raw, entry.get("name"))
        for error in entry.iter("error"):
            if error.get("source") == _UNREAD:
                continue
            line, column, rule = _number(error.get("line")), _number(error.get("column")), (error.get("source") or "").removeprefix(_OF_ESLINT)
            message = error.get("message", "").removesuffix(f" ({rule})") if of_eslint else error.get("message", "")
            place = Place(file=file, line=line, column=sources.from_utf16(file, line, column) if of_eslint else column)
            yield scribe.finding(message, level_of(error.get("severity")), place, rule=rule or None)


def _unread(raw: RawOutput, root: Element) -> Iterator[Problem]:
    for entry in root.iter("file"):
        for exception in entry.iter("exception"):
            yield Problem(file=relative(raw, entry.get("name")) or "", line=None, message=first_line(exception.text or "") or "could not be checked")
        for error in entry.iter("error"):
            if error.get("source") == _UNREAD:
                file = relative(raw, entry.get("name")) or ""
                yield Problem(file=file, line=None, message=error.get("message", "").removeprefix(f"{entry.get('name')}: ") or "could not be checked")


def _number(text: str | None) -> int | None:
    return int(text[:9]) if text and text.isascii() and text.isdigit() else None
