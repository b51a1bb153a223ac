"""Results that are kept file by file: all of one command and its settings in one entry, so that ten thousand files are read at once.

    {"files": {path: [[digest, findings], ...]}, "all": [path, ...], "stdout", "stderr", "parsed", ...}

A file's findings hold as long as its content and the configuration around it are the same (`digest`); the last few contents of each file are kept,
so that going back and forth between branches costs nothing. Does not know where entries lie, nor how digests come about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatekeeper.model.document import DocumentError, from_document, to_document
from gatekeeper.model.finding import Finding, Level, Parsed
from gatekeeper.model.plan import Job
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import FailsAt
from gatekeeper.model.value import replace

#: contents of one file that are remembered
_CONTENTS = 3
_RANK = {Level.INFO: 0, Level.WARNING: 1, Level.ERROR: 2}
_FLOOR = {FailsAt.ANY: 0, FailsAt.WARNING: 1, FailsAt.ERROR: 2}


def known_files(pack: Mapping[str, Any], files: Mapping[str, str | None]) -> dict[str, tuple[Finding, ...]] | None:
    """The findings of those files that are known by content; None where the entry is of no use."""
    rows = pack.get("files")
    if not isinstance(rows, dict):
        return None
    found: dict[str, tuple[Finding, ...]] = {}
    try:
        for file, digest in files.items():
            for known, findings in rows.get(file, ()):
                if known == digest and digest is not None:
                    found[file] = tuple(from_document(Finding, each) for each in findings) if findings else ()
                    break
    except (DocumentError, TypeError, ValueError):
        return None
    return found


def lost_files(pack: Mapping[str, Any], files: Mapping[str, str | None]) -> bool:
    """Whether a file that was looked at is there no more: it may have been the only one that the tool did not leave out."""
    return any(file not in files for file in pack.get("all", ()))


def merged(parsed: Parsed, known: Mapping[str, Sequence[Finding]]) -> Parsed:
    """What a run over some files and what is known of the others say together. A run that broke stays broken, whatever is known beside it."""
    if not known:
        return parsed
    findings = tuple(sorted((*parsed.findings, *(finding for each in known.values() for finding in each)), key=_place))
    if parsed.meaning in (Meaning.TOOL_ERROR, Meaning.FINDINGS_AND_TOOL_ERROR):
        return replace(parsed, meaning=Meaning.FINDINGS_AND_TOOL_ERROR if findings else Meaning.TOOL_ERROR, findings=findings)
    return Parsed(meaning=Meaning.FINDINGS if findings else Meaning.CLEAN, findings=findings, problems=parsed.problems)


def _place(finding: Finding) -> tuple[str, int, int, str]:
    return finding.file or "", finding.line or 0, finding.column or 0, finding.rule or ""


def by_file(job: Job, parsed: Parsed, exit_code: int | None, files: Sequence[str]) -> dict[str, list[Any]] | None:
    """The findings of a run over `files` by file, as documents; None where they cannot be told apart, or the exit code says more than they do."""
    if parsed.meaning not in (Meaning.CLEAN, Meaning.FINDINGS) or parsed.tests or parsed.problems or parsed.metrics:
        return None
    grave = any(_RANK[finding.level] >= _FLOOR.get(job.fails_at, 3) for finding in parsed.findings)
    if exit_code not in job.exit.clean and not (exit_code in job.exit.findings and grave):
        return None
    rows: dict[str, list[Any]] = {file: [] for file in files}
    for finding in parsed.findings:
        if finding.file not in rows:
            return None
        rows[finding.file].append(to_document(finding))
    return rows


def exit_code(job: Job, findings: Sequence[Finding]) -> int:
    """What the tool would have answered, as far as it decides."""
    grave = any(_RANK[finding.level] >= _FLOOR.get(job.fails_at, 3) for finding in findings)
    return min(job.exit.findings if grave and job.exit.findings else job.exit.clean, default=0)


def updated(pack: Mapping[str, Any] | None, rows: Mapping[str, list[Any]], digests: Mapping[str, str | None], *, whole: bool) -> dict[str, Any]:
    """The entry with what a run has found; `whole`: the job looked at all there is, so the rest is gone."""
    before: Mapping[str, Any] = pack["files"] if pack is not None and isinstance(pack.get("files"), dict) else {}
    files = {file: kept for file, kept in before.items() if not whole or file in digests}
    for file, findings in rows.items():
        digest = digests.get(file)
        if digest is not None:
            files[file] = [[digest, findings], *(row for row in files.get(file, ()) if row[0] != digest)][:_CONTENTS]
    looked = list(digests) if whole else sorted({*(pack or {}).get("all", ()), *digests})
    return {"files": files, "all": looked}
