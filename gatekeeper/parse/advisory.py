"""One known vulnerability of an npm package as a finding, from any of the shapes in which registries and package managers tell it.

Knows what an advisory says; does not know the reports that hold them.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Finding, RawOutput, Severity
from gatekeeper.parse.document import Json, maybe_int, maybe_object, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe, level_for, severity_of
from gatekeeper.parse.place import relative

_ADVISORY = re.compile(r"GHSA(?:-[0-9a-z]{4}){3}")
_LOCKFILES = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock")
_TOP = 10.0


def lockfile(raw: RawOutput) -> str | None:
    """The lockfile that was audited: the first that can be read, in the order in which npm, pnpm and yarn look."""
    names = (relative(raw, name) for name in _LOCKFILES)
    return next((name for name in names if name and raw.read(name) is not None), None)


def vulnerability(scribe: Scribe, file: str | None, package: str, advisory: Json, *, fixable: bool, otherwise: object = None) -> Finding:
    """The finding of an advisory; `otherwise` is the severity where it gives none of its own."""
    severity = severity_of(advisory.get("severity")) or severity_of(otherwise) or Severity.HIGH
    url, title = maybe_text(advisory.get("url")), maybe_text(advisory.get("title")) or "known vulnerability"
    affected = maybe_text(advisory.get("range")) or maybe_text(advisory.get("vulnerable_versions")) or ""
    return scribe.finding(f"{package} {affected}: {title}" if affected else f"{package}: {title}", level_for(severity), Place(file=file), rule=_rule(advisory, url),
                          extra=Extra(severity=severity, fixable=fixable, url=url, score=_score(advisory)))


def _rule(advisory: Json, url: str | None) -> str | None:
    known = _ADVISORY.search(maybe_text(advisory.get("github_advisory_id")) or url or "")
    number = next((found for key in ("source", "id") if (found := maybe_int(advisory.get(key))) is not None), None)
    return known[0] if known else str(number) if number is not None else None


def _score(advisory: Json) -> float | None:
    """CVSS from 0.1 to 10; registries write 0 where nobody graded it."""
    score = maybe_object(advisory.get("cvss")).get("score")
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 < score <= _TOP:
        return None
    return float(score)
