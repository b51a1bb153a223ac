"""`biome check|lint|format|ci --reporter=json`: `summary` and `diagnostics`, in the shape of 1.8 to 2.3 or that of 2.4 and later.

Old: `location.span` are byte offsets into `location.sourceCode`, and a fix is a difference of the whole file. New: lines and columns in
characters, and of a fix only its sentence. No files, an unreadable one and a bad configuration end with 1, as findings do; the last
prints no report. Recorded from biome 1.9, 2.0 and 2.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Edit, Finding, Fix, Level, Parsed, RawOutput, Safety
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_object,
    asked_objects,
    load,
    maybe_int,
    maybe_list,
    maybe_object,
    maybe_objects,
    maybe_text,
)
from gatekeeper.parse.edits import Ruler, Rulers
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, report_of

_GROUPS = {"complexity": Category.COMPLEXITY, "correctness": Category.BUG, "performance": Category.PERFORMANCE,
           "security": Category.VULNERABILITY, "style": Category.STYLE}
_UNREAD = re.compile(r"^(?:internalError/|fs/|configuration$)")
_FIX = re.compile(r"^(?P<safety>Safe|Unsafe|Suggested) fix: (?P<message>.+)$")
_CROSS = re.compile(r"^  \u00d7 (?P<why>\S.*)$", re.MULTILINE)
_NO_FILES = "No files were processed in the specified paths."
#: what biome says after the findings, which tells nothing more
_EMITTED = "Some errors were emitted while running checks."


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of biome."""
    if not report_of(raw).strip() and (why := ended_badly(raw)):
        return conclude(raw, exits, Account(error=why))
    report = asked_object(load(report_of(raw)), "the report")
    if "diagnostics" not in report or "summary" not in report:
        raise UnparsableError("the report has no `summary` and `diagnostics`")
    scribe, sources = Scribe.of(raw, "biome", Category.LINT), Sources(raw)
    entries = list(asked_objects(report["diagnostics"], "`diagnostics`"))
    unread = [entry for entry in entries if _UNREAD.match(maybe_text(entry.get("category")) or "")]
    rulers = Rulers(Ruler.utf8)
    findings = tuple(_finding(raw, scribe, _ruler(raw, sources, rulers, entry), entry) for entry in entries if entry not in unread)
    summary = maybe_object(report["summary"])
    left_out = _left_out(summary)
    error = _unread(unread[0]) if unread else left_out[0].message if left_out and not findings else None
    return conclude(raw, exits, Account(findings=findings, problems=left_out, nothing=_nothing(raw, summary), error=error))


def category_of(rule: str | None) -> Category:
    """The category of a biome rule: `lint/GROUP/NAME`, `format`, `parse`, `assist/...`."""
    kind, _, rest = (rule or "").partition("/")
    return {"format": Category.FORMAT, "parse": Category.BUILD, "assist": Category.STYLE}.get(kind) or _GROUPS.get(rest.partition("/")[0], Category.LINT)


def ended_badly(raw: RawOutput) -> str | None:
    """What biome says on standard error about why it did not do its work: the first cross that tells more than that there was one."""
    crosses = [match["why"] for match in _CROSS.finditer(decode(raw.stderr[:65536]))]
    return next((why for why in crosses if why != _EMITTED), crosses[0] if crosses else None)


def _nothing(raw: RawOutput, summary: Json) -> str | None:
    counts = [maybe_int(summary.get(key)) for key in ("changed", "unchanged")]
    return "no files were checked" if counts == [0, 0] or _NO_FILES in decode(raw.stderr[-4096:]) else None


def _left_out(summary: Json) -> tuple[Problem, ...]:
    """That the report is shorter than what biome found."""
    hidden = maybe_int(summary.get("diagnosticsNotPrinted")) or 0
    return (Problem(file="", line=None, message=f"biome left {hidden} more diagnostics out of its report (--max-diagnostics)"),) if hidden > 0 else ()


def _unread(entry: Json) -> str:
    location = maybe_object(entry.get("location"))
    path = location.get("path")
    return f"{maybe_text(path) or maybe_text(maybe_object(path).get('file')) or 'biome'}: {_message(entry)}"


def _message(entry: Json) -> str:
    """Plain in the new shape, pieces with markup in the old."""
    said = entry.get("message")
    if isinstance(said, str):
        return said
    pieces = (maybe_object(piece).get("content") for piece in maybe_list(said))
    return "".join(piece for piece in pieces if isinstance(piece, str)) or maybe_text(entry.get("description")) or ""


def _file(raw: RawOutput, entry: Json) -> str | None:
    path = maybe_object(entry.get("location")).get("path")
    return relative(raw, maybe_text(path) or maybe_text(maybe_object(path).get("file")))


def _finding(raw: RawOutput, scribe: Scribe, ruler: Ruler | None, entry: Json) -> Finding:
    rule, file = maybe_text(entry.get("category")), _file(raw, entry)
    if rule == "format":
        return scribe.unformatted(file)
    return scribe.finding(_message(entry), level_of(entry.get("severity"), Level.WARNING), _place(ruler, file, maybe_object(entry.get("location"))), rule=rule,
                          category=category_of(rule), extra=Extra(fixes=tuple(_fixes(ruler, entry))))


def _ruler(raw: RawOutput, sources: Sources, rulers: Rulers, entry: Json) -> Ruler | None:
    """What the byte offsets of the old shape count in: the text that the report brings along, else the file."""
    location, file = maybe_object(entry.get("location")), _file(raw, entry)
    source = location.get("sourceCode")
    return None if "start" in location else rulers.of(file, source if isinstance(source, str) else sources.text(file))


def _place(ruler: Ruler | None, file: str | None, location: Json) -> Place:
    span = [maybe_int(offset) for offset in maybe_list(location.get("span"))]
    if ruler and len(span) == 2 and span[0] is not None and span[1] is not None:
        first, last = ruler.place(span[0]), ruler.place(span[1])
        return Place(file=file, line=first[0], column=first[1], end_line=last[0], end_column=last[1]) if first and last else Place(file=file)
    start, end = maybe_object(location.get("start")), maybe_object(location.get("end"))
    return Place(file=file, line=maybe_int(start.get("line")), column=maybe_int(start.get("column")),
                 end_line=maybe_int(end.get("line")), end_column=maybe_int(end.get("column")))


def _fixes(ruler: Ruler | None, entry: Json) -> Iterator[Fix]:
    """Fixes among the advices: a sentence `Safe fix: ...`, followed in the old shape by the difference."""
    told = entry.get("advices")
    advices = list(maybe_objects(told if isinstance(told, list) else maybe_object(told).get("advices")))
    for at, advice in enumerate(advices):
        fix = _FIX.match(_advice(advice))
        if fix:
            after = maybe_object(advices[at + 1].get("diff")) if at + 1 < len(advices) else {}
            yield Fix(safety=Safety.SAFE if fix["safety"] == "Safe" else Safety.UNSAFE, message=fix["message"], edits=tuple(_edits(ruler, after)))


def _advice(advice: Json) -> str:
    log = maybe_list(advice.get("log"))
    return maybe_text(advice.get("text")) or (_message({"message": log[1]}) if len(log) > 1 else "")


def _edits(ruler: Ruler | None, diff: Json) -> Iterator[Edit]:
    """The changed stretches of a difference, whose ranges are bytes of its `dictionary`; none where it does not fit the file."""
    dictionary = maybe_text(diff.get("dictionary"))
    if ruler is None or dictionary is None:
        return
    words, at = Ruler.utf8(ruler.file, dictionary), 0
    changes: list[tuple[int, int, str]] = []
    for operation in maybe_objects(diff.get("ops")):
        kind, text, lines = _operation(words, operation)
        if lines:
            at = _skipped(ruler, at, lines)
            continue
        size = len(text.encode("utf-8", "surrogatepass"))
        if kind != "insert" and ruler.slice(at, at + size) != text:
            return
        if kind != "equal":
            joined = bool(changes) and changes[-1][1] == at
            start, _, content = changes.pop() if joined else (at, at, "")
            changes.append((start, at + size if kind == "delete" else at, content + (text if kind == "insert" else "")))
        at += size if kind != "insert" else 0
    yield from (edit for change in changes if (edit := ruler.edit(*change)))


def _operation(words: Ruler, operation: Json) -> tuple[str, str, int]:
    """(kind, its text, 0), or for lines that are left out ("", "", how many)."""
    for kind, told in maybe_object(operation.get("diffOp")).items():
        ends = [maybe_int(number) or 0 for number in maybe_list(maybe_object(told).get("range"))]
        return kind, words.slice(*ends) if len(ends) == 2 else "", 0
    return "", "", max(maybe_int(maybe_object(operation.get("equalLines")).get("line_count")) or 0, 0)


def _skipped(ruler: Ruler, at: int, lines: int) -> int:
    """Where the text goes on: the rest of the line counts as none."""
    row = (ruler.place(at) or (1, 1))[0] + lines + 1
    return ruler.starts[row - 1] if row <= len(ruler.starts) else len(ruler.data)
