"""`tsc`, plain (`FILE(L,C): error TSnnnn: message`) and pretty (`FILE:L:C - error TSnnnn: message`); columns in UTF-16 units.

Diagnostics of the project as a whole have no place and are errors of the call: wrong options, a missing configuration, no inputs
(`TS18003`). A wrong option in a tsconfig.json has a place and is a finding. Type errors end with 1 (TypeScript 7) or 2 (before). Also
behind what npm, pnpm and yarn print around scripts. Recorded from TypeScript 3.9, 5.9 and 7.0.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.script_output import Line, script_lines
from gatekeeper.parse.text import decode, lines_of, without_noise

_PLAIN = re.compile(r"^(?P<path>\S.*?)\((?P<line>\d{1,9}),(?P<column>\d{1,9})\): (?P<level>error|warning|message) (?P<rule>TS\d{1,6}): (?P<text>.*)$")
_PRETTY = re.compile(r"^(?P<path>\S.*?):(?P<line>\d{1,9}):(?P<column>\d{1,9}) - (?P<level>error|warning|message) (?P<rule>TS\d{1,6}): (?P<text>.*)$")
_BARE = re.compile(r"^(?P<level>error|warning) (?P<rule>TS\d{1,6}): (?P<text>.*)$")
_COUNT = re.compile(r"^Found (?P<count>\d{1,9}) errors?\b")
_SUMMARY = re.compile(r"^Found \d+ errors?\b|^Errors +Files$|^ +\d+ +\S+:\d+$")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of the TypeScript compiler."""
    scribe, sources = Scribe.of(raw, "tsc", Category.TYPES), Sources(raw)
    lines = script_lines(raw, lines_of(decode(raw.stdout)))
    findings: list[Finding] = []
    wrong: list[str] = []
    for at, line in enumerate(lines):
        placed, bare = _PLAIN.match(line.text) or _PRETTY.match(line.text), _BARE.match(line.text)
        if placed:
            findings.append(_finding(scribe, _place(raw, sources, placed, line.base), placed, _rest(lines, at)))
        elif bare:
            wrong.append(f"{bare['rule']}: {bare['text']}")
    error = next(iter(wrong), None) or _missing(lines, len(findings)) or _foreign(raw, exits, lines, findings)
    return conclude(raw, finds_at(exits, 1, 2), Account(findings=tuple(findings), error=error))


def _place(raw: RawOutput, sources: Sources, match: re.Match[str], base: str | None) -> Place:
    file, line = relative(raw, match["path"], base=base), int(match["line"])
    return Place(file=file, line=line, column=sources.from_utf16(file, line, int(match["column"])))


def _finding(scribe: Scribe, place: Place, match: re.Match[str], rest: str | None) -> Finding:
    syntax = re.fullmatch(r"TS(?:1|5|18)\d{3}", match["rule"])  # the grammar and the configuration
    return scribe.finding(match["text"], level_of(match["level"]), place, rule=match["rule"], category=Category.BUILD if syntax else None,
                          extra=Extra(detail=rest))


def _rest(lines: list[Line], at: int) -> str | None:
    """The indented lines below a plain diagnostic, which explain it."""
    end = at + 1
    while end < len(lines) and lines[end].text.startswith("  ") and not _PRETTY.match(lines[end].text.strip()):
        end += 1
    return "\n".join(line.text for line in lines[at + 1:end]) or None


def _missing(lines: list[Line], found: int) -> str | None:
    """That the summaries count more errors than the output names."""
    counted = sum(int(count["count"]) for line in lines if (count := _COUNT.match(line.text)))
    return f"tsc counts {counted} errors, and the output names {found}" if counted > found else None


def _foreign(raw: RawOutput, exits: ExitSpec, lines: list[Line], findings: list[Finding]) -> str | None:
    spoken = [line for line in without_noise([line.text for line in lines]) if not _SUMMARY.match(line)]
    return "the output is not tsc's" if ended(raw, exits) is Ended.UNKNOWN and spoken and not findings else None
