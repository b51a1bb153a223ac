"""One problem per line and a count below: eslint's `unix` and `compact`, and oxlint's `unix`, which copies the former.

`PATH:L:C: message [Level/rule]` or `PATH: line L, col C, Level - message (rule)`; columns in UTF-16 units. A clean run
prints nothing. Recorded from eslint 8 (later ones have these formatters in packages of their own) and oxlint 0.18 and 1.94.
"""

from __future__ import annotations

import re

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.eslint_stylish import IGNORED, Column, fatal_too
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, lines_of, without_noise

_UNIX = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<line>\d{1,9}):(?P<column>\d{1,9}): (?P<text>.*) \[(?P<level>Error|Warning)(?:/(?P<rule>[^\s\]]+))?\]$")
_COMPACT = re.compile(r"^(?P<path>[^\s:][^:]*): line (?P<line>\d{1,9}), col (?P<column>\d{1,9}), (?P<level>Error|Warning) - (?P<text>.*?)"
                      r"(?: \((?P<rule>[@\w][\w@/.-]*)\))?$")
#: solhint, which copies them as well, counts in its own words
_COUNT = re.compile(r"^(?P<count>\d{1,9}) (?:problems?|problem/s \(.*\))$")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of eslint's formatters of one line each."""
    return listed(raw, exits, Scribe.of(raw, "eslint", Category.LINT), Sources.from_utf16)


def listed(raw: RawOutput, exits: ExitSpec, scribe: Scribe, column: Column) -> Parsed:
    """Findings of one line each; `column` turns the tool's columns into code points."""
    sources = Sources(raw)
    lines = without_noise(lines_of(decode(raw.stdout)))
    matches = [match for line in lines if (match := _COMPACT.match(line) or _UNIX.match(line))]
    counted = sum(int(count["count"]) for line in lines if (count := _COUNT.match(line)))
    ignored = tuple(Problem(file=relative(raw, match["path"]) or "", line=None, message=f"not checked: {match['text']}")
                    for match in matches if match["text"].startswith(IGNORED))
    findings = tuple(_finding(scribe, _place(raw, sources, column, match), match) for match in matches if not match["text"].startswith(IGNORED))
    error = f"{scribe.tool} counts {counted} problems, and the output names {len(matches)}" if counted != len(matches) else _foreign(raw, exits, scribe, lines)
    return conclude(raw, fatal_too(exits, findings), Account(findings=findings, problems=ignored, error=error,
                                        nothing="the output names only files that are ignored" if ignored and not findings else None))


def _place(raw: RawOutput, sources: Sources, column: Column, match: re.Match[str]) -> Place:
    file, line = relative(raw, match["path"]), int(match["line"])
    return Place(file=file, line=line, column=column(sources, file, line, int(match["column"])))


def _finding(scribe: Scribe, place: Place, match: re.Match[str]) -> Finding:
    # what no rule says, the parser of the language says
    return scribe.finding(match["text"], level_of(match["level"]), place, rule=match["rule"], category=None if match["rule"] else Category.BUILD)


def _foreign(raw: RawOutput, exits: ExitSpec, scribe: Scribe, lines: list[str]) -> str | None:
    """Words that are no problems, while no exit code vouches that the run was clean."""
    said = [line for line in lines if not (_COUNT.match(line) or _UNIX.match(line) or _COMPACT.match(line))] or decode(raw.stderr).strip()
    found = any(_COUNT.match(line) for line in lines)
    return f"the output is not {scribe.tool}'s" if said and not found and ended(raw, exits) is Ended.UNKNOWN else None
