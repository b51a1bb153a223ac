"""The plan as the JSON contract of `gatekeeper plan --json`. Does not know how plans are made or shown."""

from __future__ import annotations

from gatekeeper.model.plan import Job, Plan, Reason
from gatekeeper.model.sanitize import json_bytes
from gatekeeper.model.tool import LocatedTool

SCHEMA = 1


def plan_document(plan: Plan) -> dict[str, object]:
    """The plan as JSON values, schema 1: every job with its argv, needs, resources, tool and reason, every job left out with its reason."""
    return {
        "schema": SCHEMA,
        "root": plan.root,
        "pipeline": plan.pipeline,
        "scope": plan.scope,
        "scoped": plan.scoped,
        "pool": {"size": plan.pool_size},
        "timeout": plan.timeout,
        "batches": [{"id": batch.id, "title": batch.title, "target": batch.target, "timeout": batch.timeout} for batch in plan.batches],
        "jobs": [job_document(job) for job in plan.jobs],
        "skipped": [{"id": skipped.id, "reason": reason_document(skipped.reason)} for skipped in plan.skipped],
        "groups": [list(group) for group in plan.groups],
        "barriers": {name: list(waits) for name, waits in plan.barriers.items()},
        "critical_path": list(plan.critical_path),
        "estimated_seconds": plan.estimated_seconds,
        # the names by which workflow engines know the two
        "parallel_groups": [list(group) for group in plan.groups],
        "estimated_duration": plan.estimated_seconds,
        "notes": list(plan.notes),
    }


def render_plan(plan: Plan) -> bytes:
    """`plan_document` as UTF-8 JSON with a final newline."""
    return json_bytes(plan_document(plan), indent=2)


def job_document(job: Job) -> dict[str, object]:
    """One planned job; `files` is their number, `timeout` and `estimated_seconds` are seconds."""
    return {
        "id": job.id, "task": job.task, "batch": job.batch, "command": job.command, "role": job.role, "component": job.component,
        "argv": list(job.argv), "cwd": job.cwd, "files": len(job.files), "needs": list(job.needs), "after": list(job.after),
        "timeout": job.timeout, "blocking": job.blocking, "priority": job.priority, "class": job.job_class,
        "resources": {"cpu": job.resources.cpu, "memory_mb": job.resources.memory_mb, "exclusive": list(job.resources.exclusive)},
        "env": dict(job.env), "jobserver": job.jobserver,
        "effect": job.effect, "estimated_seconds": job.estimated_seconds, "failure_odds": job.failure_odds,
        "retry": {"attempts": job.retry.attempts, "on": list(job.retry.on)}, "services": list(job.services),
        "on_failure": {"rollback": job.recovery.rollback, "fallback": None if job.fallback is None else
                       {"command": job.fallback.command, "argv": list(job.fallback.argv), "tool": tool_document(job.fallback.tool)},
                       "hold": job.recovery.hold, "abort": job.recovery.abort},
        "tool": tool_document(job.tool),
        "unavailable": None if job.unavailable is None else
            {"cause": job.unavailable.cause, "detail": job.unavailable.detail, "hint": job.unavailable.hint},
        "reason": reason_document(job.reason),
    }


def tool_document(tool: LocatedTool | None) -> dict[str, object] | None:
    """Which executable, of which version, from where."""
    return None if tool is None else {"path": tool.path, "version": tool.version, "source": tool.source}


def reason_document(reason: Reason) -> dict[str, object]:
    """Why a job is in or out."""
    return {"kind": reason.kind, "detail": reason.detail}
