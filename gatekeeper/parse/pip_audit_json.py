"""`pip-audit -f json`: dependencies with vulnerabilities, or with the reason why they were skipped.

pip-audit ends with 0 and "No known vulnerabilities" when it skipped everything: that is nothing checked. It gives no severity, so
every vulnerability counts as high. Recorded from pip-audit 2.10.1 (the vulnerable case is written after its documentation).
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_objects,
    asked_text,
    load,
    maybe_list,
    maybe_object,
    maybe_objects,
    maybe_text,
)
from gatekeeper.parse.grade import Extra, Scribe
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.tally import headline
from gatekeeper.parse.text import report_of


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Known vulnerabilities of Python dependencies."""
    report = load(report_of(raw))
    listed = maybe_object(report).get("dependencies") if isinstance(report, dict) else report  # a bare list before 2.0
    if listed is None:
        raise UnparsableError("the report has no `dependencies`")
    entries, scribe = list(asked_objects(listed, "`dependencies`")), Scribe.of(raw, "pip-audit", Category.VULNERABILITY)
    skipped = [entry for entry in entries if "skip_reason" in entry]
    findings = tuple(finding for entry in entries for finding in _findings(scribe, entry))
    problems = tuple(Problem(file="", line=None, message=f"{maybe_text(entry.get('name')) or 'a dependency'} was not audited: "
                                                         f"{headline(maybe_text(entry.get('skip_reason'))) or 'skipped'}") for entry in skipped)
    return conclude(raw, exits, Account(findings=findings, problems=problems, nothing=_nothing(len(entries), len(skipped), problems)))


def _nothing(total: int, skipped: int, problems: tuple[Problem, ...]) -> str | None:
    if total == 0:
        return "there are no dependencies to audit"
    return f"all {total} dependencies were skipped, the first: {problems[0].message}" if skipped == total else None


def _findings(scribe: Scribe, entry: Json) -> Iterator[Finding]:
    for flaw in maybe_objects(entry.get("vulns")):
        identity, what = asked_text(flaw, "id"), headline(maybe_text(flaw.get("description"))) or "known vulnerability"
        fixed = [version for version in maybe_list(flaw.get("fix_versions")) if isinstance(version, str)]
        aliases = [alias for alias in maybe_list(flaw.get("aliases")) if isinstance(alias, str)]
        told = [maybe_text(flaw.get("description")) or "", f"fixed in: {', '.join(fixed) or 'no release yet'}", f"also known as: {', '.join(aliases)}" if aliases else ""]
        yield scribe.finding(f"{asked_text(entry, 'name')} {maybe_text(entry.get('version')) or ''}: {what}", Level.ERROR, rule=identity,
                             extra=Extra(fixable=bool(fixed), detail="\n".join(line for line in told if line), url=f"https://osv.dev/vulnerability/{identity}"))
