"""`taplo fmt --check` and `taplo lint`: log lines `ERROR ... path="FILE"`, diagnostics `error: invalid TOML`, `┌─ FILE:LINE:COLUMN`, and diffs.

Places are 1-based in characters. A file that `fmt` cannot parse is a finding and was not checked, which is an error. No files end with 0, and
`found files total=0` says so. Recorded from taplo 0.9.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import blocks, decode, error_line, lines_of

_HEAD = re.compile(r"^(?P<level>error|warning): (?P<text>.+)$")
_ARROW = re.compile(r"^ *┌─ (?P<path>.+?):(?P<line>\d{1,9}):(?P<column>\d{1,9})$")
_LABEL = re.compile(r"^[^\^]*│[^\^]*\^+ ?(?P<label>\S.*)$")
_UNFORMATTED = re.compile(r"^ *ERROR .*the file is not properly formatted path=\"(?P<path>.+)\"$")
_FOUND = re.compile(r"^ *INFO .*found files total=(?P<total>\d{1,9}) excluded=(?P<excluded>\d{1,9})\b", re.MULTILINE)
_LOGGED = re.compile(r"^ *(?:INFO|WARN|DEBUG|TRACE)\b")
_FORMATS = "taplo:format_files"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Files that taplo would format, and what is wrong in others."""
    scribe, text = Scribe.of(raw, "taplo", Category.FORMAT), decode(raw.stderr) + "\n" + decode(raw.stdout)
    broken = tuple(_diagnostics(raw, scribe, text))
    changed = (relative(raw, match["path"]) for line in lines_of(text) if (match := _UNFORMATTED.match(line)))
    findings = (*(scribe.unformatted(file) for file in dict.fromkeys(changed)), *broken)
    seen = [int(match["total"]) for match in _FOUND.finditer(text)]
    error = f"{broken[0].file}: {broken[0].message}" if broken and _FORMATS in text else None
    if not findings and not seen and (ended(raw, exits) is Ended.UNKNOWN or error_line(raw)):
        error = error_line(raw) or "the output is not taplo's"
    if error is None and not findings and ended(raw, exits) is Ended.UNKNOWN and any(line.strip() and not _LOGGED.match(line) for line in lines_of(text)):
        error = error_line(raw) or "the output is cut off: what it goes on to say is no finding"
    return conclude(raw, exits, Account(findings=findings, error=error, nothing="no files were found" if seen and not any(seen) else None))


def _diagnostics(raw: RawOutput, scribe: Scribe, text: str) -> Iterator[Finding]:
    for lines in blocks(lines_of(text), _HEAD):
        head, block = _HEAD.match(lines[0]), lines[:next((at for at, line in enumerate(lines) if not line.strip()), len(lines))]
        arrow = next((arrow for line in block[1:3] if (arrow := _ARROW.match(line))), None)
        label = next((label["label"] for line in block[1:] if (label := _LABEL.match(line))), None)
        if head is None or arrow is None:
            continue
        place = Place(file=relative(raw, arrow["path"]), line=int(arrow["line"]), column=int(arrow["column"]))
        yield scribe.finding(f"{head['text']}: {label}" if label else head["text"], level_of(head["level"]), place, category=Category.BUILD, extra=Extra(detail="\n".join(block)))
