"""The summary JSON (schema 1): everything about a run that programs ask for. Does not know where it is written.

One document holds the verdict, the counters of every batch, every job with all that is known of its errors, every finding, the tests that did not
pass, and what was left out with the reason. The ecosystem page and `gatekeeper show` are made from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from gatekeeper.detect.document import component_json
from gatekeeper.judge.counters import NAMES, counters, total
from gatekeeper.judge.excerpt import repeat_command
from gatekeeper.model.component import Problem
from gatekeeper.model.document import to_document
from gatekeeper.model.finding import Finding, Level, Severity, TestCase, TestOutcome
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Attempt, Counters, Result, RunRecord, Timings, Verdict
from gatekeeper.model.sanitize import json_bytes, unicode_text
from gatekeeper.report.address import relative_uri
from gatekeeper.report.judged import (
    assessment_document,
    delta_document,
    ending_document,
    finding_judgement,
    metric_document,
    score_document,
)
from gatekeeper.report.plan import reason_document, tool_document
from gatekeeper.report.rows import rows_bytes

SCHEMA = 1


def render(record: RunRecord) -> bytes:
    """The summary as UTF-8 JSON with a final newline; equal records give equal bytes."""
    return rows_bytes(_keys(record))


def encoded(document: object) -> bytes:
    """A document as UTF-8 JSON that every reader takes (`model.sanitize.json_bytes`), with a final newline."""
    return json_bytes(document, indent=1)


def _keys(record: RunRecord) -> dict[str, object]:
    """The summary as JSON values, findings and tests as iterators, because there may be very many; `seconds` are wall time, paths POSIX and relative
    to `root`."""
    parts = counters(record.plan, record.results)
    return {
        "schema": SCHEMA,
        "run_id": record.run_id,
        "version": record.version,
        "root": record.plan.root,
        "hostname": record.hostname,
        "started_at": record.started_at,
        "seconds": _seconds(record.wall_seconds),
        "timings": timings_document(record.timings),
        "resumed_at": list(record.resumed_at),
        "retry_of": record.retry_of,
        "pipeline": record.plan.pipeline,
        "scope": record.plan.scope,
        "scoped": record.plan.scoped,
        "pool": {"size": record.plan.pool_size},
        "verdict": verdict_document(record.verdict),
        "totals": counters_document(total(parts.values())),
        "batches": batch_documents(record, parts),
        "jobs": [job_document(job, result) for job, result in record.pairs()],
        "findings": (finding_document(job, finding) for job, result in record.pairs() for finding in result.findings),
        "tests": (test_document(job, test) for job, result in record.pairs() for test in result.tests
                  if test.outcome is not TestOutcome.PASSED or test.earlier),
        "skipped": [{"id": skipped.id, "reason": reason_document(skipped.reason)} for skipped in record.plan.skipped],
        "components": [component_json(component) for component in record.plan.components],
        "interventions": [to_document(one) for one in record.interventions],
        "problems": problem_documents(record.problems),
        "changed_files": list(record.changed_files),
        "artifacts": [{"kind": artifact.kind, "path": artifact.path, "size": artifact.size} for artifact in record.artifacts],
        "notes": [*record.plan.notes, *record.notes],
        "facts": dict(record.facts),
        "assessments": [assessment_document(assessment) for assessment in record.assessments],
        "scores": [score_document(score) for score in record.scores],
        "delta": delta_document(record.delta),
        "ending": ending_document(record.ending),
        "metrics": [metric_document(metric) for metric in record.metrics],
    }


def verdict_document(verdict: Verdict) -> dict[str, object]:
    """The verdict with the conditions that decided it, worst first."""
    return {"outcome": verdict.outcome, "exit_code": verdict.exit_code, "message": verdict.message,
            "conditions": [{"subject": condition.subject, "outcome": condition.outcome, "message": condition.message, "hint": condition.hint}
                           for condition in verdict.conditions]}


def counters_document(part: Counters) -> dict[str, object]:
    """The six counters and the four that stand apart; the last nine add up to the first."""
    return {name: getattr(part, name) for name in NAMES}


def batch_documents(record: RunRecord, parts: Mapping[str, Counters]) -> list[dict[str, object]]:
    """The batches in plan order with counters, seconds, and whether the target was missed (None: no target or no time)."""
    taken = dict(record.batch_seconds)
    documents = []
    for batch in record.plan.batches:
        seconds = taken.get(batch.id)
        documents.append({
            "id": batch.id, "title": batch.title, **counters_document(parts[batch.id]),
            "seconds": None if seconds is None else _seconds(seconds), "target": batch.target, "timeout": batch.timeout,
            "missed": None if seconds is None or batch.target is None else seconds > batch.target,
        })
    return documents


def job_document(job: Job, result: Result) -> dict[str, object]:
    """One job and its end: all details of an error, the command that repeats it, counts of findings and tests."""
    last = result.attempts[-1] if result.attempts else Attempt()
    return {
        "id": job.id, "task": job.task, "batch": job.batch, "component": job.component, "command": job.command, "role": job.role,
        "status": result.status, "cause": result.cause, "message": result.message, "hint": result.hint, "blocking": job.blocking,
        "from_cache": result.from_cache, "flaky": result.flaky, "leaky": result.leaky, "held_from": result.held_from, "leaked": list(last.leaked),
        "seconds": _seconds(result.wall_seconds), "attempts": len(result.attempts), **cost_document(result),
        "exit_code": last.exit_code, "signal": last.signal, "spawn_error": last.spawn_error, "timed_out": last.timed_out,
        "findings": len(result.findings), "by_severity": severity_counts(result.findings), "tests": test_counts(result.tests),
        "tool": tool_document(job.tool), "reason": reason_document(job.reason), "cwd": job.cwd, "files": len(job.files),
        "repeat": repeat_command(job), "tail": result.tail.splitlines()[-20:], "log": result.log, "dropped_bytes": last.dropped,
        "problems": problem_documents(result.problems), "metrics": [metric_document(metric) for metric in result.metrics],
    }


def cost_document(result: Result) -> dict[str, object]:
    """What a job took of the machine, over all its attempts: CPU seconds, peak of memory and traffic with the disk in MB; and how often it was tried again."""
    attempts = result.attempts
    return {"cpu_seconds": _seconds(sum(one.cpu_seconds for one in attempts)), "peak_memory_mb": round(max((one.peak_memory_mb for one in attempts), default=0.0), 1),
            "read_mb": round(sum(one.read_mb for one in attempts), 1), "write_mb": round(sum(one.write_mb for one in attempts), 1),
            "suspended_seconds": _seconds(sum(one.suspended_seconds for one in attempts)), "retries": max(0, len(attempts) - 1),
            "errors": sum(finding.level is Level.ERROR for finding in result.findings)}


def timings_document(timings: Timings | None) -> dict[str, object] | None:
    """Where the time went; null where nothing ran."""
    if timings is None:
        return None
    return {
        "job_seconds": timings.job_seconds, "cpu_seconds": timings.cpu_seconds, "longest_chain_seconds": timings.longest_chain_seconds,
        "speed_up": timings.speed_up, "cores_used": timings.cores_used, "jobs_per_minute": timings.jobs_per_minute,
        "path": [{"job": step.job, "seconds": step.seconds, "after": step.after, "waited": step.waited} for step in timings.path],
        "savings": [{"job": saving.job, "seconds": saving.seconds} for saving in timings.savings],
        "slowest": [{"job": job, "seconds": seconds} for job, seconds in timings.slowest],
    }


def severity_counts(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings of each severity, gravest first, zeros left out."""
    counted = Counter(finding.severity for finding in findings)
    return {severity: counted[severity] for severity in Severity if counted[severity]}


def test_counts(tests: Iterable[TestCase]) -> dict[str, int]:
    """Test cases by outcome, counted one by one."""
    counted = Counter(test.outcome for test in tests)
    return {"total": counted.total(), "passed": counted[TestOutcome.PASSED], "failed": counted[TestOutcome.FAILED],
            "errors": counted[TestOutcome.ERROR], "skipped": counted[TestOutcome.SKIPPED]}


def finding_document(job: Job, finding: Finding) -> dict[str, object]:
    """One finding with the job and component that it belongs to."""
    return {
        "job": job.id, "component": job.component, "tool": finding.tool, "rule": finding.rule,
        "file": finding.file, "line": finding.line, "column": finding.column, "end_line": finding.end_line, "end_column": finding.end_column,
        "cell": finding.cell, "level": finding.level, "severity": finding.severity, "category": finding.category,
        "message": finding.message, "detail": finding.detail, "fixable": finding.fixable, "url": finding.url,
        **finding_judgement(finding), **_odd_name(finding.file),
    }


def _odd_name(file: str | None) -> dict[str, object]:
    """The way back to a name that is no text and that JSON can only show: percent-encoded, relative."""
    if file is None or file.isascii() or unicode_text(file) == file:
        return {}
    return {"file_uri": relative_uri(file)}


def test_document(job: Job, test: TestCase) -> dict[str, object]:
    """One test case with the job that ran it."""
    return {"job": job.id, "name": test.name, "classname": test.classname, "outcome": test.outcome, "file": test.file, "line": test.line,
            "seconds": test.seconds, "message": test.message, "detail": test.detail, "earlier": list(test.earlier), "state": test.state}


def problem_documents(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """What could not be read, with file and line."""
    return [{"file": problem.file, "line": problem.line, "message": problem.message} for problem in problems]


def _seconds(value: float) -> float:
    return round(value, 3)
