"""Answers every why of a run in plain words: of a job, a finding, a condition. Pure: reads the record of the run, nothing else.

Does not know terminals; lines come out as sections, for people and for JSON alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from gatekeeper.judge.excerpt import excerpt, finding_line, repeat_command
from gatekeeper.judge.known import OF_THE_MACHINE
from gatekeeper.judge.triage import is_broken
from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta, Enforcement
from gatekeeper.model.finding import Finding, State
from gatekeeper.model.plan import Job, SkippedJob
from gatekeeper.model.result import Condition, Result, RunRecord
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.tool import FailsAt, Role
from gatekeeper.model.value import dataclass

#: characters of a fingerprint that name a finding
SHORT = 8
_LEAST = 4
#: two of the questions about a job
WAITED, ENDED = "why it waited", "how it ended"
#: names that have what was asked for in them, and are told
_NEAR = 5
_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<rule>[^:].*))?")
_SOURCES = {
    "project": "the project's own environment has it", "pinned": "the project pins this version, and it is installed apart for it",
    "managed": "the project has none of its own, so the catalogue's pin is installed apart for it", "path": "it was found on PATH, no nearer one is there",
    "builtin": "it is part of Gatekeeper", "toolchain": "it belongs to the toolchain that the project uses",
}
_CAUSES = {
    Cause.FINDINGS: "it found something at a level at which the project's own CI would fail", Cause.CRASH: "the tool itself broke: that is no measurement",
    Cause.SIGNAL: "the process was ended by a signal: that is no measurement", Cause.OUT_OF_MEMORY: "the machine had no memory left for it",
    Cause.UNPARSABLE: "its output could not be read, so nobody knows what it says", Cause.SPAWN: "its process could not be started",
    Cause.LOST: "nobody knows how its process ended, so nothing was measured",
    Cause.TIMEOUT: "it ran longer than its limit", Cause.NOTHING_CHECKED: "it ended well and had checked nothing, which is no pass",
    Cause.MISSING_TOOL: "the tool is not there", Cause.MISSING_DEPENDENCIES: "what the project itself needs is not installed",
    Cause.NEED: "a job that it needs did not pass", Cause.BUDGET: "the time of its batch or of the run was over",
    Cause.FAIL_FAST: "the run was to stop at the first failure", Cause.INTERRUPT: "the run was interrupted",
    Cause.USAGE: "the tool was called in a way that it does not know, or its configuration is wrong: nothing was measured",
    Cause.SERVICE: "a service outside did not answer, so it was not asked again", Cause.ABORT: "the run was to end when another job did not pass",
}
_STATES = {
    State.NEW: "new: it was not known before", State.UNCHANGED: "known before, so it does not count", State.MOVED: "known before in another place, so it does not count",
    State.FIXED: "fixed", State.SUPPRESSED: "suppressed, so it does not count",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is explained (`kind`: job, skipped, finding, condition), and the answers by question, each a few lines."""

    kind: str
    subject: str
    answers: tuple[tuple[str, tuple[str, ...]], ...]


class UnknownNameError(LookupError):
    """Nothing in the run is called so; `near` are names that are alike."""

    def __init__(self, near: Sequence[str]) -> None:
        super().__init__(*near)
        self.near = tuple(near)


def explain(record: RunRecord, name: str) -> Explanation:
    """The explanation of what `name` means in this run. Raises UnknownNameError."""
    job = record.plan.job(name)
    found = _of_job(record, job) if job is not None else _of_condition(record, name) or _of_finding(record, name) or _by_part(record, name)
    if found is None:
        names = names_in(record)
        raise UnknownNameError([known for known in names if name.casefold() in known.casefold()][:_NEAR] or get_close_matches(name, names, 3, cutoff=0.4))
    return found


def names_in(record: RunRecord) -> tuple[str, ...]:
    """Everything that can be asked for by its whole name."""
    findings = (place for result in record.results for finding in result.findings if (place := _place(finding)))
    return tuple(dict.fromkeys((*(job.id for job in record.plan.jobs), *(job.id for job in record.plan.skipped),
                                *(one.subject for one in record.assessments), *(one.subject for one in record.verdict.conditions), *findings)))


def short_id(finding: Finding) -> str | None:
    """The first characters of a finding's exact fingerprint; None where it has none."""
    return next((value[:SHORT] for name, value in finding.fingerprints if name.startswith("exact/")), None)


def _by_part(record: RunRecord, name: str) -> Explanation | None:
    """A job by a part of its id that no other has."""
    jobs = [job for job in record.plan.jobs if name.casefold() in job.id.casefold()]
    if len(jobs) == 1:
        return _of_job(record, jobs[0])
    skipped = [job for job in record.plan.skipped if name == job.id or (not jobs and name.casefold() in job.id.casefold())]
    return _of_skipped(skipped[0]) if len(skipped) == 1 else None


# --- jobs ------------------------------------------------------------------------------------------------------------


def _of_job(record: RunRecord, job: Job) -> Explanation:
    result = record.result(job.id)
    answers = (("why it ran", (f"{job.reason.kind}: {job.reason.detail}",)), ("with what", tuple(_tool(job))), ("does it decide", (_weight(job),)),
               (WAITED, tuple(_waited(record, job))), (ENDED, tuple(_end(result))),
               ("what it says", tuple(excerpt(job, result)) if result is not None else ()), ("to repeat it", (repeat_command(job),)),
               ("what to do", tuple(_advice(job, result, record.delta))))
    return Explanation(kind="job", subject=job.id, answers=tuple((question, lines) for question, lines in answers if lines))


def _of_skipped(job: SkippedJob) -> Explanation:
    return Explanation(kind="skipped", subject=job.id, answers=(("why it did not run", (f"{job.reason.kind}: {job.reason.detail}",)),))


def _tool(job: Job) -> Iterator[str]:
    if job.tool is None:
        yield job.unavailable.detail if job.unavailable is not None else f"{job.argv[0]}, as the configuration names it"
        return
    yield f"{job.tool_id} {job.tool.version or '(version unknown)'}: {job.tool.path}"
    yield f"this one because {_SOURCES.get(job.tool.source, job.tool.source)}"


def _weight(job: Job) -> str:
    if job.blocking:
        why = {"used": "the project itself calls it", "configured": "the project configures it", "builtin": "it is part of every run"}.get(
            job.reason.kind, f"it is one of the project's {job.role} jobs")
        return f"yes: {why}"
    if job.reason.kind in {"used", "configured"}:
        return "no: it only advises, whoever uses it (audits, outdated lists), or the configuration says so; --strict makes it block"
    return "no: nobody chose it, so it only advises; tools: {" + job.tool_id + ": {blocking: true}} or --strict makes it block"


def _waited(record: RunRecord, job: Job) -> Iterator[str]:
    for need in job.needs:
        result = record.result(need)
        yield f"it needs {need} to pass" + (f", which ended as {str(result.status).replace('_', ' ')}" if result is not None else "")
    for other in job.after:
        yield f"it starts after {other}, however that ends"
    yield from (f"only one job at a time may hold {name}" for name in job.resources.exclusive)


def _end(result: Result | None) -> Iterator[str]:
    if result is None:
        yield "it has no result: the run ended before"
        return
    yield f"{str(result.status).replace('_', ' ')}{f': {result.message}' if result.message else ''}"
    if result.cause is not None and result.cause in _CAUSES:
        yield f"because {_CAUSES[result.cause]}"
    if result.from_cache:
        yield "from the cache: nothing that it depends on has changed since it last ran"
    if len(result.attempts) > 1:
        yield f"it was started {len(result.attempts)} times{', and passed only in the end: it is flaky' if result.flaky else ''}"


def _advice(job: Job, result: Result | None, delta: Delta | None) -> Iterator[str]:
    if result is None or result.status is Status.PASSED:
        return
    if result.hint:
        yield result.hint
    if result.status is Status.FAILED and result.findings:
        if any(finding.fixable for finding in result.findings):
            yield _by_fixing(job)
        yield from _spare(job, next((finding for finding in result.findings if finding.counts), result.findings[0]), delta)


def _by_fixing(job: Job) -> str:
    """How a fix comes about: --fix starts the formatters that the project chose, and nothing else."""
    if job.role is Role.FORMAT and job.reason.kind != "default":
        return f"let it be fixed: gatekeeper run --fix --only '{job.command}*'"
    return f"{job.tool_id} itself can fix it: run its own fixing command; gatekeeper run --fix starts only formatters that the project uses"


def _spare(job: Job, finding: Finding, delta: Delta | None) -> Iterator[str]:
    name = finding.rule or f"{finding.tool}/*"
    beside = finding.line is not None
    if beside:
        yield f"if it is meant so, say so beside it: gatekeeper: ignore[{name}] the reason"
    yield f"{'or' if beside else 'if it is meant so, say so'} in gatekeeper.yaml: suppressions: [{{rule: {name!r}, path: {finding.file or '**'!r}, reason: ...}}]"
    if is_broken(job, finding):
        yield "a baseline does not take it: nothing else was checked where code is broken"
    elif job.role not in OF_THE_MACHINE:
        yield f"or adopt what is there today: gatekeeper baseline {'update --add' if _has_baseline(delta) else 'create'}"


def _has_baseline(delta: Delta | None) -> bool:
    """Whether a file of known findings was compared with; what else there is to compare with is told as `the ...`."""
    return delta is not None and not delta.against.startswith("the ")


# --- findings --------------------------------------------------------------------------------------------------------


def _of_finding(record: RunRecord, name: str) -> Explanation | None:
    rows = [(job, result, finding) for job, result in record.pairs() for finding in result.findings if _is_called(finding, name)]
    if not rows:
        return None
    job, result, finding = rows[0]
    more = tuple(f"{short_id(other) or _place(other)}: {finding_line(other)}" for _, _, other in rows[1:10])
    answers = (("what", tuple(_said(finding))), ("does it count", tuple(_counts(job, finding))), ("found by", (f"{job.id}, which ended as {result.status}", *_tool(job))),
               ("what to do", tuple(_remedies(job, finding, record.delta))), ("others of that name", more))
    return Explanation(kind="finding", subject=short_id(finding) or _place(finding) or finding.message[:80],
                       answers=tuple((question, lines) for question, lines in answers if lines))


def _is_called(finding: Finding, name: str) -> bool:
    if len(name) >= _LEAST and any(value.startswith(name) for kind, value in finding.fingerprints if kind.startswith("exact/")):
        return True
    match = _PLACE.fullmatch(name)
    if match is None:
        return False
    return finding.file == match["file"] and finding.line == int(match["line"]) and match["rule"] in {None, finding.rule, f"{finding.tool}/{finding.rule}"}


def _place(finding: Finding) -> str | None:
    if finding.file is None or finding.line is None:
        return None
    return f"{finding.file}:{finding.line}{f':{finding.rule}' if finding.rule else ''}"


def _said(finding: Finding) -> Iterator[str]:
    yield finding_line(finding)
    yield f"{finding.severity} {finding.category}, which the tool calls {finding.level}"
    if finding.url:
        yield finding.url
    yield from (finding.detail or "").splitlines()[:20]


def _counts(job: Job, finding: Finding) -> Iterator[str]:
    if finding.state is None:
        yield "yes as far as it is known: nothing was compared"
    else:
        yield _STATES[finding.state]
    if finding.suppression is not None:
        told = finding.suppression
        until = f", until {told.expires}" if told.expires else ""
        yield f"{told.where or told.kind}: {told.reason}{f' ({told.owner})' if told.owner else ''}{until}"
    if finding.on_changed_line is not None:
        yield "it lies on a line that the change touches" if finding.on_changed_line else "it does not lie on a line that the change touches"
    if finding.counts:
        fails = {FailsAt.NEVER: "its job never fails for findings", FailsAt.ANY: "its job fails for any finding",
                 FailsAt.EXIT: "its job fails where the tool itself says so by its exit code"}.get(job.fails_at, f"its job fails from {job.fails_at} on")
        yield f"{fails}; the job {'decides' if job.blocking else 'only advises'}"


def _remedies(job: Job, finding: Finding, delta: Delta | None) -> Iterator[str]:
    for fix in finding.fixes:
        yield f"the tool offers a {fix.safety} fix{f': {fix.message}' if fix.message else ''}"
    if finding.fixable:
        yield _by_fixing(job)
    if finding.suppression is None:
        yield from _spare(job, finding, delta)
    yield f"to see it again: {repeat_command(job)}"


# --- conditions ------------------------------------------------------------------------------------------------------


def _of_condition(record: RunRecord, name: str) -> Explanation | None:
    assessed = [one for one in record.assessments if name in {one.id, one.subject}]
    if assessed:
        lines = [answer for one in assessed for answer in _assessment(one)]
        return Explanation(kind="condition", subject=name, answers=tuple(lines))
    decided = next((one for one in record.verdict.conditions if one.subject == name), None)
    return None if decided is None else _of_run(decided)


def _assessment(one: Assessment) -> Iterator[tuple[str, tuple[str, ...]]]:
    where = f" in {one.component}" if one.component else ""
    score = f" (score {one.score:g} of 100, which only informs)" if one.score is not None else ""
    yield f"what{where}", (f"{one.title}: {str(one.status).replace('_', ' ')}{score}", one.message)
    yield "does it decide", (_decides(one),)
    for question, lines in (("what is against it", one.violations), ("what it stands on", one.evidence), ("what to do", one.recommendations)):
        if lines:
            yield question, lines


def _decides(one: Assessment) -> str:
    if one.enforcement is not Enforcement.BLOCKING:
        return f"no: its enforcement is {one.enforcement}"
    return {ConditionStatus.FAILED: "yes: it blocks and failed, so the verdict is fail",
            ConditionStatus.UNMEASURED: "yes: it blocks and was not measured, so the verdict is incomplete at best",
            ConditionStatus.REQUIRES_REVIEW: "yes: it blocks and waits for a person, so the verdict is incomplete at best",
            ConditionStatus.NOT_JUDGED: "not in this run: it was not judged"}.get(one.status, "yes: it blocks, and it holds")


def _of_run(one: Condition) -> Explanation:
    answers = [("what", (one.message,)), ("does it decide", (f"yes: it makes the verdict {one.outcome}",))]
    return Explanation(kind="condition", subject=one.subject, answers=(*answers, ("what to do", (one.hint,))) if one.hint else tuple(answers))
