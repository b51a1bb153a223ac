"""rustc diagnostics as people read them: `error[E0308]: message`, ` --> FILE:LINE:COLUMN`, the code, notes; or
`FILE:LINE:COLUMN: error: message: label: help: ...`, where the message cannot be told from its labels.

Columns are 1-based characters. Cargo's own lines (`could not compile`, `generated 3 warnings`) are no diagnostics. The lint's name stands
in the first diagnostic of its kind only, or in clippy's link. Does not know what an output as a whole means. Recorded from cargo 1.95.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Level, RawOutput
from gatekeeper.model.value import dataclass
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.place import nearest
from gatekeeper.parse.text import blocks, lines_of

_HEAD = re.compile(r"^(?P<level>error|warning)(?:: internal compiler error)?(?:\[(?P<code>[\w:-]+)\])?: (?P<message>.+)$")
_SHORT = re.compile(r"^(?P<path>[^\s:][^:]*|[^\s:].*?):(?P<line>\d{1,9}):(?P<column>\d{1,9}): (?P<level>error|warning)(?:\[(?P<code>[\w:-]+)\])?: (?P<message>.+)$")
_ARROW = re.compile(r"^\s*--> (?P<path>.+?):(?P<line>\d{1,9}):(?P<column>\d{1,9})$")
_LINT = re.compile(r"= note: (?:`#\[(?:warn|deny|forbid)\((?P<attribute>[\w:]+)\)\]`|(?:requested on the command line with )?`-[WDF] (?P<flag>[\w:-]+)`)"
                   r"|rust-clippy/[^\s#]*#(?P<clippy>\w+)")
_ERROR_CODE = re.compile(r"^E\d{4}$")
_FAR = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One diagnostic: its level's word, what it says, where (None: it names no place), and its lines."""

    level: str
    message: str
    rule: str | None
    path: str | None
    line: int | None
    column: int | None
    block: str

    def finding(self, raw: RawOutput, scribe: Scribe) -> Finding:
        """The diagnostic as a finding: what stops the compiler is of the build, the rest are lints."""
        level = level_of(self.level)
        build = level is Level.ERROR and (self.rule is None or _ERROR_CODE.match(self.rule) is not None)
        place = Place(file=nearest(raw, self.path), line=self.line, column=self.column)
        kind = Category.BUILD if build else Category.DOCUMENTATION if (self.rule or "").startswith("rustdoc::") else Category.LINT
        return scribe.finding(self.message, level, place, rule=self.rule, category=kind, extra=Extra(detail=self.block))


def errors(raw: RawOutput, text: str, scribe: Scribe) -> tuple[Finding, ...]:
    """Every error of the text that names a place in a Rust source."""
    return tuple(one.finding(raw, scribe) for one in diagnostics(text) if one.level == "error" and (one.path or "").endswith(".rs"))


def diagnostics(text: str) -> Iterator[Diagnostic]:
    """Everything that looks like a diagnostic in the long form, cargo's own lines among them."""
    for lines in blocks(lines_of(text), _HEAD):
        head = _HEAD.match(lines[0])
        if head is None:
            continue
        end = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
        block = "\n".join(lines[:end])
        arrow = next((arrow for line in lines[1:min(end, _FAR)] if (arrow := _ARROW.match(line))), None)
        yield Diagnostic(level=head["level"], message=head["message"], rule=head["code"] or _lint(block), path=arrow["path"] if arrow else None,
                         line=int(arrow["line"]) if arrow else None, column=int(arrow["column"]) if arrow else None, block=block)


def short(text: str) -> Iterator[Diagnostic]:
    """Every diagnostic of one line that names its place first."""
    for line in lines_of(text):
        if found := _SHORT.match(line):
            yield Diagnostic(level=found["level"], message=found["message"].partition(": help: ")[0], rule=found["code"], path=found["path"],
                             line=int(found["line"]), column=int(found["column"]), block=line)


def _lint(block: str) -> str | None:
    """The lint that the notes of a diagnostic name."""
    found = _LINT.search(block)
    if found is None:
        return None
    return f"clippy::{found['clippy']}" if found["clippy"] else (found["attribute"] or found["flag"]).replace("-", "_")
