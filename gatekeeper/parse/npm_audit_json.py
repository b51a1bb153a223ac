"""`npm audit --json` (report version 2), and the older report of npm 6 and pnpm: advisories, or an error object.

1 is the exit code of findings, of a missing lockfile and of an endpoint that cannot be reached alike: the first are findings, the
second is an error, the third means that nothing was checked. Recorded from npm 6 and 11 and pnpm 10, the vulnerable cases with a
registry of the recorder's own. `npm audit --offline` prints what a clean run prints: the call must not hold that option.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.advisory import lockfile, vulnerability
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_object,
    load,
    maybe_int,
    maybe_object,
    maybe_objects,
    maybe_text,
)
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.tally import headline
from gatekeeper.parse.text import report_of

#: npm and Node say so when there is no network, no such host, or a registry without the audit endpoint
OFFLINE = re.compile(r"ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT|CERT_|"
                     r"audit endpoint|request to \S+ failed|only-if-cached|\b(?:401|403|404|405|50\d)\b|E(?:401|403|404|405|50\d)\b")
#: how registries write that no version is free of a flaw
_UNPATCHED = "<0.0.0"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Known vulnerabilities of npm dependencies."""
    report = asked_object(load(report_of(raw)), "the report")
    if "advisories" in report:
        return _older(raw, exits, report)
    if "auditReportVersion" not in report:
        return _failure(raw, exits, report)
    if report["auditReportVersion"] != 2:
        raise UnparsableError("this is no audit report of version 2")
    scribe = Scribe.of(raw, "npm", Category.VULNERABILITY)
    packages = asked_object(report.get("vulnerabilities"), "`vulnerabilities`")
    file = lockfile(raw)
    findings = tuple(one for name, entry in packages.items() for one in _findings(scribe, file, name, maybe_object(entry)))
    total = maybe_int(maybe_object(maybe_object(report.get("metadata")).get("dependencies")).get("total"))
    return conclude(raw, exits, Account(findings=findings, nothing="there are no dependencies to audit" if total == 0 else None))


def _failure(raw: RawOutput, exits: ExitSpec, report: Json) -> Parsed:
    error = maybe_object(report.get("error"))
    parts = [maybe_text(error.get(key)) for key in ("code", "summary", "message")] + [maybe_text(report.get("message"))]
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
        yield vulnerability(scribe, file, name, advisory, fixable=bool(entry.get("fixAvailable")), otherwise=entry.get("severity"))


def _older(raw: RawOutput, exits: ExitSpec, report: Json) -> Parsed:
    scribe, file = Scribe.of(raw, "npm", Category.VULNERABILITY), lockfile(raw)
    findings = tuple(older_advisory(scribe, file, asked_object(entry, "an advisory"))
                     for entry in asked_object(report["advisories"], "`advisories`").values())
    total = maybe_int(asked_object(report.get("metadata"), "`metadata`").get("totalDependencies"))
    return conclude(raw, exits, Account(findings=findings, nothing="there are no dependencies to audit" if total == 0 else None))


def older_advisory(scribe: Scribe, file: str | None, advisory: Json) -> Finding:
    """An advisory as the older endpoint tells it, of which yarn prints the same."""
    patched = maybe_text(advisory.get("patched_versions"))
    name = maybe_text(advisory.get("module_name"))
    if name is None and maybe_text(advisory.get("title")) is None:
        raise UnparsableError("an advisory has neither `module_name` nor `title`")
    return vulnerability(scribe, file, name or "(a package without a name)", advisory, fixable=patched is not None and patched != _UNPATCHED)
