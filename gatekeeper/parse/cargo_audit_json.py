"""`cargo audit --json`: advisories of the RustSec database against a Cargo.lock, and warnings about unmaintained or yanked crates.

Severity and score are computed from the CVSS 3 vector where there is one, else it is high. Recorded from cargo-audit 0.22.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput, Severity
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.cvss import base_score, severity_from
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_object,
    asked_objects,
    load,
    maybe_int,
    maybe_list,
    maybe_object,
    maybe_objects,
    maybe_text,
)
from gatekeeper.parse.grade import Extra, Place, Scribe, level_for
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import report_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Known vulnerabilities of Rust dependencies."""
    report = asked_object(load(report_of(raw)), "the report")
    if "vulnerabilities" not in report:
        raise UnparsableError("the report has no `vulnerabilities`")
    scribe, place = Scribe.of(raw, "cargo-audit", Category.VULNERABILITY), Place(file=relative(raw, "Cargo.lock"))
    flaws = (_flaw(scribe, place, entry) for entry in asked_objects(asked_object(report["vulnerabilities"], "`vulnerabilities`").get("list"), "`list`"))
    total = maybe_int(maybe_object(report.get("lockfile")).get("dependency-count"))
    return conclude(raw, exits, Account(findings=(*flaws, *_warnings(scribe, place, maybe_object(report.get("warnings")))),
                                        nothing="there are no dependencies to audit" if total == 0 else None))


def _flaw(scribe: Scribe, place: Place, entry: Json) -> Finding:
    advisory, package = asked_object(entry.get("advisory"), "`advisory`"), maybe_object(entry.get("package"))
    vector = maybe_text(advisory.get("cvss")) or ""
    severity = severity_from(vector) or Severity.HIGH
    patched = [text for text in maybe_list(maybe_object(entry.get("versions")).get("patched")) if isinstance(text, str)]
    name = maybe_text(package.get("name")) or maybe_text(advisory.get("package")) or "a crate"
    return scribe.finding(f"{name} {maybe_text(package.get('version')) or ''}: {maybe_text(advisory.get('title')) or 'known vulnerability'}", level_for(severity), place,
                          rule=maybe_text(advisory.get("id")), extra=Extra(severity=severity, score=base_score(vector) or None, fixable=bool(patched), url=maybe_text(advisory.get("url")),
                                                                           detail=f"patched in: {', '.join(patched) or 'no release yet'}"))


def _warnings(scribe: Scribe, place: Place, kinds: Json) -> Iterator[Finding]:
    for kind, entries in kinds.items():
        for entry in maybe_objects(entries):
            advisory, package = maybe_object(entry.get("advisory")), maybe_object(entry.get("package"))
            yield scribe.finding(f"{maybe_text(package.get('name')) or 'a crate'} {maybe_text(package.get('version')) or ''} is {kind}: {maybe_text(advisory.get('title')) or kind}",
                                 Level.WARNING, place, rule=maybe_text(advisory.get("id")) or kind, category=Category.DEPENDENCY)
