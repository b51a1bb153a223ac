"""eslint's text output, `stylish`: a path, indented rows `L:C  level  message  rule` below it, and a summary that counts them.

Also behind what npm, pnpm and yarn print around a script, and coloured. Columns count UTF-16 units. A clean run prints nothing, so nothing
but silence or an exit code can say that it is clean; rows that the summary does not count are an error. Recorded from eslint 5, 8 and 10.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass
from gatekeeper.parse.grade import Place, Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.script_output import script_lines
from gatekeeper.parse.text import decode, lines_of, without_noise

_ROW = re.compile(r"^ +(?P<line>\d{1,9}):(?P<column>\d{1,9}) +(?P<level>error|warning)  +(?P<text>\S.*)$")
#: the rule is the last cell of a row, two blanks behind the message
_RULE = re.compile(r" {2,}(?P<rule>[@\w][\w@/.-]*)$")
_SUMMARY = re.compile(r"^\u2716 (?P<count>\d{1,9}) problems? \(\d+ errors?, \d+ warnings?\)$")
_AFTER = re.compile(r"^  \d+ errors? and \d+ warnings? potentially fixable with the `--fix` option\.$")
_OOPS = re.compile(r"^ESLint: \d\S*\n\s*(?P<why>\S.*)$", re.MULTILINE)
_TOO_MANY = re.compile(r"^ESLint found too many warnings \(maximum: \d+\)\.$")
_FATAL = 2
IGNORED = "File ignored "
PARSING = "Parsing error: "
#: a column of the tool as code points, from file, line and column
Column = Callable[[Sources, str | None, int | None, int | None], int | None]


@dataclass(slots=True)
class _Row:
    """One problem while it is read: a message may go on in the lines below."""

    file: str | None
    line: int
    column: int
    level: Level
    text: str


@dataclass(slots=True)
class _Reading:
    """What the lines say: problems, the sum of the summaries, and lines that are none of eslint's."""

    rows: list[_Row]
    counted: int | None
    strange: str | None


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of eslint's default formatter."""
    if why := _OOPS.search(decode(raw.stderr)) or _OOPS.search(decode(raw.stdout)):
        return conclude(raw, exits, Account(error=why["why"]))
    return listed(raw, exits, Scribe.of(raw, "eslint", Category.LINT), Sources.from_utf16)


def listed(raw: RawOutput, exits: ExitSpec, scribe: Scribe, column: Column) -> Parsed:
    """Findings below their files; `column` turns the tool's columns into code points."""
    read = _read(raw, [line.text for line in script_lines(raw, lines_of(decode(raw.stdout)))])
    sources = Sources(raw)
    ignored = tuple(Problem(file=row.file or "", line=None, message=f"not checked: {row.text}") for row in read.rows if row.text.startswith(IGNORED))
    findings = tuple(_finding(scribe, _place(sources, column, row), row) for row in read.rows if not row.text.startswith(IGNORED))
    return conclude(raw, fatal_too(exits, findings), Account(findings=findings, problems=ignored, error=_error(raw, exits, scribe, read),
                                        nothing="the output names only files that are ignored" if ignored and not findings else None))


def fatal_too(exits: ExitSpec, findings: tuple[Finding, ...]) -> ExitSpec:
    """With `--exit-on-fatal-error` a file that cannot be parsed ends eslint with 2, which else means that it could not start."""
    return finds_at(exits, _FATAL) if any(finding.category is Category.BUILD for finding in findings) else exits


def _read(raw: RawOutput, lines: list[str]) -> _Reading:
    """A path stands below an empty line; any other line below a row is more of its message."""
    read, file, after_blank = _Reading([], None, None), None, True
    for line in lines:
        row, summary = _ROW.match(line), _SUMMARY.match(line)
        if summary:
            read.counted = (read.counted or 0) + int(summary["count"])
            file = None
        elif row and file is not None:
            read.rows.append(_Row(file, int(row["line"]), int(row["column"]), Level(row["level"]), row["text"]))
        elif line.strip() and after_blank and not line.startswith(" "):
            file = relative(raw, line)
            read.strange = read.strange or (None if line.startswith(("/", "<")) else line)
        elif line.strip() and file is not None and read.rows and read.rows[-1].file == file:
            read.rows[-1].text += "\n" + line
        elif line.strip() and not (_AFTER.match(line) or _TOO_MANY.match(line) or _is_noise(line)):
            read.strange = read.strange or line
        after_blank = not line.strip() or _is_noise(line)
    if file is not None and not read.rows:
        read.strange = read.strange or file
    return read


def _is_noise(line: str) -> bool:
    return bool(line.strip()) and not without_noise([line])


def _place(sources: Sources, column: Column, row: _Row) -> Place:
    return Place(file=row.file, line=row.line, column=column(sources, row.file, row.line, row.column))


def _finding(scribe: Scribe, place: Place, row: _Row) -> Finding:
    rule = _RULE.search(row.text)
    text = row.text[:rule.start()] if rule else row.text
    fatal = rule is None and text.startswith(PARSING)
    return scribe.finding(text, row.level, place, rule=rule["rule"] if rule else None, category=Category.BUILD if fatal else None)


def _error(raw: RawOutput, exits: ExitSpec, scribe: Scribe, read: _Reading) -> str | None:
    """Rows without their summary are cut off; words without rows are another program's while no exit code vouches for them."""
    if len(read.rows) != (read.counted or 0):
        return f"{scribe.tool} counts {read.counted or 0} problems, and the output names {len(read.rows)}"
    unknown = ended(raw, exits) is Ended.UNKNOWN and not read.rows
    said = read.strange or (decode(raw.stderr).strip() or None) if unknown else None
    return f"the output is not {scribe.tool}'s" if said else None
