"""The tables of the HTML report: findings, tests, conditions, scores, jobs, what could not be measured, what is no longer there.

Each table has a limit; what is more is left out, those that matter least first, and a line says how many and which file has them all. Knows no page.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.judge.excerpt import excerpt, finding_line, repeat_command, test_name
from gatekeeper.model.duration import spoken
from gatekeeper.model.finding import Finding, Severity, State, TestCase, TestOutcome
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result, RunRecord
from gatekeeper.model.status import Status
from gatekeeper.report.html_text import Cell, Column, block, cell, code, folded, link, number, table, tag, text
from gatekeeper.report.markdown import NOT_MEASURED
from gatekeeper.report.standing import ordered, score_text

MOST_FINDINGS = 2_000
MOST_TESTS = 2_000
MOST_JOBS = 1_000
MOST_ROWS = 300
#: details that open are long, so fewer have them
WITH_DETAIL = 300
_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}
_STATES = {State.NEW: 0, None: 0, State.MOVED: 1, State.UNCHANGED: 2, State.SUPPRESSED: 3, State.FIXED: 4}
_OUTCOMES = {TestOutcome.FAILED: 0, TestOutcome.ERROR: 0, TestOutcome.SKIPPED: 2, TestOutcome.PASSED: 3}
#: what went wrong first, what is well last
_STATUSES = {status: rank for rank, status in enumerate((
    Status.FAILED, Status.ERRORED, Status.TIMED_OUT, Status.UNAVAILABLE, Status.UNMEASURED, Status.CANCELLED, Status.BLOCKED, Status.NOT_RUN,
    Status.RUNNING, Status.PAUSED, Status.QUEUED, Status.PENDING, Status.SKIPPED, Status.PASSED))}


def findings_table(record: RunRecord) -> str:
    """Findings: new and blocking and grave ones first."""
    rows = [(job, finding) for job, result in record.pairs() for finding in result.findings]
    rows.sort(key=lambda row: (_STATES[row[1].state], not row[0].blocking, _SEVERITIES[row[1].severity], row[1].file or "", row[1].line or 0))
    columns = [Column(title="severity", pick=True), Column(title="state", pick=True), Column(title="where"), Column(title="rule"),
               Column(title="message", wide=True), Column(title="tool", pick=True), Column(title="component", pick=True), Column(title="counts", pick=True)]
    body = [_finding_row(job, finding, detailed=index < WITH_DETAIL) for index, (job, finding) in enumerate(rows[:MOST_FINDINGS])]
    return _whole("Findings", columns, body, len(rows), "findings")


def _finding_row(job: Job, finding: Finding, *, detailed: bool) -> list[Cell]:
    where = "" if finding.file is None else ":".join(str(part) for part in (finding.file, finding.line, finding.column if finding.line else None) if part is not None)
    state = str(finding.state or "not compared")
    suppressed = f'<p class="note">suppressed: {text(finding.suppression.reason or "no reason given")}</p>' if finding.suppression is not None else ""
    more = folded("detail", block(finding.detail)) if detailed and finding.detail and finding.detail.strip() else ""
    fix = '<p class="note">a fix is offered</p>' if finding.fixable else ""
    return [cell(tag(str(finding.severity), str(finding.severity)), _SEVERITIES[finding.severity]), cell(text(state)),
            cell(code(where), f"{finding.file or ''} {finding.line or 0:010d}"), cell(link(finding.url, code(finding.rule or "") or "rule")
                                                                                     if finding.url else code(finding.rule or "")),
            cell(f"{text(finding.message)}{more}{suppressed}{fix}"), cell(text(finding.tool)), cell(text(job.component or "(repository)")),
            cell("blocking" if job.blocking else "advisory")]


def tests_table(record: RunRecord) -> str:
    """Tests: those that failed first, then flaky, skipped and passed ones."""
    rows = [(job, test) for job, result in record.pairs() for test in result.tests]
    rows.sort(key=lambda row: (_OUTCOMES[row[1].outcome] if not row[1].flaky else 1, row[0].id, row[1].file or "", row[1].classname))
    columns = [Column(title="outcome", pick=True), Column(title="test", wide=True), Column(title="where"), Column(title="seconds", number=True),
               Column(title="job", pick=True)]
    body = [_test_row(job, test, detailed=index < WITH_DETAIL) for index, (job, test) in enumerate(rows[:MOST_TESTS])]
    return _whole("Tests", columns, body, len(rows), "tests")


def _test_row(job: Job, test: TestCase, *, detailed: bool) -> list[Cell]:
    word = "flaky" if test.flaky else str(test.outcome)
    said = f"<p>{text(test.message)}</p>" if test.message and test.message.strip() else ""
    more = folded("detail", block(test.detail)) if detailed and test.detail and test.detail.strip() else ""
    where = "" if test.file is None else test.file if test.line is None else f"{test.file}:{test.line}"
    known = " (known)" if test.state is State.UNCHANGED else ""
    seconds = test.seconds if test.seconds is not None and 0 <= test.seconds < 1e9 else None
    return [cell(tag(word, f"{word}{known}")), cell(f"{code(test_name(test))}{said}{more}"), cell(code(where)),
            number(seconds, f"{seconds:.2f}") if seconds is not None else number(-1, ""), cell(code(job.id))]


def jobs_table(record: RunRecord) -> str:
    """Jobs: what went wrong first, with the lines that matter, the log and the command that repeats it."""
    pairs = sorted(record.pairs(), key=lambda pair: (_STATUSES[pair[1].status], not pair[0].blocking))
    columns = [Column(title="status", pick=True), Column(title="job"), Column(title="says", wide=True), Column(title="batch", pick=True),
               Column(title="took", number=True), Column(title="findings", number=True), Column(title="tests", number=True), Column(title="tool"),
               Column(title="counts", pick=True), Column(title="log")]
    body = [_job_row(job, result, detailed=index < WITH_DETAIL) for index, (job, result) in enumerate(pairs[:MOST_JOBS])]
    return _whole("Jobs", columns, body, len(pairs), "jobs")


def _job_row(job: Job, result: Result, *, detailed: bool) -> list[Cell]:
    tool = f"{job.tool_id} {job.tool.version or ''}".strip() if job.tool is not None else job.tool_id
    marks = [mark for mark, there in (("from cache", result.from_cache), ("flaky", result.flaky), ("leaky", result.leaky)) if there]
    said = text(result.message) + (f" ({', '.join(marks)})" if marks else "")
    return [cell(tag(str(result.status), result.status.replace("_", " ")), _STATUSES[result.status]), cell(code(job.id)),
            cell(f"{said}{_job_details(job, result) if detailed else ''}"), cell(text(job.batch)),
            number(result.wall_seconds, spoken(result.wall_seconds) if result.attempts else ""), number(len(result.findings)), number(len(result.tests)),
            cell(code(tool)), cell("blocking" if job.blocking else "advisory"), cell(code(result.log or ""))]


def _job_details(job: Job, result: Result) -> str:
    hint = f"<p>to do: {code(result.hint)}</p>" if result.hint else ""
    lines = () if result.status is Status.PASSED and not result.findings else excerpt(job, result)
    shown = block("\n".join(lines)) if lines else ""
    why = f"<p>why it ran: {text(f'{job.reason.kind}: {job.reason.detail}')}</p>"
    return hint + folded("more", f"{shown}{why}<p>repeat: {code(repeat_command(job), 2_000)}</p>")


def unmeasured_table(record: RunRecord) -> str:
    """What measured nothing, why, and what to do."""
    pairs = sorted((pair for pair in record.pairs() if pair[1].status in NOT_MEASURED), key=lambda pair: not pair[0].blocking)
    columns = [Column(title="status", pick=True), Column(title="job"), Column(title="why", wide=True), Column(title="what to do", wide=True), Column(title="counts")]
    body = [[cell(tag(str(result.status), result.status.replace("_", " "))), cell(code(job.id)), cell(text(result.message or result.cause or "")),
             cell(code(result.hint or "")), cell("blocking" if job.blocking else "advisory")] for job, result in pairs[:MOST_ROWS]]
    return _whole("Could not be measured", columns, body, len(pairs), "jobs")


def conditions_table(record: RunRecord) -> str:
    """The conditions of the policy, those that do not hold first."""
    conditions = ordered(record.assessments)
    columns = [Column(title="status", pick=True), Column(title="condition", wide=True), Column(title="component"), Column(title="counts", pick=True),
               Column(title="score", number=True), Column(title="says", wide=True)]
    body = []
    for one in conditions[:MOST_ROWS]:
        lists = _list("violations", one.violations) + _list("to do", one.recommendations) + _list("evidence", one.evidence)
        body.append([cell(tag(str(one.status), one.status.replace("_", " "))), cell(text(one.title)), cell(code(one.component or "")),
                     cell(text(str(one.enforcement))), number(one.score if one.score is not None else -1, score_text(one.score)),
                     cell(f"{text(one.message)}{lists}")])
    return _whole("Conditions", columns, body, len(conditions), "conditions")


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{code(line)}</li>" for line in lines[:20])
    more = f"<li>and {len(lines) - 20} more</li>" if len(lines) > 20 else ""
    return folded(f"{title} ({len(lines)})", f"<ul>{items}{more}</ul>")


def scores_table(record: RunRecord) -> str:
    """Scores by dimension; they inform, conditions decide."""
    columns = [Column(title="dimension"), Column(title="score", number=True), Column(title="from", wide=True)]
    body = [[cell(text(str(score.dimension))), number(score.value if score.value is not None else -1, score_text(score.value)), cell(text(score.basis))]
            for score in record.scores]
    return table("Scores", columns, body) if body else ""


def fixed_list(record: RunRecord) -> str:
    """What was known and is no longer there."""
    if record.delta is None:
        return ""
    lines = [*(finding_line(finding) for finding in record.delta.fixed), *(test_name(test) for test in record.delta.fixed_tests)]
    items = "".join(f"<li>{code(line)}</li>" for line in lines[:MOST_ROWS])
    more = f"<li>and {len(lines) - MOST_ROWS} more, see summary.json</li>" if len(lines) > MOST_ROWS else ""
    return f"<ul>{items}{more}</ul>" if lines else ""


def _whole(label: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], total: int, noun: str) -> str:
    if not rows:
        return ""
    left = f'<p class="note"><strong>{total - len(rows):,} of {total:,} {noun} are left out here</strong>; summary.json has them all.</p>' if total > len(rows) else ""
    return left + table(label, columns, rows, filtered=True)
