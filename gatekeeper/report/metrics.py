"""metrics.json: what the run cost, per job, per batch and as a whole. Measures nothing itself."""

from __future__ import annotations

from gatekeeper.judge.counters import counters, total
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result, RunRecord
from gatekeeper.report.summary import batch_documents, cost_document, counters_document, encoded, severity_counts, test_counts

SCHEMA = 1


def render(record: RunRecord) -> bytes:
    """The metrics as UTF-8 JSON with a final newline."""
    return encoded(metrics_document(record))


def metrics_document(record: RunRecord) -> dict[str, object]:
    """Seconds of wall and CPU time, peak memory in MB, counts; `speed_up` is the jobs' wall time one after the other over the run's."""
    parts = counters(record.plan, record.results)
    return {
        "schema": SCHEMA,
        "run_id": record.run_id,
        "started_at": record.started_at,
        "pool": {"size": record.plan.pool_size},
        "total": _total(record) | {"counters": counters_document(total(parts.values()))},
        "batches": batch_documents(record, parts),
        "jobs": [_job(job, result) for job, result in record.pairs()],
    }


def _total(record: RunRecord) -> dict[str, object]:
    one_by_one = sum(result.wall_seconds for result in record.results)
    cpu = sum(_cpu(result) for result in record.results)
    wall = record.wall_seconds
    ended = sum(1 for result in record.results if result.attempts)
    findings = [finding for result in record.results for finding in result.findings]
    return {
        "seconds": round(wall, 3), "job_seconds": round(one_by_one, 3), "cpu_seconds": round(cpu, 3),
        "peak_memory_mb": round(max((_memory(result) for result in record.results), default=0.0), 1),
        "speed_up": round(one_by_one / wall, 2) if wall > 0 else None,
        "cores_used": round(cpu / wall, 2) if wall > 0 else None,
        "jobs_per_minute": round(60 * ended / wall, 1) if wall > 0 else None,
        "findings": len(findings), "by_severity": severity_counts(findings),
        "tests": test_counts([test for result in record.results for test in result.tests]),
    }


def _job(job: Job, result: Result) -> dict[str, object]:
    return {
        "id": job.id, "batch": job.batch, "task": job.task, "command": job.command, "component": job.component, "status": result.status,
        "from_cache": result.from_cache, "attempts": len(result.attempts),
        "seconds": round(result.wall_seconds, 3), **cost_document(result),
        "estimated_seconds": job.estimated_seconds, "files": len(job.files),
        "findings": len(result.findings), "tests": test_counts(result.tests),
    }


def _cpu(result: Result) -> float:
    return sum(attempt.cpu_seconds for attempt in result.attempts)


def _memory(result: Result) -> float:
    return max((attempt.peak_memory_mb for attempt in result.attempts), default=0.0)
