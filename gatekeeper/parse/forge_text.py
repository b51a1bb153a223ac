"""`forge build` and `forge lint` as people read them: the compiler's diagnostics, forge's own lints, and how the compiler run ended.

Knows the lines around the diagnostics; what the diagnostics look like is known by `solc_text` and `forge_lint`. A build of unchanged files
repeats no warnings. Recorded from forge 1.7.1.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.forge_lint import lints
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.solc_text import diagnostics
from gatekeeper.parse.text import decode, error_line

_NOTHING = re.compile(r"^(?:Nothing to compile|nothing to lint)$", re.MULTILINE)
_DONE = re.compile(r"^(?:Compiler run successful|No files changed, compilation skipped)", re.MULTILINE)
_WARNED = re.compile(r"^Compiler run successful with warnings", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of a forge build or lint."""
    scribe, text = Scribe.of(raw, "forge", Category.BUILD), decode(raw.stdout) + "\n" + decode(raw.stderr)
    findings = (*diagnostics(raw, text, scribe), *lints(raw, text, scribe))
    idle = _NOTHING.search(text)
    error = None if findings else error_line(raw)
    if error is None and not findings and idle is None and ended(raw, exits) is Ended.UNKNOWN and not _DONE.search(text):
        error = "the output is not that of forge"
    if error is None and not findings and _WARNED.search(text):
        error = "the output is cut off: it tells of warnings and shows none"
    return conclude(raw, exits, Account(findings=findings, error=error, nothing=idle[0].lower() if idle else None))
