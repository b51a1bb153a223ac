"""`npm audit --json` (report version 2; 1 of npm 6 is refused): advisories per package, or an error object.

1 is the exit code of findings, of a missing lockfile and of an endpoint that cannot be reached alike: the first are findings, the
second is an error, the third means that nothing was checked. Recorded from npm 11.19.1 (the vulnerable case is written after its
documentation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput, Severity
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, UnparsableError, asked_object, load, maybe_int, maybe_object, maybe_objects, maybe_text
from gatekeeper.parse.grade import Extra, Place, Scribe, level_for, severity_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.tally import headline
from gatekeeper.parse.text import report_of

#: npm and Node say so when there is no network, no such host, or a registry without the audit endpoint
OFFLINE = re.compile(r"ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT|CERT_|"
                     r"audit endpoint|request to \S+ failed|only-if-cached|\b(?:401|403|404|405|50\d)\b|E(?:401|403|404|405|50\d)\b")
_ADVISORY = re.compile(r"GHSA(?:-[0-9a-z]{4}){3}")
_LOCKFILES = ("package-lock.json", "npm-shrinkwrap.json")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Known vulnerabilities of npm dependencies."""
    report = asked_object(load(report_of(raw)), "the report")
    if "auditReportVersion" not in report:
        return _failure(raw, exits, report)
    if report["auditReportVersion"] != 2:
        raise UnparsableError("this is no audit report of version 2")
    scribe = Scribe.of(raw, "npm", Category.VULNERABILITY)
    packages = asked_object(report.get("vulnerabilities"), "`vulnerabilities`")
    file = _lockfile(raw)
    findings = tuple(one for name, entry in packages.items() for one in _findings(scribe, file, name, maybe_object(entry)))
    total = maybe_int(maybe_object(maybe_object(report.get("metadata")).get("dependencies")).get("total"))
    return conclude(raw, exits, Account(findings=findings, nothing="there are no dependencies to audit" if total == 0 else None))


def _failure(raw: RawOutput, exits: ExitSpec, report: Json) -> Parsed:
    error = maybe_object(report.get("error"))
    parts = [maybe_text(error.get(key)) for key in ("code", "summary")] + [maybe_text(report.get("message"))]
    why = headline(": ".join(part for part in parts if part))
    if why is None and not error:
        raise UnparsableError("the report has no `auditReportVersion`")
    told = f"{why or ''} {raw.stderr[:4096].decode('utf-8', 'replace')}"
    if OFFLINE.search(told) and "ENOLOCK" not in told:
        return conclude(raw, exits, Account(nothing=f"no vulnerability data: {why or 'the audit endpoint refused'}"))
    return conclude(raw, exits, Account(error=why or "npm could not audit"))


def _findings(scribe: Scribe, file: str | None, name: str, entry: Json) -> Iterator[Finding]:
    """The advisories of one package; a package that only depends on a vulnerable one has none of its own."""
    for advisory in maybe_objects(entry.get("via")):
        severity = severity_of(advisory.get("severity")) or severity_of(entry.get("severity")) or Severity.HIGH
        url, title = maybe_text(advisory.get("url")), maybe_text(advisory.get("title")) or "known vulnerability"
        known = _ADVISORY.search(url or "")
        number = maybe_int(advisory.get("source"))
        yield scribe.finding(f"{name} {maybe_text(advisory.get('range')) or ''}: {title}", level_for(severity), Place(file=file),
                             rule=known[0] if known else str(number) if number is not None else None,
                             extra=Extra(severity=severity, fixable=bool(entry.get("fixAvailable")), url=url))


def _lockfile(raw: RawOutput) -> str | None:
    names = (relative(raw, name) for name in _LOCKFILES)
    return next((name for name in names if name and raw.read(name) is not None), None)
