from __future__ import annotations

import json

from gatekeeper.model.plan import Reason, SkippedJob, Unavailable
from gatekeeper.model.status import Cause
from gatekeeper.report.plan import plan_document, render_plan
from tests.fakes.record import job, plan


def test_a_planned_job_has_every_key_of_the_contract() -> None:
    document = json.loads(render_plan(plan([job(needs=("A1/x@y",))])))
    assert {"schema", "root", "pool", "jobs", "skipped", "groups", "critical_path", "estimated_seconds"} <= document.keys()
    entry = document["jobs"][0]
    assert {"id", "task", "batch", "command", "component", "argv", "cwd", "files", "needs", "timeout", "blocking", "resources", "effect",
            "estimated_seconds", "tool", "reason"} <= entry.keys()
    assert entry["resources"] == {"cpu": 1, "memory_mb": 100, "exclusive": []}
    assert entry["tool"] == {"path": "/usr/bin/ruff", "version": "1.2.3", "source": "project"}
    assert entry["reason"] == {"kind": "configured", "detail": "[tool.ruff] in api/pyproject.toml"}
    assert (entry["needs"], entry["effect"], entry["files"], entry["timeout"]) == (["A1/x@y"], "reads", 0, 600.0)
    assert document["pool"] == {"size": 4}


def test_jobs_left_out_and_jobs_that_cannot_run_say_why() -> None:
    missing = Unavailable(cause=Cause.MISSING_TOOL, detail="not found", hint="gatekeeper setup")
    document = plan_document(plan([job(unavailable=missing)], (SkippedJob(id="B3/jest@web", reason=Reason(kind="stale", detail="left over")),)))
    assert document["skipped"] == [{"id": "B3/jest@web", "reason": {"kind": "stale", "detail": "left over"}}]
    assert json.loads(json.dumps(document))["jobs"][0]["unavailable"] == {"cause": "missing_tool", "detail": "not found", "hint": "gatekeeper setup"}


def test_a_file_name_that_is_no_utf8_is_spelled_out() -> None:
    assert b'"\\\\xff.py"' in render_plan(plan([job(argv=("/bin/ruff", "\udcff.py"))]))
