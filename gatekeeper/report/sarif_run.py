"""One SARIF run: a tool at a component, its rules, and what became of each of its jobs. Knows no other run and no limit of files.

A job that could not do its work, or failed without a word, is a notification of its invocation: SARIF has no other place for "could not look".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from gatekeeper.judge.excerpt import repeat_command
from gatekeeper.model.finding import Category, Finding, Severity
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result, RunRecord
from gatekeeper.model.sanitize import one_line
from gatekeeper.model.status import Status
from gatekeeper.model.value import dataclass
from gatekeeper.report.address import file_bytes
from gatekeeper.report.issues import Issue, cut
from gatekeeper.report.sarif_result import LEVELS, ROOT, Json, rule_id, security_score, text_of

#: statuses in which a tool did its work
WORKED = frozenset({Status.PASSED, Status.FAILED})
#: statuses of which nobody needs to be told: nothing of it applied
_SILENT = frozenset({Status.PASSED, Status.SKIPPED})
_GRAVE = frozenset({Status.FAILED, Status.ERRORED, Status.TIMED_OUT})
LONGEST_COMMAND = 8_000
#: the last part of an address that is made of words, not of an id
_WORDS = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+){1,11}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What becomes one run: everything that one tool did or found at one component in one batch."""

    batch: str
    component: str | None
    tool: str
    pairs: tuple[tuple[Job, Result], ...] = ()
    issues: tuple[Issue, ...] = ()


def category(group: Group, part: int = 1) -> str:
    """`automationDetails.id`: GitHub's category, whose last slash says that no run of it is named. One that was split is several."""
    names = (group.batch, group.component or "repository", group.tool, *((str(part),) if part > 1 else ()))
    return "gatekeeper/" + "".join(f"{quote(file_bytes(cut(name, 200)), safe='') or '-'}/" for name in names)


def rules_of(tool: str, issues: Sequence[Issue]) -> list[Json]:
    """The rules that these broke, by id. Which others a tool looked for it does not tell us."""
    fired: dict[str, list[Finding]] = {}
    for issue in issues:
        fired.setdefault(rule_id(issue.finding), []).append(issue.finding)
    return [_rule(name, fired[name], tool) for name in sorted(fired)]


def _rule(name: str, findings: Sequence[Finding], tool: str) -> Json:
    gravest = min((finding.severity for finding in findings), key=tuple(Severity).index)
    url = next((finding.url for finding in findings if _is_link(finding.url)), None)
    subject = _subject(url, name)
    ours = _OURS.get(name) if all(finding.rule in {None, name} and finding.url is None for finding in findings) else None
    words = f"{ours}, says {_name(tool)}" if ours else f"{name}{f' ({subject})' if subject else ''}, a rule of {_name(tool)} ({findings[0].category})"
    scores = [score for finding in findings if (score := security_score(finding)) is not None]
    properties: Json = {
        "tags": sorted({*({"security"} if scores else ()), *(finding.category.value for finding in findings)}), "precision": "high",
        "problem.severity": {"error": "error", "warning": "warning", "note": "recommendation"}[LEVELS[gravest]],
        **({"security-severity": f"{max(scores):.1f}"} if scores else {})}
    told = f"{words}. {f'See {url}.' if url else '' if ours else 'The tool gives no page on it.'}".rstrip()
    return {"id": name, "shortDescription": {"text": words}, "fullDescription": {"text": f"{words}."}, "help": {"text": told},
            **({"helpUri": url} if url else {}), "defaultConfiguration": {"level": LEVELS[gravest]}, "properties": properties}


#: rules that no tool has: what they say of a file or a test
_OURS = {"test-failed": "A test failed", "test-error": "A test could not be run to its end", Category.FORMAT.value: "The file is not formatted"}


def _subject(url: str | None, name: str) -> str:
    """What the rule's page is called, where that says more than its id: `unused-import` of F401. GitHub titles alerts with it."""
    page = (url or "").partition("#")[0].rstrip("/").rpartition("/")[2].removesuffix(".html").lower()
    words = [word for word in re.split("[-_]", page) if word and word != name.lower()]
    known = {word for word in re.split("[^a-z0-9]+", name.lower()) if word}
    return " ".join(words) if len(words) > 1 and _WORDS.fullmatch(page) and not set(words) <= known else ""


def _is_link(url: str | None) -> bool:
    return url is not None and len(url) < 2_000 and url.startswith(("https://", "http://")) and url.isascii() and url.isprintable() and quote(
        url, safe="%/:?#@!$&'()*+,;=-._~") == url


def _name(tool: str) -> str:
    return cut(one_line(tool), 200).strip() or "-"


def head_of(record: RunRecord, group: Group, rules: Sequence[Json], name: str) -> Json:
    """The run but for its results; `name` is its category."""
    version = next((job.tool.version for job, _ in group.pairs if job.tool and job.tool.version and job.tool.version.strip()), None)
    driver: Json = {"name": _name(group.tool), **({"version": cut(one_line(version), 200)} if version else {}), "rules": list(rules)}
    gatekeeper = {"name": "Gatekeeper", "version": record.version}
    return {
        "tool": {"driver": driver},
        "conversion": {"tool": {"driver": gatekeeper}},
        "automationDetails": {"id": name},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the tree that was checked."}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(record, job, result) for job, result in group.pairs] or [{"executionSuccessful": True}],
        "properties": {"batch": group.batch, "component": one_line(group.component or "") or None},
    }


def _invocation(record: RunRecord, job: Job, result: Result) -> Json:
    last = result.attempts[-1] if result.attempts else None
    notifications = list(_notifications(job, result))
    document: Json = {
        "executionSuccessful": result.status in WORKED,
        "commandLine": cut(one_line(repeat_command(job)), LONGEST_COMMAND),
        "properties": {"job": one_line(job.id), "status": result.status.value, "cause": result.cause, "blocking": job.blocking,
                       "seconds": round(result.wall_seconds, 3), "attempts": len(result.attempts), "directory": one_line(job.cwd)},
    }
    if last is not None:
        document |= {"exitCode": last.exit_code} if last.exit_code is not None else {}
        document |= {"exitCodeDescription": f"signal {last.signal}", "exitSignalNumber": last.signal} if last.signal is not None else {}
        document |= {"processStartFailureMessage": text_of(last.spawn_error)} if last.spawn_error else {}
        document |= _times(record, result)
    return {**document, "toolExecutionNotifications": notifications} if notifications else document


def _times(record: RunRecord, result: Result) -> Json:
    """Start and end on the wall clock. The run knows when it started; its first process counts as started then (planning comes before)."""
    began = _instant(record.started_at)
    starts = [attempt.started for other in record.results for attempt in other.attempts[:1]]
    if began is None or result.from_cache or not starts:
        return {}
    first = began + timedelta(seconds=max(0.0, result.attempts[0].started - min(starts)))
    last = result.attempts[-1]
    end = first + timedelta(seconds=max(0.0, last.started - result.attempts[0].started) + max(0.0, last.wall_seconds))
    return {"startTimeUtc": _utc(first), "endTimeUtc": _utc(end)}


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _utc(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _notifications(job: Job, result: Result) -> Iterable[Json]:
    if result.status not in _SILENT and not (result.status is Status.FAILED and (result.findings or result.tests)):
        said = [result.message.strip() or result.status.value, *((f"to do: {result.hint}",) if result.hint and result.hint.strip() else ())]
        yield {"level": "error" if result.status in _GRAVE else "warning", "descriptor": {"id": str(result.cause or result.status)},
               "message": {"text": text_of(f"{one_line(job.id)}: {chr(10).join(said)}")}, "properties": {"status": result.status.value}}
    for problem in result.problems:
        place = f"{problem.file}:{problem.line}: " if problem.file and problem.line else f"{problem.file}: " if problem.file else ""
        yield {"level": "note" if problem.harmless else "warning", "descriptor": {"id": "unreadable"},
               "message": {"text": text_of(f"{place}{problem.message}")}}
