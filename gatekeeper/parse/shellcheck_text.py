"""shellcheck for people (`In FILE line 3:`, the line, `^-- SC2086 (info): message`) and for compilers (`-f gcc`, `FILE:L:C: note: message [SC2086]`).

A caret stands where tabs put it on a screen; `gcc` counts characters. A clean check prints nothing. Recorded from shellcheck 0.11.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.shellcheck_json import category_of, from_tabs, unread, wiki
from gatekeeper.parse.text import decode, lines_of, silent

_HEAD = re.compile(r"^In (?P<path>.+) line (?P<line>\d{1,9}):$")
_MARK = re.compile(r"^(?P<lead> *)\^(?P<rest>-*\^|--) SC(?P<code>\d{1,6}) \((?P<level>\w+)\): (?P<text>.*)$")
_GCC = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<line>\d{1,9}):(?P<column>\d{1,9}): (?P<level>error|warning|note): (?P<text>.*) \[SC(?P<code>\d{1,6})\]$")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of shellcheck in either form."""
    lines, scribe = lines_of(decode(raw.stdout)), Scribe.of(raw, "shellcheck", Category.LINT)
    findings = (*_shown(raw, scribe, lines), *_listed(raw, scribe, lines))
    foreign = not findings and not silent(raw) and ended(raw, exits) is Ended.UNKNOWN
    return conclude(raw, exits, Account(findings=findings, error=unread(raw) or ("the output is not shellcheck's" if foreign else None)))


def _listed(raw: RawOutput, scribe: Scribe, lines: list[str]) -> Iterator[Finding]:
    for line in lines:
        if found := _GCC.match(line):
            yield _finding(scribe, found, Place(file=relative(raw, found["path"]), line=int(found["line"]), column=int(found["column"])))


def _shown(raw: RawOutput, scribe: Scribe, lines: list[str]) -> Iterator[Finding]:
    """Marks below the line that a head announces; an empty line ends them."""
    head: re.Match[str] | None = None
    source: str | None = None
    for before, line in zip(["", *lines], lines, strict=False):
        if opened := _HEAD.match(line):
            head, source = opened, None
        elif head is not None and _HEAD.match(before):
            source = line
        elif head is not None and source is not None and (mark := _MARK.match(line)):
            file, number, start = relative(raw, head["path"]), int(head["line"]), len(mark["lead"]) + 1
            width = len(mark["rest"]) + 1 if mark["rest"].endswith("^") else None
            yield _finding(scribe, mark, Place(file=file, line=number, column=from_tabs(source, start), end_line=number if width else None,
                                               end_column=from_tabs(source, start + width) if width else None))
        elif not line.strip():
            head = None


def _finding(scribe: Scribe, found: re.Match[str], place: Place) -> Finding:
    code, level = int(found["code"]), level_of(found["level"])
    return scribe.finding(found["text"], level, place, rule=f"SC{code}", category=category_of(code, level), extra=Extra(url=wiki(code)))
