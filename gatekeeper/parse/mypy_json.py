"""`mypy -O json`: one JSON object per line; silence (an empty line) when all is well.

Columns are 0-based for type errors and 1-based for syntax errors. Ends are 0-based and exclusive; they are not taken over, because
they are wrong for text beyond ASCII. mypy 1.x, which gives no ends, counts bytes. mypy 2.x subtracts the extra bytes of a line from
columns that count characters already: where one column explains the number, it is restored from the source, else it stays and a
problem says so. Exit code 2 means that files went unchecked. Recorded from mypy 1.11 and 2.4.
"""

from __future__ import annotations

import re

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_object, asked_text, load_lines, maybe_int, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, idle_at
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import complaint, decode, error_line

PREVENTED = "errors prevented further checking"
_SUMMARY = re.compile(r"^(?:Success: no issues found|Found \d+ errors? in |$)")
NO_FILES = "There are no .py[i] files"
_IGNORED = re.compile(r"^(?P<file>[^:\n]+): \[[^\]\n]*\]: Unrecognized .*$", re.MULTILINE)
_CRASH = re.compile(r"^.*error: INTERNAL ERROR.*$", re.MULTILINE)
_SYNTAX = "syntax"
#: the key that mypy 2.x adds
_ENDS = "end_column"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of mypy."""
    scribe, sources = Scribe.of(raw, "mypy", Category.TYPES), Sources(raw)
    out, said = decode(raw.stdout), decode(raw.stderr)
    entries = [asked_object(value, f"line {number} of the output") for number, value in load_lines(out)]
    findings = tuple(_finding(raw, scribe, sources, entry) for entry in entries)
    problems = (*(problem for entry in entries if (problem := _imprecise(raw, sources, entry))), *ignored_keys(said))
    idle = said.lstrip().startswith(NO_FILES)
    return conclude(raw, idle_at(exits, 2) if idle else exits,
                    Account(findings=findings, problems=tuple(dict.fromkeys(problems)), nothing=NO_FILES if idle else None,
                            error=_error(raw, exits, out, findings)))


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, entry: Json) -> Finding:
    file, line = relative(raw, asked_text(entry, "file")), maybe_int(entry.get("line"))
    return scribe.finding(asked_text(entry, "message"), level_of(entry.get("severity")),
                          Place(file=file, line=line, column=_column(sources, file, line, entry), end_line=maybe_int(entry.get("end_line"))),
                          rule=maybe_text(entry.get("code")), category=Category.BUILD if entry.get("code") == _SYNTAX else None,
                          extra=Extra(detail=maybe_text(entry.get("hint"))))


def _column(sources: Sources, file: str | None, line: int | None, entry: Json) -> int | None:
    column = maybe_int(entry.get("column"))
    if column is None or column < 0 or entry.get("code") == _SYNTAX:
        return column
    if _ENDS not in entry:
        return sources.from_bytes(file, line, column + 1)
    candidates = restored(sources.line(file, line), column)
    return (candidates[0] if len(candidates) == 1 else column) + 1


def restored(text: str | None, column: int) -> list[int]:
    """The 0-based columns of `text` that mypy 2.x would report as `column`."""
    if text is None or text.isascii():
        return [column]
    found, extra = [], 0
    for at, character in enumerate([*text, ""]):
        if at - extra == column:
            found.append(at)
        extra += len(character.encode("utf-8", "surrogatepass")) - 1
    return found


def inexact(file: str, line: int | None) -> Problem:
    """That a column could not be restored."""
    return Problem(file=file, line=line, message="mypy's column is not exact on a line with characters beyond ASCII")


def _imprecise(raw: RawOutput, sources: Sources, entry: Json) -> Problem | None:
    file, line, column = relative(raw, asked_text(entry, "file")), maybe_int(entry.get("line")), maybe_int(entry.get("column"))
    if file is None or column is None or entry.get("code") == _SYNTAX or _ENDS not in entry or len(restored(sources.line(file, line), column)) == 1:
        return None
    return inexact(file, line)


def _error(raw: RawOutput, exits: ExitSpec, out: str, findings: tuple[Finding, ...]) -> str | None:
    syntax = next((finding for finding in findings if finding.rule == _SYNTAX), None)
    if syntax is not None:
        return f"{syntax.file} cannot be parsed, so mypy checked nothing: {syntax.message}"
    if PREVENTED in out:
        return complaint(raw)
    foreign = any(not line.startswith("{") and not _SUMMARY.match(line) for line in out.splitlines())
    if ended(raw, exits) is not Ended.UNKNOWN or findings:
        return None
    return "the output is not mypy's" if foreign else error_line(raw) or crash(decode(raw.stderr))


def crash(said: str) -> str | None:
    """The line with which mypy reports an error of its own."""
    found = _CRASH.search(said)
    return found[0] if found else None


def ignored_keys(said: str) -> tuple[Problem, ...]:
    """Configuration keys that mypy does not know and goes on without."""
    return tuple(Problem(file=match["file"], line=None, message=match[0]) for match in _IGNORED.finditer(said))
