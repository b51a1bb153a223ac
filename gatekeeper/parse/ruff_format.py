"""`ruff format --check` and `--diff` as people read them: `Would reformat: PATH`, since 0.13 a block per file, or a unified diff.

The diff names notebooks by cell; they are one finding. A file that ruff cannot parse is named on standard error (`error: Failed to
parse PATH:ROW:COLUMN: why`), in the blocks as `invalid-syntax`: it was not checked. Recorded from ruff 0.1, 0.8 and 0.17.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.difference import by_file
from gatekeeper.parse.grade import Place, Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.ruff_json import no_files
from gatekeeper.parse.text import blocks, decode, lines_of

_OLD = re.compile(r"^Would reformat: (.+)$", re.MULTILINE)
_HEAD = re.compile(r"^(?:unformatted: File would be reformatted|(?P<rule>invalid-syntax): (?P<why>.+))$")
#: `--output-format` of concise and of grouped, both in preview only; not recorded
_SHORT = re.compile(r"^(?P<path>\S.*?):(?:cell \d{1,6}:)?\d{1,9}:\d{1,9}: unformatted: File would be reformatted$|"
                    r"^(?P<group>\S.*):\n  (?:cell \d{1,6}:)?\d{1,9}:\d{1,9} +unformatted: File would be reformatted$", re.MULTILINE)
_ARROW = re.compile(r"^\s*--> (?P<path>.+?):(?:cell \d{1,6}:)?(?P<line>\d{1,9}):(?P<column>\d{1,9})$")
_BROKEN = re.compile(r"^error: Failed to parse (?P<path>.+?):(?:cell \d{1,6}:)?(?P<line>\d{1,9}):(?P<column>\d{1,9}): (?P<why>.+)$", re.MULTILINE)
_CELL = re.compile(r":cell \d{1,6}$")
_COUNT = re.compile(r"^(?:(?P<bad>\d{1,9}) files? (?:would be reformatted|reformatted)|\d{1,9} files? (?:already formatted|left unchanged)|All \d{1,9} files)", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Files that `ruff format` would change, and those that it cannot parse."""
    scribe, out, said = Scribe.of(raw, "ruff", Category.FORMAT), decode(raw.stdout), decode(raw.stderr)
    files = dict(_unformatted(raw, out))
    broken = (*_broken_blocks(raw, scribe, out), *(_broken(raw, scribe, found) for found in _BROKEN.finditer(f"{out}\n{said}")))
    findings = (*(scribe.unformatted(file, detail) for file, detail in files.items()), *broken)
    error = f"{broken[0].file}: {broken[0].message}" if broken else _doubt(raw, exits, f"{out}\n{said}", len(files))
    return conclude(raw, exits, Account(findings=findings, error=error, nothing=no_files(raw)))


def spoken(raw: RawOutput) -> bool:
    """Whether ruff speaks as it does to people, whatever it was asked for."""
    out = decode(raw.stdout)
    return bool(_OLD.search(out) or _COUNT.search(out) or (not out.strip() and no_files(raw)))


def _unformatted(raw: RawOutput, out: str) -> Iterator[tuple[str | None, str | None]]:
    """Each file with what would change, as far as it is shown."""
    diffs: dict[str | None, list[str]] = {}
    for part in by_file(out):
        diffs.setdefault(relative(raw, _CELL.sub("", part.path)), []).append(part.named(None if _CELL.search(part.path) else relative(raw, part.path)))
    yield from ((file, "\n".join(parts)) for file, parts in diffs.items())
    yield from ((relative(raw, path), None) for path in _OLD.findall(out))
    yield from ((relative(raw, found["path"] or found["group"]), None) for found in _SHORT.finditer(out))
    for head, arrow, block in _blocks(out):
        if head["rule"] is None:
            yield relative(raw, arrow["path"]), "\n".join(block[1:]).rstrip()


def _blocks(out: str) -> Iterator[tuple[re.Match[str], re.Match[str], list[str]]]:
    for block in blocks(lines_of(out), _HEAD):
        head, arrow = _HEAD.match(block[0]), _ARROW.match(block[1]) if len(block) > 1 else None
        if head and arrow:
            end = next((at for at, line in enumerate(block) if not line.strip()), len(block))
            yield head, arrow, block[:end]


def _broken_blocks(raw: RawOutput, scribe: Scribe, out: str) -> Iterator[Finding]:
    for head, arrow, _ in _blocks(out):
        if head["rule"]:
            yield scribe.finding(head["why"], Level.ERROR, _place(raw, arrow), rule=head["rule"], category=Category.BUILD)


def _broken(raw: RawOutput, scribe: Scribe, found: re.Match[str]) -> Finding:
    return scribe.finding(found["why"], Level.ERROR, _place(raw, found), rule="invalid-syntax", category=Category.BUILD)


def _place(raw: RawOutput, found: re.Match[str]) -> Place:
    return Place(file=relative(raw, found["path"]), line=int(found["line"]), column=int(found["column"]))


def _doubt(raw: RawOutput, exits: ExitSpec, said: str, read: int) -> str | None:
    """Why what was read may not be all."""
    counts = [int(count["bad"] or 0) for count in _COUNT.finditer(said)]
    if counts and sum(counts) != read:
        return f"ruff counts {sum(counts)} files, and the output names {read}"
    if counts or read or ended(raw, exits) is not Ended.UNKNOWN or no_files(raw):
        return None
    return "the output is not ruff's"
