"""Coverage thresholds that were missed: a test run then fails although every test passed, and only the terminal says why.

Knows the lines of pytest-cov, jest, vitest, c8, nyc and node --test; does not know the reports beside them.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Level, RawOutput
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.text import decode

_MISSED = re.compile(r"^(?:FAIL |ERROR: )?(?:Coverage failure: .+|Required test coverage of .+ not reached.*)$"
                     r"|^(?:ERROR: Coverage for .+ does not meet .*threshold.*|Jest: .*coverage threshold .* not met.*|Jest: Coverage for .+ does not meet .+ threshold .+|Jest: Coverage data for .+ was not found\.)$"
                     r"|^(?:\u2139 )?Error: [\d.]+% \w+ coverage does not meet threshold of .+$", re.MULTILINE)
_TAIL_BYTES = 256 * 1024


def missed_coverage(raw: RawOutput, tool: str) -> tuple[Finding, ...]:
    """One finding per missed threshold of a run that ended with 1, or nobody knows how."""
    if raw.exit_code not in {None, 1}:
        return ()
    scribe = Scribe.of(raw, tool, Category.TEST)
    lines = [line for data in (raw.stdout, raw.stderr) for line in _MISSED.findall(decode(data[-_TAIL_BYTES:]))]
    return tuple(scribe.finding(line, Level.ERROR, rule="coverage") for line in dict.fromkeys(lines))
