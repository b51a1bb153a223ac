"""`ruff check` for people: `concise` (`PATH:ROW:COLUMN: CODE message`, the default before 0.5) and `full` with the source shown.

`full` puts the place behind an arrow below the message since 0.12, before that it is a concise line with the source below. Columns are
1-based characters; `cell N:` stands before the row in a notebook; `[*]` marks what `--fix` would change. The count at the end is
compared with what was read. Without an exit code, `All checks passed!` must be there: ruff 0.1 said nothing, but so does a lost output.
Recorded from ruff 0.1, 0.8 and 0.17.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe
from gatekeeper.parse.meaning import Ended, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.ruff_json import SYNTAX, category_of, checked
from gatekeeper.parse.text import decode, lines_of

_WHAT = (r"(?:(?P<rule>[A-Z]{1,8}\d{1,6}|[a-z]+(?:-[a-z]+)+):? |(?=SyntaxError: ))(?P<fix>\[[*-]\] )?(?P<text>\S.*)")
_LINE = re.compile(r"^(?P<path>[^\s|].*?):(?:cell (?P<cell>\d{1,6}):)?(?P<row>\d{1,9}):(?P<column>\d{1,9}): " + _WHAT + "$")
_HEAD = re.compile(f"^{_WHAT}$")
_ARROW = re.compile(r"^\s*--> (?P<path>.+?):(?:cell (?P<cell>\d{1,6}):)?(?P<row>\d{1,9}):(?P<column>\d{1,9})$")
#: `grouped`: the file, and below it `  ROW:COLUMN  CODE message`
_GROUP = re.compile(r"^[^\s|].*:$")
_MEMBER = re.compile(r"(?<=\d) +")
#: lines of the source and of a fix, which may hold anything
_SHOWN = re.compile(r"^ *(?:\d{1,9} +)?[|+-](?: |$)")
_COUNT = re.compile(r"^Found (?P<all>\d{1,9}) errors?(?: \(\d{1,9} fixed, (?P<left>\d{1,9}) remaining\))?\.$")
_PASSED = "All checks passed!"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of `ruff check`."""
    scribe, lines = Scribe.of(raw, "ruff", Category.LINT), lines_of(decode(raw.stdout))
    findings = tuple(_findings(raw, scribe, lines))
    return checked(raw, exits, findings, _doubt(raw, exits, lines, len(findings)))


def _findings(raw: RawOutput, scribe: Scribe, lines: list[str]) -> Iterator[Finding]:
    group = ""
    for at, line in enumerate(lines):
        if _SHOWN.match(line):
            continue
        group = line[:-1] if _GROUP.match(line) else group if line.startswith(" ") else ""
        if group and (member := _LINE.match(f"{group}:{_MEMBER.sub(': ', line.lstrip(), count=1)}")):
            yield _finding(raw, scribe, member, member)
        elif whole := _LINE.match(line):
            yield _finding(raw, scribe, whole, whole)
        elif (head := _HEAD.match(line)) and at + 1 < len(lines) and (arrow := _ARROW.match(lines[at + 1])):
            yield _finding(raw, scribe, head, arrow)


def _finding(raw: RawOutput, scribe: Scribe, what: re.Match[str], where: re.Match[str]) -> Finding:
    rule, text = what["rule"], what["text"]
    place = Place(file=relative(raw, where["path"]), line=int(where["row"]), column=int(where["column"]))
    return scribe.finding(text, Level.ERROR, place, rule=rule, category=Category.BUILD if rule is None and text.startswith(SYNTAX) else category_of(rule or ""),
                          extra=Extra(fixable=what["fix"] is not None, cell=int(where["cell"]) if where["cell"] else None))


def _doubt(raw: RawOutput, exits: ExitSpec, lines: list[str], read: int) -> str | None:
    """Why what was read may not be all: the count differs, it is missing, or nothing says that ruff came to its end."""
    counts = [int(count["left"] or count["all"]) for line in lines if (count := _COUNT.match(line))]
    if counts and sum(counts) != read:
        return f"ruff counts {sum(counts)} errors, and the output names {read}"
    if ended(raw, exits) is not Ended.UNKNOWN or read or counts or _PASSED in lines:
        return None
    return "the output is not ruff's" if any(line.strip() for line in lines) else "no report: ruff says so when all checks pass"
