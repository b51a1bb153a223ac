"""`flake8`: lines `PATH:ROW:COLUMN: CODE text`, also in the form `PATH:ROW:COLUMN:CODE:text` that the catalogue asks for.

Rows and columns are 1-based. pycodestyle (E, W) counts characters; pyflakes and other plugins count the UTF-8 bytes of Python's
own syntax tree, which is corrected from the source. `--format=pylint` (`PATH:ROW: [CODE] text`) has no columns. What `--show-source`,
`--statistics` and `--count` print between and below is passed over. Recorded from flake8 3.9, 5.0 and 7.5.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Place, Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.ruff_json import category_of
from gatekeeper.parse.text import decode, lines_of, silent

_LINE = re.compile(r"^(?P<path>[^\s:][^:]*|[^\s:].*?):(?P<row>\d{1,9}):(?P<column>\d{1,9}):\s*(?P<code>[A-Z]{1,8}\d{1,6})[: ]\s*(?P<text>.*)$")
_PYLINT = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<row>\d{1,9}): \[(?P<code>[A-Z]{1,8}\d{1,6})\] (?P<text>.*)$")
_BY_CHARACTER = ("E", "W")
_UNREAD = "E902"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of flake8 and its plugins."""
    scribe, sources = Scribe.of(raw, "flake8", Category.LINT), Sources(raw)
    matches = [match for line in lines_of(decode(raw.stdout)) if (match := _LINE.match(line) or _PYLINT.match(line))]
    findings = tuple(_finding(raw, scribe, sources, match) for match in matches)
    unread = next((finding for finding in findings if finding.rule == _UNREAD), None)
    error = f"{unread.file}: {unread.message}" if unread else None
    if ended(raw, exits) is Ended.UNKNOWN and not findings and not silent(raw):
        error = "the output is not flake8's"
    return conclude(raw, exits, Account(findings=findings, error=error))


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, match: re.Match[str]) -> Finding:
    code, file, line, told = match["code"], relative(raw, match["path"]), int(match["row"]), match.groupdict().get("column")
    column = int(told) if told else None
    if not code.startswith(_BY_CHARACTER):
        column = sources.from_bytes(file, line, column)
    return scribe.finding(match["text"], Level.WARNING if code.startswith(("W", "C")) else Level.ERROR,
                          Place(file=file, line=line, column=column), rule=code, category=category_of(code))
