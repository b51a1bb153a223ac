"""`tsc`, plain (`FILE(L,C): error TSnnnn: message`) and pretty (`FILE:L:C - error TSnnnn: message`); columns in UTF-16 units.

Diagnostics of the project as a whole have no place: `TS18003` (no inputs) is a finding, wrong options and a missing configuration are
errors of the call. Type errors end with 1 (TypeScript 7) or 2 (before). Recorded from TypeScript 7.0.2.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, lines_of, without_noise

_PLAIN = re.compile(r"^(?P<path>\S.*?)\((?P<line>\d{1,9}),(?P<column>\d{1,9})\): (?P<level>error|warning|message) (?P<rule>TS\d{1,6}): (?P<text>.*)$")
_PRETTY = re.compile(r"^(?P<path>\S.*?):(?P<line>\d{1,9}):(?P<column>\d{1,9}) - (?P<level>error|warning|message) (?P<rule>TS\d{1,6}): (?P<text>.*)$")
_BARE = re.compile(r"^(?P<level>error|warning) (?P<rule>TS\d{1,6}): (?P<text>.*)$")
_NO_INPUTS = "TS18003"
_SUMMARY = re.compile(r"^Found \d+ errors?\b|^Errors +Files$|^ +\d+ +\S+:\d+$")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of the TypeScript compiler."""
    scribe, sources = Scribe.of(raw, "tsc", Category.TYPES), Sources(raw)
    lines = lines_of(decode(raw.stdout))
    findings: list[Finding] = []
    wrong: str | None = None
    for at, line in enumerate(lines):
        placed, bare = _PLAIN.match(line) or _PRETTY.match(line), _BARE.match(line)
        if placed:
            findings.append(_finding(raw, scribe, sources, placed, _rest(lines, at)))
        elif bare and bare["rule"] == _NO_INPUTS:
            findings.append(scribe.finding(bare["text"], level_of(bare["level"]), rule=bare["rule"], category=Category.BUILD))
        elif bare and wrong is None:
            wrong = f"{bare['rule']}: {bare['text']}"
    return conclude(raw, finds_at(exits, 1, 2), Account(findings=tuple(findings), error=wrong or _foreign(raw, exits, lines, findings)))


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, match: re.Match[str], rest: str | None) -> Finding:
    file, line = relative(raw, match["path"]), int(match["line"])
    place = Place(file=file, line=line, column=sources.from_utf16(file, line, int(match["column"])))
    syntax = re.fullmatch(r"TS(?:1|5|18)\d{3}", match["rule"])  # the grammar and the configuration
    return scribe.finding(match["text"], level_of(match["level"]), place, rule=match["rule"], category=Category.BUILD if syntax else None,
                          extra=Extra(detail=rest))


def _rest(lines: list[str], at: int) -> str | None:
    """The indented lines below a plain diagnostic, which explain it."""
    end = at + 1
    while end < len(lines) and lines[end].startswith("  ") and not _PRETTY.match(lines[end].strip()):
        end += 1
    return "\n".join(lines[at + 1:end]) or None


def _foreign(raw: RawOutput, exits: ExitSpec, lines: list[str], findings: list[Finding]) -> str | None:
    spoken = [line for line in without_noise(lines) if not _SUMMARY.match(line)]
    return "the output is not tsc's" if ended(raw, exits) is Ended.UNKNOWN and spoken and not findings else None
