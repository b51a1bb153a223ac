"""`detect-secrets-hook` for people: `Secret Type: KIND` and `Location:    PATH:LINE`; it says nothing when it finds nothing.

With `--json` the hook prints what `detect-secrets-json` reads. Recorded from detect-secrets 1.5.0.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.detect_secrets_json import suspicion
from gatekeeper.parse.grade import Place, Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode, silent

_SECRET = re.compile(r"^Secret Type: (?P<kind>.+)\nLocation: +(?P<path>.+):(?P<line>\d{1,9})$", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Secrets that detect-secrets suspects."""
    scribe = Scribe.of(raw, "detect-secrets", Category.SECRET)
    findings = tuple(suspicion(scribe, found["kind"], Place(file=relative(raw, found["path"]), line=int(found["line"])))
                     for found in _SECRET.finditer(decode(raw.stdout)))
    foreign = ended(raw, exits) is Ended.UNKNOWN and not findings and not silent(raw)
    return conclude(raw, exits, Account(findings=findings, error="the output is not detect-secrets'" if foreign else None))
