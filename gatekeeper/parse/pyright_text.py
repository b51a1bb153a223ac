"""`pyright` for people: a heading per file, `  PATH:LINE:COLUMN - LEVEL: text (rule)` with indented lines that go on, and the counts.

Columns are 1-based UTF-16 units. That no file was found is not said here (`0 errors`), other than in `pyright-json`; before 1.1.300 it was.
A broken configuration is a line on standard error and exit code 3, with findings by default rules. Recorded from pyright 1.1.414.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, lines_of

_HEAD = re.compile(r"^ {2,4}(?P<path>\S.*?):(?P<line>\d{1,9}):(?P<column>\d{1,9}) - (?P<level>error|warning|information): (?P<text>.*)$")
_RULE = re.compile(r"^(?P<text>.*\S) \((?P<rule>report[A-Z]\w*)\)$", re.DOTALL)
_COUNT = re.compile(r"^(?P<errors>\d{1,9}) errors?, (?P<warnings>\d{1,9}) warnings?(?:, \d{1,9} informations?)? *$")
_NO_FILES = "No source files found"
#: pyright shifts its own indentation, of no-break spaces, by ordinary ones
_MORE = re.compile(r"^ {4}(?=[ \xa0])|^ {2}(?=\xa0)")
_BAD_CONFIG = re.compile(r"^Config file .+ could not be parsed.*$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of pyright or basedpyright."""
    scribe, sources, lines = Scribe.of(raw, "pyright", Category.TYPES), Sources(raw), lines_of(decode(raw.stdout))
    findings = tuple(_findings(raw, scribe, sources, lines))
    idle = any(line.startswith(_NO_FILES) for line in lines)
    return conclude(raw, exits, Account(findings=findings, nothing=_NO_FILES if idle else None, error=None if idle else _doubt(raw, exits, lines, findings)))


def _findings(raw: RawOutput, scribe: Scribe, sources: Sources, lines: list[str]) -> Iterator[Finding]:
    for at, line in enumerate(lines):
        if head := _HEAD.match(line):
            text = "\n".join([head["text"], *_continued(lines, at + 1)])
            ruled = _RULE.match(text)
            file, row, level = relative(raw, head["path"]), int(head["line"]), level_of(head["level"])
            place = Place(file=file, line=row, column=sources.from_utf16(file, row, int(head["column"])))
            yield scribe.finding(ruled["text"] if ruled else text, level, place, rule=ruled["rule"] if ruled else None,
                                 category=None if ruled or level is not Level.ERROR else Category.BUILD)


def _continued(lines: list[str], at: int) -> list[str]:
    """The rest of a message, indented as pyright's JSON has it."""
    end = at
    while end < len(lines) and _MORE.match(lines[end]) and not _HEAD.match(lines[end]):
        end += 1
    return [_MORE.sub("", line) for line in lines[at:end]]


def _doubt(raw: RawOutput, exits: ExitSpec, lines: list[str], findings: tuple[Finding, ...]) -> str | None:
    """Why what was read may not be all, or not by the project's own rules."""
    if broken := _BAD_CONFIG.search(decode(raw.stderr)):
        return broken[0]
    counts = [int(count["errors"]) + int(count["warnings"]) for line in lines if (count := _COUNT.match(line))]
    read = sum(finding.level is not Level.INFO for finding in findings)
    if counts and sum(counts) > read:
        return f"pyright counts {sum(counts)} errors and warnings, and the output names {read}"
    return None if counts or findings or ended(raw, exits) is not Ended.UNKNOWN else "the output is not pyright's"
