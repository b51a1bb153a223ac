"""`safety check --json`: a list of lists until 1.10, since 2.0 a document that also says how many packages were looked at.

A requirement that is not pinned to a version is passed over: 1.x warns on standard error, 2.x counts it out. Ignored vulnerabilities
stand apart and are left out. Findings end with 64, in 1.x with 255. Recorded from safety 1.10.3 and 2.3.5, with a database of two
made-up advisories; 3.x keeps the shape of `check` and needs its service even for a local database. The JSON of its `scan` (projects, files,
dependencies, specifications, known vulnerabilities; no title, no grade) was not recorded: it is read as users of it do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput, Severity
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_list,
    asked_object,
    asked_objects,
    asked_text,
    load,
    maybe_int,
    maybe_list,
    maybe_object,
    maybe_text,
)
from gatekeeper.parse.grade import Extra, Place, Scribe, level_for, severity_of
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.place import relative
from gatekeeper.parse.tally import headline
from gatekeeper.parse.text import decode, report_of

_FOUND = (64, 255)
_UNPINNED = re.compile(r"^Warning: (unpinned requirement '.+' found in .+, unable to check)\.?$", re.MULTILINE)
_OLD_FIELDS = 5
_UNSURE = "safety passed over requirements without a version, and does not say whether it looked at any other"
_NOBODY = "there are no dependencies to audit"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Known vulnerabilities of Python dependencies."""
    report, scribe = load(report_of(raw)), Scribe.of(raw, "safety", Category.VULNERABILITY)
    problems = tuple(Problem(file="", line=None, message=said) for said in _UNPINNED.findall(decode(raw.stderr)))
    if isinstance(report, list):
        account = Account(findings=tuple(_old(scribe, entry) for entry in report), problems=problems, nothing=_UNSURE if problems else None)
    elif isinstance(report, dict) and "vulnerabilities" in report and "report_meta" in report:
        looked_at = maybe_int(maybe_object(report["report_meta"]).get("packages_found"))
        account = Account(findings=tuple(_findings(scribe, report)), problems=problems, nothing=_NOBODY if looked_at == 0 else None)
    elif isinstance(report, dict) and "scan_results" in report:
        files = [file for project in _members(report["scan_results"], "projects") for file in _members(project, "files")]
        account = Account(findings=tuple(one for file in files for one in _of_scan(raw, scribe, file)), nothing=None if files else _NOBODY)
    else:
        raise UnparsableError("the report has no `vulnerabilities` and `report_meta`, and no `scan_results`")
    return conclude(raw, finds_at(exits, *_FOUND), account)


def _old(scribe: Scribe, entry: object) -> Finding:
    """package, affected versions, version, advisory, id, and from 1.9 on CVSS 2 and 3."""
    fields = asked_list(entry, "an entry of the report")
    if len(fields) < _OLD_FIELDS or not all(isinstance(field, str) for field in fields[:_OLD_FIELDS]):
        raise UnparsableError("an entry of the report is none of safety's")
    package, affected, version, advisory, identity = (str(field) for field in fields[:_OLD_FIELDS])
    return _flaw(scribe, f"{package} {version}", advisory, identity, extra=_graded(maybe_object(fields[-1]), f"{advisory}\naffected: {affected}"))


def _findings(scribe: Scribe, report: Json) -> Iterator[Finding]:
    for entry in asked_objects(report["vulnerabilities"], "`vulnerabilities`"):
        fixed = [version for version in maybe_list(entry.get("fixed_versions")) if isinstance(version, str)]
        told = [maybe_text(entry.get("advisory")) or "", f"fixed in: {', '.join(fixed) or 'no release yet'}",
                f"also known as: {maybe_text(entry.get('CVE'))}" if maybe_text(entry.get("CVE")) else ""]
        graded = maybe_object(maybe_object(entry.get("severity")).get("cvssv3"))
        extra = _graded(graded, "\n".join(line for line in told if line), fixable=bool(fixed), url=maybe_text(entry.get("more_info_url")))
        yield _flaw(scribe, f"{asked_text(entry, 'package_name')} {maybe_text(entry.get('analyzed_version')) or ''}", maybe_text(entry.get("advisory")),
                    asked_text(entry, "vulnerability_id"), extra=extra)


def _of_scan(raw: RawOutput, scribe: Scribe, file: Json) -> Iterator[Finding]:
    """The vulnerabilities that `safety scan` tells of one file and that nobody has it ignore."""
    place = Place(file=relative(raw, maybe_text(file.get("location"))))
    for package in _members(file.get("results"), "dependencies"):
        for told in _members(package, "specifications"):
            what = maybe_text(told.get("raw")) or asked_text(package, "name")
            for flaw in _members(told.get("vulnerabilities"), "known_vulnerabilities"):
                if not maybe_text(maybe_object(flaw.get("ignored")).get("code")):
                    yield scribe.finding(f"{what}: known vulnerability", level_for(Severity.HIGH), place, rule=asked_text(flaw, "id"),
                                         extra=_graded({}, f"affected: {maybe_text(flaw.get('vulnerable_spec')) or '?'}"))


def _members(holder: object, key: str) -> Iterator[Json]:
    return asked_objects(asked_object(holder, f"what holds `{key}`").get(key), f"`{key}`")


def _flaw(scribe: Scribe, what: str, advisory: str | None, identity: str, *, extra: Extra) -> Finding:
    return scribe.finding(f"{what}: {headline(advisory) or 'known vulnerability'}", level_for(extra.severity or Severity.HIGH), rule=identity, extra=extra)


def _graded(cvss: Json, detail: str, *, fixable: bool = False, url: str | None = None) -> Extra:
    """Severity and score of CVSS 3; what nobody graded counts as high."""
    score = cvss.get("base_score")
    known = float(score) if isinstance(score, (int, float)) and not isinstance(score, bool) and 0 < score <= 10 else None
    return Extra(severity=severity_of(cvss.get("base_severity")) or Severity.HIGH, score=known, detail=detail, fixable=fixable, url=url)
