"""`isort --check-only --diff`: `ERROR: PATH Imports are incorrectly sorted` on standard error, the diff on standard output.

isort ends with 0 and says nothing about a file whose Python it cannot parse: another tool must see that. Of one that it cannot read
(`Unable to parse file`, isort 4 also for a missing one) it warns, and ends with 0: that is an error here. isort 4 prints all of it on
standard output. Recorded from isort 4.3, 5.13, 6.0 and 9.0.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.difference import by_file
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode, silent

_UNSORTED = re.compile(r"^ERROR: (.+?) Imports are incorrectly sorted(?: and/or formatted)?\.?$", re.MULTILINE)
_BROKEN = re.compile(r"^Broken \d+ paths?$", re.MULTILINE)
_UNREAD = re.compile(r"^(?:WARNING: |.*: UserWarning: )(Unable to parse file .+ due to .+)$", re.MULTILINE)
_SKIPPED = re.compile(r"^Skipped \d+ files?$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Files whose imports isort would change."""
    scribe = Scribe.of(raw, "isort", Category.FORMAT)
    out, said = decode(raw.stdout), decode(raw.stderr)
    diffs = {(file := relative(raw, part.path)): part.named(file) for part in by_file(out)}
    named = [relative(raw, path) for path in _UNSORTED.findall(said) + _UNSORTED.findall(out)]
    findings = tuple(scribe.unformatted(file, diffs.get(file)) for file in dict.fromkeys([*diffs, *named]))
    broken, unread = _BROKEN.search(out), _UNREAD.search(f"{out}\n{said}")
    error = unread[1] if unread else broken[0] if broken else None
    if ended(raw, exits) is Ended.UNKNOWN and not findings and not silent(raw) and not _SKIPPED.search(out):
        error = error or "the output is not isort's"
    return conclude(raw, exits, Account(findings=findings, error=error))
