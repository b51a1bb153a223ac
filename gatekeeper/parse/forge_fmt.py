"""`forge fmt --check`: blocks `Diff in FILE:` with rows `OLD NEW |-text`; errors on standard error.

A file that forge cannot parse is left out without a word. Recorded from forge 1.7.1.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.difference import from_hunks
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode, error_line, lines_of

_DIFF = re.compile(r"^Diff in (?P<path>.+?):$")
_ROW = re.compile(r"^(?P<old>\d{1,9}| ) *(?:(?P<new>\d{1,9}) *)?\|(?P<mark>[-+ ])(?P<text>.*)$")
_FAILED = re.compile(r"^Error:", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Files that `forge fmt` would change."""
    scribe, lines = Scribe.of(raw, "forge", Category.FORMAT), lines_of(decode(raw.stdout))
    blocks: dict[str | None, list[str]] = {}
    rows: list[str] = []
    for line in lines:
        head = _DIFF.match(line)
        if head:
            rows = blocks.setdefault(relative(raw, head["path"]), [])
        else:
            rows.append(line)
    findings = tuple(scribe.unformatted(file, from_hunks(file, _hunks(block)), _first(block)) for file, block in blocks.items())
    foreign = not findings and any(line.strip() for line in lines) and ended(raw, exits) is Ended.UNKNOWN
    error = error_line(raw) if _FAILED.search(decode(raw.stderr)) else "the output is not that of forge fmt" if foreign else None
    return conclude(raw, exits, Account(findings=findings, error=error))


def _hunks(block: list[str]) -> list[tuple[int, list[str]]]:
    """Runs of rows, each with the old line number at which it starts."""
    hunks: list[tuple[int, list[str]]] = []
    expected = -1
    for row in block:
        match = _ROW.match(row)
        if match is None:
            expected = -1
            continue
        number = int(match["old"]) if match["old"].strip() else None
        if expected < 0 or (number is not None and number != expected):
            hunks.append((number or 1, []))
            expected = hunks[-1][0]
        hunks[-1][1].append(match["mark"] + match["text"])
        expected += match["mark"] != "+"
    return hunks


def _first(block: list[str]) -> int | None:
    """The first line that would change."""
    removed = (match for row in block if (match := _ROW.match(row)) and match["mark"] == "-")
    return next((int(match["old"]) for match in removed if match["old"].strip()), None)
