"""Lines of any program by an expression with named groups: each match is a finding.

Groups are those of `model.pattern`. `^` and `$` mean each line; both streams are searched, or the report where there is one. Lines and columns are
1-based, columns as the tool counts them. Without a match the exit code decides, and where that is unknown, nothing is said to be clean.
An expression may take for ever: this module must run where it can be ended (`session.reading.PATTERNS`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.pattern import pattern_fault
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import UnparsableError
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import nearest
from gatekeeper.parse.text import decode


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """What the expression finds."""
    fault = pattern_fault(raw.pattern)
    if fault is not None:
        raise UnparsableError(f"the pattern cannot be used: {fault}")
    pattern, scribe = re.compile(raw.pattern, re.MULTILINE), Scribe.of(raw, "regex", Category.LINT)
    streams = (raw.stdout, raw.stderr) if raw.report is None else (raw.report,)
    findings = tuple(finding for stream in streams for finding in _findings(raw, scribe, pattern, decode(stream).replace("\r\n", "\n")))
    blind = not findings and ended(raw, exits) is Ended.UNKNOWN
    return conclude(raw, exits, Account(findings=findings, error="nothing matches the pattern, and the exit code is unknown" if blind else None))


def _findings(raw: RawOutput, scribe: Scribe, pattern: re.Pattern[str], text: str) -> Iterator[Finding]:
    for match in pattern.finditer(text):
        said = {name: value.strip() for name, value in match.groupdict().items() if value and value.strip()}
        if said:
            place = Place(file=nearest(raw, said.get("file")), line=_number(said.get("line")), column=_number(said.get("column")),
                          end_line=_number(said.get("end_line")), end_column=_number(said.get("end_column")))
            level = level_of(said.get("severity") or said.get("level"), Level.ERROR)
            yield scribe.finding(said.get("message") or match[0].strip(), level, place, rule=said.get("rule") or said.get("code"))


def _number(text: str | None) -> int | None:
    return int(text[:9]) if text and text.isascii() and text.isdigit() else None
