"""oxlint's text output: drawn blocks (`x plugin(rule): message`, `,-[PATH:L:C]`, source, `help: ...`) and a summary that counts them.

Columns count bytes. The summary (`Found 1 warning and 1 error.`, `Finished in 8ms on 2 files ...`) is printed by a clean run too; blocks that
it does not count are an error, no files are nothing checked. Files with very long lines are named without their findings. Recorded from oxlint 0.18 and 1.94.
"""

from __future__ import annotations

import re

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import blocks, complaint, decode, lines_of

_HEAD = re.compile(r"^  (?P<mark>[x!\u00d7\u26a0>\u203a]) (?:(?P<rule>[\w@/-]+\([\w@/-]+\)): )?(?P<text>\S.*)$")
_PLACE = re.compile(r"^ {2,12}(?:,-|\u256d\u2500)\[(?P<path>.+):(?P<line>\d{1,9}):(?P<column>\d{1,9})\]$")
#: the frame of the drawing, below which no message goes on
_FRAME = re.compile(r"^ {2,12}(?:,-|\u256d\u2500|\||:|\u2502|\u00b7|`-|\u2570\u2500)|^ +\d+ [|\u2502]")
_SUMMARY = re.compile(r"^Found (?P<warnings>\d{1,9}) warnings? and (?P<errors>\d{1,9}) errors?\.$")
_FINISHED = re.compile(r"^Finished in \S+ on (?P<files>\d{1,9}) files? ")
_HELP = re.compile(r"^  (?:help|note): ")
_ERRORS = frozenset({"x", "\u00d7"})
_TOO_LONG = "File is too long to fit on the screen"
_MINIFIED = re.compile(r"^  help: (?P<path>\S.*) seems like a minified file$")
_NO_FILES = "No files found to lint."
_CONFIG = "Failed to parse oxlint configuration file."


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of oxlint."""
    lines = lines_of(decode(raw.stdout))
    if nothing := no_files(raw):
        return conclude(raw, exits, Account(nothing=nothing))
    if why := bad_configuration(raw):
        return conclude(raw, exits, Account(error=why))
    scribe, sources = Scribe.of(raw, "oxlint", Category.LINT), Sources(raw)
    drawn = blocks(lines, _HEAD)
    hidden = tuple(_hidden(raw, block) for block in drawn if block[0].endswith(_TOO_LONG))
    findings = tuple(_finding(raw, scribe, sources, block) for block in drawn if not block[0].endswith(_TOO_LONG))
    # what is hidden beside findings makes no run better than it is; alone it leaves nothing that could be told
    error = None if hidden and findings else _error(raw, lines, len(findings))
    return conclude(raw, exits, Account(findings=findings, problems=hidden, error=error))


def _hidden(raw: RawOutput, block: list[str]) -> Problem:
    """A file of which oxlint shows no findings, because its lines are too long to be drawn."""
    named = next((match["path"] for line in block if (match := _MINIFIED.match(line))), None)
    return Problem(file=relative(raw, named) or "", line=None, message="oxlint does not show the findings of this file: its lines are too long to be drawn")


def no_files(raw: RawOutput) -> str | None:
    """That there was no file to lint, in oxlint's words of any format."""
    lines = lines_of(decode(raw.stdout))
    finished = next((match for line in lines if (match := _FINISHED.match(line))), None)
    none = any(line.startswith(_NO_FILES) for line in lines) or (finished is not None and int(finished["files"]) == 0)
    return "no files were checked" if none else None


def bad_configuration(raw: RawOutput) -> str | None:
    """Why oxlint could not read its configuration, or None."""
    lines = lines_of(decode(raw.stdout))
    if _CONFIG not in lines:
        return None
    head = next((match["text"] for line in lines if (match := _HEAD.match(line))), None)
    return head or _CONFIG


def _finding(raw: RawOutput, scribe: Scribe, sources: Sources, block: list[str]) -> Finding:
    head = _HEAD.match(block[0])
    assert head is not None
    spot = next((match for line in block if (match := _PLACE.match(line))), None)
    file, line = (relative(raw, spot["path"]), int(spot["line"])) if spot else (None, None)
    place = Place(file=file, line=line, column=sources.from_bytes(file, line, int(spot["column"])) if spot else None)
    rest = [line for line in block[1:] if not _SUMMARY.match(line) and not _FINISHED.match(line)]
    level = Level.ERROR if head["mark"] in _ERRORS else Level.WARNING
    return scribe.finding(_message(head["text"], rest), level, place, rule=head["rule"], category=kind_of(head["rule"], level), extra=Extra(detail="\n".join(rest).strip("\n") or None))


def _message(text: str, rest: list[str]) -> str:
    """The message with the lines into which the drawing wrapped it."""
    parts = [text]
    for line in rest:
        if not line.strip() or (_FRAME.match(line) and not line.startswith("  | ")) or _HELP.match(line):
            break
        parts.append(line.strip().removeprefix("| ").removeprefix("\u2502 "))
    return " ".join(parts)


def _error(raw: RawOutput, lines: list[str], shown: int) -> str | None:
    summaries = [match for line in lines if (match := _SUMMARY.match(line))]
    if not summaries:
        return complaint(raw) or "the output is not oxlint's, or cut off before its summary"
    counted = sum(int(match["warnings"]) + int(match["errors"]) for match in summaries)
    return f"oxlint counts {counted} problems, and the output names {shown}" if counted != shown else None


def kind_of(rule: str | None, level: Level) -> Category:
    """A file that cannot be parsed is an error without a rule; a directive that nothing needs is a warning without one."""
    return Category.BUILD if rule is None and level is Level.ERROR else Category.LINT
