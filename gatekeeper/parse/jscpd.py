"""Duplication as jscpd's reporters `xcode` and `console` tell it: a line per clone, and the table whose last row is the total.

Knows jscpd 5; files below its smallest size count neither as duplicated nor as lines, as in its own figures.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Level, Metric, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import replace
from gatekeeper.parse.document import UnparsableError
from gatekeeper.parse.grade import Place, Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode, lines_of

_CLONE = re.compile(r"(?P<file>[^:]+):(?P<line>\d+):\d+: warning: Found (?P<count>\d+) lines \(\d+-(?P<end>\d+)\) duplicated on file (?P<other>.+) \((?P<span>\d+-\d+)\)")
#: │ Total: │ files │ lines │ tokens │ clones │ duplicated (percent) │ duplicated tokens │
_TOTAL = re.compile(r"│ Total: +│ (?P<files>\d+) +│ (?P<lines>\d+) +│ \d+ +│ \d+ +│ (?P<duplicated>\d+) \((?P<share>[\d.]+)%\)")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """The share of duplicated lines as metrics, and each clone as a finding that never fails."""
    text = decode(raw.stdout)
    total = _TOTAL.search(text)
    if total is None:
        raise UnparsableError("jscpd printed no total")
    scribe = Scribe.of(raw, "jscpd", Category.COMPLEXITY)
    clones = [_clone(scribe, match, raw) for line in lines_of(text) if (match := _CLONE.fullmatch(line)) is not None]
    share = float(total["share"])
    metrics = (Metric(name="duplication", value=share, unit="%"), Metric(name="duplication.lines", value=float(total["duplicated"]), unit="lines"),
               Metric(name="duplication.of", value=float(total["lines"]), unit="lines"))
    return replace(conclude(raw, exits, Account(findings=tuple(clones))), metrics=metrics, message=f"{share:.2f} % of {total['lines']} lines stand twice")


def _clone(scribe: Scribe, match: re.Match[str], raw: RawOutput) -> Finding:
    place = Place(file=relative(raw, match["file"]), line=int(match["line"]), end_line=int(match["end"]))
    other = relative(raw, match["other"])
    return scribe.finding(f"{match['count']} lines also stand in {other} ({match['span']})", Level.INFO, place, rule="clone")
