"""What `solc`, `solcjs --bin` and `hardhat build` print for people: diagnostics of either generation, then what was built.

Old solcjs ends with 0 in spite of errors, so the text decides; where there is nothing to say it is silent. Recorded from solcjs 0.4.26, 0.5.17, 0.6.12 and 0.8.28; the native
compiler, whose diagnostics are the same, could not be had. Hardhat is recorded from 3.18.0.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.solc_text import diagnostics, trouble
from gatekeeper.parse.text import decode, error_line, silent

_BUILT = re.compile(r"^(?:Compiler run successful|======= .+ =======$|Binary:|Compiled \d{1,9} Solidity files? )", re.MULTILINE)
#: hardhat's words; before 3 the latter also where nothing had changed
_NOTHING = re.compile(r"^(?:No contracts to compile|Nothing to compile)$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Errors and warnings of the Solidity compiler."""
    text = decode(raw.stdout) + "\n" + decode(raw.stderr)
    findings = tuple(diagnostics(raw, text, Scribe.of(raw, "solc", Category.BUILD)))
    error = trouble(text) or (None if findings else error_line(raw))
    idle = _NOTHING.search(text)
    if error is None and not findings and not idle and ended(raw, exits) is Ended.UNKNOWN and not silent(raw) and not _BUILT.search(text):
        error = "the output is not that of a Solidity compiler"
    return conclude(raw, finds_at(exits, 1), Account(findings=findings, error=error, nothing=idle[0].lower() if idle else None))
