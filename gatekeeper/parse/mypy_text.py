"""`mypy` for people: `PATH:LINE[:COLUMN[:END_LINE:END_COLUMN]]: error: message  [code]`, also wrapped by `--pretty`, and the count below.

A note at the place of the error before it explains that error; one elsewhere is a finding of its own. Columns are 1-based; ends
include the last character. mypy up to 1.x counts bytes, 2.x subtracts the extra bytes of a line from what counts characters, and
the text does not say which it was: beyond ASCII a column is taken over where only one place of the source explains it.
`errors prevented further checking` means that files went unchecked. Recorded from mypy 0.910, 1.11 and 2.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass, replace
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, idle_at
from gatekeeper.parse.mypy_json import NO_FILES, PREVENTED, crash, ignored_keys, inexact, restored
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import complaint, decode, lines_of

_HEAD = re.compile(r"^(?P<path>[^\s:][^:]*)(?::(?P<line>\d{1,9})(?::(?P<column>\d{1,9})(?::(?P<end_line>\d{1,9}):(?P<end_column>\d{1,9}))?)?)?"
                   r": (?P<level>error|warning|note): (?P<text>.*)$")
_CODE = re.compile(r"^(?P<text>.*\S)  \[(?P<rule>[a-z][a-z0-9-]*)\]$")
_WRAPPED_CODE = re.compile(r"^(?P<text>.*\S)  ?\[(?P<rule>[a-z][a-z0-9-]*)\]$")
_CARET = re.compile(r"^ {4}\s*\^~*(?:\.\.\.)?$")
_COUNT = re.compile(r"^Found (?P<errors>\d{1,9}) errors? in \d")
_SUCCESS = re.compile(r"^Success: no issues found in \d")
#: which function the next errors lie in (`--show-error-context`)
_CONTEXT = re.compile(r"^(?:In (?:function|member|class|lambda)\b.*|At top level):$")
#: mypy speaking of itself, where both streams are one
_USAGE = re.compile(r"^mypy: error: ")
_SYNTAX = "syntax"
#: what an expression or statement may start with
_STARTS = re.compile(r"""(?<!\w)\w|["'(\[{~*@+.-]""")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """One message as printed; numbers are None where they are not printed."""

    path: str
    level: str
    text: str
    rule: str | None
    line: int | None
    column: int | None
    end_line: int | None
    end_column: int | None
    notes: tuple[str, ...] = ()


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of mypy."""
    scribe, sources, said = Scribe.of(raw, "mypy", Category.TYPES), Sources(raw), decode(raw.stderr)
    lines = lines_of(decode(raw.stdout))
    messages = list(_messages(lines))
    findings = tuple(_finding(raw, scribe, sources, one) for one in _with_notes(messages))
    idle = said.lstrip().startswith(NO_FILES) or any(line.startswith(NO_FILES) for line in lines)
    return conclude(raw, idle_at(exits, 2) if idle else exits, Account(
        findings=findings, problems=(*_imprecise(raw, sources, messages), *ignored_keys(said)), nothing=NO_FILES if idle else None,
        error=None if idle else _error(raw, exits, lines, findings)))


def _messages(lines: list[str]) -> Iterator[_Said]:
    """The messages, unwrapped where `--pretty` wrapped them."""
    pretty = any(_CARET.match(line) for line in lines)
    for at, shown in enumerate(lines):
        if (head := _HEAD.match(shown)) and not _USAGE.match(shown):
            rest = _continued(lines, at + 1) if pretty else []
            text = " ".join([head["text"].strip(), *rest])
            code = (_WRAPPED_CODE if rest else _CODE).match(text)
            line, column, end_line, end_column = (int(head[key]) if head[key] else None for key in ("line", "column", "end_line", "end_column"))
            yield _Said(path=head["path"], level=head["level"], text=code["text"] if code else text, rule=code["rule"] if code else None,
                        line=line, column=column, end_line=end_line, end_column=end_column)


def _continued(lines: list[str], at: int) -> list[str]:
    """The rest of a wrapped message, up to the source that is shown below it."""
    end = at
    while end < len(lines) and lines[end].strip() and not (lines[end].startswith("    ") or _HEAD.match(lines[end]) or _COUNT.match(lines[end])):
        end += 1
    return [line.strip() for line in lines[at:end]]


def _with_notes(messages: Iterable[_Said]) -> Iterator[_Said]:
    """The messages with the notes that belong to them."""
    last: _Said | None = None
    for one in messages:
        if one.level == "note" and _CONTEXT.match(one.text):
            continue
        if one.level == "note" and last is not None and (one.path, one.line, one.column) == (last.path, last.line, last.column):
            last = replace(last, notes=(*last.notes, one.text))
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, one: _Said) -> Finding:
    file = relative(raw, one.path)
    text = sources.line(file, one.line)
    ends = one.end_line is not None and one.end_column is not None and (text is None or text.isascii())
    place = Place(file=file, line=one.line, column=_column(text, one.column)[0], end_line=one.end_line,
                  end_column=one.end_column + 1 if ends and one.end_column is not None else None)
    return scribe.finding(one.text, level_of(one.level), place, rule=one.rule, category=Category.BUILD if one.rule == _SYNTAX else None,
                          extra=Extra(detail="\n".join(one.notes) or None))


def _column(text: str | None, column: int | None) -> tuple[int | None, bool]:
    """(column, whether it is exact): what both ways of counting, or the only possible one, say."""
    if column is None or text is None or text.isascii():
        return column, True
    data = text.encode("utf-8", "surrogatepass")
    by_bytes = {len(data[:column - 1].decode("utf-8", "ignore"))} if column <= len(data) else set()
    places = {at for at in {*by_bytes, *restored(text, column - 1)} if _STARTS.match(text, at)}
    return (places.pop() + 1, True) if len(places) == 1 else (column, False)


def _imprecise(raw: RawOutput, sources: Sources, messages: list[_Said]) -> tuple[Problem, ...]:
    doubtful = ((file, one.line) for one in messages if (file := relative(raw, one.path)) and not _column(sources.line(file, one.line), one.column)[1])
    return tuple(inexact(file, line) for file, line in dict.fromkeys(doubtful))


def _error(raw: RawOutput, exits: ExitSpec, lines: list[str], findings: tuple[Finding, ...]) -> str | None:
    first = next((finding for finding in findings if finding.level is Level.ERROR), None)
    if any(PREVENTED in line for line in lines if _COUNT.match(line)):
        return f"mypy stopped at {first.file}: {first.message}" if first else complaint(raw)
    if usage := next((line for line in lines if _USAGE.match(line)), None):
        return usage
    if broken := crash(decode(raw.stderr)):
        return broken
    read = sum(finding.level is Level.ERROR for finding in findings)
    counted = sum(int(count["errors"]) for line in lines if (count := _COUNT.match(line)))
    if counted > read:
        return f"mypy counts {counted} errors, and the output names {read}"
    if findings or ended(raw, exits) is not Ended.UNKNOWN or any(_SUCCESS.match(line) for line in lines):
        return None
    return "the output is not mypy's" if any(line.strip() for line in lines) else complaint(raw) or "no report: mypy says so when it finds nothing"
